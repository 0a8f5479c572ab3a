"""A data set as arrays on the CPU, before it is split, and the shaping of it as the settings ask."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from tui_trainer.config import Data

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""

CHUNK = 2048
LUMA = (0.299, 0.587, 0.114)
"""Grey from red, green and blue, ITU-R BT.601, as Pillow does it."""


@dataclass(frozen=True)
class Part:
    """Images, uint8 [N, C, H, W], and labels, int64 [N], on the CPU."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Arrays:
    """A whole set as it was read."""

    name: str
    classes: tuple[str, ...]
    train: Part
    test: Part


def shape_images(images: Tensor, data: Data) -> Tensor:
    """``images`` (uint8 [N, C, H, W]) with ``data.channels`` and ``data.image_size``: grey by luma, resized bilinearly with antialiasing."""
    channels = data.channels or images.shape[1]
    size = (data.image_size, data.image_size) if isinstance(data.image_size, int) else data.image_size or tuple(images.shape[2:])
    if channels == images.shape[1] and size == tuple(images.shape[2:]):
        return images
    out = torch.empty(len(images), channels, *size, dtype=torch.uint8)
    for first in range(0, len(images), CHUNK):
        values = images[first : first + CHUNK].float()
        if channels == 1 and values.shape[1] == 3:
            values = torch.einsum("nchw,c->nhw", values, torch.tensor(LUMA)).unsqueeze(1)
        if size != tuple(values.shape[2:]):
            values = interpolate(values, size, mode="bilinear", antialias=True)
        out[first : first + CHUNK] = values.round_().clamp_(0, 255)
    return out


def take(images: Tensor, positions: Tensor) -> Tensor:
    """``images[positions]`` for ascending ``positions``, made in the memory of ``images``, which is of no use afterwards.

    A split would otherwise hold the set twice for a moment: for MNIST, 47 MB of a budget of 200.
    """
    count = len(positions)
    if count == len(images):
        return images
    if count < len(images) // 2:
        return images.index_select(0, positions)
    for first in range(0, count, CHUNK):  # position k comes from k or later, so nothing is overwritten before it is read
        images[first : first + CHUNK][: count - first] = images.index_select(0, positions[first : first + CHUNK])
    return images[:count]
