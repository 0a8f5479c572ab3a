"""One layer's (or stage's) settings, in a box over the design; every key press is checked and shows in the network table behind it."""

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from tui_trainer.config import Settings
from tui_trainer.tui.about import About
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.forms.entry import ChoiceEntry, Entry
from tui_trainer.tui.forms.form import Form
from tui_trainer.tui.screens.choosing import list_choices
from tui_trainer.tui.screens.dialogs import Dialog

if TYPE_CHECKING:
    from tui_trainer.tui.screens.design import DesignScreen


class LayerDialog(Dialog[None]):
    """The form of one layer or stage."""

    BINDINGS = [Binding("ctrl+s,ctrl+r", "close", "Done", show=False), Binding("enter", "close", "Done", show=False, priority=False)]

    def __init__(self, design: "DesignScreen", key: str, model: type[Settings], title: str = "") -> None:
        place = key.removeprefix("network.layers.").replace(".layers.", ".")
        super().__init__(title or f"Layer {place} · {design.draft.get(key)['type']}")
        self.design, self.key, self.model = design, key, model

    def compose(self) -> ComposeResult:
        """What it is, its settings, and what comes out."""
        with Vertical(id="box", classes="layer"):
            yield Static((self.model.__doc__ or "").strip().split("\n")[0], classes="about", markup=False)
            yield Form(self.model, self.key)
            yield Static("", id="comes-out", markup=False)
            yield Static("", id="explains", markup=False)
            yield Static(plain("esc done   ↑ ↓ fields   ← → choices"), classes="keys")

    def opened(self) -> None:
        """Filled, with the first setting in focus."""
        self._follow(fill=True)
        first = next((entry for entry in self.query(Entry) if entry.display), None)
        if first is not None:
            first.focus()

    def about_this(self) -> About | None:
        """The kind of layer that it is a setting of."""
        layer = self.design.draft.get(self.key)
        return About(str(layer["type"]), (f"layer.{layer['type']}",)) if isinstance(layer, dict) and "type" in layer else None

    def _follow(self, *, fill: bool = False) -> None:
        form, draft, outlook = self.query_one(Form), self.design.draft, self.design.outlook
        (form.fill if fill else form.follow)(draft.get)
        form.mark(outlook.problems, draft)
        row = next((row for row in outlook.rows if row.key == self.key), None)
        line = self.query_one("#comes-out", Static)
        own = outlook.problems.get(self.key, "")
        if row is None or row.wrong or own:
            line.update(plain(f"✗ {own}" if own else ""))
        else:
            parts = [f"output {row.output}" if row.output else "", f"{row.parameters} parameters" if row.parameters else "no parameters", f"sees {row.field}" if row.field else ""]
            line.update(plain("   ".join(filter(None, parts))))
        line.set_class(bool(own), "bad")

    def on_entry_changed(self, event: Entry.Changed) -> None:
        """Into the draft at once."""
        event.stop()
        self.design.draft.set(event.entry.key, event.value)
        self.design.draft_changed()
        self._follow()

    def on_choice_entry_list_asked(self, event: ChoiceEntry.ListAsked) -> None:
        """All choices."""
        event.stop()
        list_choices(self.app, event.entry)

    def on_descendant_focus(self) -> None:
        """Explain the setting in focus."""
        if isinstance(self.focused, Entry):
            self.query_one("#explains", Static).update(plain(self.focused.explanation()))
