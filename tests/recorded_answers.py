"""Answers as the inspection process gives them, the same on every call: what Inspect's tests and pictures look at."""

import math
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from recorded_runs import most_of_the_ring

from tui_trainer.asking import AskingError
from tui_trainer.asking import answers as a
from tui_trainer.asking import questions as q
from tui_trainer.asking.picture import Picture
from tui_trainer.catalogue.points import extent
from tui_trainer.config import load_config
from tui_trainer.runs.metrics import confused_pairs, per_class

CLASSES = tuple(str(number) for number in range(10))
BEST = a.CheckpointInfo("step-001326-best.pt", 1326, 26.0, True, "best")
LAST = a.CheckpointInfo("step-001530.pt", 1530, 30.0, False, "end")
LAYERS = (
    a.LayerInfo("0", "conv 8 5×5 same", (8, 28, 28), 208), a.LayerInfo("1", "relu", (8, 28, 28), 0), a.LayerInfo("2", "max pool 2", (8, 14, 14), 0),
    a.LayerInfo("4", "dense 32", (32,), 50_208), a.LayerInfo("6", "dense 10", (10,), 330),
)  # fmt: skip
STROKES = {
    0: "14,5 19,8 20,14 19,20 14,23 9,20 8,14 9,8 14,5", 1: "12,8 15,5 15,23", 2: "9,9 12,5 17,6 18,10 9,22 19,22", 3: "9,6 16,6 18,9 13,13 18,17 15,22 9,21",
    4: "16,23 16,5 8,17 20,17", 5: "18,5 10,5 10,12 16,12 19,16 17,21 9,22", 6: "17,5 10,13 9,19 14,23 18,19 15,14 10,17", 7: "9,6 19,6 13,23",
    8: "14,13 10,9 14,5 18,9 14,13 9,18 14,23 19,18 14,13", 9: "18,11 13,13 10,9 14,5 18,8 17,16 13,23",
}  # fmt: skip
"""Each digit as a line through these points."""


def digit(number: int, seed: int = 0) -> np.ndarray:
    """A digit as MNIST's: white on black, (28, 28) uint8; the seed bends it."""
    draw = random.Random(seed)
    points = [tuple(map(float, point.split(","))) for point in STROKES[number].split()]
    points = [(x + draw.uniform(-1.2, 1.2), y + draw.uniform(-1.2, 1.2)) for x, y in points]
    row, column = np.mgrid[0:28, 0:28] + 0.5
    near = np.full((28, 28), 99.0)
    for (x0, y0), (x1, y1) in pairwise(points):
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((column - x0) * dx + (row - y0) * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
        near = np.minimum(near, np.hypot(column - x0 - along * dx, row - y0 - along * dy))
    return (np.clip(1.9 - near, 0, 1) * 255).astype(np.uint8)


def probabilities(predicted: int, true: int, sure: float) -> tuple[float, ...]:
    """``sure`` for the prediction, most of the rest for the true class."""
    values = [(1 - sure) * 0.02] * 10
    values[true] = (1 - sure) * 0.84
    values[predicted] = sure
    return tuple(value / sum(values) for value in values)


CONFUSION = tuple(
    tuple((92 - row if row == column else {(4, 9): 6, (9, 4): 3, (7, 2): 2, (3, 5): 4, (5, 3): 2, (8, 3): 1}.get((row, column), 0)) for column in range(10))
    for row in range(10)
)


def images(question: q.ListImages) -> list[a.ShownImage]:
    """Every mistake of CONFUSION, worst first."""
    found = []
    for true in range(10):
        for predicted in range(10):
            wanted = question.true in (None, true) and question.predicted in (None, predicted) and (true != predicted or question.only == "all")
            for number in range(CONFUSION[true][predicted] if wanted else 0):
                seed = 100 * true + 10 * predicted + number
                sure = 0.5 + 0.49 * random.Random(seed).random()
                chances = probabilities(predicted, true, sure)
                found.append(a.ShownImage(seed, true, predicted, chances, -math.log(chances[true]), Picture.of(digit(true, seed))))
    return sorted(found, key=lambda each: -each.loss if question.sort == "loss" else -max(each.probabilities))


def summary(question: q.Summarise) -> a.Summary:
    """Over CONFUSION."""
    figures = per_class(CONFUSION)
    rows = tuple(a.ClassRow(name, each.precision, each.recall, each.f1, each.support, each.misclassified) for name, each in zip(CLASSES, figures, strict=True))
    count = sum(map(sum, CONFUSION))
    right = sum(CONFUSION[number][number] for number in range(10))
    bins = tuple(
        a.Bin(number / question.bins, (number + 1) / question.bins, images, (number + 0.6) / question.bins if images else 0.0, max(0.0, (number + 0.6) / question.bins - 0.02 * (number % 4)) if images else 0.0)
        for number in range(question.bins) for images in [(0 if number < question.bins // 4 else 3 * number + (700 if number == question.bins - 1 else 0))]
    )  # fmt: skip
    pairs = tuple(a.ConfusedPair(true, called, wrong, wrong / sum(CONFUSION[true])) for true, called, wrong in confused_pairs(CONFUSION))
    mean = a.Mean(0.98, 0.979, 0.9795)
    return a.Summary(
        BEST, question.split, CLASSES, count, right / count, 0.0712, 0.0698, CONFUSION, rows, mean, mean, pairs, a.Calibration(bins, 0.0143, 0.061, right / count + 0.012)
    )  # fmt: skip


def kernels(question: q.ShowKernels) -> a.Kernels:
    """Eight 5x5 kernels, or dense weights as 28x28."""
    layer = question.layer or "0"
    side, total = (5, 8) if layer == "0" else (28, 32)
    row, column = np.mgrid[0:side, 0:side] / side - 0.4
    found = [a.Kernel(unit, None, Picture.of_signed(np.sin(4 * row * math.cos(unit) + 4 * column * math.sin(unit) + unit).astype(np.float32), 1.2)) for unit in range(total)]
    with_weights = tuple(each for each in LAYERS if each.parameters)
    name = next(each.name for each in LAYERS if each.place == layer)
    return a.Kernels(layer, name, with_weights, "5×5 kernels" if layer == "0" else "one 28×28 picture a unit", 0.417, total, question.offset, tuple(found[question.offset : question.offset + question.limit]))


def source(image: q.Image) -> tuple[np.ndarray, int | None]:
    """The pixels that a question is about, and their class."""
    if isinstance(image, q.FromSplit):
        true = image.index // 100 % 10
        return digit(true, image.index), true
    return digit(4), None


def features(question: q.ShowFeatures) -> a.Features:
    """Shifted and scaled copies of the image."""
    pixels, true = source(question.image)
    layers = []
    for each in LAYERS:
        if len(each.shape) == 3:
            step = 28 // each.shape[1]
            maps = tuple(Picture.of(np.roll((pixels[::step, ::step] * (0.3 + 0.1 * number)).astype(np.uint8), number, axis=number % 2)) for number in range(8))
            layers.append(a.FeatureLayer(each.place, each.name, each.shape, -1.21 if each.parameters else 0.0, 2.34, 0.0 if each.parameters else 0.41, 8, maps, ()))
        else:
            values = tuple(math.sin(number) for number in range(each.shape[0]))
            layers.append(a.FeatureLayer(each.place, each.name, each.shape, -1.0, 1.0, 0.0, each.shape[0], (), values))
    return a.Features(Picture.of(pixels), probabilities(9, 4, 0.71), true, tuple(layers))


def saliency(question: q.ShowSaliency) -> a.Saliency:
    """The edges of the image."""
    pixels, true = source(question.image)
    edges = np.hypot(*np.gradient(pixels.astype(np.float32)))
    return a.Saliency(Picture.of(pixels), probabilities(9, 4 if true is None else true, 0.71), true, 9, Picture.of_range(edges), Picture.of_signed(edges - edges.mean()))


def histograms(question: q.ShowHistograms) -> a.Histograms:
    """Bells that grow wider."""
    def layer(place: str, name: str, low: float, high: float, dead: float | None) -> a.LayerHistograms:
        at = np.linspace(low, high, question.bins)
        rows = []
        for epoch in (5, 10, 15, 20, 26, 30):
            width = 0.06 + 0.004 * epoch
            counts = tuple(int(value) for value in 1000 * np.exp(-((at / width) ** 2) / 2))
            rows.append(a.Counts(f"step-{51 * epoch:06d}.pt", 51 * epoch, float(epoch), counts, 0.001 * epoch, width, None if dead is None else dead * epoch / 30))
        return a.LayerHistograms(place, name, low, high, tuple(rows))

    weights = (layer("0", "conv 8 5×5 same", -0.4, 0.4, None), layer("4", "dense 32", -0.3, 0.3, None))
    return a.Histograms(question.split, question.images, weights, (layer("1", "relu", 0.0, 1.0, 0.12), layer("6", "dense 10", -1.0, 1.0, None)))


def pair(question: q.Compare) -> a.Pair:
    """Fourteen images that only the first gets right, nine only the second."""
    counts = {"first": 14, "second": 9, "both": 840, "neither": 12}
    total = counts[question.show]
    found = []
    for number in range(question.offset, min(question.offset + question.limit, total)):
        true, other = number % 10, (number * 3 + 5) % 10
        one = true if question.show in ("first", "both") else other
        two = true if question.show in ("second", "both") else other
        found.append(a.PairImage(100 * true + number, true, one, two, probabilities(one, true, 0.8), probabilities(two, true, 0.7), Picture.of(digit(true, number))))
    return a.Pair(BEST, LAST, question.split, CLASSES, 840, 14, 9, 12, 0.405, total, question.offset, tuple(found))


def predicted(question: q.Predict) -> a.Predicted:
    """A 4 for any drawing."""
    empty = isinstance(question.image, q.Drawn) and not any(question.image.picture.pixels)
    return a.Predicted(probabilities(4, 9, 0.93), 4, Picture.of(digit(4) if not empty else np.zeros((28, 28), np.uint8)), empty, 2.4)


def listed(question: q.ListImages) -> a.ImageList:
    """A page of them."""
    found = images(question)
    return a.ImageList(BEST, question.split, len(found), question.offset, tuple(found[question.offset : question.offset + question.limit]))


def boundary(question: q.ShowBoundary) -> a.Boundary:
    """Of a network that has found most of the inner ring."""
    plane = extent(load_config("circles-mlp").data)
    levels = np.round(most_of_the_ring(question.side) * 255).astype(np.uint8).tobytes()
    return a.Boundary(BEST, plane.left, plane.right, plane.bottom, plane.top, question.side, ("outer", "inner"), levels)


ANSWERS: dict[type, Callable[[Any], Any]] = {
    q.Open: lambda question: a.Opened("brisk-otter", BEST, (BEST, LAST), CLASSES, (1, 28, 28), "digits", LAYERS, True, "cpu"),
    q.Summarise: summary, q.ListImages: listed, q.ShowKernels: kernels, q.ShowFeatures: features, q.ShowSaliency: saliency,
    q.ShowHistograms: histograms, q.Compare: pair, q.Predict: predicted, q.ShowBoundary: boundary,
}  # fmt: skip


class RecordedInspector:
    """Takes the inspector's place: answers at once, or fails with ``problem``, or stays in ``state`` starting and never answers."""

    def __init__(self, state: str = "ready", problem: str = "") -> None:
        self.state, self.problem = state, problem
        self.asked: list[Any] = []
        self.closed = False

    async def start(self) -> None:
        """Nothing to start."""

    async def ask(self, question: Any, slot: str = "", progress: Any = None) -> Any:
        """The recorded answer."""
        import asyncio

        self.asked.append(question)
        if self.state == "starting":
            await asyncio.Event().wait()
        if self.problem:
            raise AskingError(self.problem)
        return ANSWERS[type(question)](question)

    async def close(self) -> None:
        """As the real one."""
        self.closed = True
