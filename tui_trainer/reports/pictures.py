"""Galleries as PNG: images as they are, weights with a colour for each sign."""

import io
from typing import TYPE_CHECKING, Any

from tui_trainer.reports.document import Gallery
from tui_trainer.reports.lettering import letters

if TYPE_CHECKING:
    import numpy as np

    from tui_trainer.asking.picture import Picture

    Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

NEGATIVE, ZERO, POSITIVE = (190, 74, 0), (247, 247, 247), (0, 84, 148)
"""Weights below, at and above zero: orange and blue as in the app, but on white; told apart by colour-blind readers, and dark where they are large."""
PER_ROW = 8
PICTURE = 112
"""Pixels of a picture's side in a gallery's file."""
LINE = 15
MARGIN = 12


def png_of(picture: "Picture") -> bytes:
    """An image or a picture of weights as a PNG of its own size; signed numbers of one channel get the colours of their signs."""
    pixels = picture.array()
    if picture.signed and pixels.ndim == 2:
        pixels = _signed(picture)
    return _png(pixels)


def _signed(picture: "Picture") -> "Pixels":
    import numpy as np

    level = (picture.array().astype(np.float32) - 128) / 127
    size = np.abs(level)[..., None].clip(0, 1)
    ends = np.where((level < 0)[..., None], np.array(NEGATIVE, np.float32), np.array(POSITIVE, np.float32))
    mixed: Pixels = (np.array(ZERO, np.float32) * (1 - size) + ends * size).round().astype(np.uint8)
    return mixed


def _png(pixels: "Pixels") -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return file.getvalue()


def gallery_png(gallery: Gallery) -> bytes:
    """All tiles with their lines on white, in one PNG."""
    from PIL import Image, ImageDraw

    tall = max((len(tile.lines) for tile in gallery.tiles), default=0)
    across = min(PER_ROW, max(1, len(gallery.tiles)))
    width, height = PICTURE + MARGIN, PICTURE + MARGIN + tall * LINE
    rows = -(-len(gallery.tiles) // across)
    sheet = Image.new("RGB", (across * width + MARGIN, rows * height + MARGIN), "white")
    pen = ImageDraw.Draw(sheet)
    font = letters(11)
    for number, tile in enumerate(gallery.tiles):
        left, top = MARGIN + number % across * width, MARGIN + number // across * height
        image = Image.open(io.BytesIO(tile.png)).convert("RGB")
        scale = PICTURE / max(image.size)
        sheet.paste(image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.NEAREST), (left, top))
        for line, text in enumerate(tile.lines):
            pen.text((left, top + PICTURE + 2 + line * LINE), _fitting(text, pen, font), font=font, fill="black" if line == 0 else "#555555")
    file = io.BytesIO()
    sheet.quantize(256).save(file, "PNG", optimize=True) if len(gallery.tiles) else sheet.save(file, "PNG")
    return file.getvalue()


def _fitting(text: str, pen: Any, font: Any) -> str:
    while len(text) > 1 and pen.textlength(text, font=font) > PICTURE:
        text = text[:-2] + "…"
    return text
