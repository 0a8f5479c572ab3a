"""How train and validation fit together: overfitting, a gap, a plateau, an end too early."""

import math
from collections.abc import Iterator

from tui_trainer.runs.diagnosis.finding import FEWEST, Finding, chance_of_accuracy, figure, guessing_loss, losses, validation_images, wrong_images
from tui_trainer.runs.history import History

RISE, RISEN, RISEN_SHARE = 0.05, 3, 0.1
"""Validation loss this much (relative) above its lowest counts as risen, where so many newest evaluations, this share of all at least, lie there."""
GAP = 0.03
"""Difference between train and validation accuracy (0..1) from which it is spoken of."""
FLAT, FLAT_SHARE = 0.01, 0.2
"""Relative fall of the validation loss below which the newest stretch, this share of the evaluations, is a plateau."""
FALLING = 0.01
"""Relative fall of the validation loss an evaluation, over the last fifth, from which a run that is over is said to have stopped early."""
HARDLY = 0.5
"""Train loss over ln K, from which a plateau is not one of a network that has learnt."""
LOWERED = 0.1
"""Learning rate now over the highest, up to which it has been lowered already."""


def overfitting(history: History) -> Iterator[Finding]:
    """Validation loss rose and stays up, while the train loss went down:

    - the newest evaluations, three and a tenth of all at least, lie above the lowest by 5 % and by 1/sqrt(w + 1), w the wrong
      validation images now: the loss rests on them, and by chance their number changes by its root;
    - train loss is lower now than it was then;
    - train accuracy over these evaluations is above validation accuracy by more than chance explains (1.64 standard errors), and by
      no less than at the lowest, chance aside.
    """
    train, validation = history.split("train"), history.split("validation")
    told, fitted = losses(validation), losses(train)
    persistent = max(RISEN, math.ceil(RISEN_SHARE * len(told)))
    if len(told) <= persistent or len(fitted) != len(told) or len(train.track) != len(told) or len(validation.track) != len(told):
        return
    low = min(range(len(told)), key=told.__getitem__)
    rise = max(RISE, 1 / math.sqrt(wrong_images(history) + 1))
    if low >= len(told) - persistent or min(told[-persistent:]) < (1 + rise) * told[low] or fitted[-1] >= fitted[low]:
        return
    gaps = _gaps(history)
    newest, chance = sum(gaps[-persistent:]) / persistent, _chance(history)
    if newest <= chance or newest < gaps[low] - chance:
        return
    epoch = validation.track["epoch"][low]
    yield Finding(
        "overfitting", "warning",
        f"Overfitting since epoch {epoch:.3g}: validation loss rose from {figure(told[low])} to {figure(told[-1])}, "
        f"while train loss fell from {figure(fitted[low])} to {figure(fitted[-1])}; accuracy gap {100 * gaps[-1]:.1f} pp.",
        "Stop there (training.early_stopping, training.result = best), or regularise: dropout, training.weight_decay, data.augment, more images.", epoch,
    )  # fmt: skip


def gap(history: History) -> Iterator[Finding]:
    """Train accuracy above validation accuracy by 3 pp and by more than chance explains (1.64 standard errors) over the newest three
    evaluations, though there is no overfitting."""
    train, gaps = history.split("train").track, _gaps(history)
    least = max(GAP, _chance(history))
    if len(gaps) < RISEN or sum(gaps[-RISEN:]) / RISEN < least or gaps[-1] < GAP or any(overfitting(history)):
        return
    since = next(place for place in range(len(gaps)) if all(each >= GAP for each in gaps[place:]))
    epoch, validation = train["epoch"][since], history.split("validation").track
    yield Finding(
        "gap", "note",
        f"The gap between train ({100 * train['accuracy'][-1]:.1f} %) and validation ({100 * validation['accuracy'][-1]:.1f} %) accuracy is "
        f"{100 * gaps[-1]:.1f} pp, above {100 * GAP:.0f} pp since epoch {epoch:.3g}.",
        "More images, data.augment, dropout or training.weight_decay narrow it.", epoch,
    )  # fmt: skip


def plateau(history: History) -> Iterator[Finding]:
    """The lowest validation loss of the newest evaluations (five, or a fifth of all) is not 1 % below the lowest before, it has not
    risen either, and five validation images and more are still wrong."""
    told = losses(history.split("validation"))
    stretch = max(FEWEST, round(FLAT_SHARE * len(told)))
    if len(told) <= stretch or wrong_images(history) < FEWEST or any(overfitting(history)):
        return
    before, newest = min(told[:-stretch]), min(told[-stretch:])
    if before <= 0 or newest < (1 - FLAT) * before:
        return
    epoch = history.split("validation").track["epoch"][len(told) - stretch - 1]
    yield Finding(
        "plateau", "note",
        f"Plateau since epoch {epoch:.3g}: the lowest validation loss of the last {stretch} evaluations, {figure(newest)}, is not 1 % below the one before, {figure(before)}.",
        _beyond_plateau(history), epoch,
    )  # fmt: skip


def _beyond_plateau(history: History) -> str:
    fitted, rates = losses(history.split("train")), history.steps["learning_rate"]
    if fitted and fitted[-1] >= HARDLY * guessing_loss(history):
        return (
            "It has hardly learnt: try ten times and a tenth of training.learning_rate (`tui-trainer find-lr`), other initial weights, then a larger network."
        )
    if rates and rates[-1] <= LOWERED * max(rates):
        return "The learning rate is low already: it has learnt what this network and these images give; a larger network, or more images, move it."
    return "A lower learning rate (training.schedule = plateau, cosine) or a larger network moves it; otherwise it has learnt what it can."


def too_short(history: History) -> Iterator[Finding]:
    """The run is over while its validation loss still fell, by 1 % an evaluation and more over the last fifth (two at least), and five
    validation images and more are still wrong."""
    told = losses(history.split("validation"))
    if history.ended is None or history.ended.state != "finished" or len(told) < FEWEST or wrong_images(history) < FEWEST:
        return
    stretch = max(2, len(told) // 5)
    before, newest = min(told[:-stretch]), min(told[-stretch:])
    if told[-1] == newest and before > 0 and 1 - newest / before >= FALLING * stretch:
        yield Finding(
            "too-short", "note", f"It was still learning: validation loss fell from {figure(before)} to {figure(newest)} over the last {stretch} evaluations.",
            "More training.epochs would help: fork the run from its last checkpoint.",
        )  # fmt: skip


def _gaps(history: History) -> list[float]:
    """Train minus validation accuracy (0..1) at each evaluation; empty where they were not evaluated together."""
    train, validation = history.split("train").track, history.split("validation").track
    if len(train) != len(validation):
        return []
    return [ours - theirs for ours, theirs in zip(train["accuracy"], validation["accuracy"], strict=True)]


def _chance(history: History) -> float:
    """How large a gap chance explains: the validation accuracy's part of it, as the images of training are many or the same."""
    accuracy = history.split("validation").track["accuracy"]
    return chance_of_accuracy(accuracy[-1], validation_images(history)) if accuracy else 0.0
