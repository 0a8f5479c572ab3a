"""Reliability: accuracy over confidence, bin by bin, against the diagonal; and how many images each bin holds.

After DeGroot and Fienberg (1983), "The comparison and evaluation of forecasters".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tui_trainer.tui.widgets.marks import Glyphs, glyphs
from tui_trainer.tui.widgets.painted import Line, Painted, Part
from tui_trainer.tui.widgets.sparkline import spark

LEFT = 5
"""Cells of the axis on the left."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Images whose winning probability lies between ``low`` and ``high``."""

    low: float
    high: float
    count: int
    confidence: float
    """Their mean winning probability, 0 to 1."""
    accuracy: float
    """How many of them are right, 0 to 1."""


def reliability_lines(bins: Sequence[Bin], width: int, height: int, table: Glyphs) -> list[Line]:
    """A column a bin: filled up to its accuracy, a mark at its confidence; below them the confidence's scale and the counts."""
    if not bins or height < 6:
        return []
    high = height - 4
    cell = max((width - LEFT - 1) // len(bins), 2)
    labels = {round((1 - tenth / 5) * high): 20 * tenth for tenth in range(1, 6)}
    lines: list[Line] = []
    for row in range(high):
        label = f"{labels[row]:3d} " if row in labels else "    "
        line: list[Part] = [(label, "muted"), (table.tick_left if label.strip() else table.vertical, "frame")]
        for each in bins:
            line += _cell(each, row, high, cell, table)
        lines.append(tuple(line))
    lines.append((("  0 ", "muted"), (table.corner + table.horizontal * (cell * len(bins)), "frame")))
    lines.append((("    ", ""), *_scale(bins, cell)))
    most = max(each.count for each in bins)
    text = "".join(spark([each.count**0.5], 1, ascii=table.ascii, low=0, high=max(most, 1) ** 0.5) * (cell - 1) + " " if each.count else " " * cell for each in bins)
    lines.append((("  n  ", "muted"), (text, "heat")))
    lines.append((("     ", ""), ("".join(_count(each.count, cell) for each in bins), "muted")))
    return lines


def _cell(each: Bin, row: int, high: int, cell: int, table: Glyphs) -> list[Part]:
    """One cell of the diagram: the bar, and the mark where it would end if confidence were accuracy."""
    wide = cell - 1
    if not each.count:
        middle = (each.low + each.high) / 2
        dot = row == min(int((1 - middle) * high), high - 1)
        return [(table.zero * wide if dot else " " * wide, "frame"), (" ", "")]
    filled = each.accuracy * high - (high - 1 - row)
    mark = row == min(int((1 - each.confidence) * high), high - 1)
    looks = "validation" if each.confidence > each.accuracy else "train"
    if mark:
        sign = "=" if table.ascii else "━"
        return [(sign * wide, f"{looks} bold" + (" on-heat" if filled >= 1 else "")), (" ", "")]
    if filled >= 1:
        return [((table.levels[-1]) * wide, "heat"), (" ", "")]
    if filled > 0:
        return [(table.levels[min(int(filled * len(table.levels)), len(table.levels) - 1)] * wide, "heat"), (" ", "")]
    return [(" " * cell, "")]


def _scale(bins: Sequence[Bin], cell: int) -> list[Part]:
    text = ""
    for number, each in enumerate(bins):
        label = f"{100 * each.low:.0f}"
        if len(text) <= number * cell and len(label) < cell + 2:
            text = text.ljust(number * cell) + (" " + label if number == 0 else label)
    return [(text.ljust(len(bins) * cell) + "100", "muted")]


def _count(count: int, cell: int) -> str:
    text = str(count) if count < 10_000 else f"{count / 1000:.0f}k"
    return text[: cell - 1].rjust(cell - 1) + " " if len(text) < cell else ("+" * (cell - 1) + " ")


class Reliability(Painted):
    """The diagram of one split."""

    DEFAULT_CSS = """
    Reliability { height: 1fr; width: 1fr; }
    """

    def __init__(self, *, empty: str = "", id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.empty = empty
        self._bins: Sequence[Bin] = ()

    def show(self, bins: Sequence[Bin]) -> None:
        """Draw these."""
        self._bins = list(bins)
        self.changed()

    def paint(self, width: int, height: int) -> list[Line]:
        """Textual's: see :class:`Painted`."""
        return reliability_lines(self._bins, width, height, glyphs()) or [((self.empty, "muted"),)]
