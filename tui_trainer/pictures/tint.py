"""Numbers to pixels: weights, activations, saliency."""

import numpy as np
import numpy.typing as npt

from tui_trainer.pictures.size import Pixels

Values = npt.NDArray[np.floating]
NEGATIVE = (255, 135, 0)
POSITIVE = (95, 175, 255)
"""Orange and blue, which all common kinds of colour blindness tell apart; zero is black, so that darkness says the size."""


def stretched(values: Values, low: float | None = None, high: float | None = None) -> Pixels:
    """Grey from black at ``low`` to white at ``high`` (default: the least and the most there is), (H, W)."""
    numbers = np.nan_to_num(np.asarray(values, dtype=np.float32))
    least = float(numbers.min(initial=np.inf)) if low is None else low
    most = float(numbers.max(initial=-np.inf)) if high is None else high
    span = most - least
    if not np.isfinite(span) or span <= 0:
        return np.zeros(numbers.shape, dtype=np.uint8)
    return np.asarray(np.round((numbers - least) / span * 255).clip(0, 255), dtype=np.uint8)


def signed(values: Values, largest: float | None = None) -> Pixels:
    """Zero black, positive blue, negative orange, full at ``largest`` (default: the largest size there is); (H, W) to (H, W, 3)."""
    numbers = np.nan_to_num(np.asarray(values, dtype=np.float32))
    scale = float(np.abs(numbers).max(initial=0)) if largest is None else largest
    parts = (numbers / scale if scale > 0 else numbers).clip(-1, 1)
    colours = np.where(parts[..., None] < 0, np.array(NEGATIVE, np.float32), np.array(POSITIVE, np.float32))
    return np.asarray(np.round(np.abs(parts)[..., None] * colours), dtype=np.uint8)


def heat(values: Values) -> Pixels:
    """Black, red, yellow, white as the values go from 0 to the most there is; (H, W) to (H, W, 3)."""
    levels = stretched(np.abs(values), low=0.0).astype(np.float32) * (3 / 255)
    return np.asarray(np.round(np.stack([(levels - place).clip(0, 1) * 255 for place in range(3)], axis=-1)), dtype=np.uint8)


def overlaid(pixels: Pixels, values: Values) -> Pixels:
    """The image at a third of its brightness in grey, and on it in red and yellow where ``values`` (H, W), as sizes, are large."""
    grey = pixels.astype(np.float32).mean(axis=-1) if pixels.ndim == 3 else pixels.astype(np.float32)
    ground = np.repeat(grey[..., None] * 0.35, 3, axis=-1)
    return np.asarray(np.round(np.maximum(ground, heat(values).astype(np.float32))), dtype=np.uint8)
