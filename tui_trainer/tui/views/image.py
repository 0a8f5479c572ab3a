"""One image: what the network takes it for, which pixels that hangs on, and what every layer makes of it."""

import math

import numpy as np
from textual.app import ComposeResult
from textual.containers import Container

from tui_trainer.asking.answers import FeatureLayer, Features, Saliency
from tui_trainer.asking.picture import Picture as Pixels
from tui_trainer.asking.questions import Drawn, FromSplit, ShowFeatures, ShowSaliency
from tui_trainer.asking.questions import Image as Source
from tui_trainer.pictures import signed, stretched
from tui_trainer.tui.actions import IMAGE, bindings
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.controls.table import Column, Table
from tui_trainer.tui.screens.panels import name
from tui_trainer.tui.views.listing import Listing
from tui_trainer.tui.views.shown import image_of, map_of, saliency_of, share
from tui_trainer.tui.views.view import Subject, View
from tui_trainer.tui.widgets.gallery import Gallery, Tile
from tui_trainer.tui.widgets.picture import Image, Picture
from tui_trainer.tui.widgets.probabilities import Probabilities
from tui_trainer.tui.wording import thousands

MAPS = 64
"""Feature maps of a layer at most."""
PARTS = ("chances", "saliency", "maps")
STAGES = [
    Column[FeatureLayer]("place", "#", 4, lambda layer: (layer.place, "muted")),
    Column[FeatureLayer]("name", "layer", 8, lambda layer: (layer.name, "bold"), grows=True),
    Column[FeatureLayer]("shape", "output", 9, lambda layer: plain("×".join(map(str, layer.shape))), "right"),
    Column[FeatureLayer]("zeros", "0 %", 4, lambda layer: (f"{100 * layer.zeros:.0f}" if layer.zeros else "", "muted"), "right"),
]


class ImageView(View):
    """An image of a list, or one that was drawn."""

    BINDINGS = bindings(IMAGE)
    MAIN = "#stages"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.listing: Listing | None = None
        self.number = 0
        self.drawn: Drawn | None = None
        self.from_view = "errors"
        self.place = ""
        self.part = "chances"
        self._features: Features | None = None

    def compose(self) -> ComposeResult:
        """The picture, its saliency and its probabilities; below them the layers."""
        with Container(id="closely"):
            yield Picture(id="picture", classes="panel")
            yield Picture(id="saliency", classes="panel")
            yield Probabilities(id="chances", classes="panel")
        with Container(id="layerwise"):
            yield Table[FeatureLayer](STAGES, empty=[""], id="stages", classes="panel")
            yield Gallery(small=True, sheet=True, id="maps", classes="panel")

    def on_mount(self) -> None:
        """Name the parts."""
        self.query_one("#saliency").border_title = "What it hangs on"
        self.query_one("#stages").border_title = "Layers"
        self._arrange()

    # --- which image

    def look_at(self, listing: Listing, number: int, view: str) -> None:
        """An image of a list; ``view`` is where it was chosen."""
        self.listing, self.number, self.drawn, self.from_view = listing, number, None, view
        self.forget()

    def look_at_drawing(self, picture: Pixels) -> None:
        """Something that was drawn."""
        self.drawn, self.from_view = Drawn(picture), "pad"
        self.forget()

    def _source(self, subject: Subject) -> Source:
        if self.drawn is not None:
            return self.drawn
        if self.listing is not None and self.listing.split == subject.split and self.listing.subject.run == subject.run and self.number in self.listing.images:
            return FromSplit(subject.split, self.listing.images[self.number].index)
        self.listing = None
        return FromSplit(subject.split, 0)

    # --- what it shows

    def show_waiting(self, text: str) -> None:
        """What is being done, where it will stand."""
        self.query_one("#picture", Picture).show(None, empty=text)

    async def load(self, subject: Subject) -> None:
        """Probabilities and saliency first, then the layers."""
        source = self._source(subject)
        if self._features is None:
            self.wait()
        saliency = await self.inspect.ask(ShowSaliency(subject.weights, source))
        self.waits = False
        if saliency is None:
            self.forget()
            return
        self._show_saliency(subject, source, saliency)
        self._features = await self.inspect.ask(ShowFeatures(subject.weights, source, maps=MAPS))
        if self._features is None:
            self.forget()
            return
        self._show_layers()

    def _show_saliency(self, subject: Subject, source: Source, found: Saliency) -> None:
        picture = self.query_one("#picture", Picture)
        picture.show(image_of(found.input))
        classes = self.inspect.class_names(len(found.probabilities))
        winner = max(range(len(found.probabilities)), key=lambda number: found.probabilities[number])
        if isinstance(source, FromSplit):
            place = f"{thousands(self.number + 1)}/{thousands(self.listing.total)}" if self.listing else ""
            name(picture, " · ".join(filter(None, [f"{subject.split} #{source.index}", place])))
            picture.border_subtitle = plain(f"true {classes[found.true]}" if found.true is not None else "")
        else:
            name(picture, "Your drawing")
            picture.border_subtitle = ""
        chances = self.query_one("#chances", Probabilities)
        chances.show(classes, found.probabilities, found.true)
        name(chances, f"Takes it for {classes[winner]} · {share(found.probabilities[winner])}")
        self.query_one("#saliency", Picture).show(saliency_of(found.input, found.magnitude))
        self.query_one("#saliency").border_subtitle = plain(f"gradient of {classes[found.target]}")

    def _show_layers(self) -> None:
        if self._features is None:
            return
        layers = self._features.layers
        places = [layer.place for layer in layers]
        if self.place not in places:
            self.place = next((layer.place for layer in layers if layer.maps), places[0] if places else "")
        table = self.query_one(Table)
        table.show(layers)
        if self.place in places:
            table.cursor = places.index(self.place)
            self._show_layer(layers[places.index(self.place)])

    def _show_layer(self, layer: FeatureLayer) -> None:
        gallery = self.query_one(Gallery)
        if layer.maps:
            tiles = [Tile(map_of(each), (((str(number), "muted"),),)) for number, each in enumerate(layer.maps)]
            gallery.show(tiles, (layer.maps[0].height, layer.maps[0].width), keep=True)
            some = f" · {len(layer.maps)} of {layer.total}" if layer.total > len(layer.maps) else ""
        else:
            picture = vector_picture(layer.values)
            gallery.show([Tile(picture, (((f"{len(layer.values)} values", "muted"),),))] if layer.values else [], picture.shape, empty=["Too many values to draw."])
            some = ""
        name(gallery, f"{layer.name} · {layer.low:.3g} … {layer.high:.3g}{some}")

    def on_table_moved(self, event: Table.Moved) -> None:
        """The layer under the cursor."""
        event.stop()
        if isinstance(event.item, FeatureLayer):
            self.place = event.item.place
            self._show_layer(event.item)

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Its maps take the keys."""
        event.stop()
        self.query_one(Gallery).focus()

    def on_gallery_chosen(self, event: Gallery.Chosen) -> None:
        """Nothing lies behind a feature map."""
        event.stop()

    # --- what one can do

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Next and previous need a list; parts are turned where not all are in sight."""
        if action == "step":
            return self.drawn is None and self.listing is not None and self.listing.total > 1
        return self.narrow if action == "part" else True

    def relabel(self, action: str, label: str) -> str:
        """Where the way back leads."""
        return "Pad" if action == "list" and self.from_view == "pad" else label

    async def action_step(self, by: int) -> None:
        """The next image of the list, or the one before."""
        if self.listing is None:
            return
        self.number = max(0, min(self.number + by, self.listing.total - 1))
        self.run_worker(self._step(self.listing, self.number), exclusive=True, group="step")

    async def _step(self, listing: Listing, number: int) -> None:
        if number not in listing.images:
            await listing.load(number, number + 1)
        if listing is self.listing and number == self.number and number in listing.images:
            self.forget()
            self.catch_up()

    def action_layer(self, by: int) -> None:
        """Maps of the next layer."""
        table = self.query_one(Table)
        if table.items:
            table.cursor = (table.cursor + by) % len(table.items)
            self.part = "maps"
            self._arrange()

    def action_size(self) -> None:
        """All maps of the layer in sight, or every pixel of them."""
        self.query_one(Gallery).toggle_small()

    def action_part(self) -> None:
        """The next part, where there is room for one beside the picture."""
        self.part = PARTS[(PARTS.index(self.part) + 1) % len(PARTS)]
        self._arrange()

    def action_list(self) -> None:
        """Back to where it was chosen."""
        self.inspect.action_view(self.from_view)

    def arranged(self) -> None:
        """Parts beside each other, or one at a time."""
        self._arrange()

    def _arrange(self) -> None:
        for part in PARTS:
            self.set_class(self.part == part, f"part-{part}")
        self.screen.refresh_bindings()

    def enter(self) -> None:
        """Whatever was looked at last; at first the worst error."""
        if self.listing is None and self.drawn is None:
            self.listing = self.inspect.worst()
            self.number = 0
        super().enter()


def vector_picture(values: tuple[float, ...]) -> Image:
    """Activations of dense units, row by row in a field about twice as wide as high."""
    wide = max(1, min(len(values), math.ceil(math.sqrt(2 * len(values)))))
    flat = np.zeros(-(-max(len(values), 1) // wide) * wide, np.float32)
    flat[: len(values)] = values
    field = flat.reshape(-1, wide)
    reach = float(np.abs(field).max(initial=0)) or 1.0
    return Image(signed(field, reach), stretched(field, -reach, reach), thumbnail=False)
