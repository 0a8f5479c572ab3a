"""Pad: draw with the mouse or with the keys, in strokes as wide as MNIST's.

The drawing is kept at twice the resolution of a 28x28 image and shown in half blocks: each dot its own where there is room for
56x28 cells, two by two averaged in 28x14. Resizing changes only how it is shown.
"""

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tui_trainer.pictures import Pixels, fitted
from tui_trainer.tui.widgets.marks import glyphs
from tui_trainer.tui.widgets.painted import Line, Painted, Part
from tui_trainer.tui.widgets.picture import Image, kind_for, picture_lines

SIDE = 56
"""Dots of the drawing in each direction."""
RADIUS = 2.8
"""Of the brush in dots: strokes of nearly 3 pixels of 28, as MNIST's are on average."""
KEY_STEP = 2.0
"""Dots that an arrow key moves: one pixel of 28."""
FEWEST = 8
"""Cells of width below which there is nothing to draw on."""

Ink = npt.NDArray[np.float32]
"""(SIDE, SIDE), 0 nothing to 1 full."""
Spot = tuple[float, float]
"""x, y in dots, from the top left corner."""


def stroke(ink: Ink, start: Spot, end: Spot, radius: float = RADIUS, *, erase: bool = False) -> None:
    """Draw a line with round ends and soft edges into ``ink``, or rub it out."""
    (x0, y0), (x1, y1) = start, end
    reach = radius + 1
    left, right = max(int(min(x0, x1) - reach), 0), min(int(max(x0, x1) + reach) + 1, ink.shape[1])
    top, bottom = max(int(min(y0, y1) - reach), 0), min(int(max(y0, y1) + reach) + 1, ink.shape[0])
    if left >= right or top >= bottom:
        return
    x = np.arange(left, right, dtype=np.float32)[None, :] + 0.5
    y = np.arange(top, bottom, dtype=np.float32)[:, None] + 0.5
    dx, dy = x1 - x0, y1 - y0
    length = dx * dx + dy * dy
    along = np.clip(((x - x0) * dx + (y - y0) * dy) / length, 0, 1) if length > 1e-9 else np.zeros_like(x + y)
    distance = np.hypot(x - (x0 + along * dx), y - (y0 + along * dy))
    cover = np.clip(radius + 0.5 - distance, 0, 1).astype(np.float32)
    part = ink[top:bottom, left:right]
    np.minimum(part, 1 - cover, out=part) if erase else np.maximum(part, cover, out=part)


class Pad(Painted, can_focus=True):
    """A black square to draw on in white. Tells :class:`Drawn` after each change."""

    DEFAULT_CSS = """
    Pad { width: 56; height: 28; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "pen(0, -1)", "Up", show=False),
        Binding("down", "pen(0, 1)", "Down", show=False),
        Binding("left", "pen(-1, 0)", "Left", show=False),
        Binding("right", "pen(1, 0)", "Right", show=False),
    ]

    class Drawn(Message):
        """The drawing is another one now. A queued one is replaced: the newest drawing counts."""

        def __init__(self, pad: "Pad") -> None:
            self.pad = pad
            super().__init__()

        @property
        def control(self) -> "Pad":
            """The pad."""
            return self.pad

        def can_replace(self, message: Message) -> bool:
            """The newest drawing counts."""
            return isinstance(message, Pad.Drawn)

    class PenMoved(Message):
        """The pen of the keys was lowered, lifted, or turned to rubbing out."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.ink: Ink = np.zeros((SIDE, SIDE), dtype=np.float32)
        self.picture: Image | None = None
        """A picture in colour that lies on the pad until something is drawn."""
        self.pen: Spot = (SIDE / 2, SIDE / 2)
        self.pen_down = False
        self.erases = False
        """Whether the keys and the left button rub out."""
        self._before: list[Ink] = []
        self._held: Spot | None = None
        self._keys_used = False

    # --- the drawing

    @property
    def drawing(self) -> Pixels:
        """The drawing as grey (SIDE, SIDE), white on black."""
        return (self.ink * 255).round().astype(np.uint8)

    @property
    def blank(self) -> bool:
        """Whether nothing is drawn."""
        return not self.ink.any()

    def clear(self) -> None:
        """An empty pad; undo brings the drawing back."""
        if not self.blank or self.picture is not None:
            self._keep()
            self.ink[:] = 0
            self._told()

    def undo(self) -> None:
        """The drawing before the last stroke."""
        if self._before:
            self.ink, self.picture = self._before.pop(), None
            self._told()

    def take(self, ink: Ink) -> None:
        """Something else than strokes, (SIDE, SIDE), 0 to 1; undo brings the drawing back. Nobody is told."""
        self._keep()
        self.ink = ink
        self.changed()

    def look_at(self, picture: Image) -> None:
        """Show a picture instead of the drawing, which undo brings back; the next stroke begins an empty one. Nobody is told."""
        self._keep()
        self.ink = np.zeros((SIDE, SIDE), dtype=np.float32)
        high, wide = picture.shape
        side = max(high, wide)
        rows, columns = (np.arange(length * SIDE // side) * side // SIDE for length in (high, wide))
        self.picture = Image(picture.pixels[rows][:, columns], thumbnail=False)
        self.changed()

    def lower(self) -> None:
        """Lower or lift the pen of the keys; lowered it leaves a dot."""
        self.pen_down, self._keys_used = not self.pen_down, True
        if self.pen_down:
            self._keep()
            self._line(self.pen, self.pen)
        self.post_message(self.PenMoved())
        self.changed()

    def rub(self) -> None:
        """Rub out from now on, or draw again."""
        self.erases = not self.erases
        if self.pen_down:
            self._keep()
            self._line(self.pen, self.pen)
        self.post_message(self.PenMoved())
        self.changed()

    def action_pen(self, right: int, down: int) -> None:
        """Move the pen of the keys by one pixel of 28; lowered it draws."""
        old = self.pen
        self.pen = (min(max(old[0] + right * KEY_STEP, 1), SIDE - 1), min(max(old[1] + down * KEY_STEP, 1), SIDE - 1))
        self._keys_used = True
        if self.pen_down:
            self._line(old, self.pen)
        self.changed()

    def _keep(self) -> None:
        self.picture = None
        self._before.append(self.ink.copy())
        del self._before[:-50]

    def _line(self, start: Spot, end: Spot, *, erase: bool | None = None) -> None:
        stroke(self.ink, start, end, erase=self.erases if erase is None else erase)
        self._told()

    def _told(self) -> None:
        self.post_message(self.Drawn(self))
        self.changed()

    # --- the mouse

    def _spot(self, event: events.MouseEvent) -> Spot:
        """Where the mouse points, in dots: the middle of the cell, or the place within it where the terminal tells it."""
        wide, high = self._square()
        offset = self.content_region.offset - self.region.offset
        x, y = event.pointer_x - offset.x, event.pointer_y - offset.y
        x, y = (x + 0.5 if x == int(x) else x), (y + 0.5 if y == int(y) else y)
        return x / wide * SIDE, y / high * SIDE

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin a stroke; the right button rubs out."""
        if event.button not in (1, 3):
            return
        self.capture_mouse()
        self._held = self._spot(event)
        self._rubs = self.erases or event.button == 3
        self._keys_used = False
        self._keep()
        self._line(self._held, self._held, erase=self._rubs)

    _rubs = False

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Draw on."""
        if self._held is None:
            return
        spot = self._spot(event)
        if spot != self._held:
            self._line(self._held, spot, erase=self._rubs)
            self._held = spot

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """The stroke ends."""
        self._held = None
        self.release_mouse()

    def on_focus(self) -> None:
        self.changed()

    def on_blur(self) -> None:
        self.changed()

    # --- drawing it

    def _square(self) -> tuple[int, int]:
        """Cells that the drawing takes: its own size or half of it, or what there is."""
        size = self._view()
        wide = min(size.width, size.height * 2, SIDE)
        for whole in (SIDE, SIDE // 2):
            if wide >= whole:
                return whole, whole // 2
        wide -= wide % 2
        return max(wide, 2), max(wide // 2, 1)

    def paint(self, width: int, height: int) -> list[Line]:
        """Textual's: see :class:`Painted`."""
        if min(width, 2 * height) < FEWEST:
            return [(("no room to draw", "muted"),)]
        wide, high = self._square()
        lines = picture_lines(self.picture or Image(fitted(self.drawing, wide, 2 * high)), wide, high, kind_for(self))
        if self.has_focus and self._keys_used:
            column, row = min(int(self.pen[0] / SIDE * wide), wide - 1), min(int(self.pen[1] / SIDE * high), high - 1)
            mark = glyphs().no if self.erases else glyphs().train if self.pen_down else glyphs().corner
            lines[row] = _marked(lines[row], column, mark, "accent bold on-#000000")
        return lines


def _marked(line: Line, column: int, mark: str, looks: str) -> Line:
    """The line with another character in one cell."""
    parts: list[Part] = []
    left = 0
    for text, style in line:
        if left <= column < left + len(text):
            at = column - left
            parts += [part for part in ((text[:at], style), (mark, looks), (text[at + 1 :], style)) if part[0]]
        else:
            parts.append((text, style))
        left += len(text)
    return tuple(parts)
