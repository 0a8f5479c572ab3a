"""A run's checkpoints in a list, to choose the one to go on from."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui_trainer.runs.checkpoints import CheckpointIndex, Entry
from tui_trainer.tui.controls.paint import Part, plain
from tui_trainer.tui.controls.table import Column, Table
from tui_trainer.tui.screens.dialogs import Dialog
from tui_trainer.tui.widgets.marks import glyphs
from tui_trainer.tui.wording import thousands


def _best(entry: Entry) -> Part:
    return (f"{glyphs().yes} best", "good") if entry.best else ("", "")


COLUMNS: list[Column[Entry]] = [
    Column("file", "checkpoint", 18, lambda entry: (entry.file, "bold")),
    Column("epoch", "epoch", 7, lambda entry: f"{entry.epoch:.4g}", "right"),
    Column("step", "step", 9, lambda entry: thousands(entry.step), "right"),
    Column("accuracy", "val %", 6, lambda entry: f"{100 * entry.accuracy:.2f}" if entry.accuracy is not None else "", "right"),
    Column("best", "", 7, _best),
    Column("reason", "saved for", 10, lambda entry: (entry.reason, "muted"), grows=True),
]


class PickCheckpoint(Dialog[Entry | None]):
    """Newest first; the cursor begins on the best."""

    def __init__(self, title: str, index: CheckpointIndex) -> None:
        super().__init__(title)
        self.index = index

    def compose(self) -> ComposeResult:
        """The list."""
        with Vertical(id="box", classes="layer"):
            yield Table[Entry](COLUMNS, empty=["It has no checkpoint yet."])
            yield Static(plain("⏎ choose   esc leave it"), classes="keys")

    def opened(self) -> None:
        """Filled."""
        table, entries = self.query_one(Table), list(reversed(self.index.entries.values()))
        table.show(entries)
        table.cursor = next((number for number, entry in enumerate(entries) if entry is self.index.best), 0)
        table.styles.height = len(entries) + 1
        table.focus()

    def on_table_moved(self, event: Table.Moved) -> None:
        """Stay quiet: only a choice counts."""
        event.stop()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Take it."""
        event.stop()
        assert isinstance(event.item, Entry)
        self.dismiss(event.item)
