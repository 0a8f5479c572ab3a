"""A residual block: the layers on its long way, as a list one can change like the network's own."""

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from tui_trainer.tui.about import About
from tui_trainer.tui.actions import NETWORK, Action
from tui_trainer.tui.controls.keybar import ActionLine
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.screens.dialogs import Dialog
from tui_trainer.tui.screens.layer_list import LayerTable

if TYPE_CHECKING:
    from tui_trainer.tui.screens.design import DesignScreen

KEYS = (Action("screen.undo", "ctrl+z", "Undo", "Take back the last change."), Action("screen.close", "escape", "Done", "Back to the network.", key="esc"))


class BlockDialog(Dialog[None]):
    """The list of one block. A block within it opens as a list over this one."""

    BINDINGS = [Binding("ctrl+z", "undo", "Undo", show=False), Binding("ctrl+s,ctrl+r", "close", "Done", show=False)]

    def __init__(self, design: "DesignScreen", key: str) -> None:
        super().__init__(f"Layer {key.removeprefix('network.layers.').replace('.layers.', '.')} · residual block")
        self.design, self.key = design, key

    def compose(self) -> ComposeResult:
        """What it is, its layers, what comes out, the keys."""
        with Vertical(id="box", classes="layer"):
            yield Static("Layers whose input is added to their output; where the shapes differ, the input is projected.", classes="about", markup=False)
            yield LayerTable(self.design, f"{self.key}.layers", self._follow, empty=["No layers: a block needs one, a adds it."], id="block")
            yield Static("", id="comes-out", markup=False)
            yield ActionLine(classes="keys")

    def opened(self) -> None:
        """Filled."""
        self._follow()
        table = self.query_one(LayerTable)
        self.query_one(ActionLine).offer((*NETWORK, *KEYS), table)
        table.focus()

    def about_this(self) -> About:
        """What a block is."""
        return About("residual", ("layer.residual",))

    def _follow(self) -> None:
        outlook = self.design.outlook
        table = self.query_one(LayerTable)
        table.show([row for row in outlook.rows if row.key.startswith(f"{self.key}.layers.")], key=lambda row: row.key)
        own = next((row for row in outlook.rows if row.key == self.key), None)
        wrong = next((text for key, text in outlook.problems.items() if key == self.key or key.startswith(f"{self.key}.")), "")
        line = self.query_one("#comes-out", Static)
        line.set_class(bool(wrong), "bad")
        line.update(plain(f"✗ {wrong}" if wrong else f"output {own.output}   {own.parameters or 'no'} parameters of its own" if own is not None else ""))

    def action_undo(self) -> None:
        """The last change back; where the block itself goes with it, so does its list."""
        self.design.action_undo()
        block = self.design.draft.get(self.key)
        if isinstance(block, dict) and block.get("type") == "residual":
            self._follow()
        else:
            self.dismiss(None)
