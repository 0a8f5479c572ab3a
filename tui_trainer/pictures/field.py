"""The decision boundary over the plane: the winning class of every pixel, how sure it is, and points on it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tui_trainer.pictures.cells import Line, Part, merged

SURENESS_STEPS = 4
"""Shades of a class's colour: few, so that a field that hardly changes hardly changes on the terminal."""
PALEST, DEEPEST = 0.1, 0.5
"""Share of the class's colour in the ground where it is least and most sure."""
PLAIN = " ░▒▓█"
PLAIN_ASCII = " .:+%"
"""Grounds of the classes without colour, in turn."""
UPPER, LOWER = "ABCDEFGHIJKLMNOP", "abcdefghijklmnop"

Colour = tuple[int, int, int]
Ints = npt.NDArray[np.integer]
Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of the data."""

    across: float
    """0 left to 1 right"""
    down: float
    """0 top to 1 bottom"""
    label: int
    trained: bool
    """Whether it is trained on; else it is held out."""


def resized(winner: Ints, sureness: Floats, columns: int, rows: int) -> tuple[Ints, Floats]:
    """The field on another grid: each class's score interpolated linearly, the highest wins; (rows, columns) both."""
    count = int(winner.max(initial=0)) + 1
    if count < 2:
        return np.zeros((rows, columns), np.int64), _stretched(sureness, columns, rows)
    scores = np.stack([_stretched(np.where(winner == number, sureness, -sureness / (count - 1)), columns, rows) for number in range(count)])
    return scores.argmax(0), scores.max(0).clip(0, 1)


def _stretched(values: Floats, columns: int, rows: int) -> Floats:
    high, wide = values.shape
    down, top, lower = _weights(high, rows)
    across, left, right = _weights(wide, columns)
    upright = values[top] * (1 - down[:, None]) + values[lower] * down[:, None]
    return np.asarray(upright[:, left] * (1 - across) + upright[:, right] * across)


def _weights(old: int, new: int) -> tuple[Floats, Ints, Ints]:
    """For each of ``new`` places among ``old`` ones: how far it lies from one towards the next, and these two."""
    place = ((np.arange(new) + 0.5) * old / new - 0.5).clip(0, old - 1)
    first = place.astype(int)
    return place - first, first, (first + 1).clip(max=old - 1)


def shades(winner: Ints, sureness: Floats, classes: Sequence[Colour], ground: Colour) -> npt.NDArray[np.uint8]:
    """The field as pixels (rows, columns, 3): the winning class's colour on ``ground``, the more of it the surer."""
    steps = np.floor(sureness * (SURENESS_STEPS - 1) + 0.5) / (SURENESS_STEPS - 1)
    share = (PALEST + (DEEPEST - PALEST) * steps)[..., None]
    colours = np.array(classes, np.float64)[winner % len(classes)]
    return np.asarray(np.round(colours * share + np.array(ground, np.float64) * (1 - share)), np.uint8)


def coloured(pixels: npt.NDArray[np.uint8], dots: Sequence[Dot], classes: Sequence[Colour], trained: str, held_out: str, *, ascii: bool) -> list[Line]:
    """The field in half blocks, two pixels a cell (ASCII: the mean of both as the ground), points on it in their class's full colour."""
    rows, columns = pixels.shape[0] // 2, pixels.shape[1]
    marks = _placed(dots, columns, rows)
    lines: list[Line] = []
    for row in range(rows):
        line: list[Part] = []
        for column in range(columns):
            top, bottom = pixels[2 * row, column], pixels[2 * row + 1, column]
            dot = marks.get((row, column))
            if dot is not None:
                line.append((trained if dot.trained else held_out, f"{_hex(classes[dot.label % len(classes)])} on-{_hex(_mean(top, bottom))}"))
            elif ascii or (top == bottom).all():
                line.append((" ", f"on-{_hex(_mean(top, bottom))}"))
            else:
                line.append(("▀", f"{_hex(top)} on-{_hex(bottom)}"))
        lines.append(merged(line))
    return lines


def plain(winner: Ints, dots: Sequence[Dot], *, ascii: bool) -> list[Line]:
    """The field without colour: a ground a class, points as letters of their class, capitals where they are trained on."""
    grounds = PLAIN_ASCII if ascii else PLAIN
    rows, columns = winner.shape[0] // 2, winner.shape[1]
    marks = _placed(dots, columns, rows)
    lines: list[Line] = []
    for row in range(rows):
        line: list[Part] = []
        for column in range(columns):
            dot = marks.get((row, column))
            if dot is None:
                line.append((grounds[int(winner[2 * row, column]) % len(grounds)], "muted"))
            else:
                line.append(((UPPER if dot.trained else LOWER)[dot.label % len(UPPER)], "bold"))
        lines.append(merged(line))
    return lines


def _placed(dots: Sequence[Dot], columns: int, rows: int) -> dict[tuple[int, int], Dot]:
    """At most one point a cell, the first one; those outside are left out."""
    found: dict[tuple[int, int], Dot] = {}
    for dot in dots:
        if 0 <= dot.across < 1 and 0 <= dot.down < 1:
            found.setdefault((int(dot.down * rows), int(dot.across * columns)), dot)
    return found


def _mean(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> npt.NDArray[np.integer]:
    return (one.astype(np.int64) + other) // 2


def _hex(colour: Sequence[int] | npt.NDArray[np.integer]) -> str:
    red, green, blue = (int(part) for part in colour)
    return f"#{red:02x}{green:02x}{blue:02x}"
