"""Plain tables: aligned columns, a dim heading, no frame; where the terminal is narrow, the least important columns go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

GAP = 2
NARROWEST = 16
"""Columns below which the flexible column is not cut."""


def table(*columns: str) -> "Table":
    """A table with these columns; one that begins with ``>`` is aligned right."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim", show_edge=False)
    for column in columns:
        made.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left", no_wrap=True, overflow="ellipsis")
    return made


def print_table(
    target: "Console", columns: Sequence[str], rows: Iterable[Sequence["str | Text"]], *, flexible: str = "", droppable: Sequence[str] = (), keep_end: bool = False
) -> None:
    """Print a table that fits the terminal: :func:`fitted_table`."""
    made = fitted_table(target, columns, rows, flexible=flexible, droppable=droppable, keep_end=keep_end)
    target.print(made, soft_wrap=True)  # one print: a rich Table of 1 000 rows takes half a second


def fitted_table(
    target: "Console",
    columns: Sequence[str],
    rows: Iterable[Sequence["str | Text"]],
    *,
    flexible: str = "",
    droppable: Sequence[str] = (),
    keep_end: bool = False,
    narrowest: int = NARROWEST,
) -> "Text":
    """A table that fits the terminal.

    Where it is too wide, even with ``flexible`` cut to ``narrowest`` columns, the columns ``droppable`` go, first to last; then
    ``flexible`` is cut: at its end, or with ``keep_end`` (paths) at its beginning.
    """
    from rich.text import Text

    cells = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
    shown = [
        Column(column.removeprefix(">"), place, column.startswith(">"), max(len(column.removeprefix(">")), *(row[place].cell_len for row in cells), 0))
        for place, column in enumerate(columns)
    ]
    heading = [Text(column.name, style="dim") for column in shown]
    if target.is_terminal:
        shown = _fitting(shown, target.width, flexible, droppable, narrowest)
    return Text("\n").join(_line(row, shown, keep_end) for row in (heading, *cells))


@dataclass(frozen=True, slots=True)
class Column:
    """One column as it is drawn."""

    name: str
    place: int
    right: bool
    width: int


def _fitting(columns: list[Column], room: int, flexible: str, droppable: Sequence[str], narrowest: int) -> list[Column]:
    """The columns that fit ``room``, the flexible one made narrower where it has to be."""

    def needed(kept: list[Column]) -> int:
        return sum(min(each.width, narrowest) if each.name == flexible else each.width for each in kept) + GAP * (len(kept) - 1)

    for name in droppable:
        if needed(columns) > room:
            columns = [each for each in columns if each.name != name]
    spare = room - sum(each.width for each in columns) - GAP * (len(columns) - 1)
    return [replace(each, width=max(each.width + spare, min(each.width, NARROWEST))) if each.name == flexible and spare < 0 else each for each in columns]


def _line(row: Sequence["Text"], columns: Sequence[Column], keep_end: bool) -> "Text":
    from rich.text import Text

    made = Text()
    for column in columns:
        cell = row[column.place]
        if cell.cell_len > column.width:
            cell = Text(f"…{cell.plain[1 - column.width :]}" if keep_end else f"{cell.plain[: column.width - 1]}…", style=cell.style)
        blank = " " * (column.width - cell.cell_len)
        made.append(blank if column.right else "").append_text(cell)
        if column is not columns[-1]:
            made.append(" " * GAP if column.right else blank + " " * GAP)
    return made


def facts(rows: Iterable[tuple[str, str]]) -> "RenderableType":
    """Names and values beneath each other; rows without a value are left out."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows:
        if value:
            made.add_row(name, value)
    return made


def side_by_side(left: "RenderableType", right: "RenderableType", gap: int = 4) -> "RenderableType":
    """Two blocks beside each other, tops aligned."""
    from rich.table import Table

    grid = Table.grid(padding=(0, gap, 0, 0))
    grid.add_row(left, right)
    return grid


def bar(part: float, whole: float, width: int) -> str:
    """A bar of up to ``width`` columns, in halves of one; anything above 0 is visible."""
    if part <= 0 or whole <= 0:
        return ""
    halves = max(1, round(width * 2 * part / whole))
    return "━" * (halves // 2) + "╸" * (halves % 2)


def words(items: Sequence[str]) -> str:
    """The non-empty ones with a dot between."""
    return " · ".join(item for item in items if item)
