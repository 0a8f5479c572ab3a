"""The image that is looked into: one of a split, a picture file, or a drawing, brought to the network's input."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tui_trainer.asking.picture import Picture, read_png
from tui_trainer.asking.questions import Drawn, FromFile, FromSplit, Image
from tui_trainer.catalogue.digits import CENTRED_SETS, centred
from tui_trainer.config import ConfigError
from tui_trainer.data import read_images
from tui_trainer.data.arrays import shape_images
from tui_trainer.inspection.breath import Breathe
from tui_trainer.inspection.shelf import Loaded, Store
from tui_trainer.training.inference import Trained

if TYPE_CHECKING:
    import numpy as np

    Bytes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

BRIGHT_ON_DARK = (*CENTRED_SETS, "fashion-mnist", "kmnist")
PAPER = 0.15
"""Part of the strongest ink below which a file's pixel counts as paper: photographs and scans are never quite even."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An image as the network takes it."""

    pixels: Tensor
    """uint8 [1, C, H, W], on the CPU."""
    true: int | None
    empty: bool
    """Nothing was drawn."""


def subject(store: Store, loaded: Loaded, image: Image, breathe: Breathe, fit: str = "auto", invert: bool | None = None) -> Subject:
    """The image that a question is about. Raises ConfigError where there is none."""
    match image:
        case FromSplit(split, index):
            _, source = store.split(loaded, split, breathe)
            if not 0 <= index < len(source):
                raise ConfigError(f"index {index}: the {split} split has the images 0 to {len(source) - 1}")
            pixels, labels = source.read(torch.tensor([index]))
            return Subject(pixels.cpu().contiguous(), int(labels[0]), False)
        case Drawn(picture):
            return _drawn(loaded.trained, picture, fit, bool(invert))
        case FromFile(path):
            return _from_file(loaded.trained, path, fit, invert)


def as_mnist(trained: Trained) -> bool:
    """Whether the images that the network learnt from were made as MNIST's were: the ink's box to 20 x 20, centred by mass."""
    return trained.config.data.dataset in CENTRED_SETS


def _drawn(trained: Trained, picture: Picture, fit: str, invert: bool) -> Subject:
    pixels = _pixels(picture)
    if invert:
        pixels = 255 - pixels
    empty = not pixels.any()
    if fit == "digit" or (fit == "auto" and as_mnist(trained)):
        return Subject(_as_digit(trained, _grey(pixels)), None, empty)
    return Subject(_whole(trained, pixels), None, empty)


def _from_file(trained: Trained, path: str, fit: str, invert: bool | None) -> Subject:
    picture = read_png(path)
    _, height, width = trained.preprocess.shape
    digit = fit == "digit" or (fit == "auto" and as_mnist(trained) and (picture.height, picture.width) != (height, width))
    if invert is None:
        invert = trained.config.data.dataset in BRIGHT_ON_DARK and _border(_grey(_pixels(picture))) > 127
    if not digit and not invert:
        return Subject(read_images([path], trained.config.data, trained.preprocess.shape), None, False)
    pixels = 255 - _pixels(picture) if invert else _pixels(picture)
    if not digit:
        return Subject(_whole(trained, pixels), None, False)
    ink = _without_paper(_grey(pixels))
    return Subject(_as_digit(trained, ink), None, not ink.any())


def _pixels(picture: Picture) -> "Bytes":
    if picture.channels not in (1, 3) or picture.height < 1 or picture.width < 1 or len(picture.pixels) != picture.height * picture.width * picture.channels:
        raise ConfigError(f"a picture of {picture.height}×{picture.width} pixels and {picture.channels} channels cannot have {len(picture.pixels)} bytes")
    return picture.array()


def _grey(pixels: "Bytes") -> "Bytes":
    import numpy as np
    from PIL import Image as Pillow

    return pixels if pixels.ndim == 2 else np.asarray(Pillow.fromarray(pixels).convert("L"))


def _border(grey: "Bytes") -> float:
    import numpy as np

    return float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))


def _without_paper(grey: "Bytes") -> "Bytes":
    """The ink alone, stretched to 255: what is above the level of the border, small unevenness of the paper left out."""
    import numpy as np

    ink = np.clip(grey.astype(np.float32) - _border(grey), 0, None)
    strongest = float(ink.max(initial=0))
    if strongest < 1:
        return np.zeros_like(grey)
    ink = ink / strongest
    return np.where(ink < PAPER, 0, ink * 255).round().astype(np.uint8)


def _as_digit(trained: Trained, grey: "Bytes") -> Tensor:
    """uint8 [1, C, H, W]: as MNIST was made, then as the run's data asks for (other sizes, three channels)."""
    field = shape_images(torch.from_numpy(centred(grey))[None, None], trained.config.data)
    return field if tuple(field.shape[1:]) == trained.preprocess.shape else _whole(trained, centred(grey))


def _whole(trained: Trained, pixels: "Bytes") -> Tensor:
    """uint8 [1, C, H, W]: grey or colour as the network takes it, resized as a whole, bilinearly with antialiasing, as images of folders are."""
    import numpy as np
    from PIL import Image as Pillow

    channels, height, width = trained.preprocess.shape
    resized = Pillow.fromarray(pixels).convert("L" if channels == 1 else "RGB").resize((width, height), Pillow.Resampling.BILINEAR)
    array = np.asarray(resized)
    return torch.tensor(array[None, None] if channels == 1 else array.transpose(2, 0, 1)[None])
