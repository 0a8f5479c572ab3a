"""scikit-learn's handwritten digits, brought to 28 x 28 pixels the way MNIST was made.

Read from the file that scikit-learn ships, without importing scikit-learn: that would cost 0.6 s and 80 MB.
"""

import gzip
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tui_trainer.catalogue.split import hold_out_test
from tui_trainer.config import ConfigError

if TYPE_CHECKING:
    import numpy as np

    Bytes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

BOX, SIDE = 20, 28
CENTRED_SETS = ("digits", "mnist")
"""The sets whose images were made by :func:`centred`, or as it does."""


def digits_file() -> Path:
    """The digits.csv.gz inside the installed scikit-learn. Raises ConfigError where there is none."""
    spec = find_spec("sklearn")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        path = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if path.is_file():
            return path
    raise ConfigError("the digits come with scikit-learn, and scikit-learn is not installed here: pip install scikit-learn")


def read_digits() -> "tuple[Bytes, Bytes]":
    """Ink of 1 797 digits in 0..16, uint8 [N, 8, 8], and their labels, uint8 [N]."""
    import numpy as np

    text = gzip.decompress(digits_file().read_bytes()).decode("ascii")
    table = np.array([line.split(",") for line in text.split()], dtype=np.float32).astype(np.uint8)
    return table[:, :64].reshape(-1, 8, 8), table[:, 64]


def digits_as_mnist(ink: "Bytes") -> "Bytes":
    """uint8 [N, 28, 28] in 0..255 from ``ink`` in 0..16, each brought there by :func:`centred`."""
    import numpy as np

    grey = (ink.astype(np.float32) * (255 / 16)).round().astype(np.uint8)
    return np.stack([centred(image) for image in grey])


def centred(grey: "Bytes") -> "Bytes":
    """uint8 [28, 28] from one digit of any size, bright on black, uint8 [H, W].

    As for MNIST (LeCun et al., Gradient-based learning applied to document recognition, 1998, section III.A): the
    inked box is scaled to fit 20 x 20 with its aspect kept and grey levels from the interpolation, then placed so that
    its centre of mass is the centre of the field. Without ink the field stays black.
    """
    import numpy as np
    from PIL import Image

    out = np.zeros((SIDE, SIDE), np.uint8)
    rows, columns = np.flatnonzero(grey.any(1)), np.flatnonzero(grey.any(0))
    if not len(rows):
        return out
    box = grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    factor = BOX / max(box.shape)
    height, width = (max(1, round(side * factor)) for side in box.shape)
    large = np.asarray(Image.fromarray(box).resize((width, height), Image.Resampling.BICUBIC))
    mass = large.sum()
    if not mass:
        return out
    middle_y = (large.sum(1) @ np.arange(height)) / mass + 0.5
    middle_x = (large.sum(0) @ np.arange(width)) / mass + 0.5
    top = min(max(round(SIDE / 2 - middle_y), 0), SIDE - height)
    left = min(max(round(SIDE / 2 - middle_x), 0), SIDE - width)
    out[top : top + height, left : left + width] = large
    return out


def digits_split(labels: "Bytes") -> "tuple[Ints, Ints]":
    """Positions of the training and the test part, always the same: a stratified fifth of the digits is the test set."""
    return hold_out_test(labels.astype("int64"), seed=0, fraction=0.2)
