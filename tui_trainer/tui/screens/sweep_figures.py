"""The table beneath a sweep's trials: three figures at each epoch, and what the report gives."""

from dataclasses import dataclass

from textual.geometry import Region, Size
from textual.strip import Strip

from tui_trainer.sweeps.results import SPLITS, TrialRow, figure, short_label, three
from tui_trainer.tui.about import About
from tui_trainer.tui.controls.paint import Part, fit, plain, strip
from tui_trainer.tui.controls.table import Column, Table

LABEL = 17
"""Columns of the trial's name at least: three epochs fit beside it on 80 columns."""
TITLE = "Accuracy in %"


@dataclass(frozen=True, slots=True)
class Line:
    """A trial's figures, or those of the report beneath."""

    label: str
    cells: tuple[str, ...]
    looks: str = ""


class SweepFigures(Table[Line]):
    """Two lines of titles: epochs, and beneath each train, val, test. Of more epochs than fit the newest that have figures are shown."""

    def __init__(self) -> None:
        super().__init__([], empty=["Figures come with the first evaluations."], cursor=False, id="cells", classes="panel")
        self.rows: list[TrialRow] = []
        self.back = 0
        """Epochs by which the window lies before the newest figures; negative: after them."""
        self._splits = ""
        self._room = 0

    def on_mount(self) -> None:
        """Sizes are known from here on."""
        super().on_mount()
        self.border_title = TITLE

    def on_resize(self) -> None:
        """Other epochs fit."""
        super().on_resize()
        if self.rows and self._room != self.scrollable_content_region.width:
            self._lay_out()

    def about_this(self) -> About:
        """What F1 says of it."""
        return About("Accuracy of the trials", ("figure.sweep-table", "figure.accuracy", "figure.reference"))

    def show_rows(self, rows: list[TrialRow]) -> None:
        """Show these trials, in this order."""
        self.rows = rows
        self._lay_out()

    def shift(self, epochs: int) -> None:
        """Move the window over the epochs."""
        self.back -= epochs
        if self.rows:
            self._lay_out()

    # --- what it holds

    def _lay_out(self) -> None:
        several = max((len(row.runs) for row in self.rows), default=1)
        wide = 9 if several > 1 else 5
        width, self._room = 3 * wide + 3, self.scrollable_content_region.width
        moments = list(dict.fromkeys(moment for row in self.rows for moment in row.cells))
        shown = self._window(moments, max(1, (self._room - LABEL - 1) // (width + 1)))
        lines = []
        for row in self.rows:
            lines.append(Line(short_label(row.label), tuple(three([figure(row.cells.get(moment, {}).get(split)) for split in SPLITS], wide) for moment in shown)))
            if any(moment in row.report for moment in shown):
                lines.append(Line("  report", tuple(three([f"{value:.1f}" for value in row.report.get(moment, ())], wide) for moment in shown), "muted"))
        columns: list[Column[Line]] = [Column("label", "trial", LABEL, lambda line: (line.label, line.looks or "bold"), grows=True, most=48)]
        for number, moment in enumerate(shown):

            def cell(line: Line, number: int = number) -> Part:
                return line.cells[number], line.looks

            columns.append(Column(moment, moment if moment == "end" else f"epoch {moment}", width, cell, "right"))
        new = [(column.key, column.width) for column in columns] != [(column.key, column.width) for column in self.columns]
        self.columns, self._splits = columns, three(["train", "val", "test"], wide)
        self.show(lines)
        if new:
            self._measure()
            self.refresh()
        self.border_title = plain(TITLE + (f" · mean ± deviation over {several} seeds" if several > 1 else ""))
        self.border_subtitle = plain(f"{len(shown)} of {len(moments)} epochs, ← → the others") if len(shown) < len(moments) else ""

    def _window(self, moments: list[str], fitting: int) -> list[str]:
        """As many epochs as fit, the newest that have figures among them, unless one went back."""
        filled = [number for number, moment in enumerate(moments) if any(row.cells.get(moment) for row in self.rows)]
        most = max(0, len(moments) - fitting)
        newest = min(most, max(0, (filled[-1] + 1 if filled else 0) - fitting))
        self.back = max(newest - most, min(self.back, newest))
        first = newest - self.back
        return moments[first : first + fitting]

    # --- drawing: one line of titles more than other tables

    def _measure(self) -> None:
        self.virtual_size = Size(max(1, self.scrollable_content_region.width), len(self.items) + 2)

    def render_line(self, y: int) -> Strip:
        """One line: the epochs, the splits, or a row in sight."""
        if y != 1 or not self.items:
            return super().render_line(max(0, y - 1) if self.items else y)
        width = self.scrollable_content_region.width
        parts: list[Part] = [((" " * size if column.key == "label" else fit(self._splits, size, "right")) + " ", "muted") for column, size in self.widths(width)]
        return strip(self, parts, width)

    def _refresh_row(self, number: int) -> None:
        y = number + 2 - self.scroll_offset.y
        if 1 < y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))
