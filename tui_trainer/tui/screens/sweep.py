"""One sweep: its trials as they train, and the table that comes of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from tui_trainer.config.errors import ConfigError
from tui_trainer.runs.listing import ListedRun, Listing
from tui_trainer.sweeps import SweepRecord, TrialRun, read_sweep_record
from tui_trainer.sweeps.detached import log_path
from tui_trainer.sweeps.results import Spread, TrialRow, sweep_table
from tui_trainer.tui.actions import TRIALS, bindings
from tui_trainer.tui.controls.header import Header
from tui_trainer.tui.controls.keybar import KeyBar
from tui_trainer.tui.controls.paint import Part, plain
from tui_trainer.tui.controls.table import Column, Table
from tui_trainer.tui.screens.marked import Marked, mark_column
from tui_trainer.tui.screens.runs import STATES
from tui_trainer.tui.screens.sparks import accuracy_spark
from tui_trainer.tui.screens.sweeps import Standing, accuracy, ask_stop, may, standing
from tui_trainer.tui.widgets.marks import glyphs

if TYPE_CHECKING:
    from tui_trainer.tui.app import TrainerApp

EVERY = 1.0
"""Seconds between looks at the trials."""
RARELY = 4
"""Looks between two readings of all figures for the table beneath."""
SPLITS = ("train", "validation", "test")
LOG_END = 300


@dataclass(frozen=True, slots=True)
class Row:
    """A trial's run."""

    path: Path
    label: str
    seed: int
    state: str
    progress: str
    best: float | None
    last: float | None
    slot: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table: a trial's figures, or those of the report beneath."""

    label: str
    cells: tuple[str, ...]
    looks: str = ""


def _state(row: Row) -> Part:
    return (f"{getattr(glyphs(), row.state, glyphs().failed)} {row.state}", STATES.get(row.state, "")) if row.state != "waits" else ("  waits", "muted")


COLUMNS: list[Column[Row]] = [
    mark_column(),
    Column("label", "trial", 22, lambda row: (row.label, "bold"), grows=True, most=60),
    Column("seed", "seed", 5, lambda row: str(row.seed), "right"),
    Column("state", "state", 10, _state),
    Column("progress", "epochs", 9, lambda row: row.progress, "right"),
    Column("best", "best %", 6, lambda row: f"{100 * row.best:.2f}" if row.best is not None else "", "right"),
    Column("last", "last %", 6, lambda row: f"{100 * row.last:.2f}" if row.last is not None else "", "right"),
    Column("spark", "validation", 10, lambda row: (accuracy_spark(row.path, row.state) if row.state != "waits" else "", "validation")),
    Column("run", "run", 14, lambda row: (row.path.name, "muted"), grows=True, most=24, from_width=100),
]


class SweepScreen(Screen[None]):
    """``name``: the sweep's, whose record may not be there yet."""

    app: "TrainerApp"
    BINDINGS = bindings(TRIALS)
    AUTO_FOCUS = "#trials"

    def __init__(self, name: str) -> None:
        super().__init__(id="sweep")
        self.sweep = name
        self.record: SweepRecord | None = None
        self.standing: Standing | None = None
        self.marked = Marked()
        self.table: list[TrialRow] = []
        self._listing: Listing | None = None
        self._looks = 0
        self._drawn: object = None

    def compose(self) -> ComposeResult:
        """What it is, the trials, the table."""
        yield Header("runs")
        yield Static("", id="told", markup=False)
        yield Table[Row](COLUMNS, empty=["The sweep starts: its trials stand here in a moment."], id="trials", classes="panel")
        yield Table[Line]([], empty=["Figures come with the first evaluations."], cursor=False, id="cells", classes="panel")
        yield KeyBar()

    def on_mount(self) -> None:
        """From now on it is alive."""
        self.query_one("#trials").border_title = "Trials"
        self.query_one("#cells").border_title = plain("Accuracy in %: train, validation, test")
        self._look()
        self.set_interval(EVERY, self._look)

    def on_resize(self) -> None:
        """Other columns fit."""
        self._draw_table()

    def _look(self) -> None:
        if not self.is_current:
            return
        try:
            self.record = read_sweep_record(self.app.root, self.sweep)
        except ConfigError:
            self._tell(self._why_not())
            return
        if self._listing is None:
            self._listing = Listing(self.app.root)
        listed = {each.run.name: each for each in self._listing.look()}
        self.standing = now = standing(self.record, listed)
        rows = [self._row(trial, listed.get(trial.run)) for trial in self.record.trials]
        self.query_one("#trials", Table).show(rows, key=lambda row: row.path)
        self._tell("  ".join(filter(None, [self.record.title or self.record.preset, f"{now.live} train, {now.over} over, {now.waiting} wait", now.state])))
        self.query_one(Header).subject = f"sweep {self.sweep}"
        self.refresh_bindings()
        state = tuple((row.path, row.state, row.last, row.progress) for row in rows)
        self._looks += 1
        if state != self._drawn and (self._looks % RARELY == 1 or not now.at_work):
            self._drawn = state
            self._read(self.record)

    def _why_not(self) -> str:
        """What the sweep's process said, where there is no record."""
        try:
            said = log_path(self.app.root, self.sweep).read_text("utf-8", "replace").strip()[-LOG_END:]
        except OSError:
            said = ""
        return said.splitlines()[-1] if said else f"{self.sweep}: the sweep starts"

    def _tell(self, text: str) -> None:
        line = self.query_one("#told", Static)
        if str(line.render()) != plain(f" {text}"):
            line.update(plain(f" {text}"))

    def _row(self, trial: TrialRun, listed: ListedRun | None) -> Row:
        path = self.app.root / trial.run
        if listed is None:
            return Row(path, trial.label, trial.seed, "waits", "", None, None, self.marked.get(path))
        status = listed.status
        progress = f"{status.epoch:.1f}/{status.total_epochs:g}" if status and status.total_epochs else ""
        return Row(path, trial.label, trial.seed, status.state if status else "damaged", progress, accuracy(listed, "best"), accuracy(listed, "last"), self.marked.get(path))

    # --- the table beneath

    @work(thread=True, exclusive=True, group="table")
    def _read(self, record: SweepRecord) -> None:
        table = sweep_table(record)
        self.app.call_from_thread(self._there, table)

    def _there(self, table: list[TrialRow]) -> None:
        if self.is_mounted:
            self.table = table
            self._draw_table()

    def _draw_table(self) -> None:
        if not self.table:
            return
        several = any(len(row.runs) > 1 for row in self.table)
        width = 31 if several else 19
        moments = list(dict.fromkeys(moment for row in self.table for moment in row.cells))
        moments = moments[-max(1, (self.app.size.width - 26) // (width + 1)) :]
        rows = sorted(self.table, key=lambda row: -(row.best.mean if row.best else -1.0)) if self.record and self.record.search else self.table
        lines: list[Line] = []
        for row in rows:
            lines.append(Line(row.label, tuple(_cells(row, moment, several) for moment in moments)))
            if any(moment in row.report for moment in moments):
                lines.append(Line("  report", tuple("  ".join(f"{value:.1f}".rjust(9 if several else 5) for value in row.report.get(moment, ())) for moment in moments), "muted"))
        table = self.query_one("#cells", Table)
        columns: list[Column[Line]] = [Column("label", "trial", 20, lambda line: (line.label, line.looks or "bold"), grows=True, most=48)]
        for number, moment in enumerate(moments):

            def cell(line: Line, number: int = number) -> Part:
                return line.cells[number], line.looks

            columns.append(Column(moment, moment if moment == "end" else f"epoch {moment}", width, cell, "right"))
        if [column.key for column in columns] != [column.key for column in table.columns]:
            table.columns = columns
            table.refresh()
        else:
            table.columns = columns
        table.show(lines)
        title = "Accuracy in %: train, validation, test" + (f" · mean ± deviation over {max(len(row.runs) for row in self.table)} seeds" if several else "")
        if table.border_title != plain(title):
            table.border_title = plain(title)

    # --- what one can do

    @property
    def row(self) -> Row | None:
        """The trial under the cursor."""
        found = self.query_one("#trials", Table).item
        return found if isinstance(found, Row) else None

    def relabel(self, action: str, label: str) -> str:
        """Enter belongs to the table, and opens."""
        return "Open" if action == "choose" else label

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A trial that waits has no run yet."""
        if action in ("open", "mark"):
            return self.row is not None and self.row.state != "waits"
        return len(self.marked) > 1 if action == "compare" else may(self.standing, action)

    def on_table_moved(self, event: Table.Moved) -> None:
        """The keys that apply."""
        self.refresh_bindings()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Open it."""
        self.action_open()

    def action_open(self) -> None:
        """Its run."""
        if self.row is not None and self.row.state != "waits":
            self.app.open_run(self.row.path)

    def action_mark(self) -> None:
        """For a comparison, or no more."""
        if self.row is None:
            return
        if why_not := self.marked.toggle(self.row.path):
            self.notify(why_not, severity="warning")
        self._look()
        self.query_one("#trials", Table).action_cursor(1)

    def action_compare(self) -> None:
        """The marked ones beside each other."""
        from tui_trainer.tui.screens.compare import CompareScreen

        self.app.push_screen(CompareScreen(dict(self.marked)))

    def action_go_on(self) -> None:
        """With what is left."""
        self.app.start_sweep(self.sweep, ["--go-on", self.sweep])

    def action_stop(self) -> None:
        """Ask, then stop."""
        if self.record is not None:
            ask_stop(self.app, self.record)

    def action_back(self) -> None:
        """To where one came from."""
        self.dismiss()


def _cells(row: TrialRow, moment: str, several: bool) -> str:
    found = row.cells.get(moment, {})
    return "  ".join(_figure(found.get(split)).rjust(9 if several else 5) for split in SPLITS)


def _figure(spread: Spread | None) -> str:
    if spread is None:
        return "-"
    return f"{100 * spread.mean:.1f}" + (f"±{100 * spread.deviation:.1f}" if spread.count > 1 else "")
