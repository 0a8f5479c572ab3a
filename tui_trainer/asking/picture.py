"""Pixels of an image, and numbers (weights, activations, gradients) as pixels."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui_trainer.asking.message import Message
from tui_trainer.config.errors import ConfigError
from tui_trainer.config.paths import given_path

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
    Values = np.ndarray[tuple[int, ...], np.dtype[np.float32]]

SIGNED_ZERO = 128
MAX_SIDE = 8192


@dataclass(frozen=True, slots=True)
class Picture(Message):
    """``height`` x ``width`` pixels of 1 channel (grey) or 3 (red, green, blue), and what number each level stands for."""

    height: int
    width: int
    channels: int
    pixels: bytes
    """Row by row, the channels of a pixel together: ``height * width * channels`` bytes."""
    offset: float = 0.0
    step: float = 1 / 255
    """A level stands for ``offset + step * level``. An image: 0..1. Signed numbers: level 128 is exactly 0, and both signs reach equally far."""

    def array(self) -> "Pixels":
        """uint8 (H, W), or (H, W, 3) in colour: what ``tui_trainer.pictures`` draws. Raises ValueError where the bytes do not fit the sides."""
        import numpy as np

        shape = (self.height, self.width) if self.channels == 1 else (self.height, self.width, self.channels)
        return np.frombuffer(self.pixels, np.uint8).reshape(shape)

    def values(self) -> "Values":
        """The numbers behind the levels, float32 (H, W) or (H, W, 3), to within half a ``step``."""
        import numpy as np

        return (self.array().astype(np.float32) * np.float32(self.step) + np.float32(self.offset)).astype(np.float32)

    @property
    def signed(self) -> bool:
        """Whether level 128 stands for 0 and both signs occur."""
        return self.offset < 0

    @classmethod
    def of(cls, pixels: "Pixels", offset: float = 0.0, step: float = 1 / 255) -> "Picture":
        """From uint8 (H, W) or (H, W, 3)."""
        height, width = pixels.shape[:2]
        return cls(height, width, 1 if pixels.ndim == 2 else int(pixels.shape[2]), pixels.tobytes(), offset, step)

    @classmethod
    def of_signed(cls, values: "Values", scale: float | None = None) -> "Picture":
        """From numbers of either sign, (H, W) or (H, W, 3): level 128 is 0, 255 is ``scale`` (default: the largest size there is)."""
        import numpy as np

        reach = float(np.abs(values).max(initial=0.0)) if scale is None else scale
        step = reach / (255 - SIGNED_ZERO) if np.isfinite(reach) and reach > 0 else 1.0
        levels = (np.nan_to_num(values) / step).round().clip(-SIGNED_ZERO, 255 - SIGNED_ZERO) + SIGNED_ZERO
        return cls.of(levels.astype(np.uint8), -SIGNED_ZERO * step, step)

    @classmethod
    def of_range(cls, values: "Values", low: float | None = None, high: float | None = None) -> "Picture":
        """From numbers, (H, W) or (H, W, 3): level 0 is ``low``, 255 ``high`` (default: the least and the most there is)."""
        import numpy as np

        finite = np.nan_to_num(values)
        least = float(finite.min(initial=np.inf)) if low is None else low
        most = float(finite.max(initial=-np.inf)) if high is None else high
        step = (most - least) / 255 if most > least else 1.0
        return cls.of(((finite - least) / step).round().clip(0, 255).astype(np.uint8), least, step)


def png_path(path: str | Path) -> Path:
    """Where a PNG file of this name goes: a name without an ending gets one. Raises ConfigError for the ending of something else."""
    whole = given_path(str(path))
    if whole.suffix.lower() not in ("", ".png"):
        raise ConfigError(f"{path}: pictures are written as PNG; allowed is a name that ends in .png")
    return whole if whole.suffix else whole.with_suffix(".png")


def save_png(picture: Picture, path: str | Path) -> Path:
    """Write the pixels as a PNG file, its folder made where it is missing; returns the whole path. Raises ConfigError where it cannot be written."""
    from PIL import Image

    whole = png_path(path)
    try:
        whole.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.array()).save(whole, "PNG")
    except OSError as error:
        raise ConfigError(f"{whole}: the picture cannot be written: {error.strerror or error}") from None
    return whole.absolute()


def read_png(path: str | Path) -> Picture:
    """A picture file of any kind that Pillow reads, in its own size, grey or colour as it is. Raises ConfigError."""
    from tui_trainer.catalogue.pictures import UnreadableImageError, read_header, read_picture
    from tui_trainer.config.paths import is_file, is_folder

    whole = given_path(str(path))
    try:
        header = read_header(whole)
        if max(header.height, header.width) > MAX_SIDE:
            raise ConfigError(f"{whole}: the picture has {header.height}×{header.width} pixels; allowed are up to {MAX_SIDE} a side")
        pixels = read_picture(whole, (1 if header.grey else 3, header.height, header.width))
    except UnreadableImageError as error:
        if is_folder(whole):
            raise ConfigError(f"{whole}: this is a folder; allowed is a picture file") from None
        raise ConfigError(f"{whole}: no such file" if not is_file(whole) else f"{whole} cannot be read as an image: {error}") from None
    return Picture.of(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0))
