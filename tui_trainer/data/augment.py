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
from torch.nn.functional import affine_grid, grid_sample, one_hot

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
        """Whole pixels in -most..most, int64 [count], each as likely; one further than ``side`` empties the image just as ``side`` does."""
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
        """Shift and crop by whole pixels, and flip, of uint8 pixels, in their memory format.

        The images are laid out with their background around them, mirrored ones behind the others. There a moved image
        is one run of memory (its rows and what lies between), so that one index_select takes all: 0.02 ms for
        256 x 1 x 28 x 28, where indexing windows takes 0.12 and grid_sample 1.25.
        """
        if not (self._moved or self.settings.horizontal_flip):
            return images
        count, (channels, height, width) = len(images), self.shape
        last = channels > 1 and images.is_contiguous(memory_format=torch.channels_last)
        planes, depth = (1, channels) if last else (channels, 1)
        pixels = images.permute(0, 2, 3, 1).unsqueeze(1) if last else images.unsqueeze(4)  # [B, planes, H, W, depth]
        most = int(self.settings.shift) + self.settings.crop_padding
        top, left = min(most, height), min(most, width)
        down, right = self._distances(images, generator)
        number = torch.arange(count, device=images.device)
        sides = [pixels]
        if self.settings.horizontal_flip:
            number = number + count * self._flips(images, generator)
            sides.append(pixels.flip(3))
        rows, columns = height + 2 * top, width + 2 * left
        field = images.new_zeros(len(sides), count, planes, rows, columns, depth)
        for place, side in zip(field, sides, strict=True):
            place[:, :, top : top + height, left : left + width] = side
        line, plane = columns * depth, rows * columns * depth
        run = (planes - 1) * plane + (height - 1) * line + width * depth
        starts = number * (planes * plane) + (top - down) * line + (left - right) * depth
        runs = field.as_strided((field.numel() - run + 1, run), (1, 1)).index_select(0, starts)
        moved = runs.as_strided((count, planes, height, width, depth), (run, plane, line, depth, 1)).contiguous()
        return moved.squeeze(1).permute(0, 3, 1, 2) if last else moved.squeeze(4)

    def _flips(self, images: Tensor, generator: torch.Generator) -> Tensor:
        return torch.rand(len(images), generator=generator, device=images.device) < self.settings.horizontal_flip

    def _sample(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """All moves in one bilinear sampling; float32 pixels in 0..255.

        grid_sample asks where each new pixel comes from, so theta holds the inverse of the move, in units in which the
        image reaches from -1 to 1: turning then needs the sides' ratio.
        """
        settings, count, device = self.settings, len(images), images.device
        _, height, width = self.shape

        def uniform(most: float) -> Tensor:
            return torch.rand(count, generator=generator, device=device).mul_(2 * most).sub_(most)

        angle = uniform(math.radians(settings.rotation)) if settings.rotation else torch.zeros(count, device=device)
        factor = 1 + uniform(settings.scale) if settings.scale else torch.ones(count, device=device)
        if settings.shift == int(settings.shift):
            down, right = self._distances(images, generator)
        else:
            down, right = uniform(settings.shift), uniform(settings.shift)
            if settings.crop_padding:
                down = down + self._offsets(count, settings.crop_padding, height, device, generator)
                right = right + self._offsets(count, settings.crop_padding, width, device, generator)
        mirror = 1 - 2 * self._flips(images, generator).float() if settings.horizontal_flip else torch.ones(count, device=device)
        across, along = right * (2 / width), down * (2 / height)
        cosine, sine = torch.cos(angle) / factor, torch.sin(angle) / factor
        sine_x, sine_y = sine * (height / width), sine * (width / height)
        # A new pixel (x, y), mirrored, comes from the turned and scaled (x - across, y - along).
        theta = torch.stack(
            (
                torch.stack((cosine * mirror, sine_x, -cosine * across - sine_x * along), 1),
                torch.stack((-sine_y * mirror, cosine, sine_y * across - cosine * along), 1),
            ),
            1,
        )
        grid = affine_grid(theta, [count, 1, height, width], align_corners=False)
        sampled = grid_sample(images.to(torch.float32), grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        last = self.shape[0] > 1 and images.is_contiguous(memory_format=torch.channels_last)
        return sampled.contiguous(memory_format=torch.channels_last) if last else sampled

    def _mix(self, values: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Each image and target with another of the batch, share * own + (1 - share) * other (Zhang et al., mixup, 2018)."""
        assert self._shares is not None
        count, device = len(values), values.device
        share = self._shares.to(device)[torch.randint(BETA_DRAWS, (count,), generator=generator, device=device)]
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
