"""Ridges: histograms one below the other on one axis: how a distribution moved."""

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

LONGEST_NAME = 26
TALLEST = 6
"""Lines of a ridge at most: taller ones tell no more."""


@dataclass(frozen=True, slots=True)
class Ridge:
    """One histogram: counts of equal bins from ``low`` to ``high``."""

    name: str
    counts: Sequence[float]
    low: float
    high: float
    note: str = ""
    """Stands on the right: mean, deviation."""
    more: str = ""
    """Stands above the note where a ridge has the height for it, else behind it."""
    heading: bool = False
    """A line of text alone, above those that belong to it."""


def ridge_lines(ridges: Sequence[Ridge], width: int, table: Glyphs, tall: int = 1) -> list[Line]:
    """``tall`` lines each and, where that is more than one, a blank one below; all drawn on the widest range of their group.

    Within a ridge the highest column is the fullest bin. Its name and its note stand on its lowest line.
    """
    drawn = [each for each in ridges if not each.heading]
    if not drawn:
        return []
    names = min(max(width_of(each.name) for each in drawn), LONGEST_NAME) + 1
    beside = [f"{each.note}  {each.more}".rstrip() if tall == 1 else each.note for each in ridges]
    notes = max(*map(width_of, beside), *(width_of(each.more) if tall > 1 else 0 for each in drawn))
    room = max(width - names - notes - 2, 8)
    lines: list[Line] = []
    for each, note in zip(ridges, beside, strict=True):
        if each.heading:
            lines.append(((fitted(each.name, width, table.ellipsis), "accent"),))
            continue
        low, high = _range(ridges, each)
        texts = _columns(each, low, high, room, table, tall)
        lines += [((" " * names, ""), (text, "train")) for text in texts[:-2]]
        lines += [((" " * names, ""), (text, "train"), ("  " + each.more.rjust(notes), "foreground")) for text in texts[:-1][-1:]]
        lines.append(((fitted(each.name, names, table.ellipsis), "muted"), (texts[-1], "train"), ("  " + note.rjust(notes), "foreground")))
        lines += [()] * (tall > 1)
    return lines


def tall_for(ridges: Sequence[Ridge], height: int) -> int:
    """How many lines a ridge gets: as many as all have in sight, up to TALLEST; where that is one, two if a whole group is in sight then."""
    headings = sum(each.heading for each in ridges)
    drawn = len(ridges) - headings
    if not drawn:
        return 1
    share = (height - headings) // drawn - 1
    if share >= 2:
        return min(share, TALLEST)
    return 2 if 1 + 3 * -(-drawn // max(headings, 1)) <= height else 1


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


def _columns(ridge: Ridge, low: float, high: float, room: int, table: Glyphs, tall: int) -> list[str]:
    """``tall`` lines from the top. Each column the share of the bins below it; zero is marked where nothing stands in the way."""
    counts, span = list(ridge.counts), high - low
    if not counts or span <= 0:
        return [" " * room] * tall
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
    most, steps = max(columns), len(table.levels)
    zero = int(-low / span * room) if low <= 0 < high else -1
    filled = [max(1, min(int((value / most) ** 0.5 * steps * tall) + 1, steps * tall)) if value > 0 else 0 for value in columns]
    lines = []
    for up in reversed(range(tall)):
        parts = [min(max(value - up * steps, 0), steps) for value in filled]
        lines.append("".join(table.levels[part - 1] if part else table.change if column == zero else " " for column, part in enumerate(parts)))
    return lines


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
        self._foot: Sequence[str] = ()

    def show(self, ridges: Sequence[Ridge], *, empty: str = "", foot: Sequence[str] = ()) -> None:
        """Draw these; none, and why. ``foot``: what is said below them."""
        self._ridges, self.empty, self._foot = list(ridges), empty, list(foot)
        self._measure()
        self.changed()

    def on_resize(self) -> None:
        self._measure()

    def _tall(self) -> int:
        """The height without a scroll bar is the same: it is a vertical one."""
        return tall_for(self._ridges, self._view().height - (1 + len(self._foot) if self._foot else 0))

    def _measure(self) -> None:
        tall = self._tall()
        lines = sum(1 if each.heading else tall + (tall > 1) for each in self._ridges)
        self.virtual_size = Size(1, lines + (1 + len(self._foot) if self._foot and lines else 0))

    def paint(self, width: int, height: int) -> list[Line]:
        """Textual's: see :class:`Painted`."""
        if not self._ridges:
            return [((self.empty, "muted"),)]
        first = self.scroll_offset.y
        lines = ridge_lines(self._ridges, width, glyphs(), self._tall())
        if lines and self._foot:
            lines += [(), *(((text, "muted"),) for text in self._foot)]
        return [cut(line, width) for line in lines[first : first + height]]
