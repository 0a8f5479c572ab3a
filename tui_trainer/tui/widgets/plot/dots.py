"""Dots to characters: braille (2 x 4 dots a cell), blocks (2 x 2), ASCII (1 x 1)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tui_trainer.tui.widgets.plot.curve import Rows

Plot = Literal["braille", "block", "ascii"]
Codes = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Marks:
    """How many dots a cell has, and which character stands for which dots."""

    wide: int
    high: int
    weights: npt.NDArray[np.uint8]
    """``high`` x ``wide``: what each dot adds to a cell's number."""
    characters: Codes
    """The code point of each number; number 0 is a blank."""


def _table(text: str) -> Codes:
    return np.array([ord(character) for character in text], dtype=np.uint32)


MARKS: dict[Plot, Marks] = {
    "braille": Marks(
        wide=2,
        high=4,
        weights=np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint8),
        characters=np.array([ord(" "), *range(0x2801, 0x2900)], dtype=np.uint32),
    ),
    "block": Marks(wide=2, high=2, weights=np.array([[1, 2], [4, 8]], dtype=np.uint8), characters=_table(" ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█")),
    "ascii": Marks(wide=1, high=1, weights=np.array([[1]], dtype=np.uint8), characters=_table(" *")),
}


def cells(top: Rows, bottom: Rows, width: int, height: int, marks: Marks) -> npt.NDArray[np.uint8]:
    """Numbers of ``height`` x ``width`` cells for a curve that fills the rows of dots from ``top`` to ``bottom`` in each column."""
    numbers = np.zeros((height, width), dtype=np.uint8)
    shown = bottom >= 0
    if not shown.any():
        return numbers
    first = max(int(top[shown].min()), 0) // marks.high  # most curves lie in few rows: draw those alone
    end = min(int(bottom.max()) // marks.high + 1, height)
    if first >= end:
        return numbers
    row = np.arange(first * marks.high, end * marks.high)[:, None]
    filled = (row >= top) & (row <= bottom)
    parts = filled.reshape(end - first, marks.high, width, marks.wide)
    for dot_row in range(marks.high):
        for dot_column in range(marks.wide):
            numbers[first:end] |= parts[:, dot_row, :, dot_column] * marks.weights[dot_row, dot_column]
    return numbers
