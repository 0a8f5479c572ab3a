"""What can be asked of a trained network. Each question names its network by run folder and checkpoint.

``run`` is a run folder's path. ``checkpoint`` is ``best``, ``last`` (of a live run: the newest there is now), a checkpoint's
file name, or empty for the run's result. ``split`` is ``train``, ``validation`` or ``test``.
"""

from dataclasses import dataclass
from typing import Literal

from tui_trainer.asking import answers
from tui_trainer.asking.message import Message, Question
from tui_trainer.asking.picture import Picture
from tui_trainer.runs.calibration import BINS

Split = Literal["train", "validation", "test"]
Sort = Literal["loss", "confidence", "index"]
"""loss: the least probable true class first. confidence: the surest prediction first. index: as they lie in the split."""


@dataclass(frozen=True, slots=True)
class Weights(Message):
    """Which network: a run, with the weights of one of its checkpoints."""

    run: str
    checkpoint: str = ""
    trust: bool = False
    """Allow the code of the module that the run's network names; needless where its content was allowed before."""


@dataclass(frozen=True, slots=True)
class FromSplit(Message):
    """Image ``index`` of a split of the run's data."""

    split: Split
    index: int


@dataclass(frozen=True, slots=True)
class Drawn(Message):
    """Pixels that somebody drew or read from a file, of any size; ink bright on dark ground, as MNIST's."""

    picture: Picture


@dataclass(frozen=True, slots=True)
class FromFile(Message):
    """A picture file."""

    path: str


Image = FromSplit | Drawn | FromFile


@dataclass(frozen=True, slots=True)
class Open(Question[answers.Opened]):
    """Load the network, so that what is asked next is answered at once: its classes, layers, checkpoints and splits."""

    weights: Weights


@dataclass(frozen=True, slots=True)
class Summarise(Question[answers.Summary]):
    """Confusion matrix, figures per class and calibration over a whole split."""

    weights: Weights
    split: Split = "test"
    bins: int = BINS
    """Of the reliability diagram, equally wide; 1 to 100."""


@dataclass(frozen=True, slots=True)
class ListImages(Question[answers.ImageList]):
    """A page of a split's images, worst first."""

    weights: Weights
    split: Split = "test"
    true: int | None = None
    """Only images of this class (its number)."""
    predicted: int | None = None
    """Only images taken for this class."""
    only: Literal["errors", "correct", "all"] = "errors"
    """``all`` with ``true`` and ``predicted`` is a cell of the matrix, the diagonal included."""
    sort: Sort = "loss"
    offset: int = 0
    limit: int = 50
    """Up to 500."""
    side: int = 96
    """Pixels of images with a longer side are averaged down to this."""


@dataclass(frozen=True, slots=True)
class Compare(Question[answers.Pair]):
    """Two networks on the same images: what one gets right and the other wrong."""

    first: Weights
    second: Weights
    split: Split = "test"
    show: Literal["first", "second", "both", "neither"] = "first"
    """Images that only the first gets right, only the second, both, or neither."""
    sort: Sort = "loss"
    """By the network that is wrong (the first where both or neither are)."""
    offset: int = 0
    limit: int = 50
    side: int = 96


@dataclass(frozen=True, slots=True)
class ShowKernels(Question[answers.Kernels]):
    """A layer's weights as pictures: convolution kernels; a dense unit's weights in the shape of the image they look at."""

    weights: Weights
    layer: str = ""
    """A layer's place, one of ``Kernels.layers``; empty: the first with weights."""
    scale: Literal["common", "each"] = "common"
    """Whether one number stands for full brightness in all pictures, or the largest of each in each."""
    offset: int = 0
    limit: int = 64
    """Up to 1024 pictures."""


@dataclass(frozen=True, slots=True)
class ShowFeatures(Question[answers.Features]):
    """What every layer makes of one image."""

    weights: Weights
    image: Image
    layer: str = ""
    """Only this place; empty: all."""
    maps: int = 32
    """Pictures of each layer at most; up to 1024."""


@dataclass(frozen=True, slots=True)
class ShowSaliency(Question[answers.Saliency]):
    """Which pixels the winning logit (or that of class ``target``) depends on most."""

    weights: Weights
    image: Image
    target: int | None = None


@dataclass(frozen=True, slots=True)
class ShowHistograms(Question[answers.Histograms]):
    """Weights and activations of each layer at every checkpoint of the run, and the share of dead ReLUs."""

    weights: Weights
    """Its checkpoint is not looked at: all are."""
    split: Split = "validation"
    """Whose images the activations are of; an empty validation split stands back for training."""
    images: int = 256
    """The first so many of them; 1 to 4096."""
    bins: int = 40


@dataclass(frozen=True, slots=True)
class Predict(Question[answers.Predicted]):
    """What the network takes an image for. The one that answers a stroke on the pad: pixels in, probabilities out."""

    weights: Weights
    image: Image
    fit: Literal["auto", "digit", "whole"] = "auto"
    """``digit``: as MNIST was made (ink's box to 20x20, centred by mass in 28x28). ``whole``: resized as a whole.

    ``auto``: digit for the runs on sets that were made so, unless a file has the network's size already; else whole."""
    invert: bool | None = None
    """Dark on bright to bright on dark. None: for files with a bright border, where the set is bright on dark."""


AnyQuestion = Open | Summarise | ListImages | Compare | ShowKernels | ShowFeatures | ShowSaliency | ShowHistograms | Predict


@dataclass(frozen=True, slots=True)
class ShowBoundary(Question[answers.Boundary]):
    """The class of every place of the plane, for data that are points."""

    weights: Weights
    side: int = 96
    """Cells each way, 2 to 256."""
