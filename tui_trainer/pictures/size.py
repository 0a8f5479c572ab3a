"""Bringing an image to the cells there are: whole multiples up, so that pixels stay pixels, and averages down."""

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""(H, W) grey or (H, W, 3) red, green, blue; 0 is black."""


def planar(image: npt.NDArray[np.uint8]) -> Pixels:
    """An image as networks hold it, (C, H, W) with C 1 or 3 (of another C the first), as :data:`Pixels`."""
    if image.ndim == 2:
        return image
    return np.ascontiguousarray(image.transpose(1, 2, 0)) if image.shape[0] == 3 else image[0]


def enlarged(pixels: Pixels, factor: int) -> Pixels:
    """Each pixel as a square of ``factor`` x ``factor``."""
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1) if factor > 1 else pixels


def fitted(pixels: Pixels, width: int, height: int, *, most: int = 16) -> Pixels:
    """The image in at most ``width`` x ``height`` pixels: enlarged by the largest whole factor (at most ``most``), else averaged down."""
    high, wide = pixels.shape[:2]
    if not high or not wide or width < 1 or height < 1:
        return pixels[:0, :0]
    factor = min(width // wide, height // high, most)
    if factor >= 1:
        return enlarged(pixels, factor)
    shrink = min(width / wide, height / high)
    return _averaged(pixels, max(1, round(wide * shrink)), max(1, round(high * shrink)))


def _averaged(pixels: Pixels, width: int, height: int) -> Pixels:
    """Means over the (fractional) area that each new pixel covers."""
    rows, columns = _shares(pixels.shape[0], height), _shares(pixels.shape[1], width)
    means = np.einsum("ih,hw...,jw->ij...", rows, pixels.astype(np.float32), columns, optimize=True)
    return np.asarray(np.round(means).clip(0, 255), dtype=np.uint8)


def _shares(before: int, after: int) -> npt.NDArray[np.float32]:
    """(after, before): how much of each old pixel goes into each new one; rows sum to 1."""
    edges = np.linspace(0, before, after + 1)
    places = np.arange(before)
    covered = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    covered = covered.clip(0)
    return np.asarray(covered / covered.sum(axis=1, keepdims=True), dtype=np.float32)
