"""Plain tables: aligned columns, a dim heading, no frame."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table


def table(*columns: str, flexible: str = "") -> "Table":
    """A table with these columns; one that begins with ``>`` is aligned right, ``flexible`` is cut where space is short."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for column in columns:
        name = column.removeprefix(">")
        cut = name == flexible
        made.add_column(
            name, justify="right" if column.startswith(">") else "left", no_wrap=True, overflow="ellipsis",
            ratio=None, min_width=8 if cut else None,
        )
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
