"""Runs that are marked for a comparison: each keeps the number that gives it its colour and mark."""

from pathlib import Path
from typing import Protocol, TypeVar

from tui_trainer.tui.controls.table import Column
from tui_trainer.tui.widgets.marks import glyphs

MOST_MARKED = 8
"""So many colours and marks can be told apart."""


class Markable(Protocol):
    """A row that may be marked."""

    @property
    def slot(self) -> int | None:
        """Its number among the marked ones."""


class Marked(dict[Path, int]):
    """Run folders and their numbers."""

    def toggle(self, path: Path) -> str:
        """Mark ``path`` with the lowest number that is free, or no more. Returns why it cannot be marked; empty where it could."""
        if path in self:
            del self[path]
        elif len(self) >= MOST_MARKED:
            return f"{MOST_MARKED} runs at most: more colours cannot be told apart"
        else:
            self[path] = min(set(range(MOST_MARKED)) - set(self.values()))
        return ""


RowT = TypeVar("RowT", bound=Markable)


def mark_column() -> Column[RowT]:
    """The column of marks."""
    return Column("mark", "", 1, lambda row: (glyphs().runs[row.slot], f"run-{row.slot + 1}") if row.slot is not None else "")
