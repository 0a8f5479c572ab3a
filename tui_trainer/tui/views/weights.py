"""Weights: kernels and dense weights as pictures, layer by layer."""

from collections.abc import Sequence
from typing import Literal

from textual.app import ComposeResult

from tui_trainer.asking.answers import Kernel, LayerInfo
from tui_trainer.asking.questions import ShowKernels
from tui_trainer.tui.actions import WEIGHTS, bindings
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.controls.table import Column, Table
from tui_trainer.tui.screens.panels import name
from tui_trainer.tui.views.shown import kernel_tile_of
from tui_trainer.tui.views.view import Subject, View
from tui_trainer.tui.widgets.gallery import Gallery, Tile
from tui_trainer.tui.widgets.picture import Kind, kind_for
from tui_trainer.tui.wording import thousands

PAGE = 64
LAYERS = [
    Column[LayerInfo]("place", "#", 4, lambda layer: (layer.place, "muted")),
    Column[LayerInfo]("name", "layer", 10, lambda layer: (layer.name, "bold"), grows=True),
    Column[LayerInfo]("parameters", "parameters", 10, lambda layer: thousands(layer.parameters), "right", from_width=30),
]


class WeightsView(View):
    """What a layer looks for."""

    BINDINGS = bindings(WEIGHTS)
    MAIN = "#kernels"
    BY_SPLIT = False

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.place = ""
        self.scale: Literal["common", "each"] = "common"
        self._coming = False
        self._kernels: dict[int, Kernel] = {}

    def compose(self) -> ComposeResult:
        """The layers, the pictures."""
        yield Table[LayerInfo](LAYERS, empty=[""], id="layers", classes="panel")
        yield Gallery(id="kernels", classes="panel")

    def on_mount(self) -> None:
        """Name them."""
        self.query_one("#layers").border_title = "Layers with weights"

    @property
    def gallery(self) -> Gallery:
        """The pictures."""
        return self.query_one(Gallery)

    def show_waiting(self, text: str) -> None:
        """What is being done, where it will stand."""
        self.gallery.show([], empty=[text])

    async def load(self, subject: Subject) -> None:
        """The first pictures of the layer, and which layers there are."""
        self.wait()
        found = await self.inspect.ask(ShowKernels(subject.weights, self.place, self.scale, 0, PAGE))
        self.waits = False
        if found is None:
            self.forget()
            self.gallery.show([], empty=[""])
            return
        self.place = found.layer
        layers = self.query_one(Table)
        layers.show(found.layers, key=lambda layer: layer.place)
        layers.cursor = next((number for number, each in enumerate(found.layers) if each.place == found.layer), 0)
        shape = (found.kernels[0].picture.height, found.kernels[0].picture.width) if found.kernels else (1, 1)
        tiles = [kernel_tile_of(each) for each in found.kernels]
        self.gallery.show([*tiles, *([Tile(None)] * (found.total - len(tiles)))], shape, empty=[found.note or "This layer has no pictures."])
        name(self.gallery, f"{found.note} · {thousands(found.total)}")
        coloured = any(each.picture.channels == 3 for each in found.kernels)
        scale = f"full at {found.largest:.3g}" if self.scale == "common" else "each on its own scale"
        self.gallery.border_subtitle = plain(f"{signs(kind_for(self.gallery), coloured=coloured)}, {scale}")

    def on_gallery_wanted(self, event: Gallery.Wanted) -> None:
        """Those in sight."""
        event.stop()
        subject = self.inspect.subject
        if subject is not None and not self._coming:
            self.run_worker(self._page(subject, event.first, event.end), group="kernels")

    async def _page(self, subject: Subject, first: int, end: int) -> None:
        self._coming = True
        layer, scale = self.place, self.scale
        try:
            found = await self.inspect.ask(ShowKernels(subject.weights, layer, scale, first, max(PAGE, end - first)))
        finally:
            self._coming = False
        if found is not None and (layer, scale) == (self.place, self.scale):
            for number, each in enumerate(found.kernels, found.offset):
                self.gallery.fill(number, kernel_tile_of(each))

    def on_table_moved(self, event: Table.Moved) -> None:
        """The layer under the cursor."""
        event.stop()
        if isinstance(event.item, LayerInfo) and event.item.place != self.place:
            self._turn_to(event.item.place)

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Its pictures take the keys."""
        event.stop()
        self.gallery.focus()

    def _turn_to(self, layer: str) -> None:
        self.place = layer
        self.forget()
        self.catch_up()

    def action_layer(self, by: int) -> None:
        """The next layer, or the one before."""
        layers: Sequence[LayerInfo] = self.query_one(Table).items
        places = [layer.place for layer in layers]
        if self.place in places:
            self._turn_to(places[(places.index(self.place) + by) % len(places)])

    def action_scale(self) -> None:
        """One scale for all, or each its own."""
        self.scale = "each" if self.scale == "common" else "common"
        self.forget()
        self.catch_up()


def signs(kind: Kind, *, coloured: bool) -> str:
    """How numbers of either sign look in the pictures: of one channel in two hues or, without colour, as a ramp; red, green and blue each as it is."""
    if coloured and kind == "blocks":
        return "grey 0, a colour's + bright, − dark"
    return "blue +, orange −" if kind == "blocks" else "bright +, dark −"
