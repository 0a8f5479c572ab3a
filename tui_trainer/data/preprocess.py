"""From uint8 pixels, or the coordinates of points, to the numbers that a network sees: deterministic, fitted on the training images, used everywhere."""

import json
from collections.abc import Iterable

import torch
from torch import Tensor

from tui_trainer.config import ConfigError, Data

MAX_ZCA_VALUES = 4096
"""Values per image up to which ZCA is offered: its matrix has the square of that, and the eigenvectors take the cube."""


class Preprocess:
    """Normalisation of images: ``scale * x + offset`` per channel, or whitening with a matrix. Immutable; picklable.

    ``shape`` is (C, H, W) of the images it takes, ``classes`` the names of what is told apart: with them a checkpoint
    that carries :meth:`state` can read, normalise and name images without the training set.
    """

    def __init__(
        self, shape: tuple[int, int, int], classes: tuple[str, ...], scale: Tensor, offset: Tensor, mean: Tensor | None = None, matrix: Tensor | None = None
    ) -> None:
        """``scale`` and ``offset``: [C], for pixels in 0..255 or points as they are; ``mean`` [D] and ``matrix`` [D, D]: ZCA of what they give."""
        self.shape, self.classes = shape, classes
        self.scale, self.offset, self.mean, self.matrix = scale, offset, mean, matrix
        self._uniform = bool((scale == scale[0]).all() and (offset == offset[0]).all())
        self._factor, self._constant = float(scale[0]), float(offset[0])
        # One factor and constant for each pixel of an image, in either memory format: a multiplication and addition of
        # whole rows is several times faster than one that broadcasts channels over pixels.
        each = shape[1] * shape[2]
        self._by_channel = scale.repeat_interleave(each), offset.repeat_interleave(each)
        self._by_pixel = scale.repeat(each), offset.repeat(each)

    @property
    def factor(self) -> float | None:
        """What every value is multiplied by, where that is all it does."""
        return self._factor if self._uniform and not self._constant and self.matrix is None else None

    def __call__(self, images: Tensor) -> Tensor:
        """float32 [B, C, H, W] from uint8, or from float32 pixels in 0..255 or points, which are changed in place."""
        values = images.to(torch.float32)
        if self._uniform:
            values.mul_(self._factor)
            if self._constant:
                values.add_(self._constant)
        else:
            last = values.is_contiguous(memory_format=torch.channels_last) and not values.is_contiguous()
            if not last:
                values = values.contiguous()
            rows = (values.permute(0, 2, 3, 1) if last else values).flatten(1)
            factors, constants = self._by_pixel if last else self._by_channel
            torch.addcmul(constants, rows, factors, out=rows)
        if self.matrix is None or self.mean is None:
            return values
        white = (values.flatten(1) - self.mean) @ self.matrix
        return white.view(-1, *self.shape)

    def gradient(self, gradients: Tensor) -> Tensor:
        """Gradients with respect to pixels in 0..1 from those with respect to what :meth:`__call__` gives; float32 [B, C, H, W] both."""
        if self.matrix is not None:
            gradients = (gradients.flatten(1) @ self.matrix.T).view(-1, *self.shape)
        return gradients * (self.scale.view(-1, 1, 1) * 255)

    def to(self, device: torch.device) -> "Preprocess":
        """The same on ``device``."""
        mean = None if self.mean is None else self.mean.to(device)
        matrix = None if self.matrix is None else self.matrix.to(device)
        return Preprocess(self.shape, self.classes, self.scale.to(device), self.offset.to(device), mean, matrix)

    def state(self) -> dict[str, Tensor]:
        """Everything as tensors on the CPU, for a checkpoint; :meth:`from_state` takes it back."""
        names = torch.tensor(list(json.dumps(self.classes).encode()), dtype=torch.uint8)
        state = {"shape": torch.tensor(self.shape), "classes": names, "scale": self.scale.cpu(), "offset": self.offset.cpu()}
        if self.mean is not None and self.matrix is not None:
            state |= {"mean": self.mean.cpu(), "matrix": self.matrix.cpu()}
        return state

    @classmethod
    def from_state(cls, state: dict[str, Tensor], device: torch.device | None = None) -> "Preprocess":
        """What :meth:`state` was taken from, on ``device`` (default: the CPU)."""
        channels, height, width = (int(side) for side in state["shape"])
        classes = tuple(json.loads(bytes(state["classes"].tolist()).decode()))
        made = cls((channels, height, width), classes, state["scale"], state["offset"], state.get("mean"), state.get("matrix"))
        return made.to(device) if device is not None else made

    def pixels(self, values: Tensor) -> Tensor:
        """The pixels in 0..1 that gave ``values`` (float [B, C, H, W]), for showing them; whitened ones are only scaled."""
        if self.matrix is None:
            return ((values - self.offset.view(-1, 1, 1)) / (self.scale.view(-1, 1, 1) * 255)).clamp_(0, 1)
        low, high = values.amin((1, 2, 3), keepdim=True), values.amax((1, 2, 3), keepdim=True)
        return (values - low) / (high - low).clamp_min(1e-12)


def fit_preprocess(data: Data, shape: tuple[int, int, int], classes: tuple[str, ...], chunks: Iterable[Tensor]) -> Preprocess:
    """The normalisation that ``data`` asks for, from the training images in ``chunks`` (uint8 [B, C, H, W], in turn).

    none: x / 255. min-max: to 0..1 by the lowest and highest pixel of the set, over all channels. centre: to a width of 2
    (as -1..1 has) by the same two, and mean 0 per channel (LeCun et al., Efficient BackProp, 1998, 4.3). standardise: mean 0
    and (population) deviation 1 per channel. zca: x / 255 whitened, W = U (L + epsilon)^-1/2 U^T with the eigenvalues L
    and eigenvectors U of the pixels' covariance (Krizhevsky, Learning multiple layers of features, 2009, appendix A).
    The set is gone through chunk by chunk, so there is never a float copy of it.
    Raises ConfigError where ZCA is asked of images too large for it.
    """
    channels = shape[0]
    plain = torch.full((channels,), 1 / 255), torch.zeros(channels)
    if data.normalise == "none":
        return Preprocess(shape, classes, *plain)
    if data.normalise == "zca":
        return Preprocess(shape, classes, *plain, *_fit_zca(shape, chunks, data.zca_epsilon))
    counts = _counts(channels, chunks)
    if data.normalise == "standardise":
        mean, variance = _moments(counts)
        deviation = torch.where(variance < 1e-6, 255.0, variance.sqrt())  # a channel of one value carries nothing: only centre it
        return Preprocess(shape, classes, (1 / deviation).float(), (-mean / deviation).float())
    present = counts.sum(0).nonzero()
    lowest, spread = int(present[0]), int(present[-1] - present[0]) or 255
    if data.normalise == "min-max":
        return Preprocess(shape, classes, torch.full((channels,), 1 / spread), torch.full((channels,), -lowest / spread))
    return Preprocess(shape, classes, torch.full((channels,), 2 / spread), (_moments(counts)[0] * (-2 / spread)).float())


def fit_points(data: Data, shape: tuple[int, int, int], classes: tuple[str, ...], chunks: Iterable[Tensor]) -> Preprocess:
    """The normalisation that ``data`` asks for, from the training points in ``chunks`` (float32 [B, F, 1, 1], in turn).

    none: as they are. min-max: each feature to 0..1. centre: to a width of 2 and mean 0. standardise: mean 0 and (population)
    deviation 1 of each feature.
    """
    if data.normalise == "none":
        return Preprocess(shape, classes, torch.ones(shape[0]), torch.zeros(shape[0]))
    rows = torch.cat([points.cpu().flatten(1) for points in chunks]).double()
    width = rows.amax(0) - rows.amin(0)
    match data.normalise:
        case "min-max":
            offset, spread = rows.amin(0), width
        case "centre":
            offset, spread = rows.mean(0), width / 2
        case _:
            offset, spread = rows.mean(0), rows.std(0, correction=0)
    scale = 1 / torch.where(spread < 1e-12, 1.0, spread)  # a feature of one value carries nothing: only move it
    return Preprocess(shape, classes, scale.float(), (-offset * scale).float())


def _counts(channels: int, chunks: Iterable[Tensor]) -> Tensor:
    """How often each channel has each of the 256 levels, float64 [C, 256].

    Counts are exact: what is computed from them doesn't depend on the threads or the chunks, as float32 sums do.
    """
    counts = torch.zeros(channels, 256, dtype=torch.float64)
    for images in chunks:
        for channel in range(channels):
            counts[channel] += torch.bincount(images[:, channel].flatten(), minlength=256).cpu()
    return counts


def _moments(counts: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and population variance per channel, float64 [C] each."""
    levels, pixels = torch.arange(256, dtype=torch.float64), counts.sum(1)
    mean = counts @ levels / pixels
    return mean, (counts * (levels - mean[:, None]).square()).sum(1) / pixels


def _fit_zca(shape: tuple[int, int, int], chunks: Iterable[Tensor], epsilon: float) -> tuple[Tensor, Tensor]:
    values = shape[0] * shape[1] * shape[2]
    if values > MAX_ZCA_VALUES:
        raise ConfigError(
            f"data.normalise = zca needs images of at most {MAX_ZCA_VALUES} values, these have {' x '.join(map(str, shape))} = {values}; "
            "set data.image_size lower, or normalise otherwise"
        )
    count, total, products = 0, torch.zeros(values, dtype=torch.float64), torch.zeros(values, values, dtype=torch.float64)
    for images in chunks:
        rows = images.cpu().flatten(1).to(torch.float32).div_(255)
        count += len(rows)
        total += rows.sum(0, dtype=torch.float64)
        products += rows.T @ rows
    mean = total / count
    covariance = products.div_(count).sub_(torch.outer(mean, mean))
    eigenvalues, vectors = torch.linalg.eigh(covariance)
    matrix = (vectors * (eigenvalues.clamp_min(0) + epsilon).rsqrt()) @ vectors.T
    return mean.float(), matrix.float()
