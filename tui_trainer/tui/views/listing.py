"""Images by pages: a gallery's tiles come when they come into sight; the view of one image walks along the same list."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from textual.message import Message

from tui_trainer.asking.answers import PairImage, ShownImage
from tui_trainer.asking.questions import Split
from tui_trainer.tui.views.view import Subject

PAGE = 60

Listed = ShownImage | PairImage


@dataclass(frozen=True, slots=True)
class Page:
    """So many images there are, and some of them."""

    total: int
    images: Sequence[Listed]


@dataclass
class Listing:
    """A list of images that is fetched page by page. ``fetch`` takes offset and limit, and gives None where that failed."""

    subject: Subject
    title: str
    classes: Sequence[str]
    fetch: Callable[[int, int], Awaitable[Page | None]]
    total: int = -1
    """Images there are; -1 before the first page."""
    images: dict[int, Listed] = field(default_factory=dict)
    _coming: set[int] = field(default_factory=set)

    @property
    def split(self) -> Split:
        """Where the images come from."""
        return self.subject.split

    async def load(self, first: int, end: int) -> list[int]:
        """Fetch what is not there yet of ``first`` to ``end``. Returns the numbers that came."""
        came: list[int] = []
        for page in range(max(first, 0) // PAGE, (max(end, 1) - 1) // PAGE + 1):
            offset = page * PAGE
            if page in self._coming or offset in self.images or (self.total >= 0 and offset >= self.total):
                continue
            self._coming.add(page)
            try:
                found = await self.fetch(offset, PAGE)
            finally:
                self._coming.discard(page)
            if found is None:
                return came
            self.total = found.total
            self.images.update(enumerate(found.images, offset))
            came += range(offset, offset + len(found.images))
        return came


class ImageChosen(Message):
    """An image of a list is to be looked at closely."""

    def __init__(self, listing: Listing, number: int, view: str) -> None:
        super().__init__()
        self.listing, self.number, self.view = listing, number, view
