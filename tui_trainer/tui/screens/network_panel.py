"""The network as a list of layers one can edit, with the shapes, parameters and receptive fields that follow."""

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical

from tui_trainer.config import Network
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.forms.draft import Draft
from tui_trainer.tui.forms.form import Form
from tui_trainer.tui.forms.outlook import Outlook
from tui_trainer.tui.screens.layer_list import LayerTable
from tui_trainer.tui.wording import thousands

if TYPE_CHECKING:
    from tui_trainer.tui.screens.design import DesignScreen


class NetworkPanel(Vertical):
    """Kind and initialiser of the network, then its layers."""

    def __init__(self, design: "DesignScreen", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.design = design
        self._total = ""

    def compose(self) -> ComposeResult:
        """The form and the table."""
        yield Form(Network, "network", id="network-form")
        yield LayerTable(self.design, "network.layers", lambda: None, empty=["No layers yet: a adds one."], id="layers")

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
