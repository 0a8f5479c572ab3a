"""What the curves show, in words, from stated rules with the numbers behind them.

Each rule looks at figures that every run tells (losses, accuracies, the confusion matrix) and speaks only when its
threshold is passed; the thresholds are the constants below, and every finding carries the numbers it rests on.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from tui_trainer.runs.history import History, Mark, Splits

Severity = Literal["good", "note", "warning"]

RISE = 0.05
"""Validation loss this much (relative) above its lowest counts as risen, where the train loss fell meanwhile."""
GAP = 0.03
"""Difference between train and validation accuracy (0..1) from which it is spoken of."""
HIGHER = 1.2
"""Train loss now over its lowest stretch since the learning rate last changed, from which the rate is called too high."""
SWINGS, SWING = 0.7, 0.15
"""Share of turns among the newest evaluations, and their mean size (relative), from which the loss is said to oscillate."""
FLAT, FLAT_SHARE = 0.01, 0.2
"""Relative fall of the validation loss below which the newest stretch, this share of the evaluations, is a plateau."""
FALLING = 0.01
"""Relative fall of the validation loss over the last fifth from which a run that is over is said to have stopped early."""
CROWDED = 3.0
"""A class predicted this many times as often as it occurs draws others in."""
DEAD = 0.2
"""Share of a layer's ReLUs that are dead, from which it is spoken of."""
FEWEST = 5
"""Evaluations, and images of a class, below which nothing is said."""
STRETCH = 20
"""Reports of steps that make a stretch, whose mean stands for the noisy loss of single batches."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the curves show."""

    kind: str
    severity: Severity
    sentence: str
    """What, with the numbers behind it."""
    advice: str = ""
    """What helps, with the keys of the settings."""
    since: float | None = None
    """Epoch since when."""


Rule = Callable[[History], Iterator[Finding]]


def diagnose(history: History) -> list[Finding]:
    """What the run's curves show, warnings first; where nothing is amiss, one finding says so. Empty before there is anything to see."""
    validation = _losses(history.split("validation"))
    if len(history.steps) < STRETCH and len(validation) < 2:
        return []
    found = [finding for rule in RULES for finding in rule(history)]
    order: dict[Severity, int] = {"warning": 0, "note": 1, "good": 2}
    found.sort(key=lambda finding: order[finding.severity])
    if not any(finding.severity == "warning" for finding in found):
        found += _well(history)
    return found


def overfitting(history: History) -> Iterator[Finding]:
    """Validation loss above its lowest by RISE and more, while the train loss fell since then."""
    train, validation = history.split("train"), history.split("validation")
    losses, fitted = _losses(validation), _losses(train)
    if len(losses) < 3 or len(fitted) != len(losses):
        return
    low = min(range(len(losses)), key=losses.__getitem__)
    risen = losses[-1] / losses[low] - 1 if losses[low] > 0 else 0.0
    if low > len(losses) - 2 or risen < RISE or fitted[-1] >= fitted[low]:
        return
    epoch = validation.track["epoch"][low]
    gap = train.track["accuracy"][-1] - validation.track["accuracy"][-1]
    yield Finding(
        "overfitting",
        "warning",
        f"Overfitting since epoch {epoch:.3g}: validation loss rose from {_figure(losses[low])} to {_figure(losses[-1])}, "
        f"while train loss fell from {_figure(fitted[low])} to {_figure(fitted[-1])}; accuracy gap {100 * gap:.1f} pp.",
        "Stop there (training.early_stopping, training.result = best), or regularise: dropout, training.weight_decay, data.augment, more images.",
        epoch,
    )


def gap(history: History) -> Iterator[Finding]:
    """Train accuracy above validation accuracy by GAP and more, though the validation loss has not risen."""
    train, validation = history.split("train").track, history.split("validation").track
    if len(train) < 3 or len(train) != len(validation) or any(overfitting(history)):
        return
    gaps = [ours - theirs for ours, theirs in zip(train["accuracy"], validation["accuracy"], strict=True)]
    if gaps[-1] < GAP:
        return
    since = next(place for place in range(len(gaps)) if all(each >= GAP for each in gaps[place:]))
    epoch = train["epoch"][since]
    yield Finding(
        "gap",
        "note",
        f"The gap between train ({100 * train['accuracy'][-1]:.1f} %) and validation ({100 * validation['accuracy'][-1]:.1f} %) accuracy is "
        f"{100 * gaps[-1]:.1f} pp, above {100 * GAP:.0f} pp since epoch {epoch:.3g}.",
        "More images, data.augment, dropout or training.weight_decay narrow it.",
        epoch,
    )


def rate_too_high(history: History) -> Iterator[Finding]:
    """The train loss rises, or swings from evaluation to evaluation, at a learning rate that nobody lowered."""
    began = _rate_changed(history)
    losses = [loss for step, loss in zip(history.steps["step"], history.steps["loss"], strict=True) if step > began and math.isfinite(loss)]
    rate = history.newest.learning_rate if history.newest else 0.0
    lower = "A lower training.learning_rate (a third, then a tenth), training.clip_norm or training.warmup; `tui-trainer find-lr` measures what it stands."
    if history.ended and "not a finite number" in history.ended.reason:
        yield Finding("learning-rate", "warning", f"The loss became infinite at step {history.ended.step} with learning rate {rate:.3g}.", lower, history.ended.epoch)
        return
    means = [sum(losses[first : first + STRETCH]) / STRETCH for first in range(0, len(losses) - STRETCH + 1, STRETCH)]
    if len(means) >= 3 and means[-1] > HIGHER * min(means) and means[-1] - min(means) > 0.1:
        yield Finding(
            "learning-rate", "warning",
            f"The learning rate {rate:.3g} looks too high: train loss rose from {_figure(min(means))} to {_figure(means[-1])} (means of {STRETCH} reports).", lower,
        )  # fmt: skip
        return
    recent = _losses(history.split("train"))[-8:]
    if len(recent) < FEWEST:
        return
    moves = [after - before for before, after in pairwise(recent)]
    turns = sum(1 for before, after in pairwise(moves) if before * after < 0) / (len(moves) - 1)
    size = sum(map(abs, moves)) / len(moves) / max(sum(recent) / len(recent), 1e-12)
    if turns >= SWINGS and size >= SWING and recent[-1] > 0.01:
        yield Finding(
            "learning-rate", "warning",
            f"Train loss oscillates at learning rate {rate:.3g}: it turned {round(turns * (len(moves) - 1))} times in {len(recent)} evaluations, "
            f"by {100 * size:.0f} % each.", lower,
        )  # fmt: skip


def plateau(history: History) -> Iterator[Finding]:
    """The validation loss fell by less than FLAT over the newest stretch, and did not rise either."""
    losses = _losses(history.split("validation"))
    stretch = max(FEWEST, round(FLAT_SHARE * len(losses)))
    if len(losses) <= stretch or any(overfitting(history)):
        return
    before, newest = min(losses[:-stretch]), min(losses[-stretch:])
    if before <= 0 or newest < (1 - FLAT) * before:
        return
    epoch = history.split("validation").track["epoch"][len(losses) - stretch - 1]
    yield Finding(
        "plateau", "note",
        f"Plateau since epoch {epoch:.3g}: the lowest validation loss of the last {stretch} evaluations, {_figure(newest)}, is not 1 % below the one before, {_figure(before)}.",
        "A lower learning rate (training.schedule = plateau, cosine) or a larger network moves it; otherwise it has learnt what it can.", epoch,
    )  # fmt: skip


def too_short(history: History) -> Iterator[Finding]:
    """The run is over while its validation loss still fell."""
    losses = _losses(history.split("validation"))
    if history.ended is None or history.ended.state != "finished" or len(losses) < FEWEST:
        return
    stretch = max(1, len(losses) // 5)
    before, newest = min(losses[:-stretch]), min(losses[-stretch:])
    if newest == min(losses) and before > 0 and 1 - newest / before >= FALLING * stretch:
        yield Finding(
            "too-short", "note", f"It was still learning: validation loss fell from {_figure(before)} to {_figure(newest)} over the last {stretch} evaluations.",
            "More training.epochs would help: fork the run from its last checkpoint.",
        )  # fmt: skip


def collapse(history: History) -> Iterator[Finding]:
    """Classes that are never predicted, and one that draws others in."""
    newest = history.split("validation").newest or history.split("train").newest
    if newest is None or not newest.confusion:
        return
    names = history.started.classes if history.started else []
    named = [names[place] if place < len(names) else str(place) for place in range(len(newest.confusion))]
    support = [sum(row) for row in newest.confusion]
    predicted = [sum(column) for column in zip(*newest.confusion, strict=True)]
    never = [named[place] for place, count in enumerate(support) if count >= FEWEST and not predicted[place]]
    if never:
        listed = ", ".join(never[:5]) + (", ..." if len(never) > 5 else "")
        yield Finding("collapse", "warning", f"Never predicted on {newest.split}: {listed} ({len(never)} of {len(named)} classes).", _COLLAPSE, newest.epoch)
    most = max(range(len(predicted)), key=lambda place: predicted[place] / max(support[place], 1))
    if support[most] >= FEWEST and predicted[most] >= CROWDED * support[most]:
        yield Finding(
            "collapse", "warning",
            f"Class {named[most]} draws others in: predicted {predicted[most]} times on {newest.split}, but there are {support[most]}.", _COLLAPSE, newest.epoch,
        )  # fmt: skip


_COLLAPSE = "Look at the learning rate and the initial weights; for rare classes training.class_weights = balanced, or loss = focal."


def guessing(history: History) -> Iterator[Finding]:
    """No better than always saying the commonest class, after an epoch and more."""
    newest = history.split("validation").newest or history.split("train").newest
    if newest is None or newest.epoch < 1 or not newest.confusion:
        return
    support = [sum(row) for row in newest.confusion]
    chance = max(support) / max(sum(support), 1)
    if newest.accuracy <= 1.1 * chance:
        yield Finding(
            "guessing", "warning",
            f"After {newest.epoch:.3g} epochs {newest.split} accuracy is {100 * newest.accuracy:.1f} %; always saying the commonest class gives {100 * chance:.1f} %.",
            "Look at the data (labels, normalisation), then try a tenth and ten times the learning rate.",
        )  # fmt: skip


def dead_relus(history: History) -> Iterator[Finding]:
    """Layers of which DEAD and more of the ReLUs are 0 for every image of a sample."""
    if not history.units:
        return
    newest = history.units[-1]
    worst = sorted(((share, place) for place, share in newest.dead.items() if share >= DEAD), reverse=True)
    if not worst:
        return
    share, place = worst[0]
    told = list(history.units)
    since = next(each.epoch for number, each in enumerate(told) if all(later.dead.get(place, 0.0) >= DEAD for later in told[number:]))
    more = f"; {len(worst) - 1} more layer{'s' if len(worst) > 2 else ''} have {100 * DEAD:.0f} % and more" if len(worst) > 1 else ""
    yield Finding(
        "dead-relus", "warning",
        f"Dead ReLUs in layer {place}: {100 * share:.0f} % of its units are 0 for all of {newest.images} training images, "
        f"{100 * DEAD:.0f} % and more since epoch {since:.3g}{more}.",
        "They get no gradient and stay dead: a lower training.learning_rate or training.warmup, initialiser he, batch-norm before them, or leaky-relu.", since,
    )  # fmt: skip


def _well(history: History) -> Iterator[Finding]:
    train, validation = history.split("train").track, history.split("validation").track
    if len(train) < 2 or len(validation) < 2:
        return
    difference = 100 * (train["accuracy"][-1] - validation["accuracy"][-1])
    yield Finding(
        "well", "good",
        f"Training goes well: validation loss {_figure(validation['loss'][0])} → {_figure(validation['loss'][-1])}, accuracy {100 * validation['accuracy'][-1]:.1f} %, "
        f"{abs(difference):.1f} pp {'below' if difference >= 0 else 'above'} train.",
    )  # fmt: skip


RULES: Sequence[Rule] = (guessing, rate_too_high, overfitting, collapse, dead_relus, gap, plateau, too_short)


def _losses(split: Splits) -> list[float]:
    return [loss for loss in split.track["loss"] if math.isfinite(loss)]


def _rate_changed(history: History) -> int:
    """The step at which somebody last bent the curves; 0 where nobody did."""
    marks: list[Mark] = history.marks
    return marks[-1].step if marks else 0


def _figure(value: float) -> str:
    return f"{value:.4g}" if value < 1 else f"{value:.3f}"
