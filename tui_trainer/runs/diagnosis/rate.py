"""The learning rate: too high (the loss blows up, rises, or swings) or too low (it hardly falls)."""

import math
from collections.abc import Iterator
from itertools import pairwise

from tui_trainer.runs.diagnosis.finding import FEWEST, Finding, figure, guessing_loss
from tui_trainer.runs.history import History

BLOWN = 4.0
"""Train loss over the loss of guessing, ln K, from which it has blown up."""
ABOVE, UNLEARNT = 1.5, 0.8
"""Train loss now over ln K: far above guessing; no better than guessing."""
HIGHER, BY = 1.2, 0.1
"""Train loss now over its lowest since the learning rate last changed, and the least difference, from which it has risen."""
STRETCH = 20
"""Reports of steps that make a stretch, whose mean stands for the noisy loss of single batches."""
SWINGS, SWING, SWING_LEAST = 0.7, 0.15, 0.02
"""Share of turns among the newest eight evaluations, and their mean size relative to the loss and to ln K, from which it oscillates."""
SLOW, HIGH = 0.1, 0.5
"""Relative fall of the train loss over the newer half of the evaluations below which it is slow, and the loss over its first below which it has learnt."""

LOWER = "A lower training.learning_rate (a third, then a tenth), training.clip_norm or training.warmup; `tui-trainer find-lr` measures what it stands."
HIGHER_RATE = "A higher training.learning_rate (three times, then ten times); `tui-trainer find-lr` measures what it stands."


def rate_too_high(history: History) -> Iterator[Finding]:
    """The train loss, since the learning rate was last changed by hand,

    - became infinite; or
    - went above 4 ln K and is no better than guessing now (0.8 ln K and more), or stays above 1.5 ln K, and is not falling
      (0.8 of the first evaluation and more); or
    - rose a fifth and 0.1 above its lowest: in the mean of the newest 20 reports of steps or in both newest evaluations; or
    - turned at 70 % of the newest eight evaluations, by 15 % of the loss and 0.02 ln K at the mean, and gets no lower.
    """
    rate = history.newest.learning_rate if history.newest else 0.0
    if history.ended and "not a finite number" in history.ended.reason:
        yield Finding(
            "learning-rate", "warning", f"The loss became infinite at step {history.ended.step} with learning rate {rate:.3g}.", LOWER, history.ended.epoch
        )
        return
    reports, evaluations = _reports(history), _evaluations(history)
    course = evaluations if len(evaluations) > 1 else _means(reports[1:], max(1, len(reports) // 4))
    if len(course) < 2:
        return
    guess, now, highest = guessing_loss(history), course[-1], max([*reports, *course])
    blown = now >= ABOVE * guess or (highest >= BLOWN * guess and now >= UNLEARNT * guess)
    if blown and history.epoch >= 1 and now >= UNLEARNT * course[0]:
        yield Finding(
            "learning-rate", "warning",
            f"The learning rate {rate:.3g} is too high: train loss went up to {figure(highest)} and is {figure(now)} now; guessing gives {figure(guess)}.", LOWER,
        )  # fmt: skip
        return
    means = _means(reports, STRETCH)
    for found, least, of in ((means, 3, f"means of {STRETCH} reports"), (evaluations, 3, "evaluations")):
        newest = found[-1] if found is means and found else min(found[-2:], default=0.0)
        if len(found) >= least and newest > HIGHER * min(found) and newest - min(found) > BY:
            yield Finding(
                "learning-rate",
                "warning",
                f"The learning rate {rate:.3g} looks too high: train loss rose from {figure(min(found))} to {figure(newest)} ({of}).",
                LOWER,
            )
            return
    yield from _oscillating(evaluations[-8:], rate, guess)


def _oscillating(recent: list[float], rate: float, guess: float) -> Iterator[Finding]:
    if len(recent) < FEWEST:
        return
    moves = [after - before for before, after in pairwise(recent)]
    turns = sum(1 for before, after in pairwise(moves) if before * after < 0)
    mean, size = sum(recent) / len(recent), sum(map(abs, moves)) / len(moves)
    half = len(recent) // 2
    lower = sum(recent[-half:]) / half < (1 - SWING) * sum(recent[:half]) / half
    large = size >= SWING * mean and (size >= SWING_LEAST * guess or not math.isfinite(guess))
    if turns >= SWINGS * (len(moves) - 1) and large and not lower:
        yield Finding(
            "learning-rate", "warning",
            f"Train loss oscillates at learning rate {rate:.3g}: it turned {turns} times in {len(recent)} evaluations, by {100 * size / mean:.0f} % each, and got no lower.", LOWER,
        )  # fmt: skip


def rate_too_low(history: History) -> Iterator[Finding]:
    """The train loss fell at each of the newest evaluations (five, or a fifth of them), but by less than 10 % over the newer half of
    all, and is still above half of what it was at first, or of ln K where that is less."""
    found = _evaluations(history)
    stretch = max(FEWEST, len(found) // 5)
    if len(found) < stretch or not all(after < before for before, after in pairwise(found[-stretch:])):
        return
    middle = found[(len(found) - 1) // 2]
    if found[-1] < HIGH * min(found[0], guessing_loss(history)) or found[-1] < (1 - SLOW) * middle:
        return
    rate = history.newest.learning_rate if history.newest else 0.0
    yield Finding(
        "learning-rate", "warning",
        f"The learning rate {rate:.3g} looks too low: train loss falls evenly but hardly, {figure(found[0])} at first, {figure(middle)} half-way, {figure(found[-1])} now.", HIGHER_RATE,
    )  # fmt: skip


def _changed(history: History) -> int:
    """The step at which somebody last bent the curves; -1 where nobody did."""
    return history.marks[-1].step if history.marks else -1


def _reports(history: History) -> list[float]:
    began = _changed(history)
    return [loss for step, loss in zip(history.steps["step"], history.steps["loss"], strict=True) if step > began and math.isfinite(loss)]


def _evaluations(history: History) -> list[float]:
    began, track = _changed(history), history.split("train").track
    return [loss for step, loss in zip(track["step"], track["loss"], strict=True) if step > began and math.isfinite(loss)]


def _means(found: list[float], length: int) -> list[float]:
    return [sum(found[first : first + length]) / length for first in range(0, len(found) - length + 1, length)]
