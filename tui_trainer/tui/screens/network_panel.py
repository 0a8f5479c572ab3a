"""The network as a list of layers one can edit, with the shapes, parameters and receptive fields that follow."""

import copy
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from tui_trainer.config import Network
from tui_trainer.tui.about import About, first_sentence
from tui_trainer.tui.actions import NETWORK, bindings
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.controls.table import Column, Table
from tui_trainer.tui.forms.catalogue import models, new_layer
from tui_trainer.tui.forms.draft import Draft
from tui_trainer.tui.forms.form import Form
from tui_trainer.tui.forms.outlook import NetRow, Outlook
from tui_trainer.tui.screens.dialogs import Option, Pick
from tui_trainer.tui.screens.layer import LayerDialog
from tui_trainer.tui.wording import thousands

if TYPE_CHECKING:
    from tui_trainer.tui.screens.design import DesignScreen


def _looks(row: NetRow) -> str:
    return "bad" if row.wrong else ""


COLUMNS = [
    Column[NetRow]("place", "#", 4, lambda row: (row.place.rjust(2) if "." not in row.place else row.place, "muted")),
    Column[NetRow]("layer", "layer", 14, lambda row: (f"{'  ' * row.place.count('.')}{row.name}", _looks(row)), grows=True, most=48),
    Column[NetRow]("output", "output", 9, lambda row: (row.output or ("does not fit" if row.wrong else ""), _looks(row)), "right"),
    Column[NetRow]("parameters", "params", 9, lambda row: row.parameters, "right"),
    Column[NetRow]("field", "sees", 5, lambda row: (row.field, "muted"), "right"),
]


class LayerTable(Table[NetRow]):
    """The layers, with the keys that change them."""

    BINDINGS = bindings(NETWORK)

    class Edited(Message):
        """The list of layers was changed."""

    @property
    def _panel(self) -> "NetworkPanel":
        panel = self.parent
        assert isinstance(panel, NetworkPanel)
        return panel

    def about_this(self) -> About | None:
        """The layer under the cursor, and what the columns say of it."""
        row = self.item
        layer = self._panel.draft.get(row.key) if row is not None and row.key else None
        kind = str(layer.get("type")) if isinstance(layer, dict) else "input"
        facts = [("Output", row.output), ("Parameters", row.parameters), ("Receptive field", row.field)] if row is not None else []
        return About(row.name if row is not None else "Layers", (f"layer.{kind}", "figure.parameters", "figure.receptive-field"), facts=tuple((name, value) for name, value in facts if value))

    def action_add(self) -> None:
        """A layer after this one."""
        self._panel.add()

    def action_edit(self) -> None:
        """Change this layer."""
        self._panel.edit()

    def action_choose(self) -> None:
        """A double click changes it too."""
        self._panel.edit()

    def action_duplicate(self) -> None:
        """Once more."""
        self._panel.change(lambda layers, at: layers.insert(at + 1, copy.deepcopy(layers[at])), 1)

    def action_delete(self) -> None:
        """Away with it (undo brings it back)."""
        self._panel.change(lambda layers, at: layers.pop(at), 0)

    def action_move(self, by: int) -> None:
        """Up or down among its neighbours."""

        def move(layers: list[Any], at: int) -> None:
            if 0 <= at + by < len(layers):
                layers.insert(at + by, layers.pop(at))

        self._panel.change(move, by)


class NetworkPanel(Vertical):
    """Kind and initialiser of the network, then its layers."""

    def __init__(self, design: "DesignScreen", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.design = design
        self._total = ""

    def compose(self) -> ComposeResult:
        """The form and the table."""
        yield Form(Network, "network", id="network-form")
        yield LayerTable(COLUMNS, empty=["No layers yet: a adds one."], id="layers")

    def on_mount(self) -> None:
        """Its name."""
        self.border_title = "Network"

    @property
    def table(self) -> LayerTable:
        """The layers."""
        return self.query_one(LayerTable)

    @property
    def draft(self) -> Draft:
        """What the forms hold."""
        return self.design.draft

    def show(self, outlook: Outlook) -> None:
        """Follow the draft."""
        kind = self.draft.get("network.kind")
        self.table.display = kind not in ("torchvision", "module")
        self.table.show(outlook.rows)
        self._total = f"{thousands(outlook.parameters)} parameters" if outlook.parameters else ""
        if self.draft.locked:
            self._total += " · kept: a fork takes its parent's weights"
        self.on_resize()

    def on_resize(self) -> None:
        """The keys stand below where there is room."""
        keys = "" if self.draft.locked else " · a add  ⏎ edit  c copy  d delete  J K move" if self.size.width > 60 else " · ? keys" if self.table.has_focus else ""
        if self.border_subtitle != plain(self._total + keys):
            self.border_subtitle = plain(self._total + keys)

    def _where(self) -> tuple[list[Any], int, str] | None:
        """The list that holds the layer under the cursor, its place in it, and the list's key."""
        row = self.table.item
        if row is None or not row.key:
            return None
        way, _, number = row.key.rpartition(".")
        layers = self.draft.get(way)
        return (layers, int(number), way) if isinstance(layers, list) and int(number) < len(layers) else None

    def _refuses(self) -> bool:
        """Whether the network is to stay, which is said."""
        if self.draft.locked:
            self.app.notify(self.draft.locked, severity="warning", markup=False)
        return bool(self.draft.locked)

    def change(self, what: "Any", by: int) -> None:
        """Change the list around the cursor; the cursor goes along."""
        found = self._where()
        if found is None or self._refuses():
            return
        layers, at, key = found
        changed = copy.deepcopy(layers)
        what(changed, at)
        if changed == layers:
            return
        self.draft.replace(key, changed)
        self.design.draft_changed()
        if 0 <= at + by < len(changed):
            self._cursor_to(f"{key}.{at + by}")

    def _cursor_to(self, key: str) -> None:
        place = next((number for number, row in enumerate(self.table.items) if row.key == key), None)
        if place is not None:
            self.table.cursor = place

    def add(self) -> None:
        """Ask for the type, put it after the cursor, and open it where it has settings."""
        if self._refuses():
            return
        found = self._where()
        row = self.table.item
        layers, at, key = found or (self.draft.get("network.layers") or [], -1, "network.layers")
        if not isinstance(layers, list):
            layers, at, key = [], -1, "network.layers"
        if row is None:
            at = len(layers) - 1

        def chosen(option: Option | None) -> None:
            if option is None:
                return
            changed = copy.deepcopy(layers)
            changed.insert(at + 1, new_layer(str(option.value)))
            self.draft.replace(key, changed)
            self.design.draft_changed()
            self._cursor_to(f"{key}.{at + 1}")
            if len(models()[str(option.value)].model_fields) > 1 and option.value != "residual":
                self.edit()

        options = [Option(kind, kind, first_sentence(f"layer.{kind}") or (model.__doc__ or "").split("\n")[0], f"layer.{kind}") for kind, model in models().items()]
        self.app.push_screen(Pick("Add a layer", options), chosen)

    def edit(self) -> None:
        """Open the layer under the cursor."""
        found, row = self._where(), self.table.item
        if found is None or row is None or self._refuses():
            return
        layer = found[0][found[1]]
        model = models().get(str(layer.get("type"))) if isinstance(layer, dict) else None
        if model is None or len(model.model_fields) == 1:
            self.app.notify(f"{row.name} has no settings", markup=False)
            return
        if layer.get("type") == "residual":
            self.app.notify("the layers of a block are in the table: put the cursor on one", markup=False)
            return
        self.app.push_screen(LayerDialog(self.design, row.key, model))
