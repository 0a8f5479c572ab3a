"""The letters below pictures in PNG files: those of the figures, because Pillow's own lack × and →."""

from pathlib import Path
from typing import Any


def letters(size: int) -> Any:
    """A Pillow font of ``size`` pixels."""
    import matplotlib
    from PIL import ImageFont

    try:
        return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"), size)
    except OSError:
        return ImageFont.load_default(size)
