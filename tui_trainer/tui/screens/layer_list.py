"""A list of layers under a cursor, with the keys that change it: the whole network's, or that of one residual block."""

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tui_trainer.tui.about import About, first_sentence
from tui_trainer.tui.actions import NETWORK, bindings
from tui_trainer.tui.controls.table import Column, Table
from tui_trainer.tui.forms.catalogue import models, new_layer
from tui_trainer.tui.forms.outlook import NetRow
from tui_trainer.tui.screens.dialogs import Option, Pick
from tui_trainer.tui.screens.layer import LayerDialog

if TYPE_CHECKING:
    from tui_trainer.tui.screens.design import DesignScreen


def _looks(row: NetRow) -> str:
    return "bad" if row.wrong else ""


COLUMNS = [
    Column[NetRow]("place", "#", 4, lambda row: (row.place.rjust(2) if "." not in row.place else row.place, "muted")),
    Column[NetRow]("layer", "layer", 14, lambda row: (f"{'  ' * row.place.count('.')}{row.name}", _looks(row)), grows=True, most=48),
    Column[NetRow]("output", "output", 9, lambda row: (row.output or ("no fit" if row.wrong else ""), _looks(row)), "right"),
    Column[NetRow]("parameters", "params", 9, lambda row: row.parameters, "right"),
    Column[NetRow]("field", "sees", 5, lambda row: (row.field, "muted"), "right"),
]


class LayerTable(Table[NetRow]):
    """The layers of the list at ``key``, with the keys that change them. ``changed`` is called after each change."""

    BINDINGS = bindings(NETWORK)

    def __init__(self, design: "DesignScreen", key: str, changed: Callable[[], None], *, empty: list[str], id: str) -> None:
        super().__init__(COLUMNS, empty=empty, id=id)
        self.design, self.key, self.changed = design, key, changed

    def about_this(self) -> About | None:
        """The layer under the cursor, and how the figures in its columns come about."""
        row = self.item
        layer = self.design.draft.get(row.key) if row is not None and row.key else None
        kind = str(layer.get("type")) if isinstance(layer, dict) else "input"
        if row is None or kind == "input":
            output = (("Output", row.output),) if row is not None and row.output else ()
            return About("Input", ("network.layers",), "What the network gets: channels × height × width." if output else "", output)
        sees = ("figure.receptive-field",) if any(name == "Receptive field" for name, _ in row.worked) else ()
        return About(row.name, (f"layer.{kind}", *sees), facts=row.worked)

    def explanation(self) -> str:
        """What is wrong with the layer under the cursor, else what it does."""
        row = self.item
        if row is None:
            return "No layers yet."
        if not row.key:
            return "What goes into the first layer."
        wrong = next((text for key, text in self.design.outlook.problems.items() if key == row.key or key.startswith(f"{row.key}.")), "")
        layer = self.design.draft.get(row.key)
        kind = str(layer.get("type", "")) if isinstance(layer, dict) else ""
        return f"{row.name}: {wrong or first_sentence(f'layer.{kind}')}"

    def action_duplicate(self) -> None:
        """Once more."""
        self._change(lambda layers, at: layers.insert(at + 1, copy.deepcopy(layers[at])), 1)

    def action_delete(self) -> None:
        """Away with it (undo brings it back)."""
        self._change(lambda layers, at: layers.pop(at), 0)

    def action_move(self, by: int) -> None:
        """Up or down among its neighbours."""

        def move(layers: list[Any], at: int) -> None:
            if 0 <= at + by < len(layers):
                layers.insert(at + by, layers.pop(at))

        self._change(move, by)

    def action_choose(self) -> None:
        """A double click changes it too."""
        self.action_edit()

    def _where(self) -> tuple[list[Any], int, str] | None:
        """The list that holds the layer under the cursor, its place in it, and the list's key."""
        row = self.item
        if row is None or not row.key:
            return None
        way, _, number = row.key.rpartition(".")
        layers = self.design.draft.get(way)
        return (layers, int(number), way) if isinstance(layers, list) and int(number) < len(layers) else None

    def _refuses(self) -> bool:
        """Whether the network is to stay, which is said."""
        if self.design.draft.locked:
            self.app.notify(self.design.draft.locked, severity="warning", markup=False)
        return bool(self.design.draft.locked)

    def _change(self, what: Callable[[list[Any], int], object], by: int) -> None:
        """Change the list around the cursor; the cursor goes along."""
        found = self._where()
        if found is None or self._refuses():
            return
        layers, at, key = found
        changed = copy.deepcopy(layers)
        what(changed, at)
        if changed != layers:
            self._take(key, changed)
            if 0 <= at + by < len(changed):
                self._cursor_to(f"{key}.{at + by}")

    def _take(self, key: str, layers: list[Any]) -> None:
        self.design.draft.replace(key, layers)
        self.design.draft_changed()
        self.changed()

    def _cursor_to(self, key: str) -> None:
        place = next((number for number, row in enumerate(self.items) if row.key == key), None)
        if place is not None:
            self.cursor = place

    def action_add(self) -> None:
        """Ask for the type, put it after the cursor, and open it where it has settings."""
        if self._refuses():
            return
        layers, at, key = self._where() or (self.design.draft.get(self.key), -1, self.key)
        if not isinstance(layers, list):
            layers, at, key = [], -1, self.key
        if self.item is None:
            at = len(layers) - 1

        def chosen(option: Option | None) -> None:
            if option is None:
                return
            changed = copy.deepcopy(layers)
            changed.insert(at + 1, new_layer(str(option.value)))
            self._take(key, changed)
            self._cursor_to(f"{key}.{at + 1}")
            if len(models()[str(option.value)].model_fields) > 1:
                self.action_edit()

        options = [Option(kind, kind, first_sentence(f"layer.{kind}") or (model.__doc__ or "").split("\n")[0], f"layer.{kind}") for kind, model in models().items()]
        self.app.push_screen(Pick("Add a layer", options), chosen)

    def action_edit(self) -> None:
        """Open the layer under the cursor; a block as a list of its own."""
        found, row = self._where(), self.item
        if found is None or row is None or self._refuses():
            return
        layer = found[0][found[1]]
        model = models().get(str(layer.get("type"))) if isinstance(layer, dict) else None
        if model is None or len(model.model_fields) == 1:
            self.app.notify(f"{row.name} has no settings", markup=False)
        elif layer.get("type") == "residual":
            from tui_trainer.tui.screens.block import BlockDialog

            self.app.push_screen(BlockDialog(self.design, row.key), lambda _: self.changed())
        else:
            self.app.push_screen(LayerDialog(self.design, row.key, model), lambda _: self.changed())
