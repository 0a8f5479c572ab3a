"""All sweeps of the runs folder: how far each is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.screen import Screen

from tui_trainer.runs.listing import ListedRun, Listing
from tui_trainer.runs.status import LIVE
from tui_trainer.sweeps import SweepRecord, sweep_records
from tui_trainer.sweeps.detached import conductor, stop_sweep
from tui_trainer.tui.actions import SWEEPS, bindings
from tui_trainer.tui.controls.header import Header
from tui_trainer.tui.controls.keybar import KeyBar
from tui_trainer.tui.controls.table import Column, Table
from tui_trainer.tui.screens.dialogs import Confirm

if TYPE_CHECKING:
    from tui_trainer.tui.app import TrainerApp

EVERY = 1.0
"""Seconds between looks."""
AGAIN = ("stopped", "crashed")


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a sweep is."""

    name: str
    about: str
    live: int
    over: int
    waiting: int
    again: int
    """Of those that are over, stopped or crashed: they can be gone on with."""
    best: float | None
    """Best validation accuracy of any trial, 0..1."""
    best_label: str
    at_work: bool
    """Whether a process conducts it on this machine, or trials train."""

    @property
    def state(self) -> str:
        """In a word."""
        return "running" if self.at_work else "finished" if not self.waiting and not self.again else "stopped"


def standing(record: SweepRecord, listed: dict[str, ListedRun]) -> Standing:
    """How far ``record`` is, by the runs that are ``listed`` by name."""
    states = [(trial, found.status.state if found.status else "failed", found) for trial in record.trials if (found := listed.get(trial.run)) is not None]
    live = sum(state in LIVE for _, state, _ in states)
    figures = [(value, trial.label) for trial, _, found in states if (value := accuracy(found, "best")) is not None]
    best, label = max(figures, default=(None, ""), key=lambda each: each[0] or 0.0)
    return Standing(
        record.name, record.title or record.preset, live, len(states) - live, len(record.trials) - len(states), sum(state in AGAIN for _, state, _ in states), best, label,
        live > 0 or conductor(record.root, record.name) is not None,
    )  # fmt: skip


def accuracy(listed: ListedRun, which: str) -> float | None:
    """Best or last validation accuracy of a run, 0..1."""
    try:
        return float(listed.status.summary[which]["validation"]["accuracy"]) if listed.status else None
    except (KeyError, TypeError, ValueError):
        return None


COLUMNS: list[Column[Standing]] = [
    Column("name", "sweep", 14, lambda row: (row.name, "bold"), grows=True, most=30),
    Column("state", "state", 9, lambda row: (row.state, {"running": "accent", "stopped": "warning", "finished": "good"}[row.state])),
    Column("live", "train", 5, lambda row: str(row.live), "right"),
    Column("over", "over", 5, lambda row: str(row.over), "right"),
    Column("waiting", "wait", 5, lambda row: str(row.waiting), "right"),
    Column("best", "best %", 6, lambda row: f"{100 * row.best:.2f}" if row.best is not None else "", "right"),
    Column("label", "best trial", 16, lambda row: row.best_label, grows=True, most=60),
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
        self.refresh_bindings()

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
