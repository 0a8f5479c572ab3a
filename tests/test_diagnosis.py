"""The words that the diagnosis finds for curves of known shape."""

import math
from collections.abc import Callable

import pytest

from tui_trainer.runs.diagnosis import diagnose
from tui_trainer.runs.events import Evaluated, RunEnded, StepsTrained, UnitsMeasured
from tui_trainer.runs.history import History

Curve = Callable[[int], float]
BALANCED = [[18 if true == said else 0 for said in range(10)] for true in range(10)]


def history(train: Curve, validation: Curve, *, epochs: int = 20, accuracy: Curve = lambda _: 0.95, gap: float = 0.01, confusion: list[list[int]] = BALANCED, step_loss: Curve | None = None, ended: str = "") -> History:  # fmt: skip
    """A run of ``epochs`` epochs of 30 reports each, whose losses follow these curves."""
    told = History()
    for epoch in range(1, epochs + 1):
        for report in range(30):
            step = (epoch - 1) * 30 + report + 1
            place = (epoch - 1) * 30 + report
            told.observe(
                StepsTrained(
                    time=0.0, elapsed=float(step), step=step, epoch=step / 30, loss=step_loss(place) if step_loss else train(epoch), accuracy=0.9,
                    learning_rate=0.1, gradient_norm=1.0, images_per_second=1.0, memory_bytes=1,
                )
            )  # fmt: skip
        for split, curve, lower in (("train", train, 0.0), ("validation", validation, gap)):
            told.observe(
                Evaluated(
                    time=0.0, elapsed=float(epoch), step=epoch * 30, epoch=float(epoch), split=split, loss=curve(epoch), accuracy=accuracy(epoch) - lower,  # type: ignore[arg-type]
                    confusion=confusion, seconds=0.0,
                )
            )  # fmt: skip
    if ended:
        told.observe(RunEnded(time=0.0, elapsed=1.0, state="finished", reason="", step=epochs * 30, epoch=float(epochs), images_per_second=1.0))
    return told


def falling(epoch: int) -> float:
    return 2 * math.exp(-epoch / 4) + 0.05


SOUND = {"train": falling, "validation": lambda epoch: falling(epoch) + 0.01}


def kinds(told: History) -> list[str]:
    return [finding.kind for finding in diagnose(told)]


def test_sound_curves_are_called_well() -> None:
    assert kinds(history(**SOUND, epochs=8)) == ["well"]  # type: ignore[arg-type]


def test_overfitting_names_the_gap_and_since_when() -> None:
    told = history(falling, lambda epoch: falling(epoch) if epoch <= 6 else falling(6) * (1 + 0.03 * (epoch - 6)), gap=0.04)
    found = diagnose(told)[0]
    assert (found.kind, found.severity, found.since) == ("overfitting", "warning", 6.0)
    assert "since epoch 6" in found.sentence
    assert "gap 4.0 pp" in found.sentence


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        pytest.param(history(**SOUND, epochs=8, step_loss=lambda place: 0.3 + place / 100), "learning-rate", id="loss rises"),  # type: ignore[arg-type]
        pytest.param(history(lambda epoch: 1.0 + 0.3 * (epoch % 2), lambda epoch: 1.0 + 0.3 * (epoch % 2)), "learning-rate", id="loss swings"),
        pytest.param(history(lambda epoch: 0.1, lambda epoch: 0.2 if epoch > 5 else 1.0 / epoch), "plateau", id="plateau"),
        pytest.param(history(falling, falling, gap=0.05), "gap", id="gap"),
        pytest.param(history(**SOUND, epochs=5, ended="finished"), "too-short", id="over while it falls"),  # type: ignore[arg-type]
        pytest.param(history(**SOUND, accuracy=lambda _: 0.105), "guessing", id="guessing"),  # type: ignore[arg-type]
        pytest.param(history(**SOUND, confusion=[[0, 18, *[0] * 8], *BALANCED[1:]]), "collapse", id="a class is never predicted"),  # type: ignore[arg-type]
        pytest.param(history(**SOUND, confusion=[[4, 14, *[0] * 8], BALANCED[1], *[[0, 12, *row[2:]] for row in BALANCED[2:]]]), "collapse", id="a class draws others in"),  # type: ignore[arg-type]
    ],
)
def test_each_rule_speaks_where_its_curve_is(told: History, kind: str) -> None:
    assert kinds(told)[0] == kind
    assert "well" not in kinds(told) or kind in ("plateau", "gap", "too-short")


def test_nothing_is_said_of_a_run_that_has_hardly_begun() -> None:
    assert diagnose(History()) == []


def test_dead_relus_are_told_with_their_layer_and_since_when() -> None:
    told = history(**SOUND, epochs=8)  # type: ignore[arg-type]
    for epoch, share in ((1, 0.05), (2, 0.25), (3, 0.1), (4, 0.22), (5, 0.5)):
        told.observe(UnitsMeasured(time=0.0, elapsed=float(epoch), step=epoch * 30, epoch=float(epoch), images=256, dead={"2": share, "4": 0.0}))
    found = diagnose(told)[0]
    assert (found.kind, found.severity, found.since) == ("dead-relus", "warning", 4.0)
    assert "layer 2: 50 %" in found.sentence
    told.observe(UnitsMeasured(time=0.0, elapsed=6.0, step=180, epoch=6.0, images=256, dead={"2": 0.19}))
    assert kinds(told) == ["well"]
