"""MisclassifiedBars: errors per class as horizontal bars, most first, with the change since the evaluation before."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import ScrollableContainer
from textual.geometry import Size
from textual.scroll_view import ScrollView

from tui_trainer.tui.widgets.marks import Glyphs, glyphs
from tui_trainer.tui.widgets.painted import Line, Painted, width_of
from tui_trainer.tui.widgets.plot.canvas import fitted
from tui_trainer.tui.widgets.progress import bar

LONGEST_NAME = 14
LONGEST_BAR = 48


def ordered(counts: Sequence[int]) -> list[int]:
    """Numbers of the classes, most errors first; those with as many in the order of the classes."""
    return sorted(range(len(counts)), key=lambda number: -counts[number])


def change_text(change: int, table: Glyphs) -> str:
    """+4, −2, 0."""
    return "0" if change == 0 else f"{'+' if change > 0 else table.minus}{abs(change)}"


def bar_lines(counts: Sequence[int], classes: Sequence[str], before: Sequence[int] | None, width: int, table: Glyphs) -> list[Line]:
    """One line a class: name, bar, count, change. The longest bar is that of the most errors; numbers are pushed to the right."""
    if not counts:
        return []
    names = min(max(map(width_of, classes)), LONGEST_NAME, max(width // 3, 3))
    most = max(counts)
    digits = len(str(most))
    changes = [change_text(now - then, table) for now, then in zip(counts, before, strict=True)] if before is not None else []
    signs = max(map(len, changes), default=0)
    room = max(min(width - names - 1 - digits - 2 - (signs + 2 if signs else 0), LONGEST_BAR), 1)
    lines = []
    for number in ordered(counts):
        count = counts[number]
        full, _ = bar(count / most if most else 0.0, room, table)
        if count and not full:
            full = table.bar[1]
        line = [
            (fitted(classes[number], names, table.ellipsis) + " ", "foreground"),
            (full.ljust(room), "bar"),
            (f"  {count:{digits}d}", "foreground" if count else "muted"),
        ]
        if before is not None:
            change = count - before[number]
            line.append((f"  {changes[number].rjust(signs)}", "bad" if change > 0 else "good" if change < 0 else "muted"))
        lines.append(tuple(line))
    return lines


class MisclassifiedBars(Painted, ScrollView, can_focus=True):
    """Scrolls where there are more classes than lines: wheel, up, down, page up, page down, home, end."""

    DEFAULT_CSS = """
    MisclassifiedBars { height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = ScrollableContainer.BINDINGS
    """Textual takes keys and style over from the first base only."""

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._counts: Sequence[int] = ()
        self._names: Sequence[str] = ()
        self._before: Sequence[int] | None = None

    def show(self, counts: Sequence[int], classes: Sequence[str], before: Sequence[int] | None = None) -> None:
        """Misclassified images per class, and those of the evaluation before. Raises ValueError where lengths differ."""
        if len(counts) != len(classes) or (before is not None and len(before) != len(counts)):
            raise ValueError(f"{len(counts)} counts, {len(classes)} classes, {len(before) if before is not None else 'no'} counts before")
        self._counts, self._names, self._before = list(counts), list(classes), None if before is None else list(before)
        if self.virtual_size.height != len(counts):
            self.virtual_size = Size(0, len(counts))
        self.changed()

    def clear(self) -> None:
        """Nothing to show."""
        self.show((), ())

    def paint(self, width: int, height: int) -> list[Line]:
        """Textual's: see :class:`Painted`."""
        if not self._counts:
            return [(("no evaluation yet", "muted"),)]
        first = self.scroll_offset.y
        return bar_lines(self._counts, self._names, self._before, width, glyphs())[first : first + height]
