"""Screen 4, Runs: what have I tried."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Input, Static

from tui_trainer.config.errors import ConfigError
from tui_trainer.runs.keeping import delete_run, read_note, rename_run, write_note
from tui_trainer.runs.lineage import grow
from tui_trainer.runs.listing import ListedRun, Listing
from tui_trainer.runs.names import check_name
from tui_trainer.runs.status import Status
from tui_trainer.tui.actions import RUNS, bindings
from tui_trainer.tui.controls.header import Header
from tui_trainer.tui.controls.keybar import KeyBar
from tui_trainer.tui.controls.paint import Part, fit, plain
from tui_trainer.tui.controls.table import Column, Table
from tui_trainer.tui.screens.dialogs import AskText, Confirm
from tui_trainer.tui.screens.family import branches, origin
from tui_trainer.tui.screens.marked import Marked, mark_column
from tui_trainer.tui.screens.sparks import accuracy_spark
from tui_trainer.tui.widgets.marks import glyphs
from tui_trainer.tui.widgets.progress import clock
from tui_trainer.tui.wording import ago, percent, thousands

if TYPE_CHECKING:
    from tui_trainer.tui.app import TrainerApp

ONCE_ENDED = {"rename": "it can be renamed", "delete": "it can be deleted", "report": "its report can be written"}
EVERY = 1.0
"""Seconds between looks at the folder while the screen is in front."""
STATES = {"starting": "accent", "running": "accent", "paused": "warning", "finished": "good", "stopped": "", "failed": "bad", "crashed": "bad", "damaged": "bad"}


@dataclass(frozen=True, slots=True)
class Row:
    """A run as the table shows it. Equal rows look the same, so nothing is redrawn for them."""

    path: Path
    state: str
    reason: str
    status: Status | None
    note: str
    when: str
    slot: int | None = None
    """Its number among the marked runs, which gives its colour and mark."""
    branch: str = ""
    """The lines of the tree before its name."""
    said: str = field(default="", compare=False)
    """What a filter looks through, in small letters: put together once, not at every key."""

    @property
    def name(self) -> str:
        """The run's name."""
        return self.path.name

    def accuracy(self, which: str) -> float | None:
        """Best or last validation accuracy, 0..1."""
        try:
            return float(self.status.summary[which]["validation"]["accuracy"]) if self.status else None
        except (KeyError, TypeError, ValueError):
            return None


def _state(row: Row) -> Part:
    return f"{getattr(glyphs(), row.state, glyphs().failed)} {row.state}", STATES.get(row.state, "")


def _share(which: str) -> Callable[[Row], str]:
    return lambda row: f"{100 * value:.2f}" if (value := row.accuracy(which)) is not None else ""


def _status(row: Row) -> Status:
    return row.status or Status(state="failed")


def _epochs(row: Row) -> str:
    status = _status(row)
    return f"{_short(status.epoch)}/{_short(status.total_epochs)}" if status.total_epochs else ""


def _short(epochs: float) -> str:
    return f"{epochs:.0f}" if epochs == int(epochs) else f"{epochs:.1f}"


def _note(row: Row) -> Part:
    return (row.note, "") if row.note else (row.reason, "muted")


COLUMNS: list[Column[Row]] = [
    Column("name", "run", 14, lambda row: (row.branch + row.name, "bold"), grows=1, most=30),
    Column("state", "state", 10, _state),
    Column("preset", "preset", 14, lambda row: _status(row).preset, grows=1, most=22, from_width=100),
    Column("data", "data", 8, lambda row: _status(row).dataset, from_width=130),
    Column("best", "best %", 6, _share("best"), "right"),
    Column("last", "last %", 6, _share("last"), "right"),
    Column("spark", "validation", 10, lambda row: (accuracy_spark(row.path, row.state), "validation"), picture=True),
    Column("epochs", "epochs", 8, _epochs, "right"),
    Column("parameters", "params", 10, lambda row: thousands(_status(row).parameters) if _status(row).parameters else "", "right", from_width=140),
    Column("time", "time", 7, lambda row: clock(_status(row).training_seconds) if row.status else "", "right", from_width=100),
    Column("when", "began", 6, lambda row: (row.when, "muted"), "right"),
    Column("note", "note", 6, _note, grows=3),
]
MARK: Column[Row] = mark_column()
ORDER: dict[str, Callable[[Row], Any]] = {
    "name": lambda row: row.name, "state": lambda row: row.state, "preset": lambda row: _status(row).preset, "data": lambda row: _status(row).dataset,
    "best": lambda row: -(row.accuracy("best") or -1), "last": lambda row: -(row.accuracy("last") or -1), "epochs": lambda row: -_status(row).epoch,
    "parameters": lambda row: -_status(row).parameters, "time": lambda row: -_status(row).training_seconds, "when": lambda row: -_status(row).created,
    "note": lambda row: (not row.note, row.note), "spark": lambda row: -(row.accuracy("last") or -1),
}  # fmt: skip


class RunsScreen(Screen[None]):
    """A table of all runs, live ones first and alive."""

    app: "TrainerApp"
    BINDINGS = bindings(RUNS)
    AUTO_FOCUS = "Table"

    def __init__(self) -> None:
        super().__init__(id="runs")
        self.rows: list[Row] = []
        self.sorted_by, self.turned = "when", False
        self.families = False
        self.marked = Marked()
        self._listing: Listing | None = None
        self._rows: dict[Path, tuple[ListedRun, Row]] = {}
        self._order: list[str] = []
        self._told: list[str] = []

    def compose(self) -> ComposeResult:
        """The filter, the table, the keys."""
        yield Header("runs")
        yield Input(placeholder="words to look for: name, preset, data, state, note", compact=True, id="filter")
        yield Table[Row](COLUMNS, empty=[f"There are no runs in {self.app.root} yet.", "1 Design says what to train; ^r there starts it."], id="table")
        yield Static("", id="summary", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """From now on it is alive."""
        self.query_one(Input).display = False
        self._look()
        self.set_interval(EVERY, self._look_if_seen)

    def on_resize(self) -> None:
        """The summary breaks elsewhere."""
        self._summarise()

    def on_screen_resume(self) -> None:
        """At once, not only within a second."""
        if self.rows:
            self._look()

    def _look_if_seen(self) -> None:
        if self.is_current:
            self._look()

    def _look(self) -> None:
        now = self.app.now()
        if self._listing is None:
            self._listing = Listing(self.app.root)
        listed = self._listing.look()
        branch: dict[str, str] = {}
        if self.families:
            branch = dict(branches(grow(listed), live=frozenset(each.run.name for each in listed if each.live)))
        rows = [(self._row(each, now), self.marked.get(each.run.path), branch.get(each.run.name, "")) for each in listed]
        self.rows = [row if (row.slot, row.branch) == (slot, lines) else replace(row, slot=slot, branch=lines) for row, slot, lines in rows]
        self._order = list(branch)
        self._show()

    def _row(self, listed: ListedRun, now: float) -> Row:
        path, status = listed.run.path, listed.status
        state = status.state if status else "damaged"
        created = status.created if status else 0.0
        reason = (status.reason if status and status.state in ("failed", "crashed", "stopped") else "") or listed.problem
        known, when = self._rows.get(path), ago(now - created) if created else ""
        note = known[1].note if known is not None and known[0] is listed else read_note(path)
        if known is None or known[0] is not listed or known[1].when != when:
            row = Row(path, state, reason, _still(status), note, when)
            self._rows[path] = known = listed, replace(row, said=_text(row))
        return known[1]

    def _show(self) -> None:
        table = self.query_one("#table", Table)
        words = self.query_one(Input).value.lower().split()
        shown = [row for row in self.rows if all(word in row.said for word in words)]
        shown.sort(key=ORDER[self.sorted_by], reverse=self.turned)
        shown.sort(key=lambda row: row.state not in ("running", "paused", "starting"))
        if self.families and not words:
            place = {name: number for number, name in enumerate(self._order)}
            shown.sort(key=lambda row: place.get(row.name, len(place)))
        columns = [MARK, *COLUMNS] if self.marked else COLUMNS
        if len(columns) != len(table.columns):
            table.columns = list(columns)
            table.refresh()
        if (table.sorted_by, table.descending) != (self.sorted_by, self.turned):
            table.sorted_by, table.descending = self.sorted_by, self.turned
            table.refresh()
        if words and not shown and self.rows:
            table.empty = [f"None of {len(self.rows)} runs matches.", "esc shows them all."]
        table.show(shown, key=lambda row: row.path)
        live = sum(row.state in ("running", "paused", "starting") for row in self.rows)
        some = f"{len(shown)} of " if words else ""
        self.query_one(Header).subject = f"{some}{len(self.rows)} run{'s' if len(self.rows) != 1 else ''}" + (f", {live} at work" if live else "")
        self._summarise()
        self.refresh_bindings()

    def _summarise(self) -> None:
        """What the row has no room for: where it comes from and its final figures, then note and reason in full."""
        row = self.row
        lines: list[str] = []
        if row is not None:
            status = _status(row)
            final = status.summary.get("final") if isinstance(status.summary, dict) else None
            shares = [f"{split} {percent(figures['accuracy'])}" for split, figures in final.items() if isinstance(figures, dict) and "accuracy" in figures] if isinstance(final, dict) else []
            told = "  ".join(filter(None, [row.name, *shares, origin(row.path), status.title]))
            lines = [fit(told, max(10, self.size.width - 2))]
            lines += [f"note: {row.note}"] if row.note else []
            lines += [f"{row.state}: {row.reason}"] if row.reason else []
        if lines != self._told:
            self._told = lines
            self.query_one("#summary", Static).update(plain("\n".join(lines)))

    @property
    def row(self) -> Row | None:
        """The run under the cursor."""
        found = self.query_one("#table", Table).item
        return found if isinstance(found, Row) else None

    # --- what one can do

    def relabel(self, action: str, label: str) -> str:
        """Enter belongs to the table, and opens; keys that would only say why not are left out."""
        if isinstance(self.focused, Input):
            return {"submit": "Back to the table"}.get(action, label)
        action, label = ("open", "Open") if action == "choose" else (action, label)
        return "" if self._why_not(action) else label

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only a filter that is there can be taken away."""
        return self.query_one(Input).display if action == "all_runs" and self.is_mounted else True

    def _why_not(self, action: str) -> str:
        """Why this cannot be done to the run under the cursor now; empty where it can."""
        if action == "compare":
            return "" if len(self.marked) > 1 else "mark the runs to compare first: space marks one"
        if action not in ("open", "again", "note", "fork", "mark", "rename", "delete", "report", "resume"):
            return ""
        row = self.row
        if row is None:
            return "there is no run here"
        live = row.state in ("running", "paused", "starting")
        if action == "resume" and row.state not in ("stopped", "failed", "crashed"):
            return f"{row.name} is at work already" if live else f"{row.name} is {row.state}: f goes on from one of its checkpoints as a new run"
        if live and action in ("rename", "delete", "report"):
            return f"{row.name} is {row.state}: {ONCE_ENDED[action]} once it has ended (s in Train stops it)"
        return ""

    def _refuses(self, action: str) -> bool:
        """Whether it cannot be done, which is said."""
        why = self._why_not(action)
        if why:
            self.notify(why, severity="warning", markup=False)
        return bool(why)

    def on_table_moved(self, event: Table.Moved) -> None:
        """Its summary below, and the keys that apply."""
        self._summarise()
        self.refresh_bindings()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Open it."""
        self.action_open()

    def on_table_title_clicked(self, event: Table.TitleClicked) -> None:
        """Sort by it; again turns the order round."""
        if event.column == self.sorted_by:
            self.turned = not self.turned
        else:
            self.sorted_by, self.turned = event.column, False
        self._show()

    def action_open(self) -> None:
        """Watch it."""
        if not self._refuses("open") and self.row is not None:
            self.app.open_run(self.row.path)

    def action_again(self) -> None:
        """Its settings into Design."""
        if not self._refuses("again") and self.row is not None:
            self.app.design_from_run(self.row.path)

    def action_resume(self) -> None:
        """Go on in the same folder."""
        if not self._refuses("resume") and self.row is not None:
            self.app.resume(self.row.path)

    def action_fork(self) -> None:
        """A new run from one of its checkpoints."""
        if not self._refuses("fork") and self.row is not None:
            self.app.fork(self.row.path)

    def action_report(self) -> None:
        """A report to hand in: of the marked runs, else of this one."""
        if not self._refuses("report") and self.row is not None:
            self.app.report(list(self.marked) or [self.row.path])

    def action_mark(self) -> None:
        """For a comparison, or no more."""
        if self._refuses("mark") or self.row is None:
            return
        if why_not := self.marked.toggle(self.row.path):
            self.notify(why_not, severity="warning")
        self._look()
        self.query_one("#table", Table).action_cursor(1)

    def action_compare(self) -> None:
        """The marked ones beside each other."""
        if self._refuses("compare"):
            return
        from tui_trainer.tui.screens.compare import CompareScreen

        there = {row.path for row in self.rows}
        self.app.push_screen(CompareScreen({path: slot for path, slot in self.marked.items() if path in there}))

    def action_sweeps(self) -> None:
        """All sweeps."""
        from tui_trainer.tui.screens.sweeps import SweepsScreen

        self.app.push_screen(SweepsScreen())

    def action_tree(self) -> None:
        """Forks under their parents, or a plain table."""
        self.families = not self.families
        self._look()

    def action_sort(self) -> None:
        """By the next column that is shown."""
        keys = [column.key for column, _ in self.query_one("#table", Table).widths(self.size.width)]
        place = keys.index(self.sorted_by) if self.sorted_by in keys else -1
        self.sorted_by, self.turned = keys[(place + 1) % len(keys)], False
        self._show()

    def action_sort_order(self) -> None:
        """The other way round."""
        self.turned = not self.turned
        self._show()

    def action_filter(self) -> None:
        """Type to filter."""
        field = self.query_one(Input)
        field.display = True
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Fewer at each key press."""
        self._show()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Back to the table, with the filter on."""
        self.query_one("#table").focus()

    def action_all_runs(self) -> None:
        """All runs again."""
        field = self.query_one(Input)
        field.value = ""
        field.display = False
        self.query_one("#table").focus()
        self.refresh_bindings()

    def action_note(self) -> None:
        """A line about it."""
        row = self.row
        if self._refuses("note") or row is None:
            return

        def written(text: str | None) -> None:
            if text is not None:
                self._do(lambda: write_note(row.path, text))

        self.app.push_screen(AskText(f"Note on {row.name}", "A line; an empty one takes it away.", row.note), written)

    def action_rename(self) -> None:
        """Another name."""
        row = self.row
        if self._refuses("rename") or row is None:
            return

        def named(text: str | None) -> None:
            if text and text != row.name:
                self._do(lambda: self.app.run_renamed(row.path, rename_run(row.path, text)))

        self.app.push_screen(AskText(f"Rename {row.name}", "Letters, digits, '-', '_' and '.'.", row.name, check=self._wrong_name(row.name)), named)

    def _wrong_name(self, own: str) -> Callable[[str], str]:
        taken = {row.name for row in self.rows} - {own}

        def check(text: str) -> str:
            try:
                check_name(text)
            except ConfigError as error:
                return str(error).removeprefix("--name ")
            return f"there is already a run {text}" if text in taken else ""

        return check

    def action_delete(self) -> None:
        """Away with it, after a question."""
        row = self.row
        if self._refuses("delete") or row is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._do(lambda: delete_run(row.path))

        best = row.accuracy("best")
        kept = f" (best validation {percent(best)})" if best is not None else ""
        text = f"The folder {row.path} with its curves, weights and log{kept} is deleted for good."
        self.app.push_screen(Confirm(f"Delete {row.name}?", text, "delete it", "keep it"), answered)

    def _do(self, what: Callable[[], object]) -> None:
        try:
            what()
        except ConfigError as error:
            self.notify(str(error), severity="error", markup=False, timeout=8)
        self._look()


def _still(status: Status | None) -> Status | None:
    """A status without what changes although nothing that is shown does."""
    return replace(status, heartbeat=0.0, training_seconds=float(int(status.training_seconds)), step=0, images_per_second=0.0) if status else None


def _text(row: Row) -> str:
    status = _status(row)
    return f"{row.name} {row.state} {status.preset} {status.dataset} {status.title} {row.note} {row.reason}".lower()


