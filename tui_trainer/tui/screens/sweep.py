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
from tui_trainer.sweeps.conduct import PRUNED
from tui_trainer.sweeps.detached import log_path
from tui_trainer.sweeps.results import TrialRow, short_label, sweep_table
from tui_trainer.tui.about import About
from tui_trainer.tui.actions import TRIALS, bindings
from tui_trainer.tui.controls.header import Header
from tui_trainer.tui.controls.keybar import KeyBar
from tui_trainer.tui.controls.paint import Part, plain
from tui_trainer.tui.controls.table import Column, Table
from tui_trainer.tui.screens.marked import Marked, mark_column
from tui_trainer.tui.screens.runs import STATES
from tui_trainer.tui.screens.sparks import accuracy_spark
from tui_trainer.tui.screens.sweep_figures import SweepFigures
from tui_trainer.tui.screens.sweeps import FAILED, Standing, accuracy, ask_stop, may, reason_of, standing, state_of
from tui_trainer.tui.widgets.marks import glyphs

if TYPE_CHECKING:
    from tui_trainer.tui.app import TrainerApp

EVERY = 1.0
"""Seconds between looks at the trials."""
RARELY = 4
"""Looks between two readings of all figures for the table beneath."""
LOG_END = 300
WAITING = "waiting"
WIDE = 100
"""Columns from which a run's whole name is shown."""


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
    reason: str = ""
    """Why it failed."""
    slot: int | None = None


def _state(row: Row) -> Part:
    if row.state == WAITING:
        return f"  {WAITING}", "muted"
    return f"{getattr(glyphs(), 'stopped' if row.state == PRUNED else row.state, glyphs().failed)} {row.state}", STATES.get(row.state, "")


def _columns(width: int, *, seeds: bool) -> list[Column[Row]]:
    """Those for a table of so many columns: the run's whole name where there is room, else what follows the sweep's; seeds where they differ."""
    run: Column[Row] = Column("run", "run", 14, lambda row: (row.path.name, "muted"), grows=True, most=24)
    number: Column[Row] = Column("run", "run", 4, lambda row: (f".{row.path.name.rpartition('.')[2]}", "muted"))
    return [
        mark_column(),
        run if width >= WIDE else number,
        Column("label", "trial", 16, lambda row: (short_label(row.label), "bold"), grows=True, most=60),
        *([Column[Row]("seed", "seed", 4, lambda row: str(row.seed), "right")] if seeds else []),
        Column("state", "state", 10, _state),
        Column("progress", "epochs", 9, lambda row: row.progress, "right"),
        Column("best", "best %", 6, lambda row: f"{100 * row.best:.2f}" if row.best is not None else "", "right"),
        Column("last", "last %", 6, lambda row: f"{100 * row.last:.2f}" if row.last is not None else "", "right"),
        Column("spark", "validation", 10, lambda row: (accuracy_spark(row.path, row.state) if row.state != WAITING else "", "validation")),
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
        yield Table[Row](_columns(0, seeds=True), empty=["The sweep starts: its trials stand here in a moment."], id="trials", classes="panel")
        yield Static("", id="why", markup=False)
        yield SweepFigures()
        yield KeyBar()

    def on_mount(self) -> None:
        """From now on it is alive."""
        self.query_one("#why").display = False
        self._look()
        self.set_interval(EVERY, self._look)

    def on_resize(self) -> None:
        """Other columns fit."""
        self._choose_columns()

    def _choose_columns(self) -> None:
        trials = self.query_one("#trials", Table)
        columns = _columns(self.size.width, seeds=len({row.seed for row in trials.items}) > 1)
        if [(column.key, column.width) for column in columns] != [(column.key, column.width) for column in trials.columns]:
            trials.columns = columns
            trials.refresh()

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
        self._choose_columns()
        self._tell(f"{now.state}: {now.counts}")
        self._tell_why()
        self.query_one("#trials").border_title = plain(" · ".join(filter(None, ("Trials", self.record.title or self.record.preset))))
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

    def _tell_why(self) -> None:
        """Why the trial under the cursor failed, else why most of those that failed did."""
        line, now, row = self.query_one("#why", Static), self.standing, self.row
        text = f" {row.path.name} {row.state}: {row.reason}" if row is not None and row.reason else f" {now.failed} failed: {now.reason}" if now and now.reason else ""
        line.display = bool(text)
        if str(line.render()) != plain(text):
            line.update(plain(text))

    def about_this(self) -> About:
        """What F1 says of it."""
        return About("Trials", ("figure.sweep", "figure.search", "figure.accuracy"))

    def _row(self, trial: TrialRun, listed: ListedRun | None) -> Row:
        path = self.app.root / trial.run
        if listed is None:
            return Row(path, trial.label, trial.seed, WAITING, "", None, None, slot=self.marked.get(path))
        status = listed.status
        progress = f"{status.epoch:.1f}/{status.total_epochs:g}" if status and status.total_epochs else ""
        state = state_of(listed)
        reason = reason_of(listed) if state in FAILED else ""
        return Row(path, trial.label, trial.seed, state, progress, accuracy(listed, "best"), accuracy(listed, "last"), reason, self.marked.get(path))

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
        rows = self.table
        if self.record and self.record.search:
            rows = sorted(rows, key=lambda row: -(row.best.mean if row.best else -1.0))
        if rows:
            self.query_one(SweepFigures).show_rows(rows)

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
            return self.row is not None and self.row.state != WAITING
        return len(self.marked) > 1 if action == "compare" else may(self.standing, action)

    def on_table_moved(self, event: Table.Moved) -> None:
        """The keys that apply, and why it failed."""
        self._tell_why()
        self.refresh_bindings()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Open it."""
        self.action_open()

    def action_open(self) -> None:
        """Its run."""
        if self.row is not None and self.row.state != WAITING:
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

    def action_epochs(self, number: int) -> None:
        """Earlier or later epochs in the table beneath."""
        self.query_one(SweepFigures).shift(number)

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

