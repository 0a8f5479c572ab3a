"""Picture: an image in the terminal, pixel-exact in half blocks; in shades where there is no colour; and what a thumbnail is."""

from dataclasses import dataclass
from typing import Literal

from textual.widget import Widget

from tui_trainer.pictures import ASCII_RAMP, Pixels, braille, fitted, half_blocks, ramp, shaded
from tui_trainer.tui.widgets.marks import glyphs
from tui_trainer.tui.widgets.painted import Line, Painted

Kind = Literal["blocks", "braille", "shades", "ascii"]
"""Half blocks in colour, braille dots, ░▒▓█, an ASCII ramp."""


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """What can be drawn: pixels, and other ones (greys) for terminals without colour, where the colours say something."""

    pixels: Pixels
    plain: Pixels | None = None
    thumbnail: bool = True
    """Whether braille, which knows two levels only, does for it."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]


def kind_for(widget: Widget, *, small: bool = False) -> Kind:
    """How images are drawn on this terminal; ``small``: as thumbnails."""
    if glyphs().ascii:
        return "ascii"
    if small:
        return "braille"
    return "shades" if widget.app.no_color else "blocks"


def cells_of(shape: tuple[int, int], kind: Kind) -> tuple[int, int]:
    """Width and height in cells of an image of ``shape`` (height, width) in its own size."""
    high, wide = shape
    return (-(-wide // 2), -(-high // 4)) if kind == "braille" else (wide, -(-high // 2))


def picture_lines(image: Image, width: int, height: int, kind: Kind) -> list[Line]:
    """The image in at most ``width`` x ``height`` cells."""
    plain = image.plain if image.plain is not None else image.pixels
    if kind == "braille" and image.thumbnail:
        return braille(fitted(plain, 2 * width, 4 * height))
    if kind in ("blocks", "braille"):
        return half_blocks(fitted(image.pixels, width, 2 * height))
    pixels = fitted(plain, width, 2 * height)
    return ramp(pixels, ASCII_RAMP) if kind == "ascii" else shaded(pixels)


class Picture(Painted):
    """One image, as large as there is room for in whole multiples, in the middle; a line of text in its place where there is none."""

    DEFAULT_CSS = """
    Picture { height: 1fr; width: 1fr; }
    """

    def __init__(self, *, empty: str = "", middle: bool = True, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.empty, self.middle = empty, middle
        self._image: Image | None = None

    def show(self, image: Image | None, *, empty: str = "") -> None:
        """Draw this; None for nothing, and why (``empty``)."""
        if image is not self._image or empty != self.empty:
            self._image, self.empty = image, empty
            self.changed()

    def paint(self, width: int, height: int) -> list[Line]:
        """Textual's: see :class:`Painted`."""
        if self._image is None or not width or not height:
            return [((self.empty, "muted"),)]
        kind = kind_for(self)
        wide, high = cells_of(self._image.shape, kind)
        if kind in ("blocks", "shades") and self._image.thumbnail and (wide > width or high > height):
            kind = "braille"  # rather all pixels in dots than an average of them
        lines = picture_lines(self._image, width, height, kind)
        if not self.middle or not lines:
            return lines
        left = (width - sum(len(text) for text, _ in lines[0])) // 2
        return [()] * ((height - len(lines)) // 2) + [((" " * left, ""), *line) for line in lines]
