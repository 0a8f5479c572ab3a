"""All rules over one history: causes before their effects, and nothing that contradicts what was said before it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tui_trainer.runs.diagnosis.classes import collapse
from tui_trainer.runs.diagnosis.finding import Finding, Rule, Severity, figure, losses
from tui_trainer.runs.diagnosis.fit import gap, overfitting, plateau, too_short
from tui_trainer.runs.diagnosis.rate import STRETCH, rate_too_high, rate_too_low
from tui_trainer.runs.diagnosis.units import dead_relus
from tui_trainer.runs.history import History

CHAIN: Sequence[Rule] = (rate_too_high, rate_too_low, dead_relus, collapse)
"""Causes before effects: a rate too high kills ReLUs, without which classes are never predicted and the rest is guessed."""
FIT: Sequence[Rule] = (overfitting, gap, plateau, too_short)
"""What is worth saying of a network that learns."""
ORDER: dict[Severity, int] = {"warning": 0, "note": 1, "good": 2}


def diagnose(history: History) -> list[Finding]:
    """What the run's curves show, warnings first and causes before effects; where nothing is amiss, one finding says so.

    Of a cause and its effects the cause alone says what helps. Where the learning rate is wrong or the network guesses, nothing is
    said of overfitting, plateau or length. Empty before there is anything to see.
    """
    validation = losses(history.split("validation"))
    if len(history.steps) < STRETCH and len(validation) < 2:
        return []
    found: list[Finding] = []
    for rule in CHAIN:
        caused = any(finding.kind == "learning-rate" for finding in found)
        if rule is rate_too_low and caused:
            continue
        found += [replace(finding, advice="") if caused else finding for finding in rule(history)]
    if not any(finding.kind in ("learning-rate", "guessing") for finding in found):
        found += [finding for rule in FIT for finding in rule(history)]
    found.sort(key=lambda finding: ORDER[finding.severity])
    return found or list(_well(history))


def _well(history: History) -> Iterator[Finding]:
    train, validation = history.split("train").track, history.split("validation").track
    if len(train) < 2 or len(validation) < 2:
        return
    difference = 100 * (train["accuracy"][-1] - validation["accuracy"][-1])
    yield Finding(
        "well", "good",
        f"Training goes well: validation loss {figure(validation['loss'][0])} → {figure(validation['loss'][-1])}, accuracy {100 * validation['accuracy'][-1]:.1f} %, "
        f"{abs(difference):.1f} pp {'below' if difference >= 0 else 'above'} train.",
    )  # fmt: skip
