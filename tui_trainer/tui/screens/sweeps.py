"""All sweeps of the runs folder: how far each is."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from tui_trainer.runs.listing import ListedRun, Listing
from tui_trainer.runs.status import LIVE
from tui_trainer.sweeps import SweepRecord, sweep_records
from tui_trainer.sweeps.conduct import AGAIN, PRUNED, trial_state
from tui_trainer.sweeps.detached import conductor, stop_sweep
from tui_trainer.sweeps.results import short_label
from tui_trainer.tui.about import About
from tui_trainer.tui.actions import SWEEPS, bindings
from tui_trainer.tui.controls.header import Header
from tui_trainer.tui.controls.keybar import KeyBar
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.controls.table import Column, Table
from tui_trainer.tui.screens.dialogs import Confirm

if TYPE_CHECKING:
    from tui_trainer.tui.app import TrainerApp

EVERY = 1.0
"""Seconds between looks."""
FAILED = ("failed", "crashed", "damaged")
WAYS = ("finished", *FAILED, "stopped", PRUNED)
"""In which a trial ends, as they are told."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a sweep is."""

    name: str
    about: str
    live: int
    ended: tuple[tuple[str, int], ...]
    """How many ended in which way: finished, failed, crashed, stopped, pruned."""
    waiting: int
    best: float | None
    """Best validation accuracy of any trial, 0..1."""
    best_label: str
    at_work: bool
    """Whether a process conducts it on this machine, or trials train."""
    reason: str = ""
    """Why trials failed: what most of them say."""

    @property
    def over(self) -> int:
        """All that ended."""
        return sum(number for _, number in self.ended)

    def count(self, *states: str) -> int:
        """Those that ended so."""
        return sum(number for state, number in self.ended if state in states)

    @property
    def failed(self) -> int:
        """Those that cannot be trusted with a figure."""
        return self.count(*FAILED)

    @property
    def again(self) -> int:
        """Of those that ended, stopped or crashed: they can be gone on with."""
        return self.count(*AGAIN)

    @property
    def state(self) -> str:
        """In a word."""
        if self.at_work:
            return "running"
        if self.waiting or self.again:
            return "stopped"
        return "failed" if self.failed and not self.count("finished", PRUNED) else "finished"

    @property
    def counts(self) -> str:
        """In a line: such as ``2 running · 5 ended (4 finished, 1 failed) · 3 waiting``."""
        how = ", ".join(f"{number} {state}" for state, number in self.ended)
        return f"{self.live} running · {self.over} ended{f' ({how})' if how else ''} · {self.waiting} waiting"


def standing(record: SweepRecord, listed: dict[str, ListedRun]) -> Standing:
    """How far ``record`` is, by the runs that are ``listed`` by name."""
    states = [(trial, state_of(found), found) for trial in record.trials if (found := listed.get(trial.run)) is not None]
    live = sum(state in LIVE for _, state, _ in states)
    ended = Counter(state for _, state, _ in states if state not in LIVE)
    reasons = Counter(reason_of(found) for _, state, found in states if state in FAILED)
    figures = [(value, trial.label) for trial, _, found in states if (value := accuracy(found, "best")) is not None]
    best, label = max(figures, default=(None, ""), key=lambda each: each[0] or 0.0)
    wanted = max(len(record.trials), int(record.search.get("trials", 0)))
    return Standing(
        record.name, record.title or record.preset, live, tuple(sorted(ended.items(), key=lambda each: (WAYS.index(each[0]) if each[0] in WAYS else len(WAYS)))),
        wanted - len(states), best, label, live > 0 or conductor(record.root, record.name) is not None, reasons.most_common(1)[0][0] if reasons else "",
    )  # fmt: skip


def state_of(listed: ListedRun) -> str:
    """A trial's state in a word."""
    return trial_state(listed.status) if listed.status else "damaged"


def reason_of(listed: ListedRun) -> str:
    """Why it did not come to its end."""
    return (listed.status.reason if listed.status else "") or listed.problem


def accuracy(listed: ListedRun, which: str) -> float | None:
    """Best or last validation accuracy of a run, 0..1."""
    try:
        return float(listed.status.summary[which]["validation"]["accuracy"]) if listed.status else None
    except (KeyError, TypeError, ValueError):
        return None


COLUMNS: list[Column[Standing]] = [
    Column("name", "sweep", 14, lambda row: (row.name, "bold"), grows=True, most=30),
    Column("state", "state", 9, lambda row: (row.state, {"running": "accent", "stopped": "warning", "finished": "good", "failed": "bad"}[row.state])),
    Column("live", "running", 7, lambda row: str(row.live), "right"),
    Column("over", "ended", 5, lambda row: str(row.over), "right"),
    Column("failed", "failed", 6, lambda row: (str(row.failed), "bad" if row.failed else "muted"), "right"),
    Column("waiting", "waiting", 7, lambda row: str(row.waiting), "right"),
    Column("best", "best %", 6, lambda row: f"{100 * row.best:.2f}" if row.best is not None else "", "right"),
    Column("label", "best trial", 14, lambda row: short_label(row.best_label), grows=True, most=60),
    Column("about", "about", 14, lambda row: (row.about, "muted"), grows=True, from_width=100),
]


class SweepsScreen(Screen[None]):
    """A table of all sweeps."""

    app: "TrainerApp"
    BINDINGS = bindings(SWEEPS)
    AUTO_FOCUS = "Table"

    def __init__(self) -> None:
        super().__init__(id="sweeps")
        self.records: list[SweepRecord] = []
        self._listing: Listing | None = None

    def compose(self) -> ComposeResult:
        """The table and the keys."""
        yield Header("runs")
        yield Table[Standing](COLUMNS, empty=["There are no sweeps yet.", "1 Design, then ^g, trains what the forms hold with several values of some settings."], id="table")
        yield Static("", id="summary", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """From now on it is alive."""
        self._look()
        self.set_interval(EVERY, self._look)

    def _look(self) -> None:
        if not self.is_current:
            return
        if self._listing is None:
            self._listing = Listing(self.app.root)
        listed = {each.run.name: each for each in self._listing.look()}
        self.records = sweep_records(self.app.root)
        rows = [standing(record, listed) for record in self.records]
        self.query_one("#table", Table).show(rows, key=lambda row: row.name)
        self.query_one(Header).subject = f"{len(rows)} sweep{'s' if len(rows) != 1 else ''}"
        self._tell()

    def _tell(self) -> None:
        """How the trials of the sweep under the cursor ended, and why some failed."""
        self.refresh_bindings()
        row, line = self.row, self.query_one("#summary", Static)
        best = f" · best: {short_label(row.best_label)}" if row is not None and row.best_label else ""
        text = f" {row.counts}{best}" + (f"\n {row.failed} failed: {row.reason}" if row.reason else "") if row is not None else ""
        if str(line.render()) != plain(text):
            line.update(plain(text))

    def about_this(self) -> About:
        """What F1 says of it."""
        return About("Sweeps", ("figure.sweep", "figure.search", "figure.accuracy"))

    @property
    def row(self) -> Standing | None:
        """The sweep under the cursor."""
        found = self.query_one("#table", Table).item
        return found if isinstance(found, Standing) else None

    def relabel(self, action: str, label: str) -> str:
        """Enter belongs to the table, and opens."""
        return "Open" if action == "choose" else label

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be stopped is stopped, only what is left is gone on with."""
        return may(self.row, action)

    def on_table_moved(self, event: Table.Moved) -> None:
        """Another sweep, other keys."""
        self._tell()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Open it."""
        self.action_open()

    def action_open(self) -> None:
        """Its trials."""
        from tui_trainer.tui.screens.sweep import SweepScreen

        if self.row is not None:
            self.app.push_screen(SweepScreen(self.row.name))

    def action_go_on(self) -> None:
        """With what is left."""
        if self.row is not None:
            self.app.start_sweep(self.row.name, ["--go-on", self.row.name])

    def action_stop(self) -> None:
        """Ask, then stop."""
        record = next((each for each in self.records if self.row is not None and each.name == self.row.name), None)
        if record is not None:
            ask_stop(self.app, record)

    def action_back(self) -> None:
        """To the runs."""
        self.dismiss()


def may(row: Standing | None, action: str) -> bool:
    """Whether a sweep that stands so takes this action."""
    if action in ("open", "mark"):
        return row is not None
    if action == "stop":
        return row is not None and row.at_work
    if action == "go_on":
        return row is not None and not row.at_work and bool(row.waiting or row.again)
    return True


def ask_stop(app: "TrainerApp", record: SweepRecord) -> None:
    """A question; then every trial at work is asked to stop, and no other starts."""

    def answered(yes: bool | None) -> None:
        if not yes:
            return
        try:
            asked = stop_sweep(record)
        except OSError as error:
            app.notify(f"{record.name} cannot be stopped: {error.strerror}", severity="error", markup=False)
        else:
            app.notify(f"{asked} trial{'s' if asked != 1 else ''} asked to save a checkpoint and stop; u goes on with them later", markup=False)

    text = f"The trials of {record.name} at work save a checkpoint each and stop; none of those that wait is started. It can be gone on with."
    app.push_screen(Confirm("Stop the sweep?", text, "stop it", "let it go on"), answered)
