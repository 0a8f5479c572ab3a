"""Learning-rate range test: the rate rises exponentially from step to step until the loss diverges.

Smith, Cyclical Learning Rates for Training Neural Networks, 2015, section 3.3; smoothing, stop and the two suggestions as they
became usual through fastai (Gugger, How do you find a good learning rate, 2018):

- the loss is averaged exponentially, s_i = (b s_{i-1} + (1 - b) L_i), over 1 - b^i for the start;
- it diverges when the average exceeds four times its minimum so far, or is not finite;
- *steepest*: where the average falls fastest over log(rate), before its minimum;
- *a tenth of the minimum*: a tenth of the rate at which the average was lowest.

Ours: a curve suggests something only where it falls clearly. The first SETTLED (10) averages, of few batches each, are passed over; from the
mean loss of the first START (20) batches to the lowest average it must fall by FALL (5 %) of it, and by NOISE (one) standard deviation of single
batches; and the steepest place is looked for after the first tenth of that fall, where noise has no slope to offer.
"""

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch

from tui_trainer.training.batches import Batches, Position
from tui_trainer.training.losses import make_loss
from tui_trainer.training.manual import manual_step
from tui_trainer.training.optimisers import make_optimiser
from tui_trainer.training.prepare import Prepared
from tui_trainer.training.steps import eager_step

DIVERGED = 4.0
"""Times the lowest average so far."""
SLOPE = 5
"""Points either side that a slope is fitted over."""
SETTLED, START = 10, 20
"""Averages that are passed over, and batches whose mean is the loss before anything was learnt."""
FALL, NOISE, UNDER_WAY = 0.05, 1.0, 0.1
"""Least fall relative to the start; relative to the standard deviation of single batches; share of it from which the fall is under way."""
FEWEST = START + 2 * SLOPE + 1
"""Points from which a curve can suggest something."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One step at one learning rate."""

    step: int
    learning_rate: float
    loss: float
    """Of its batch, before the step."""
    smoothed: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the curve suggests."""

    steepest: float
    tenth_of_minimum: float
    lowest_at: float
    """The rate with the lowest averaged loss."""
    lowest: float
    """That loss."""
    diverged_at: float | None
    """The rate at which it ended; None where it went through."""

    @property
    def learning_rate(self) -> float:
        """The one to take: where the loss falls fastest, at two significant digits; a tenth of the minimum is the cautious one."""
        return float(f"{self.steepest:.2g}")


@dataclass(frozen=True, slots=True)
class NoSuggestion:
    """Why the curve suggests nothing, as a sentence."""

    reason: str


def rates(first: float, last: float, steps: int) -> list[float]:
    """Learning rates from ``first`` to ``last`` by equal factors."""
    return [first * (last / first) ** (step / (steps - 1)) for step in range(steps)]


def range_test(prepared: Prepared, first: float = 1e-6, last: float = 10.0, steps: int = 200, smoothing: float = 0.9) -> Iterator[Tried]:
    """Train from the initial weights with a rising rate; ends when the loss diverges. The network's weights are spent afterwards.

    It reads every loss from the device at once: it is a measurement, not a training.
    """
    config, data, recipe = prepared.config, prepared.data, prepared.stages[0].recipe
    training = config.training
    optimiser = make_optimiser([parameter for parameter in prepared.model.parameters() if parameter.requires_grad], recipe)
    model = prepared.model.train()
    if training.gradients == "manual":
        take_step = manual_step(config.network, recipe, data.class_counts, model, optimiser, prepared.device)
    else:
        criterion = make_loss(recipe, data.class_counts, prepared.device)
        take_step = eager_step(model, criterion, optimiser, recipe.clip_norm, prepared.device, training.precision)
    average, lowest = 0.0, math.inf
    batches = _endless(Batches(data, training.seed, True, prepared.channels_last), recipe.batch_size, prepared.stages[0].smallest_batch)
    for step, (rate, (images, targets)) in enumerate(zip(rates(first, last, steps), batches, strict=False)):
        optimiser.lr = rate
        loss = float(take_step(images, targets).loss)
        average = smoothing * average + (1 - smoothing) * loss
        smoothed = average / (1 - smoothing ** (step + 1))
        yield Tried(step, rate, loss, smoothed)
        lowest = min(lowest, smoothed)
        if not math.isfinite(loss) or (step >= FEWEST and smoothed > DIVERGED * lowest):
            return


def _endless(batches: Batches, batch_size: int, smallest: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    epoch = 0
    while True:
        yield from batches.rest_of_epoch(Position(epoch=epoch), batch_size, smallest)
        epoch += 1


def suggest(tried: list[Tried], steps: int) -> Suggestion | NoSuggestion:
    """What the curve of a test of ``steps`` planned steps suggests, by the rules at the head of this file."""
    finite = [each for each in tried if math.isfinite(each.smoothed)]
    if len(finite) < FEWEST:
        return NoSuggestion(f"no suggestion: the loss diverged after {len(finite)} steps, too few for a curve; begin at a lower rate or take more steps.")
    bottom = min(range(SETTLED, len(finite)), key=lambda place: finite[place].smoothed)
    lowest, start = finite[bottom], sum(each.loss for each in finite[:START]) / START
    fall, noise = start - lowest.smoothed, max(_noise(finite[: max(bottom, 2 * START)]), _noise(finite[max(0, bottom - START) : bottom + START]))
    if fall < max(FALL * start, NOISE * noise):
        return NoSuggestion(
            f"no suggestion: the loss never fell clearly, from {start:.4g} to {lowest.smoothed:.4g} at the lowest, while single batches differ by {noise:.2g}; "
            "larger batches, other initial weights or more steps may show a fall."
        )
    begun = max((place for place in range(bottom) if finite[place].smoothed >= start - UNDER_WAY * fall), default=0)
    places = range(max(SLOPE, begun), min(bottom, len(finite) - SLOPE - 1) + 1)
    steepest = min(places, key=lambda place: slope(finite[place - SLOPE : place + SLOPE + 1]), default=bottom)
    ended = tried[-1].learning_rate if len(tried) < steps else None
    return Suggestion(finite[steepest].learning_rate, lowest.learning_rate / 10, lowest.learning_rate, lowest.smoothed, ended)


def _noise(points: list[Tried]) -> float:
    """Standard deviation of single batches' losses about their course: of normal noise the median size of a difference of two is 0.954 of it."""
    return statistics.median([abs(after.loss - before.loss) for before, after in pairwise(points) if math.isfinite(after.loss)] or [0.0]) / 0.954


def slope(points: list[Tried]) -> float:
    """Least-squares slope of the averaged loss over ln(rate)."""
    xs = [math.log(point.learning_rate) for point in points]
    mean_x, mean_y = sum(xs) / len(xs), sum(point.smoothed for point in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x in xs)
    return sum((x - mean_x) * (point.smoothed - mean_y) for x, point in zip(xs, points, strict=True)) / spread
