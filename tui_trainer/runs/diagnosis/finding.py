"""One finding, and what the rules measure by: finite losses, the loss of guessing, what chance does to few images."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from tui_trainer.runs.history import History, Splits

Severity = Literal["good", "note", "warning"]

FEWEST = 5
"""Evaluations, wrong images, and images of a class, below which nothing is said about them."""
CHANCE = 1.64
"""Standard errors that chance exceeds once in twenty times."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the curves show."""

    kind: str
    severity: Severity
    sentence: str
    """What, with the numbers behind it."""
    advice: str = ""
    """What helps, with the keys of the settings; empty where it is what helps against the finding before."""
    since: float | None = None
    """Epoch since when."""


Rule = Callable[[History], Iterator[Finding]]


def losses(split: Splits) -> list[float]:
    """The finite losses of a split's evaluations."""
    return [loss for loss in split.track["loss"] if math.isfinite(loss)]


def guessing_loss(history: History) -> float:
    """ln K, the cross-entropy of guessing among K classes, which the other losses of guessing stay below; infinite where K is not known."""
    newest = history.split("validation").newest or history.split("train").newest
    classes = len(history.started.classes) if history.started else len(newest.confusion) if newest else 0
    return math.log(classes) if classes > 1 else math.inf


def validation_images(history: History) -> int:
    """How many images validation has; 0 where it is not known."""
    newest = history.split("validation").newest
    return sum(map(sum, newest.confusion)) if newest and newest.confusion else history.started.validation_images if history.started else 0


def wrong_images(history: History) -> float:
    """Validation images that the newest evaluation got wrong; where their number is not known, FEWEST."""
    images, accuracy = validation_images(history), history.split("validation").track["accuracy"]
    return images * (1 - accuracy[-1]) if images and accuracy else float(FEWEST)


def chance_of_accuracy(accuracy: float, images: int) -> float:
    """How far an accuracy (0..1) over so many images may be off by chance: CHANCE times sqrt(p (1 - p) / n), p drawn in by (n p + 1) / (n + 2)."""
    share = (images * accuracy + 1) / (images + 2)
    return CHANCE * math.sqrt(share * (1 - share) / images) if images else 0.0


def figure(value: float) -> str:
    """A loss as text."""
    return f"{value:.4g}" if value < 1 or value >= 100 else f"{value:.3f}"
