"""What comes back. Shares and probabilities are 0..1; classes are numbers, their names in ``Opened.classes``; losses are in nats."""

from dataclasses import dataclass

from tui_trainer.asking.message import Message
from tui_trainer.asking.picture import Picture


@dataclass(frozen=True, slots=True)
class LayerInfo(Message):
    """One row of the network's table."""

    place: str
    """Such as ``3``, inside a residual block ``3.0``; in a module the submodule's name."""
    name: str
    """Such as ``conv 16 5×5 same``."""
    shape: tuple[int, ...]
    """Of its output for one image: (C, H, W) or (units,)."""
    parameters: int


@dataclass(frozen=True, slots=True)
class CheckpointInfo(Message):
    """One checkpoint of the run."""

    file: str
    step: int
    epoch: float
    best: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Opened(Message):
    """A network that is ready."""

    run: str
    """The run's name."""
    checkpoint: CheckpointInfo
    """The one that was loaded."""
    checkpoints: tuple[CheckpointInfo, ...]
    """All of the run, oldest first."""
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    """Channels, height, width of the network's input."""
    dataset: str
    layers: tuple[LayerInfo, ...]
    digits: bool
    """Whether a drawing is brought to the input as MNIST was made."""
    device: str


@dataclass(frozen=True, slots=True)
class Mean(Message):
    """Precision, recall and F1 over all classes."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class ClassRow(Message):
    """How one class fares; as scikit-learn's with zero_division=0."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    """Images of this class."""
    wrong: int


@dataclass(frozen=True, slots=True)
class ConfusedPair(Message):
    """One kind of mistake."""

    true: int
    predicted: int
    images: int
    share: float
    """Of the true class's images."""


@dataclass(frozen=True, slots=True)
class Bin(Message):
    """Images whose highest probability lies in (low, high]."""

    low: float
    high: float
    images: int
    confidence: float
    """Their mean highest probability; 0 where there are none."""
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration(Message):
    """Whether probabilities can be believed."""

    bins: tuple[Bin, ...]
    ece: float
    """Expected calibration error: sum over the bins of their share of images times |accuracy - confidence|."""
    mce: float
    """The largest |accuracy - confidence| of a bin that holds images."""
    confidence: float
    """Mean highest probability over all images; above the accuracy: too sure of itself."""


@dataclass(frozen=True, slots=True)
class Summary(Message):
    """A network on a whole split."""

    checkpoint: CheckpointInfo
    split: str
    classes: tuple[str, ...]
    images: int
    accuracy: float
    loss: float
    """The training loss, as ``evaluate`` gives it."""
    nll: float
    """Mean of -log p(true class)."""
    confusion: tuple[tuple[int, ...], ...]
    """Counts, rows true class, columns predicted class."""
    per_class: tuple[ClassRow, ...]
    macro: Mean
    """Every class counts the same."""
    weighted: Mean
    """Every image counts the same."""
    pairs: tuple[ConfusedPair, ...]
    """All kinds of mistakes, most frequent first."""
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class ShownImage(Message):
    """One image of a split and what was made of it."""

    index: int
    """In its split."""
    true: int
    predicted: int
    probabilities: tuple[float, ...]
    """One for each class; they sum to 1."""
    loss: float
    """-log p(true class)"""
    picture: Picture
    """The pixels, before normalisation."""


@dataclass(frozen=True, slots=True)
class ImageList(Message):
    """A page of images."""

    checkpoint: CheckpointInfo
    split: str
    total: int
    """Images that fit the question, on all pages."""
    offset: int
    images: tuple[ShownImage, ...]


@dataclass(frozen=True, slots=True)
class PairImage(Message):
    """One image and what two networks made of it."""

    index: int
    true: int
    first: int
    """The class that the first network took it for."""
    second: int
    first_probabilities: tuple[float, ...]
    second_probabilities: tuple[float, ...]
    picture: Picture


@dataclass(frozen=True, slots=True)
class Pair(Message):
    """Two networks on the same images."""

    first: CheckpointInfo
    second: CheckpointInfo
    split: str
    classes: tuple[str, ...]
    both: int
    """Images that both get right."""
    only_first: int
    only_second: int
    neither: int
    p_value: float
    """McNemar's exact test, two-sided: how likely so uneven a division of the disagreements is if neither is better."""
    total: int
    """Images of the kind that was asked for, on all pages."""
    offset: int
    images: tuple[PairImage, ...]


@dataclass(frozen=True, slots=True)
class Kernel(Message):
    """One picture of weights."""

    unit: int
    """The output channel or unit."""
    channel: int | None
    """The input channel, where a picture shows one of several; None: all of them (grey, or red, green and blue)."""
    picture: Picture
    """Signed: level 128 is 0."""


@dataclass(frozen=True, slots=True)
class Kernels(Message):
    """A layer's weights as pictures."""

    layer: str
    name: str
    layers: tuple[LayerInfo, ...]
    """All layers that can be asked for."""
    note: str
    """What the pictures show, a short sentence."""
    largest: float
    """The largest size of a weight in the layer."""
    total: int
    """Pictures there are."""
    offset: int
    kernels: tuple[Kernel, ...]


@dataclass(frozen=True, slots=True)
class FeatureLayer(Message):
    """What one layer made of the image."""

    place: str
    name: str
    shape: tuple[int, ...]
    low: float
    high: float
    """The least and the largest activation of the layer."""
    zeros: float
    """Share of the activations that are exactly 0."""
    total: int
    """Maps there are; ``maps`` may hold fewer."""
    maps: tuple[Picture, ...]
    """One a channel, all on the layer's scale: level 0 is ``low``, 255 is ``high``. Empty for vectors."""
    values: tuple[float, ...]
    """The activations of a vector (up to 4096); empty for images."""


@dataclass(frozen=True, slots=True)
class Features(Message):
    """An image on its way through the network."""

    input: Picture
    """As the network sees it, before normalisation."""
    probabilities: tuple[float, ...]
    true: int | None
    """The image's class, where it comes from a split."""
    layers: tuple[FeatureLayer, ...]


@dataclass(frozen=True, slots=True)
class Saliency(Message):
    """How much a logit changes with each pixel: its gradient (Simonyan et al., 2013)."""

    input: Picture
    probabilities: tuple[float, ...]
    true: int | None
    target: int
    """The class whose logit it is of."""
    magnitude: Picture
    """Largest size over the channels, grey; logits per unit of a pixel's 0..1."""
    signed: Picture
    """Sum over the channels, signed: level 128 is 0, brighter pixels where above would raise the logit."""


@dataclass(frozen=True, slots=True)
class Counts(Message):
    """A histogram at one checkpoint; its bins are equally wide from ``LayerHistograms.low`` to ``high``."""

    file: str
    step: int
    epoch: float
    counts: tuple[int, ...]
    mean: float
    deviation: float
    """Population standard deviation."""
    dead: float | None = None
    """Activations of a ReLU only: share of its units that are 0 for every image."""
    zeros: float | None = None
    """Activations of a ReLU only: share of them that are 0; ``counts`` leave them out."""
    best: bool = False
    """Whether the checkpoint is the best by validation."""


@dataclass(frozen=True, slots=True)
class LayerHistograms(Message):
    """One layer's weights or activations over the checkpoints."""

    place: str
    name: str
    low: float
    high: float
    checkpoints: tuple[Counts, ...]
    """Oldest first."""


@dataclass(frozen=True, slots=True)
class Histograms(Message):
    """How weights and activations moved."""

    split: str
    images: int
    """The activations are of so many."""
    weights: tuple[LayerHistograms, ...]
    """Layers with weights; biases are left out."""
    activations: tuple[LayerHistograms, ...]
    """Every layer's output."""


@dataclass(frozen=True, slots=True)
class Predicted(Message):
    """What the network takes an image for."""

    probabilities: tuple[float, ...]
    """One for each class; they sum to 1."""
    predicted: int
    input: Picture
    """As the network sees it: brought to its size, before normalisation."""
    empty: bool
    """Nothing was drawn: the probabilities are of an empty field."""
    milliseconds: float
    """From the question's arrival to its answer, in the process."""


@dataclass(frozen=True, slots=True)
class Boundary(Message):
    """What the network makes of a square of the plane."""

    checkpoint: CheckpointInfo
    left: float
    right: float
    bottom: float
    top: float
    """The square's edges in the points' own units."""
    side: int
    """Cells each way."""
    classes: tuple[str, ...]
    levels: bytes
    """Probabilities as 0..255, row by row from the top, a cell's classes together: ``side * side * len(classes)`` bytes."""


AnyAnswer = Opened | Summary | ImageList | Pair | Kernels | Features | Saliency | Histograms | Predicted | Boundary
