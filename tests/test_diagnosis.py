"""The words that the diagnosis finds for curves of known shape."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from tui_trainer.runs.diagnosis import diagnose
from tui_trainer.runs.events import Evaluated, RunEnded, RunStarted, StepsTrained, UnitsMeasured
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
        pytest.param(
            history(**SOUND, confusion=[[4, 14, *[0] * 8], BALANCED[1], *[[0, 12, *row[2:]] for row in BALANCED[2:]]]),  # type: ignore[arg-type]
            "collapse",
            id="a class draws others in",
        ),
    ],
)
def test_each_rule_speaks_where_its_curve_is(told: History, kind: str) -> None:
    assert kinds(told)[0] == kind
    assert "well" not in kinds(told) or kind in ("plateau", "gap", "too-short")


RECORDED = json.loads((Path(__file__).parent / "recorded_curves.json").read_text("utf-8"))
"""Runs of the presets on this project's trainer: digits and points as shipped, and digits-mlp with what its name says (mom49: momentum
0.49, few150: 150 images and 512 units, lr30, lr5, adam1, lr1e-5, lr1e-3; cnn-lr1: digits-cnn at 1; focal, focal4: losses/focal on digits)."""


def recorded(name: str) -> History:
    """The finished run as it was, with its first 40 reports of steps."""
    run, told = RECORDED[name], History()
    epochs, classes = run["epochs"], [str(number) for number in range(run["classes"])]
    told.observe(
        RunStarted(
            time=0.0, elapsed=0.0, name=name, host="h", pid=1, device="cpu", device_name="", threads=1, precision="float32", versions={}, dataset="digits", classes=classes,
            input_shape=[1, 28, 28], train_images=1294, validation_images=run["images"], test_images=0, parameters=1, batch_size=32, steps_per_epoch=41,
            total_steps=100 * len(epochs), total_epochs=epochs[-1],
        )
    )  # fmt: skip
    for place, loss in enumerate(run["reports"], 1):
        share = place / len(run["reports"])
        told.observe(
            StepsTrained(
                time=0.0, elapsed=share, step=place, epoch=share * epochs[-1], loss=loss, accuracy=0.5, learning_rate=run["rate"], gradient_norm=1.0,
                images_per_second=1.0, memory_bytes=1,
            )
        )  # fmt: skip
    for place, epoch in enumerate(epochs):
        for split, confusion in zip(("train", "validation"), run["confusions"], strict=True):
            losses, accuracies = run[split]
            told.observe(
                Evaluated(
                    time=0.0, elapsed=epoch, step=100 * (place + 1), epoch=epoch, split=split, loss=losses[place], accuracy=accuracies[place], confusion=confusion, seconds=0.0  # type: ignore[arg-type]
                )
            )  # fmt: skip
    for epoch, dead in zip((epochs[0], epochs[-1]), run["dead"], strict=False):
        told.observe(UnitsMeasured(time=0.0, elapsed=epoch, step=1, epoch=epoch, images=256, dead=dead))
    told.observe(RunEnded(time=0.0, elapsed=epochs[-1], state="finished", reason="", step=100 * len(epochs), epoch=epochs[-1], images_per_second=1.0))
    return told


@pytest.mark.parametrize("name", ["digits", "digits-s3", "mom49", "cnn", "xor", "circles", "circles-se", "spirals", "moons", "blobs"])
def test_runs_that_went_well_hear_nothing_else(name: str) -> None:
    assert kinds(recorded(name)) == ["well"]


def test_the_recorded_overfitting_is_said() -> None:
    found = diagnose(recorded("few150"))
    assert [finding.kind for finding in found] == ["overfitting"]
    assert found[0].since == 8.0
    assert "accuracy gap 15.3 pp" in found[0].sentence


@pytest.mark.parametrize("name", ["lr30", "lr5", "adam1", "cnn-lr1"])
def test_a_rate_too_high_comes_before_what_it_does(name: str) -> None:
    found = diagnose(recorded(name))
    assert [finding.kind for finding in found] == ["learning-rate", "dead-relus", "guessing"]
    assert "is too high: train loss went up to" in found[0].sentence
    assert "A lower training.learning_rate" in found[0].advice
    assert not found[1].advice + found[2].advice  # the cause's advice is theirs
    assert "9 of 10 classes get none" in found[2].sentence


def test_a_rate_too_low_is_no_plateau() -> None:
    found = diagnose(recorded("lr1e-5"))
    assert [finding.kind for finding in found] == ["learning-rate", "collapse"]
    assert "looks too low" in found[0].sentence
    assert found[0].advice.startswith("A higher training.learning_rate")


def test_a_short_run_was_still_learning_over_more_than_one_evaluation() -> None:
    found = diagnose(recorded("lr1e-3"))
    assert [finding.kind for finding in found] == ["too-short"]
    assert "over the last 2 evaluations" in found[0].sentence


def test_help_for_rare_classes_where_there_are_some() -> None:
    found = diagnose(recorded("focal4"))
    assert [finding.kind for finding in found] == ["collapse", "gap"]
    assert "training.class_weights" in found[0].advice
    balanced = diagnose(history(**SOUND, confusion=[[0, 18, *[0] * 8], *BALANCED[1:]]))  # type: ignore[arg-type]
    assert balanced[0].kind == "collapse"
    assert "class_weights" not in balanced[0].advice
    assert kinds(recorded("focal")) == ["gap"]


def test_one_evaluation_above_the_lowest_is_no_overfitting() -> None:
    def once(epoch: int) -> float:
        return falling(epoch) if epoch < 20 else 2 * falling(19)

    assert "overfitting" not in kinds(history(falling, once, gap=0.05))
    assert "overfitting" not in kinds(history(falling, lambda epoch: once(epoch) if epoch < 15 else 2 * falling(14), gap=0.0))  # no gap


def test_a_plateau_says_what_may_move_it() -> None:
    learnt = diagnose(history(lambda epoch: 0.1, lambda epoch: 0.2 if epoch > 5 else 1.0 / epoch))
    assert "A lower learning rate" in learnt[0].advice
    hardly = diagnose(history(lambda epoch: 2.0 + 0.01 * (epoch % 2), lambda epoch: 2.1))
    assert [finding.kind for finding in hardly] == ["plateau"]
    assert "hardly learnt" in hardly[0].advice


def test_nothing_is_said_of_a_run_that_has_hardly_begun() -> None:
    assert diagnose(History()) == []


def test_dead_relus_are_told_with_their_layer_and_since_when() -> None:
    told = history(**SOUND, epochs=8)  # type: ignore[arg-type]
    for epoch, share in ((1, 0.05), (2, 0.25), (3, 0.1), (4, 0.22), (5, 0.5)):  # it grew
        told.observe(UnitsMeasured(time=0.0, elapsed=float(epoch), step=epoch * 30, epoch=float(epoch), images=256, dead={"2": share, "4": 0.0}))
    found = diagnose(told)[0]
    assert (found.kind, found.severity, found.since) == ("dead-relus", "warning", 4.0)
    assert "layer 2: 50 %" in found.sentence
    told.observe(UnitsMeasured(time=0.0, elapsed=6.0, step=180, epoch=6.0, images=256, dead={"2": 0.19}))
    assert kinds(told) == ["well"]


@pytest.mark.parametrize(("first", "newest", "said"), [(0.27, 0.25, False), (0.3, 0.45, True), (0.55, 0.55, True)])
def test_dead_relus_are_no_fault_where_they_are_few_and_stay_as_many(first: float, newest: float, said: bool) -> None:
    told = history(**SOUND, epochs=8)  # type: ignore[arg-type]
    for epoch, share in ((1, first), (8, newest)):
        told.observe(UnitsMeasured(time=0.0, elapsed=float(epoch), step=epoch * 30, epoch=float(epoch), images=256, dead={"2": share}))
    assert kinds(told) == (["dead-relus"] if said else ["well"])
