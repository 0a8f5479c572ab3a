"""The learning-rate range test: what the curve of a made-up loss suggests, and the program from the prompt."""

import json
import math
import random
from pathlib import Path

import pytest

from tests.conftest import QUICK, run_program
from tui_trainer.cli.find_lr import LEVELS, chart
from tui_trainer.lab.rate_test import NoSuggestion, Suggestion, Tried, rates, suggest


def curve(steps: int = 101) -> list[Tried]:
    """Falls fastest at 1e-3, is lowest at 1e-2, then rises."""
    found = []
    for step, rate in enumerate(rates(1e-6, 1.0, steps)):
        x = math.log10(rate)
        loss = 2 - 1 / (1 + math.exp(-6 * (x + 3))) + max(0.0, x + 2) ** 2
        found.append(Tried(step, rate, loss, loss))
    return found


def test_the_suggestion_is_where_the_loss_falls_fastest() -> None:
    found = suggest(curve(), 101)
    assert isinstance(found, Suggestion)
    assert found.steepest == pytest.approx(1e-3, rel=0.2)
    assert found.learning_rate == pytest.approx(found.steepest, rel=0.05)
    assert found.lowest_at == pytest.approx(1e-2, rel=0.3)
    assert found.tenth_of_minimum == pytest.approx(found.lowest_at / 10)
    assert found.diverged_at is None
    cut = suggest(curve()[:80], 101)
    assert isinstance(cut, Suggestion)
    assert cut.diverged_at == curve()[79].learning_rate


def test_a_loss_that_never_falls_suggests_nothing() -> None:
    rising = [Tried(step, rate, 1 + step, 1 + step) for step, rate in enumerate(rates(1e-4, 1, 50))]
    assert isinstance(suggest(rising, 50), NoSuggestion)
    short = suggest(curve()[:5], 101)
    assert isinstance(short, NoSuggestion)
    assert "5 steps, too few" in short.reason


def noisy(fall: float, deviation: float, seed: int, steps: int = 200) -> list[Tried]:
    """Losses of batches that fall by ``fall`` about 3e-3, on noise, and diverge from 1 on; averaged as the test does."""
    draw, average, found = random.Random(seed), 0.0, []
    for step, rate in enumerate(rates(1e-6, 10.0, steps)):
        x = math.log10(rate)
        loss = 0.7 - fall / (1 + math.exp(-4 * (x + 2.5))) + max(0.0, x) ** 2 + draw.gauss(0, deviation)
        average = 0.9 * average + 0.1 * loss
        found.append(Tried(step, rate, loss, average / (1 - 0.9 ** (step + 1))))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_noise_of_batches_suggests_nothing_and_says_why(seed: int) -> None:
    """As of circles-mlp: it stays about ln 2, and a few good batches at the start once became 2.6e-06."""
    found = suggest(noisy(0.0, 0.015, seed), 200)
    assert isinstance(found, NoSuggestion)
    assert "never fell clearly" in found.reason
    assert "single batches differ by 0.0" in found.reason


@pytest.mark.parametrize("seed", range(20))
def test_a_small_fall_above_the_noise_is_found_where_it_is(seed: int) -> None:
    """As of spirals-mlp: 0.08 of 0.7, while batches vary by 0.03."""
    found = suggest(noisy(0.08, 0.03, seed), 200)
    assert isinstance(found, Suggestion)
    assert 5e-4 < found.learning_rate < 1


def test_a_test_that_suggests_nothing_from_the_prompt(tmp_path: Path) -> None:
    done = run_program("find-lr", "circles-mlp", "--json", cwd=tmp_path)
    told = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 1
    assert told["learning_rate"] is None
    assert told["reason"].startswith("no suggestion: the loss never fell clearly")


def test_the_chart_has_its_marks_beneath_their_rates() -> None:
    lines = chart(curve(), {1e-6: "a", 1.0: "z"}, 61, LEVELS)
    marks = lines[-2]
    assert marks.index("a") == 9
    assert marks.index("z") == 9 + 60
    assert lines[-1].index("1e-3") == 9 + 30
    assert max(map(len, lines[:-1])) <= 9 + 61


def test_from_the_prompt(tmp_path: Path) -> None:
    """It says what to take, streams points, makes no run, and what it suggests is what train takes."""
    done = run_program("find-lr", "digits-mlp", "--steps", "150", *QUICK, "--out", "curve.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    command = done.stdout.splitlines()[-1].split()
    assert command[:3] == ["tui-trainer", "train", "digits-mlp"]
    suggested = float(command[-1].removeprefix("training.learning_rate="))
    assert 1e-3 < suggested < 1
    rows = (tmp_path / "curve.csv").read_text("utf-8").splitlines()
    assert rows[0] == "step,learning_rate,loss,smoothed"
    streamed = run_program("find-lr", "digits-mlp", "--steps", "150", *QUICK, "--json", cwd=tmp_path)
    told = [json.loads(line) for line in streamed.stdout.splitlines()]
    assert [line["type"] for line in told] == ["tried"] * (len(rows) - 1) + ["suggested"]
    assert told[-1]["learning_rate"] == suggested
    assert told[-1]["diverged_at"] == told[-2]["learning_rate"]
    assert not (tmp_path / "runs").exists()
    refused = run_program("find-lr", "digits-mlp", "--from", "1", "--to", "0.1", cwd=tmp_path)
    assert refused.returncode == 2
