"""What becomes of the classes: all guessed, some never predicted, one that draws others in."""

from collections.abc import Iterator, Sequence

from tui_trainer.runs.diagnosis.finding import FEWEST, Finding
from tui_trainer.runs.events import Evaluated
from tui_trainer.runs.history import History
from tui_trainer.runs.metrics import class_names

GUESS = 1.1
"""Accuracy over that of always saying the commonest class, up to which it is no better."""
EARLY = 0.1
"""Share of the planned epochs before which nobody is called a guesser; never before one epoch."""
CROWDED = 3.0
"""A class predicted this many times as often as it occurs draws others in."""
RARE = 3.0
"""Images of the commonest class over those of the rarest in training, from which classes are rare."""
NAMED = 5
"""Classes that are named."""


def collapse(history: History) -> Iterator[Finding]:
    """One finding about the newest predictions:

    - *guessing*: after an epoch and a tenth of the plan, accuracy is at most 1.1 times that of always saying the commonest class;
    - else *collapse*: classes with five images and more that are never predicted, or one predicted three times as often as it occurs.

    Help for rare classes is offered only where training has three times as many images of the commonest class as of the rarest.
    """
    newest = history.split("validation").newest or history.split("train").newest
    if newest is None or not newest.confusion:
        return
    names = class_names(history.started.classes if history.started else [], newest.confusion)
    support = [sum(row) for row in newest.confusion]
    predicted = [sum(column) for column in zip(*newest.confusion, strict=True)]
    never = [names[place] for place, count in enumerate(support) if count >= FEWEST and not predicted[place]]
    planned = history.started.total_epochs if history.started else 0.0
    chance = max(support) / max(sum(support), 1)
    if newest.epoch >= max(1.0, EARLY * planned) and newest.accuracy <= GUESS * chance:
        yield _guessing(newest, chance, names, predicted, never)
        return
    said = (
        [f"Never predicted on {newest.split}: {', '.join(never[:NAMED])}{', ...' if len(never) > NAMED else ''} ({len(never)} of {len(names)} classes)."]
        if never
        else []
    )
    most = max(range(len(predicted)), key=lambda place: predicted[place] / max(support[place], 1))
    if support[most] >= FEWEST and predicted[most] >= CROWDED * support[most]:
        said.append(f"Class {names[most]} draws others in: predicted {predicted[most]} times on {newest.split}, but there are {support[most]}.")
    if said:
        rare = _rare(history)
        advice = "For rare classes training.class_weights = balanced, or loss = focal." if rare else "Look at the learning rate and the initial weights."
        yield Finding("collapse", "warning", " ".join(said), advice, newest.epoch)


def _guessing(newest: Evaluated, chance: float, names: Sequence[str], predicted: Sequence[int], never: Sequence[str]) -> Finding:
    most = max(range(len(predicted)), key=predicted.__getitem__)
    where = f" {100 * predicted[most] / max(sum(predicted), 1):.0f} % of the predictions are {names[most]}" + (
        f", {len(never)} of {len(names)} classes get none." if never else "."
    )
    return Finding(
        "guessing", "warning",
        f"After {newest.epoch:.3g} epochs {newest.split} accuracy is {100 * newest.accuracy:.1f} %; always saying the commonest class gives {100 * chance:.1f} %.{where}",
        "Look at the data (labels, normalisation), then try a tenth and ten times the learning rate.",
    )  # fmt: skip


def _rare(history: History) -> bool:
    """Whether training has rare classes, as far as its evaluated sample tells (validation, where there is none)."""
    newest = history.split("train").newest or history.split("validation").newest
    support = [sum(row) for row in newest.confusion] if newest else []
    return bool(support) and max(support) >= RARE * max(min(support), 1)
