"""A panel of pictures that are fetched as they come into sight."""

from collections.abc import Callable
from typing import Any

from textual.app import ComposeResult
from textual.containers import Container

from tui_trainer.tui.views.listing import ImageChosen, Listing
from tui_trainer.tui.widgets.gallery import Gallery, Tile


class ImagesPanel(Container):
    """The gallery of one listing. ``tile`` makes the tile of an image."""

    def __init__(self, tile: Callable[[Any, Listing], Tile], *, view: str, id: str, captions: int = 2) -> None:
        super().__init__(id=id, classes="panel")
        self.listing: Listing | None = None
        self._tile, self._view, self._blank = tile, view, Tile(None, ((),) * captions)

    def compose(self) -> ComposeResult:
        """The gallery."""
        yield Gallery(small=True)

    @property
    def gallery(self) -> Gallery:
        """The pictures."""
        return self.query_one(Gallery)

    def clear(self, *text: str) -> None:
        """No list, and why."""
        self.listing = None
        self.gallery.show([], empty=text)

    async def show(self, listing: Listing, nothing: str, *, keep: bool = False) -> None:
        """Its first page at once, what else there is as it comes into sight."""
        self.listing = listing
        await listing.load(0, 1)
        if self.listing is not listing or listing.total < 0:
            return
        first = listing.images.get(0)
        shape = (first.picture.height, first.picture.width) if first else (28, 28)
        tiles = [self._tile(listing.images[number], listing) if number in listing.images else self._blank for number in range(listing.total)]
        self.gallery.show(tiles, shape, keep=keep, empty=[nothing])

    def on_gallery_wanted(self, event: Gallery.Wanted) -> None:
        """Fetch what is in sight."""
        event.stop()
        if self.listing is not None:
            self.run_worker(self._load(self.listing, event.first, event.end), exclusive=True, group="pages")

    async def _load(self, listing: Listing, first: int, end: int) -> None:
        for number in await listing.load(first, end):
            if self.listing is listing:
                self.gallery.fill(number, self._tile(listing.images[number], listing))

    def on_gallery_chosen(self, event: Gallery.Chosen) -> None:
        """Look at it closely."""
        event.stop()
        if self.listing is not None:
            self.post_message(ImageChosen(self.listing, event.number, self._view))
