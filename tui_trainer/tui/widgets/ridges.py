"""Ridges: histograms one below the other on one axis, a line each: how a distribution moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import ScrollableContainer
from textual.geometry import Size
from textual.scroll_view import ScrollView

from tui_trainer.tui.widgets.marks import Glyphs, glyphs
from tui_trainer.tui.widgets.painted import Line, Painted, cut, width_of
from tui_trainer.tui.widgets.plot.canvas import fitted

LONGEST_NAME = 22


@dataclass(frozen=True, slots=True)
class Ridge:
    """One histogram: counts of equal bins from ``low`` to ``high``."""

    name: str
    counts: Sequence[float]
    low: float
    high: float
    note: str = ""
    """Stands on the right: mean, deviation, share."""
    heading: bool = False
    """A line of text alone, above those that belong to it."""


def ridge_lines(ridges: Sequence[Ridge], width: int, table: Glyphs) -> list[Line]:
    """A line each, all drawn on the widest of their ranges; within a line the highest column is the fullest bin."""
    drawn = [each for each in ridges if not each.heading]
    if not drawn:
        return []
    names = min(max(width_of(each.name) for each in drawn), LONGEST_NAME) + 1
    notes = max(width_of(each.note) for each in drawn)
    room = max(width - names - notes - 2, 8)
    lines: list[Line] = []
    for each in ridges:
        if each.heading:
            lines.append(((fitted(each.name, width, table.ellipsis), "accent"),))
            continue
        low, high = _range(ridges, each)
        text, looks = _columns(each, low, high, room, table)
        lines.append(((fitted(each.name, names, table.ellipsis), "muted"), (text, looks), ("  " + each.note.rjust(notes), "foreground")))
    return lines


def _range(ridges: Sequence[Ridge], of: Ridge) -> tuple[float, float]:
    """The widest range within the group (from heading to heading) that ``of`` stands in."""
    group: list[Ridge] = []
    found = False
    for each in ridges:
        if each.heading:
            if found:
                break
            group = []
        else:
            group.append(each)
            found = found or each is of
    return min(each.low for each in group), max(each.high for each in group)


def _columns(ridge: Ridge, low: float, high: float, room: int, table: Glyphs) -> tuple[str, str]:
    """Each column the share of the bins below it; zero is marked where nothing stands in the way."""
    counts, span = list(ridge.counts), high - low
    if not counts or span <= 0:
        return " " * room, ""
    columns = [0.0] * room
    each = (ridge.high - ridge.low) / len(counts)
    for place, count in enumerate(counts):
        left = (ridge.low + place * each - low) / span * room
        right = (ridge.low + (place + 1) * each - low) / span * room
        first, last = int(left), min(int(right), room - 1)
        for column in range(first, last + 1):
            overlap = min(right, column + 1) - max(left, column)
            if right > left and overlap > 0:
                columns[column] += count * overlap / (right - left)
    most = max(columns)
    zero = int(-low / span * room) if low <= 0 < high else -1
    text = ""
    for column, value in enumerate(columns):
        if value <= 0 or most <= 0:
            text += table.change if column == zero else " "
        else:
            text += table.levels[min(int((value / most) ** 0.5 * len(table.levels)), len(table.levels) - 1)]
    return text, "train"


class Ridges(Painted, ScrollView, can_focus=True):
    """Scrolls where there are more lines than room."""

    DEFAULT_CSS = """
    Ridges { height: 1fr; width: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = ScrollableContainer.BINDINGS

    def __init__(self, *, empty: str = "", id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.empty = empty
        self._ridges: Sequence[Ridge] = ()

    def show(self, ridges: Sequence[Ridge], *, empty: str = "") -> None:
        """Draw these; none, and why."""
        self._ridges, self.empty = list(ridges), empty
        self.virtual_size = Size(1, len(ridges))
        self.changed()

    def paint(self, width: int, height: int) -> list[Line]:
        """Textual's: see :class:`Painted`."""
        if not self._ridges:
            return [((self.empty, "muted"),)]
        first = self.scroll_offset.y
        return [cut(line, width) for line in ridge_lines(self._ridges, width, glyphs())[first : first + height]]
