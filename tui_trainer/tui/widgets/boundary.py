"""Boundary: which class a network gives every place of the plane, how sure it is, and the points it learns from."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.message import Message

from tui_trainer.pictures.field import LOWER, PLAIN, PLAIN_ASCII, UPPER, Dot, coloured, plain, resized, shades
from tui_trainer.runs.boundary import Field
from tui_trainer.tui.widgets.marks import glyphs
from tui_trainer.tui.widgets.painted import Line, Painted, Part, cut
from tui_trainer.tui.widgets.theme import RUN_COLOURS, colour

CELLS_A_DOT = 5
"""Cells of the field for one point that is drawn on it: more points would hide it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the plane, both 0 to 1 from the upper left corner."""

    across: float
    down: float


class Boundary(Painted):
    """The field as large as there is room for, square, and below it what the colours and marks mean."""

    DEFAULT_CSS = """
    Boundary { width: 1fr; height: 1fr; }
    """

    class Moved(Message):
        """The cursor reads another place."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._field: Field | None = None
        self._dots: Sequence[Dot] = ()
        self._names: Sequence[str] = ()
        self._empty = ""
        self.cursor: Place | None = None

    def show(self, field: Field | None, dots: Sequence[Dot], classes: Sequence[str], *, empty: str = "") -> None:
        """Draw this field (None: ``empty`` in its place) and the first of the points on it."""
        if field is self._field and dots is self._dots and empty == self._empty:
            return
        self._field, self._dots, self._names, self._empty = field, dots, classes, empty
        self.changed()

    def move(self, across: int, down: int) -> None:
        """Move the reading cursor by cells; it begins in the middle."""
        content = self.scrollable_content_region
        side = self._side(content.width, content.height)
        place = self.cursor or Place(0.5, 0.5)
        step = 1 / max(side, 1)
        moved = Place(min(max(place.across + across * step, 0.0), 1 - step / 2), min(max(place.down + down * 2 * step, 0.0), 1 - step / 2))
        self.cursor = moved if self.cursor else place
        self.changed()
        self.post_message(self.Moved())

    def point(self, x: int, y: int) -> None:
        """The cursor to this cell of the widget, where the field is there."""
        content = self.scrollable_content_region
        side = self._side(content.width, content.height)
        column, row = x - self.gutter.left - (content.width - side) // 2, y - self.gutter.top
        if 0 <= column < side and 0 <= row < side // 2:
            self.cursor = Place((column + 0.5) / side, (2 * row + 1) / side)
            self.changed()
            self.post_message(self.Moved())

    def _side(self, width: int, height: int) -> int:
        """Columns of the field, as many as pixels downwards: two a row."""
        return max(0, min(width, 2 * (height - 1)) // 2 * 2)

    def paint(self, width: int, height: int) -> list[Line]:
        """Textual's: see :class:`Painted`."""
        side = self._side(width, height)
        if self._field is None or side < 8:
            return [((self._empty, "muted"),)]
        winner, sureness = resized(self._field.winner, self._field.sureness, side, side)
        table, grey = glyphs(), self.app.no_color
        dots = [dot for trained in (False, True) for dot in self._some(trained, side * side // 2)]
        if grey:
            lines = plain(winner, dots, ascii=table.ascii)
        else:
            ours = [colour(self, f"run-{number + 1}").rgb for number in range(RUN_COLOURS)]
            pixels = shades(winner, sureness, ours, self.background_colors[1].rgb)
            lines = coloured(pixels, dots, ours, table.train, table.validation, ascii=table.ascii)
        if self.cursor is not None:
            lines = _marked(lines, self.cursor, side)
        left = (width - side) // 2
        return [*(((" " * left, ""), *line) for line in lines), cut(self._legend(width, grey, table.ascii), width)]

    def _some(self, trained: bool, cells: int) -> list[Dot]:
        """As many points of a part as the field bears; held-out ones have a quarter of the places."""
        wanted = [dot for dot in self._dots if dot.trained == trained]
        return wanted[: max(4, cells // CELLS_A_DOT * (3 if trained else 1) // 4)]

    def _legend(self, width: int, grey: bool, ascii: bool) -> Line:
        table = glyphs()
        parts: list[Part] = []
        for number, name in enumerate(self._names):
            if grey:
                parts.append((f"{UPPER[number % len(UPPER)]}{(PLAIN_ASCII if ascii else PLAIN)[number % 5]} {name}  ", "muted"))
            else:
                parts += [(table.train, f"run-{number % RUN_COLOURS + 1}"), (f" {name}  ", "muted")]
        split = f"{UPPER[0]} train  {LOWER[0]} val" if grey else f"{table.train} train  {table.validation} val"
        return (*parts, (split, "muted"))


def _marked(lines: Sequence[Line], place: Place, side: int) -> list[Line]:
    """The cell under the cursor reversed."""
    row, column = int(place.down * side / 2), int(place.across * side)
    found: list[Line] = []
    for number, line in enumerate(lines):
        if number != row:
            found.append(line)
            continue
        parts: list[Part] = []
        at = 0
        for text, looks in line:
            here = column - at
            if 0 <= here < len(text):
                parts += [(text[:here], looks), ("╋" if not glyphs().ascii else "+", "bold reverse"), (text[here + 1 :], looks)]
            else:
                parts.append((text, looks))
            at += len(text)
        found.append(tuple(part for part in parts if part[0]))
    return found
