"""How weights and activations are distributed, and how they moved over a run's checkpoints."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor

from tui_trainer.asking.answers import CheckpointInfo, Counts, Histograms, LayerHistograms, LayerInfo
from tui_trainer.asking.questions import ShowHistograms, Split, Weights
from tui_trainer.config import ConfigError
from tui_trainer.data.later import Later
from tui_trainer.inspection.breath import Breathe
from tui_trainer.inspection.kernels import weighted
from tui_trainer.inspection.looking import network_input
from tui_trainer.inspection.shelf import Loaded, Store, checkpoints_of, run_folder
from tui_trainer.inspection.taps import Take, Tap, tapped
from tui_trainer.network import size_of
from tui_trainer.runs.checkpoints import read_index

BATCH = 64
BATCH_VALUES = 2_000_000
"""Activations of a batch at most: looked through in some hundredths of a second."""
MOST_IMAGES, MOST_BINS, MOST_CHECKPOINTS = 4096, 400, 24


@dataclass(slots=True)
class Moments:
    """What is known of many numbers without keeping them."""

    low: float = math.inf
    high: float = -math.inf
    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    silent: Tensor | None = None
    """Of a ReLU's units, bool (units,): which were 0 so far."""
    nothing: int = 0
    """Of a ReLU's activations: how many were 0."""

    def add(self, values: Tensor) -> None:
        """Take in ``values``; those that are not finite are left out."""
        numbers = values[values.isfinite()].double()
        if numbers.numel():
            self.low, self.high = min(self.low, float(numbers.min())), max(self.high, float(numbers.max()))
            self.count += numbers.numel()
            self.total += float(numbers.sum())
            self.squares += float(numbers.square().sum())

    @property
    def mean(self) -> float:
        """0 of no numbers."""
        return self.total / self.count if self.count else 0.0

    @property
    def deviation(self) -> float:
        """Population standard deviation."""
        return math.sqrt(max(0.0, self.squares / self.count - self.mean**2)) if self.count else 0.0

    @property
    def dead(self) -> float | None:
        """Share of a ReLU's units that were always 0."""
        return None if self.silent is None else float(self.silent.double().mean())

    @property
    def zeros(self) -> float | None:
        """Share of a ReLU's activations that were 0."""
        return None if self.silent is None else self.nothing / max(1, self.count)


@dataclass(slots=True)
class _Layer:
    """One layer over the checkpoints, by their files: first its moments, which give the range of the bins, then its counts."""

    info: LayerInfo
    moments: dict[str, Moments] = field(default_factory=dict)
    counts: dict[str, Tensor] = field(default_factory=dict)

    @property
    def reach(self) -> tuple[float, float]:
        low, high = min(each.low for each in self.moments.values()), max(each.high for each in self.moments.values())
        if not math.isfinite(low) or not math.isfinite(high):
            return 0.0, 1.0
        return (low, high) if high > low else (low - 0.5, high + 0.5)


Layers = dict[str, _Layer]
"""By the layers' places."""


def histograms(store: Store, question: ShowHistograms, breathe: Breathe) -> Histograms:
    """See :class:`ShowHistograms`. Raises ConfigError.

    A ReLU's unit is a channel where its output is an image, a single value elsewhere. Its zeros are told as a share and left out
    of its counts, beside which the rest would not be seen. Of checkpoints of one step, whose weights are the same, the newest stands.
    """
    if not 1 <= question.images <= MOST_IMAGES or not 2 <= question.bins <= MOST_BINS:
        raise ConfigError(f"images {question.images}, bins {question.bins}: allowed are 1 to {MOST_IMAGES} images and 2 to {MOST_BINS} bins")
    run = run_folder(question.weights.run)
    points = _spread(_of_steps(checkpoints_of(run.checkpoints)))
    if not points:
        raise ConfigError(f"{run.checkpoints}: the run has no checkpoint yet")
    split, pixels = _sample(store, question, breathe)
    weights: Layers = {}
    outputs: Layers = {}
    for turn in (0, 1):  # the ranges first, then the counts: no activation is kept
        for number, point in enumerate(points):
            tell = partial(breathe, "checkpoints", turn * len(points) + number, 2 * len(points))
            tell()
            try:
                loaded = store.network(Weights(question.weights.run, point.file, question.weights.trust), keep=False)
            except ConfigError:
                if point.file in read_index(run.checkpoints).entries:
                    raise
                continue  # a live trainer has deleted it meanwhile
            if turn == 0:
                _measure(loaded, pixels, point.file, weights, outputs, tell)
            else:
                _count(loaded, pixels, point.file, weights, outputs, question.bins, tell)
    return Histograms(split, len(pixels), *(tuple(_told(layer, points) for layer in layers.values()) for layers in (weights, outputs)))


def _of_steps(points: tuple[CheckpointInfo, ...]) -> tuple[CheckpointInfo, ...]:
    """One of each step: the newest, which is the best where one of them is."""
    by_step: dict[int, CheckpointInfo] = {}
    for point in points:
        older = by_step.pop(point.step, None)
        by_step[point.step] = replace(point, best=point.best or (older is not None and older.best))
    return tuple(by_step.values())


def _spread(points: tuple[CheckpointInfo, ...]) -> tuple[CheckpointInfo, ...]:
    """At most so many that the work stays short: the first, the last, and others evenly between."""
    if len(points) <= MOST_CHECKPOINTS:
        return points
    return tuple(points[round(number * (len(points) - 1) / (MOST_CHECKPOINTS - 1))] for number in range(MOST_CHECKPOINTS))


def _sample(store: Store, question: ShowHistograms, breathe: Breathe) -> tuple[str, Tensor]:
    """The split, and its first images, uint8 [N, C, H, W]."""
    loaded = store.network(Weights(question.weights.run, "last", question.weights.trust))
    held = store.data(loaded, breathe).validation
    none = not len(held.listed if isinstance(held, Later) else held)
    split: Split = "train" if question.split == "validation" and none else question.split
    _, source = store.split(loaded, split, breathe)
    return split, source.read(slice(0, min(question.images, len(source))))[0]


def _measure(loaded: Loaded, pixels: Tensor, file: str, weights: Layers, outputs: Layers, tell: Callable[[], None]) -> None:
    for tap in weighted(loaded):
        weights.setdefault(tap.info.place, _Layer(tap.info)).moments.setdefault(file, Moments()).add(_weight(tap))

    def take(tap: Tap, output: Tensor) -> None:
        moments = outputs.setdefault(tap.info.place, _Layer(tap.info)).moments.setdefault(file, Moments())
        moments.add(output.float())
        if tap.rectifies:
            silent = (output == 0).transpose(0, 1).flatten(1).all(1).cpu() if output.dim() > 1 else (output == 0).cpu()
            moments.silent = silent if moments.silent is None else moments.silent & silent
            moments.nothing += int((output == 0).sum())

    _forward(loaded, pixels, take, tell)


def _count(loaded: Loaded, pixels: Tensor, file: str, weights: Layers, outputs: Layers, bins: int, tell: Callable[[], None]) -> None:
    def into(layer: _Layer, values: Tensor, rectified: bool = False) -> None:
        low, high = layer.reach
        chosen = values.isfinite() & (values != 0) if rectified else values.isfinite()
        counted = torch.histc(values[chosen].float(), bins, low, high).round().long().cpu()
        layer.counts[file] = layer.counts.get(file, torch.zeros(bins, dtype=torch.int64)) + counted

    for tap in weighted(loaded):
        into(weights[tap.info.place], _weight(tap))
    _forward(loaded, pixels, lambda tap, output: into(outputs[tap.info.place], output, tap.rectifies), tell)


def _weight(tap: Tap) -> Tensor:
    weight = tap.module.weight
    assert isinstance(weight, Tensor)
    return weight.detach()


def _forward(loaded: Loaded, pixels: Tensor, take: Take, tell: Callable[[], None]) -> None:
    """Batch by batch, each as large as a breath is long; between them nothing listens to the network, which a stroke may be asking."""
    values = sum(size_of(tap.info.shape) for tap in loaded.taps)
    for batch in torch.split(pixels, max(1, min(BATCH, BATCH_VALUES // max(values, 1)))):
        with torch.inference_mode(), tapped(loaded.trained.model, loaded.taps, take):
            loaded.trained.model(network_input(loaded, batch))
        tell()


def _told(layer: _Layer, points: tuple[CheckpointInfo, ...]) -> LayerHistograms:
    counts = tuple(
        Counts(point.file, point.step, point.epoch, tuple(layer.counts[point.file].tolist()), moments.mean, moments.deviation, moments.dead, moments.zeros, point.best)
        for point in points
        if point.file in layer.counts and (moments := layer.moments.get(point.file))
    )
    return LayerHistograms(layer.info.place, layer.info.name, *layer.reach, counts)
