"""Reading picture files with Pillow: their size without decoding them, and their pixels as uint8."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    Bytes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".gif", ".pgm", ".ppm", ".pbm", ".pnm", ".tif", ".tiff", ".webp"))
GREY_MODES = frozenset(("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "F"))
ORIENTATION, SIDEWAYS = 0x0112, 5
"""The EXIF tag that says how a camera was held, and its lowest value for an image that lies on its side."""


class UnreadableImageError(Exception):
    """A file that is not an image, is cut short, or is absurdly large; ``str()`` says why."""


@dataclass(frozen=True)
class Header:
    """What a file says of its image, as it is shown upright."""

    height: int
    width: int
    grey: bool


def _failure(error: BaseException) -> UnreadableImageError:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return UnreadableImageError("not an image, or damaged" if "cannot identify" in text else text)


def _open(path: str | os.PathLike[str]) -> "Image":
    from PIL import Image

    return Image.open(path)


def _turn(image: "Image") -> int:
    """The EXIF orientation, 1 for upright. A PNG's is taken only where it stands before the pixels, else Pillow would decode them."""
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    turn = image.getexif().get(ORIENTATION, 1)
    return turn if isinstance(turn, int) else 1


def read_header(path: str | os.PathLike[str]) -> Header:
    """Size and kind of the image at ``path``, its pixels left alone. Raises UnreadableImageError."""
    try:
        with _open(path) as image:
            width, height = image.size
            if _turn(image) >= SIDEWAYS:
                width, height = height, width
            return Header(height, width, image.mode in GREY_MODES)
    except Exception as error:  # Pillow's parsers trip over damaged files with nearly any exception
        raise _failure(error) from error


def read_picture(path: str | os.PathLike[str], shape: tuple[int, int, int]) -> "Bytes":
    """The image at ``path`` as uint8 of ``shape`` (C, H, W), C being 1 or 3. Raises UnreadableImageError.

    Turned upright as its EXIF tag says; 16-bit levels brought to 8; transparent parts laid over white; then resized
    as a whole (sides' ratio not kept) bilinearly with antialiasing. Of a moving picture the first frame is taken.
    """
    import numpy as np
    from PIL import Image, ImageOps

    channels, height, width = shape
    try:
        with _open(path) as file:
            if file.format == "JPEG":  # decode a large photograph at a half, a quarter, an eighth, but not below twice the size that is wanted
                file.draft("L" if channels == 1 else "RGB", (2 * height, 2 * width) if _turn(file) >= SIDEWAYS else (2 * width, 2 * height))
            file.load()
            image: Image.Image = ImageOps.exif_transpose(file) if _turn(file) != 1 else file
            image = _eight_bits(image, "L" if channels == 1 else "RGB")
            if image.size != (width, height):
                image = image.resize((width, height), Image.Resampling.BILINEAR)
            pixels = np.asarray(image)
    except Exception as error:  # Pillow's parsers trip over damaged files with nearly any exception
        raise _failure(error) from error
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _eight_bits(image: "Image", mode: str) -> "Image":
    import numpy as np
    from PIL import Image

    if image.mode == mode and "transparency" not in image.info:
        return image
    if image.mode == "F" or image.mode.startswith("I"):
        levels = np.asarray(image, np.float32)
        if image.mode == "F":
            levels = levels * np.float32(255) if levels.max(initial=0) <= 1 else levels
        else:
            levels = levels / np.float32(257) if image.mode != "I" or levels.max(initial=0) > 255 else levels
        return Image.fromarray(np.nan_to_num(levels).round().clip(0, 255).astype(np.uint8)).convert(mode)
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        over = image.convert("RGBA")
        white = Image.new("RGBA", over.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, over).convert(mode)
    return image.convert(mode)
