"""ConfusionMatrix: a heat map with fixed headers, a cursor cell, scrolling both ways for up to 100 classes and more.

How sure one reads it without colour: what is right stands on the diagonal in bold, mistakes are plain numbers, nothing is a dot;
the ground of a cell is the darker the more images of its row it holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView

from tui_trainer.tui.widgets.marks import Glyphs, glyphs
from tui_trainer.tui.widgets.painted import Line, Painted, Part, cut, width_of
from tui_trainer.tui.widgets.plot.canvas import fitted
from tui_trainer.tui.wording import thousands

ALL = -1
"""Stands for every class in a cursor: (3, ALL) is the third row, (ALL, ALL) the whole matrix."""
CORNER = "all"
LONGEST_ROW_NAME = 12
LEAST_ROW_NAME = 5
"""Names of rows are cut to this where all columns fit then."""
LONGEST_COLUMN_NAME = 9
SHADES = (0, 20, 40, 60, 80, 100)
"""Per cent of the heat colour in the ground of a cell."""

Confusion = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the cells of a matrix stand: sizes in terminal cells."""

    left: int
    """Width of the names of the rows, one blank included."""
    cell: int
    """Width of a column, one blank included."""
    classes: int

    @property
    def width(self) -> int:
        """Of the whole."""
        return self.left + self.cell * self.classes


def shares_of(confusion: Confusion) -> list[list[float]]:
    """Each row as parts of its sum, 0 to 1; a row without images is all 0."""
    sums = [sum(row) or 1 for row in confusion]
    return [[count / total for count in row] for row, total in zip(confusion, sums, strict=True)]


def cell_text(count: int, share: float, *, shares: bool, zero: str) -> str:
    """A count, or per cent of the row; a dot for no images. What would round to 0 is ``<1``, not nothing; 100 is all of them."""
    if count == 0:
        return zero
    if not shares:
        return str(count)
    text = f"{100 * share:.0f}"
    return "<1" if text == "0" else "99" if text == "100" and share < 1 else text


def grid(confusion: Confusion, classes: Sequence[str], width: int, *, shares: bool) -> Grid:
    """Cells as wide as their numbers need, and wider for the names of the columns where there is room for all."""
    count = len(confusion)
    counts = max(2, max((len(str(value)) for row in confusion for value in row), default=1))
    name = min(max(map(width_of, classes), default=0), LONGEST_ROW_NAME)
    both = max(counts, 3)  # where there is room, columns stay where they are when counts become per cent
    cell = both if name + 1 + count * (both + 1) <= width else 3 if shares else counts
    spare = width - count * (cell + 1) - 1
    left = (name if spare < LEAST_ROW_NAME else min(name, spare)) + 1
    longest = min(max(map(width_of, column_names(classes)), default=0), LONGEST_COLUMN_NAME)
    while cell < longest and left + count * (cell + 2) <= width:
        cell += 1
    return Grid(left, cell + 1, count)


def column_names(classes: Sequence[str]) -> list[str]:
    """The names without the words that all of them begin with: ``class 7`` and ``class 12`` are told apart by their ends."""
    first, last = min(classes, default=""), max(classes, default="")
    words = 0
    for place, (one, other) in enumerate(zip(first, last, strict=False), 1):
        if one != other:
            break
        if not one.isalnum():
            words = place
    names = [name[words:] for name in classes]
    return names if all(names) and len(classes) > 1 else list(classes)


RIGHT = (0.8, 0.9, 0.96, 0.99)
"""Shares on the diagonal from which a cell is one step stronger: where networks differ."""
LEAST_SCALE = 0.05
"""The strongest colour of a mistake stands for no smaller share than this: one error in a hundred is no alarm."""


def shade(share: float, most: float | None = None) -> int:
    """How much of the heat colour a cell gets, one of SHADES. A mistake (``most`` is the greatest share of one in the matrix)
    by the square root of its part of that, so that small ones differ too; what is right by RIGHT."""
    if share <= 0:
        return 0
    if most is None:
        return SHADES[1 + sum(share >= each for each in RIGHT)]
    last = len(SHADES) - 1
    return SHADES[max(1, min(last, round((share / max(most, LEAST_SCALE)) ** 0.5 * last)))]


def greatest(parts: Sequence[Sequence[float]]) -> float:
    """The greatest share of a mistake."""
    return max((share for row, shares in enumerate(parts) for column, share in enumerate(shares) if row != column), default=0.0)


def matrix_lines(
    confusion: Confusion, classes: Sequence[str], place: Grid, table: Glyphs, *, shares: bool, rows: range, columns: range, cursor: tuple[int, int] | None, focused: bool,
    corner: str = "",
) -> list[Line]:  # fmt: skip
    """The header and one line for each of ``rows``, with the cells of ``columns``. A cursor of ``ALL`` stands on the names."""
    wide = place.cell - 1
    name: list[Part] = [(corner[: place.left - 1].ljust(place.left - 1), _chosen(cursor == (ALL, ALL), focused)), (" ", "")]
    header = name if corner else [(" " * place.left, "")]
    heads = column_names(classes)
    ellipsis = table.ellipsis if wide >= 5 else ""
    for column in columns:
        here = cursor is not None and focused and column == cursor[1]
        header += [(" ", ""), (fitted(heads[column], wide, ellipsis, right=True), _chosen(cursor == (ALL, column), focused, "accent" if here else "muted"))]
    lines: list[Line] = [tuple(header)]
    parts = shares_of(confusion)
    most = greatest(parts)
    for row in rows:
        here = cursor is not None and focused and row == cursor[0]
        line: list[Part] = [(fitted(classes[row], place.left - 1, table.ellipsis) + " ", _chosen(cursor == (row, ALL), focused, "accent" if here else "muted"))]
        for column in columns:
            count, share = confusion[row][column], parts[row][column]
            text = f" {cell_text(count, share, shares=shares, zero=table.zero).rjust(wide)}"
            line.append((text, _looks(row, column, count, shade(share, None if row == column else most), cursor, focused=focused)))
        lines.append(tuple(line))
    return lines


def _chosen(here: bool, focused: bool, otherwise: str = "muted") -> str:
    """The looks of a name that the cursor stands on."""
    return ("on-accent bold" if focused else "bold underline") if here else otherwise


def _looks(row: int, column: int, count: int, step: int, cursor: tuple[int, int] | None, *, focused: bool) -> str:
    if cursor == (row, column):
        return "on-accent bold" if focused else "bold underline"
    if count == 0:
        return "frame"
    if row == column:
        return f"on-heat:{step} bold"
    return f"on-heat-error:{step}"


def reading(confusion: Confusion, classes: Sequence[str], cursor: tuple[int, int], table: Glyphs) -> str:
    """What the cell under the cursor says, as a sentence."""
    true, predicted = cursor
    if ALL in cursor:
        return _reading_all(confusion, classes, true, predicted)
    count, total = confusion[true][predicted], sum(confusion[true])
    percent = f"{100 * count / total:.1f} %" if total else "no images"
    verb = "recognised" if true == predicted else f"{table.arrow} {classes[predicted]}"
    return f"{classes[true]} {verb}  {thousands(count)} of {thousands(total)}  {percent}"


def _reading_all(confusion: Confusion, classes: Sequence[str], true: int, predicted: int) -> str:
    rows = range(len(confusion))
    if true != ALL:
        return f"{classes[true]} missed  {thousands(sum(confusion[true]) - confusion[true][true])} of {thousands(sum(confusion[true]))}"
    if predicted != ALL:
        return f"{classes[predicted]} said wrongly  {thousands(sum(confusion[row][predicted] for row in rows if row != predicted))} times"
    wrong = sum(sum(confusion[row]) - confusion[row][row] for row in rows)
    return f"all errors  {thousands(wrong)} of {thousands(sum(map(sum, confusion)))}"


class ConfusionMatrix(Painted, ScrollView, can_focus=True):
    """Rows are true classes, columns predicted ones."""

    DEFAULT_CSS = """
    ConfusionMatrix { height: 1fr; overflow: auto auto; scrollbar-size: 1 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move_cursor(-1, 0)", "Up", show=False),
        Binding("down", "move_cursor(1, 0)", "Down", show=False),
        Binding("left", "move_cursor(0, -1)", "Left", show=False),
        Binding("right", "move_cursor(0, 1)", "Right", show=False),
        Binding("pageup", "move_cursor(-10, 0)", "Page up", show=False),
        Binding("pagedown", "move_cursor(10, 0)", "Page down", show=False),
        Binding("home", "move_cursor(0, -1000)", "First column", show=False),
        Binding("end", "move_cursor(0, 1000)", "Last column", show=False),
        Binding("enter", "select", "Show these images", show=False),
    ]

    shares: reactive[bool] = reactive(False)
    """Whether cells show per cent of their row instead of counts."""

    class CellHighlighted(Message):
        """The cursor moved to another cell."""

        def __init__(self, matrix: "ConfusionMatrix", true: int, predicted: int) -> None:
            self.matrix, self.true, self.predicted = matrix, true, predicted
            super().__init__()

        @property
        def control(self) -> "ConfusionMatrix":
            """The matrix."""
            return self.matrix

    class CellSelected(CellHighlighted):
        """A cell was chosen, by Enter or the mouse."""

    def __init__(self, *, shares: bool = False, heads: bool = False, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._confusion: Confusion = ()
        self._names: Sequence[str] = ()
        self._first = ALL if heads else 0
        """``heads``: the cursor may stand on the names, which means a whole row or column, or on the corner, which means all."""
        self._cursor = (self._first, self._first)
        self._touched = False
        self.set_reactive(ConfusionMatrix.shares, shares)

    @property
    def cursor(self) -> tuple[int, int]:
        """(true, predicted) class under the cursor."""
        return self._cursor

    @cursor.setter
    def cursor(self, cell: tuple[int, int]) -> None:
        last = max(len(self._confusion) - 1, 0)
        cell = (max(self._first, min(cell[0], last)), max(self._first, min(cell[1], last)))
        self._touched = True
        self._measure()
        if cell != self._cursor:
            self._cursor = cell
            self.post_message(self.CellHighlighted(self, *cell))
        self._scroll_to_cursor()
        self.changed()

    def show(self, confusion: Confusion, classes: Sequence[str]) -> None:
        """Counts, rows true class, columns predicted class, and the names. Raises ValueError where it is not square or names lack."""
        if any(len(row) != len(confusion) for row in confusion) or len(classes) != len(confusion):
            raise ValueError(f"a confusion matrix of {len(confusion)} rows needs as many columns and names; there are {len(classes)} names")
        if len(confusion) != len(self._confusion):
            self._cursor = (self._first, self._first)
        self._confusion, self._names = [list(row) for row in confusion], list(classes)
        self._measure()
        self.changed()

    def clear(self) -> None:
        """Nothing to show."""
        self.show((), ())

    def toggle_shares(self) -> None:
        """Counts or per cent of the row."""
        self.shares = not self.shares

    def watch_shares(self) -> None:
        self._measure()
        self.changed()

    def move_cursor(self, down: int, right: int) -> None:
        """By so many rows and columns."""
        if self._confusion:
            self.cursor = (self._cursor[0] + down, self._cursor[1] + right)

    def action_move_cursor(self, down: int, right: int) -> None:
        """As :meth:`move_cursor`."""
        self.move_cursor(down, right)

    def action_select(self) -> None:
        """Choose the cell under the cursor."""
        if self._confusion:
            self.post_message(self.CellSelected(self, *self._cursor))

    def on_click(self, event: events.Click) -> None:
        cell = self._cell_at(event)
        if cell is not None:
            self.cursor = cell
            self.action_select()

    def on_focus(self) -> None:
        self._measure()
        self.changed()

    def on_blur(self) -> None:
        self._measure()
        self.changed()

    def on_resize(self) -> None:
        self._measure()

    @property
    def classes_shown(self) -> Sequence[str]:
        """Their names."""
        return self._names

    def _grid(self) -> Grid:
        place = grid(self._confusion, self._names, self._view().width, shares=self.shares)
        return replace(place, left=max(place.left, len(CORNER) + 1)) if self._first == ALL else place

    def _measure(self) -> None:
        place = self._grid()
        size = Size(place.width, len(self._confusion) + 1 + self._reads()) if self._confusion else Size(0, 0)
        if size != self.virtual_size:
            self.virtual_size = size

    def _reads(self) -> int:
        """Lines for the sentence below the matrix: where there is nothing to read yet, it takes no row from the matrix."""
        room, rows = self.container_size.height, len(self._confusion) + 1
        return int(bool(self._confusion) and room >= 6 and (room > rows or self._touched or self.has_focus))

    def _cell_at(self, event: events.MouseEvent) -> tuple[int, int] | None:
        offset = event.get_content_offset(self)
        place = self._grid()
        if offset is None or not self._confusion or offset.y >= self._view().height - self._reads():
            return None
        row = offset.y - 1 + self.scroll_offset.y if offset.y else ALL
        column = (offset.x - place.left) // place.cell + self._first_column(place) if offset.x >= place.left else ALL
        return (row, column) if self._first <= min(row, column) and max(row, column) < place.classes else None

    def _first_column(self, place: Grid) -> int:
        """Columns are scrolled as a whole."""
        return -(-self.scroll_offset.x // place.cell)

    def _scroll_to_cursor(self) -> None:
        place, row, column = self._grid(), max(self._cursor[0], 0), max(self._cursor[1], 0)
        view = self._view()
        rows, columns = max(view.height - 1 - self._reads(), 1), max((view.width - place.left) // place.cell, 1)
        top, first = self.scroll_offset.y, self._first_column(place)
        top = min(max(top, row - rows + 1), row)
        first = min(max(first, column - columns + 1), column)
        self.scroll_to(first * place.cell, top, animate=False, force=True)

    def paint(self, width: int, height: int) -> list[Line]:
        """Textual's: see :class:`Painted`."""
        if not self._confusion:
            return [(("no evaluation yet", "muted"),)]
        place, reads = self._grid(), self._reads()
        count = max(height - 1 - reads, 1)
        rows = range(self.scroll_offset.y, min(self.scroll_offset.y + count, place.classes))
        first = self._first_column(place)
        columns = range(first, min(first + max((width - place.left) // place.cell, 1), place.classes))
        cursor = self._cursor if self._touched or self.has_focus else None
        lines = matrix_lines(
            self._confusion, self._names, place, glyphs(), shares=self.shares, rows=rows, columns=columns, cursor=cursor, focused=self.has_focus,
            corner=CORNER if self._first == ALL else "",
        )  # fmt: skip
        if reads:
            lines += [()] * (height - 1 - len(lines))
            text = reading(self._confusion, self._names, cursor, glyphs()) if cursor else ""
            lines.append(((fitted(text, width, glyphs().ellipsis), "muted"),))
        return [cut(line, width) for line in lines]
