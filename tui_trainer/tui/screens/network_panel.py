"""The network as a list of layers one can edit, with the shapes, parameters and receptive fields that follow."""

from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Vertical

from tui_trainer.config import Network
from tui_trainer.tui.actions import NETWORK
from tui_trainer.tui.controls.keybar import ActionLine
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.forms.draft import Draft
from tui_trainer.tui.forms.entry import Entry
from tui_trainer.tui.forms.form import Form
from tui_trainer.tui.forms.outlook import Outlook
from tui_trainer.tui.screens.layer_list import LayerTable
from tui_trainer.tui.wording import thousands

if TYPE_CHECKING:
    from tui_trainer.tui.screens.design import DesignScreen


def _draws_normal(node: Any) -> bool:
    """Whether the network, or a layer in it, begins with N(0, s): the network's s is that of layers without one, too."""
    if isinstance(node, dict):
        return node.get("initialiser") == "normal" or any(map(_draws_normal, node.get("layers", ())))
    return False


class NetworkPanel(Vertical):
    """Kind and initialiser of the network, then its layers, and what can be done to them."""

    def __init__(self, design: "DesignScreen", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.design = design

    def compose(self) -> ComposeResult:
        """The form, the table, and its keys for the mouse."""
        yield Form(Network, "network", id="network-form")
        yield LayerTable(self.design, "network.layers", lambda: None, empty=["No layers yet: a adds one."], id="layers")
        yield ActionLine(id="layer-keys")

    def on_mount(self) -> None:
        """Its name."""
        self.border_title = "Network"
        self.query_one(ActionLine).offer(NETWORK, self.table)

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
        for entry in self.query(Entry):
            if entry.key == "network.deviation":
                entry.display = kind not in ("torchvision", "module") and _draws_normal(self.draft.get("network"))
        self.query_one(ActionLine).display = self.table.display and not self.draft.locked
        total = f"{thousands(outlook.parameters)} parameters" if outlook.parameters else ""
        kept = "kept: a fork takes its parent's weights" if self.draft.locked else ""
        told = plain(" · ".join(filter(None, [total, kept])))
        if self.border_subtitle != told:
            self.border_subtitle = told
