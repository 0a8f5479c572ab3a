"""Random changes of training images, drawn anew for each image, a batch at a time on the device.

Order of operations, and of the draws from the generator:
1. rotation, 2. scale, 3. shift (rows, then columns), 4. crop (rows, then columns), 5. horizontal flip - all moves of
the original pixels, made together; what comes in from outside is pixel 0, the background;
6. noise, on pixels in 0..1, not clipped; 7. normalisation; 8. mixup.
A setting of 0 draws nothing and changes nothing.
"""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, one_hot, pad

from tui_trainer.config import Augmentation
from tui_trainer.data.preprocess import Preprocess

BETA_DRAWS = 65_536


class Augment:
    """The random changes that ``settings`` ask for, of images of ``shape`` (C, H, W)."""

    def __init__(self, settings: Augmentation, shape: tuple[int, int, int], classes: int) -> None:
        self.settings, self.shape, self.classes = settings, shape, classes
        whole = settings.shift == int(settings.shift)
        self._sampled = bool(settings.rotation or settings.scale or not whole)
        self._moved = bool(settings.shift or settings.crop_padding)
        self._shares = torch.from_numpy(_beta_quantiles(settings.mixup)) if settings.mixup else None

    def __call__(self, images: Tensor, labels: Tensor, generator: torch.Generator, preprocess: Preprocess) -> tuple[Tensor, Tensor]:
        """Changed and normalised images, float32 [B, C, H, W], and their targets.

        ``images``: uint8 [B, C, H, W]; ``labels``: int64 [B]; ``generator``: of the images' device, the only source of
        chance. Targets are the labels, or with mixup float32 [B, classes], rows summing to 1. Images keep their memory format.
        """
        settings = self.settings
        values = self._sample(images, generator) if self._sampled else self._move(images, generator)
        if settings.noise:
            values = values.to(torch.float32)
            noise = torch.empty_like(values).normal_(0, settings.noise * 255, generator=generator)
            values = values + noise
        values = preprocess(values)
        if self._shares is None:
            return values, labels
        return self._mix(values, labels, generator)

    def _offsets(self, count: int, most: float, side: int, device: torch.device, generator: torch.Generator) -> Tensor:
        """Whole pixels in -most..most, float32 [count], every one as likely; further than the image is as good as ``side``."""
        return torch.randint(-int(most), int(most) + 1, (count,), generator=generator, device=device).clamp_(-side, side)

    def _distances(self, images: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """How far each image moves down and right, whole pixels, int64 [B] each: shift and crop together."""
        count, (_, height, width), device = len(images), self.shape, images.device
        down = right = torch.zeros((), dtype=torch.int64, device=device)
        for most in (self.settings.shift, self.settings.crop_padding):
            if most:
                down = down + self._offsets(count, most, height, device, generator)
                right = right + self._offsets(count, most, width, device, generator)
        return down.clamp(-height, height).expand(count), right.clamp(-width, width).expand(count)

    def _move(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Shift and crop by whole pixels, and flip, of uint8 pixels: one gather of windows from the padded images."""
        _, height, width = self.shape
        if self._moved:
            down, right = self._distances(images, generator)
            most = int(self.settings.shift) + self.settings.crop_padding
            top, left = min(most, height), min(most, width)
            padded = pad(images, (left, left, top, top))
            windows = padded.unfold(2, height, 1).unfold(3, width, 1)
            each = torch.arange(len(images), device=images.device)
            images = windows[each, :, top - down, left - right]
        if self.settings.horizontal_flip:
            images = torch.where(self._flips(images, generator)[:, None, None, None], images.flip(3), images)
        return images

    def _flips(self, images: Tensor, generator: torch.Generator) -> Tensor:
        return torch.rand(len(images), generator=generator, device=images.device) < self.settings.horizontal_flip

    def _sample(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """All moves in one bilinear sampling; float32 pixels in 0..255.

        grid_sample asks where each new pixel comes from, so the grid holds the inverse of the move, in units in which
        the image reaches from -1 to 1: turning then needs the sides' ratio.
        """
        settings, count, device = self.settings, len(images), images.device
        _, height, width = self.shape
        uniform = lambda most: torch.rand(count, generator=generator, device=device).mul_(2 * most).sub_(most)  # noqa: E731
        angle = uniform(math.radians(settings.rotation)) if settings.rotation else torch.zeros(count, device=device)
        factor = 1 + uniform(settings.scale) if settings.scale else torch.ones(count, device=device)
        down = right = torch.zeros(count, device=device)
        if settings.shift and settings.shift == int(settings.shift):
            down = self._offsets(count, settings.shift, height, device, generator).float()
            right = self._offsets(count, settings.shift, width, device, generator).float()
        elif settings.shift:
            down, right = uniform(settings.shift), uniform(settings.shift)
        if settings.crop_padding:
            down = down + self._offsets(count, settings.crop_padding, height, device, generator)
            right = right + self._offsets(count, settings.crop_padding, width, device, generator)
        cosine, sine = torch.cos(angle) / factor, torch.sin(angle) / factor
        mirror = 1 - 2 * self._flips(images, generator).float() if settings.horizontal_flip else torch.ones(count, device=device)
        # Columns: new x (after mirroring), new y, constant. The flip comes last in time, so first on the way back.
        across, along = right * (2 / width), down * (2 / height)
        theta = torch.empty(count, 2, 3, device=device)
        theta[:, 0, 0], theta[:, 0, 1] = cosine * mirror, sine * (height / width)
        theta[:, 1, 0], theta[:, 1, 1] = -sine * (width / height) * mirror, cosine
        theta[:, 0, 2] = -(cosine * across + sine * (height / width) * along)
        theta[:, 1, 2] = -(-sine * (width / height) * across + cosine * along)
        grid = affine_grid(theta, [count, 1, height, width], align_corners=False)
        return grid_sample(images.to(torch.float32), grid, mode="bilinear", padding_mode="zeros", align_corners=False)

    def _mix(self, values: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Each image and target with another of the batch, share * own + (1 - share) * other (Zhang et al., mixup, 2018)."""
        assert self._shares is not None
        count, device = len(values), values.device
        self._shares = self._shares.to(device)
        share = self._shares[torch.randint(BETA_DRAWS, (count,), generator=generator, device=device)]
        other = torch.randperm(count, generator=generator, device=device)
        targets = one_hot(labels, self.classes).float()
        mixed = torch.lerp(values[other], values, share[:, None, None, None])
        return mixed, torch.lerp(targets[other], targets, share[:, None])


def _beta_quantiles(alpha: float) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    """Quantiles of Beta(alpha, alpha), float32 [BETA_DRAWS]: drawn once with a fixed seed and made symmetric.

    Torch draws from the Beta distribution with its global generator only; an entry of this table is a draw from any.
    """
    draws = np.sort(np.random.RandomState(0).beta(alpha, alpha, BETA_DRAWS))
    return ((draws + 1 - draws[::-1]) / 2).astype(np.float32)
