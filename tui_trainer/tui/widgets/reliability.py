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
STROKES = {False: ("▁", "━", "▔"), True: ("_", "-", "-")}
"""A horizontal line at the foot, in the middle and at the top of a cell; in Unicode and in ASCII."""
HEIGHTS = (0.0, 0.5, 1.0)
"""Where they stand, in parts of a cell."""


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
    """A column a bin: filled up to its accuracy, a line at its confidence; below them the confidence's scale and the counts."""
    if not bins or height < 6:
        return []
    high = height - 4
    cell = max((width - LEFT - 1) // len(bins), 2)
    labels = {round((1 - tenth / 5) * high): 20 * tenth for tenth in range(1, 6)}
    columns = [_column(each, high, cell, table) for each in bins]
    lines: list[Line] = []
    for row in range(high):
        label = f"{labels[row]:3d} " if row in labels else "    "
        axis: list[Part] = [(label, "muted"), (table.tick_left if label.strip() else table.vertical, "frame")]
        lines.append((*axis, *(part for column in columns for part in column[row])))
    lines.append((("  0 ", "muted"), (table.corner + table.horizontal * (cell * len(bins)), "frame")))
    lines.append((("    ", ""), (_scale(cell * len(bins)), "muted")))
    most = max(each.count for each in bins)
    text = "".join(spark([each.count**0.5], 1, ascii=table.ascii, low=0, high=max(most, 1) ** 0.5) * (cell - 1) + " " if each.count else " " * cell for each in bins)
    lines.append((("  n  ", "muted"), (text, "heat")))
    lines.append((("     ", ""), ("".join(_count(each.count, cell) for each in bins), "muted")))
    return lines


def _column(each: Bin, high: int, cell: int, table: Glyphs) -> list[list[Part]]:
    """One bin, its cells from the top. The line crosses the bar; where the bar ends in the same row, it stands beside it, for a
    cell has two colours: so both stand where they belong, and one sees which is higher."""
    wide = cell - 1
    if not each.count:
        return [[(" " * cell, "")]] * high
    filled, row, stroke = _places(each, high, len(table.levels))
    looks = ("validation" if each.confidence > each.accuracy else "train") + " bold"
    mark = STROKES[table.ascii][stroke]
    column: list[list[Part]] = []
    for up in reversed(range(high)):
        part = min(max(filled - up * len(table.levels), 0), len(table.levels))
        bar = table.levels[part - 1] if part else " "
        if up != row:
            column.append([(bar * wide, "heat"), (" ", "")])
        elif part in (0, len(table.levels)):
            column.append([(mark * wide, looks + (" on-heat" if part else "")), (mark, looks)])
        else:
            column.append([(bar * wide, "heat"), (mark, looks)])
    return column


def _places(each: Bin, high: int, levels: int) -> tuple[int, int, int]:
    """How far the bar is filled, in parts of a cell (``levels`` each); the row of the line, from below, and its stroke in it.

    A stroke of three is coarser than the bar's parts: it moves so far that it is not on the wrong side of the bar's end.
    """
    filled = round(each.accuracy * high * levels)
    row = min(int(each.confidence * high), high - 1)
    at = each.confidence * high - row
    end = filled / levels - row
    allowed = list(range(len(HEIGHTS)))
    if 0 <= end <= 1 and abs(each.confidence - each.accuracy) >= 0.0005:
        allowed = [stroke for stroke in allowed if (HEIGHTS[stroke] >= end if each.confidence > each.accuracy else HEIGHTS[stroke] <= end)]
    return filled, row, min(allowed, key=lambda stroke: abs(HEIGHTS[stroke] - at))


def _scale(wide: int) -> str:
    """The axis below: a number where it stands, as many as keep apart; the last ends with the axis, so that none is cut."""
    steps = 5 if wide >= 30 else 2 if wide >= 12 else 1
    line = [" "] * (wide + 1)
    for step in range(steps + 1):
        label = str(100 * step // steps)
        left = min(max(round(wide * step / steps) - len(label) // 2, 0), wide + 1 - len(label))
        line[left : left + len(label)] = label
    return "".join(line)


def _count(count: int, cell: int) -> str:
    """In full where that fits, else in thousands or millions: ``5k``."""
    for text in (str(count), f"{count / 1000:.0f}k", f"{count / 1e6:.0f}M"):
        if len(text) < cell:
            return text.rjust(cell - 1) + " "
    return "+" * (cell - 1) + " "


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
