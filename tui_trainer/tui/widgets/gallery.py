"""Gallery: a scrolling grid of captioned pictures with a cursor. Only those in sight are ever drawn; pictures may come later."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView

from tui_trainer.tui.widgets.marks import glyphs
from tui_trainer.tui.widgets.painted import Line, Painted, Part, cut, width_of
from tui_trainer.tui.widgets.picture import Image, Kind, cells_of, kind_for, picture_lines

APART = 2
"""Blank cells between two pictures of a row; the cursor's mark stands there."""
LEAST = 11
"""Cells a caption has at least."""
LARGEST = (28, 16)
"""Cells that a picture takes at most, whatever its size: 64x64 images are averaged down."""
SMALL = (16, 8)
"""The same for thumbnails that braille does not do for."""
SHEET = 8
"""Cells of a picture's width on a contact sheet at least."""
SMALLEST_SIDE = 10
"""Cells that a picture is enlarged to at least, so that a 5x5 kernel can be seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A picture (None: not there yet) and the lines below it."""

    image: Image | None
    caption: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Floor:
    """How tiles stand: cells of a picture, of a tile, and tiles in a row."""

    picture: tuple[int, int]
    tile: tuple[int, int]
    across: int
    gap: int = 1
    """Blank lines of a tile at its foot."""


def floor_for(shape: tuple[int, int], width: int, captions: int, kind: Kind, most: tuple[int, int] = LARGEST, *, factor: int = 0) -> Floor:
    """The grid for images of ``shape`` (height, width), in ``most`` cells each, in a gallery ``width`` cells wide.

    ``factor`` enlarges them; 0: those that are smaller than SMALLEST_SIDE, to that.
    """
    own = cells_of(shape, kind)
    factor = factor or max(1, SMALLEST_SIDE // max(own[0], 1))
    wide, high = cells_of((shape[0] * factor, shape[1] * factor), kind)
    shrink = min(1.0, most[0] / wide, most[1] / high)
    picture = max(1, int(wide * shrink)), max(1, int(high * shrink))
    tile = max(picture[0], LEAST) + APART, picture[1] + captions + 1
    return Floor(picture, tile, max(1, (width + 1) // tile[0]))


def roomy_floor(shape: tuple[int, int], count: int, width: int, height: int, captions: int, kind: Kind) -> Floor:
    """As :func:`floor_for`, small images enlarged as far as all ``count`` still are in sight at once."""
    found = floor_for(shape, width, captions, kind)
    for factor in range(2, 1 + LARGEST[0] // max(shape[1], 1)):
        larger = floor_for(shape, width, captions, kind, factor=factor)
        if larger.picture[0] > found.picture[0] and -(-count // larger.across) * larger.tile[1] - 1 <= height:
            found = larger
    return found


def sheet_floor(shape: tuple[int, int], count: int, width: int, height: int, captions: int, kind: Kind) -> Floor:
    """As large as all ``count`` still are in sight at once, as on a contact sheet; where not even the smallest are, those of SMALL.

    Captions are a few letters, and take the place of the gap between two rows.
    """
    def sized(wide: int) -> Floor:
        high = max(1, -(-wide * shape[0] // max(shape[1], 1) // 2))
        return Floor((wide, high), (wide + APART, high + captions), max(1, (width + 1) // (wide + APART)), gap=0)

    for wide in range(max(LARGEST[0], cells_of(shape, kind)[0]), SHEET - 1, -1):
        floor = sized(wide)
        if floor.picture[1] <= 2 * LARGEST[1] and -(-count // floor.across) * floor.tile[1] <= height:
            return floor
    return sized(SMALL[0] - 2)


class Gallery(Painted, ScrollView, can_focus=True):
    """Pictures in rows. Arrows, page up and down, home, end and the mouse move the cursor; Enter or a click chooses."""

    DEFAULT_CSS = """
    Gallery { height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1, 0)", "Left", show=False),
        Binding("right", "move(1, 0)", "Right", show=False),
        Binding("up", "move(0, -1)", "Up", show=False),
        Binding("down", "move(0, 1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "move(-1000000, 0)", "First", show=False),
        Binding("end", "move(1000000, 0)", "Last", show=False),
        Binding("enter", "choose", "Look at it", show=False),
    ]

    class Moved(Message):
        """The cursor stands on another picture."""

        def __init__(self, gallery: "Gallery", number: int) -> None:
            self.gallery, self.number = gallery, number
            super().__init__()

        @property
        def control(self) -> "Gallery":
            """The gallery."""
            return self.gallery

    class Chosen(Moved):
        """Enter, or a click on the picture that the cursor was on."""

    class Wanted(Message):
        """Pictures in sight that are not there yet: ``first`` to ``end`` (without it)."""

        def __init__(self, gallery: "Gallery", first: int, end: int) -> None:
            self.gallery, self.first, self.end = gallery, first, end
            super().__init__()

        @property
        def control(self) -> "Gallery":
            """The gallery."""
            return self.gallery

        def can_replace(self, message: Message) -> bool:
            """What is in sight now counts."""
            return isinstance(message, Gallery.Wanted) and message.gallery is self.gallery

    def __init__(self, *, small: bool = False, sheet: bool = False, empty: Sequence[str] = (), id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.small, self.sheet = small, sheet
        """Thumbnails; or, with ``sheet``, as large as all are in sight."""
        self.empty = list(empty)
        """What stands there when there is nothing: what to do next."""
        self._tiles: list[Tile] = []
        self._shape = (28, 28)
        self._captions = 1
        self._cursor = 0
        self._drawn: dict[int, list[Line]] = {}
        self._drawn_as: object = None

    # --- what it shows

    def show(self, tiles: Sequence[Tile], shape: tuple[int, int] = (28, 28), *, keep: bool = False, empty: Sequence[str] | None = None) -> None:
        """Show these, all images of ``shape`` (height, width) at most; ``keep``: the cursor stays where it is."""
        self._tiles, self._shape = list(tiles), shape
        self._captions = max((len(tile.caption) for tile in tiles), default=1)
        self._drawn.clear()
        if empty is not None:
            self.empty = list(empty)
        self._cursor = min(self._cursor, max(len(tiles) - 1, 0)) if keep else 0
        if not keep:
            self.scroll_to(0, 0, animate=False, force=True)
        self._measure()
        self.changed()

    def fill(self, number: int, tile: Tile) -> None:
        """A picture that has come."""
        if 0 <= number < len(self._tiles):
            self._tiles[number] = tile
            self._drawn.pop(number, None)
            self.changed()

    @property
    def tiles(self) -> Sequence[Tile]:
        """What it shows."""
        return self._tiles

    @property
    def cursor(self) -> int:
        """The number of the picture under the cursor."""
        return self._cursor

    @cursor.setter
    def cursor(self, number: int) -> None:
        number = max(0, min(number, len(self._tiles) - 1))
        if number != self._cursor and self._tiles:
            self._cursor = number
            self.post_message(self.Moved(self, number))
        self._into_sight()
        self.changed()

    def toggle_small(self) -> None:
        """Thumbnails, or whole pixels."""
        self.small = not self.small
        self._measure()
        self._into_sight()
        self.changed()

    # --- moving

    def action_move(self, right: int, down: int) -> None:
        """By so many pictures and rows."""
        place = self._cursor + right + down * self._floor().across
        if down and not 0 <= place < len(self._tiles):
            last_row = (len(self._tiles) - 1) // self._floor().across
            place = len(self._tiles) - 1 if down > 0 and self._cursor // self._floor().across < last_row else self._cursor
        self.cursor = place

    def action_page(self, pages: int) -> None:
        """By a screenful."""
        rows = max(1, self._view().height // self._floor().tile[1])
        self.cursor = self._cursor + pages * rows * self._floor().across

    def action_choose(self) -> None:
        """Look at the picture under the cursor."""
        if self._tiles:
            self.post_message(self.Chosen(self, self._cursor))

    def on_click(self, event: events.Click) -> None:
        spot = event.get_content_offset(self)
        if spot is None or not self._tiles:
            return
        floor = self._floor()
        column, row = spot.x // floor.tile[0], (spot.y + self.scroll_offset.y) // floor.tile[1]
        number = row * floor.across + column
        if column >= floor.across or number >= len(self._tiles):
            return
        if number == self._cursor:
            self.action_choose()
        self.cursor = number

    def on_focus(self) -> None:
        self.changed()

    def on_blur(self) -> None:
        self.changed()

    def on_resize(self) -> None:
        self._measure()
        self._into_sight()

    # --- drawing

    def _kind(self) -> Kind:
        dots = all(tile.image is None or tile.image.thumbnail for tile in self._tiles[:1])
        return kind_for(self, small=self.small and dots)

    def _floor(self) -> Floor:
        kind = self._kind()
        size = self._view() or self.size
        if self.small and self.sheet:
            return sheet_floor(self._shape, len(self._tiles), size.width, size.height, self._captions, kind)
        if self.small:
            return floor_for(self._shape, size.width, self._captions, kind, LARGEST if kind == "braille" else SMALL)
        return roomy_floor(self._shape, len(self._tiles), size.width, size.height, self._captions, kind)

    def _measure(self) -> None:
        floor = self._floor()
        rows = -(-len(self._tiles) // floor.across)
        size = Size(1, rows * floor.tile[1] - (floor.gap if rows else 0))
        if size != self.virtual_size:
            self.virtual_size = size

    def _into_sight(self) -> None:
        floor = self._floor()
        top, height = self._cursor // floor.across * floor.tile[1], self._view().height
        y = self.scroll_offset.y
        target = min(max(y, top + floor.tile[1] - floor.gap - height), top)
        if target != y:
            self.scroll_to(y=target, animate=False, force=True)

    def paint(self, width: int, height: int) -> list[Line]:
        """Textual's: see :class:`Painted`."""
        if not self._tiles:
            return [(), *(((" " + text, "muted"),) for text in self.empty)]
        floor, kind = self._floor(), self._kind()
        if self._drawn_as != (kind, floor):
            self._drawn.clear()
            self._drawn_as = (kind, floor)
        first_row, last_row = self.scroll_offset.y // floor.tile[1], (self.scroll_offset.y + height - 1) // floor.tile[1]
        first, end = first_row * floor.across, min((last_row + 1) * floor.across, len(self._tiles))
        if any(tile.image is None for tile in self._tiles[first:end]):
            self.post_message(self.Wanted(self, first, end))
        lines: list[Line] = []
        for row in range(first_row, last_row + 1):
            numbers = range(row * floor.across, min((row + 1) * floor.across, len(self._tiles)))
            columns = [self._tile(number, floor, kind) for number in numbers]
            lines += [tuple(part for column in columns for part in column[line]) for line in range(floor.tile[1])]
        above = self.scroll_offset.y - first_row * floor.tile[1]
        return [cut(line, width) for line in lines[above : above + height]]

    def _tile(self, number: int, floor: Floor, kind: Kind) -> list[Line]:
        tile, here = self._tiles[number], number == self._cursor
        if number not in self._drawn:
            if len(self._drawn) > 500:
                self._drawn.clear()
            self._drawn[number] = picture_lines(tile.image, *floor.picture, kind) if tile.image is not None else []
        edge = ("[" if glyphs().ascii else "▐") if here else " "
        looks = ("accent" if self.has_focus else "muted") if here else ""
        wide = floor.tile[0] - 1
        lines: list[Line] = []
        for line in self._padded(self._drawn[number], floor.picture[1]):
            lines.append(((edge, looks), *_wide(line, wide)))
        for line in self._padded(tile.caption, self._captions):
            if here and self.has_focus:
                line = tuple((text, "on-accent bold") for text, _ in line)  # noqa: PLW2901 - the same line with other looks
                lines.append(((edge, looks), *_wide(line, wide - 1, "on-accent"), (" ", "")))
            else:
                lines.append(((edge, looks), *_wide(line, wide)))
        lines.append(((" " * floor.tile[0], ""),))
        return lines

    @staticmethod
    def _padded(lines: Sequence[Line], height: int) -> list[Line]:
        return [*lines[:height], *([()] * (height - len(lines)))]


def _wide(line: Line, width: int, ground: str = "") -> list[Part]:
    """The line in exactly ``width`` cells."""
    parts = list(cut(line, width))
    rest = width - sum(width_of(text) for text, _ in parts)
    return [*parts, (" " * rest, ground)] if rest > 0 else parts
