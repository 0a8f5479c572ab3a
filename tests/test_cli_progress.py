"""The live line on a terminal."""

import io
import re
from typing import Any

import pytest

from tui_trainer.cli import progress
from tui_trainer.cli.progress import Progress, progress_line
from tui_trainer.runs.events import Evaluated, RunEnded, RunStarted, StepsTrained, Warned

STARTED: dict[str, Any] = {
    "time": 0.0, "elapsed": 0.0, "name": "calm-otter", "host": "", "pid": 1, "device": "cpu", "device_name": "CPU", "threads": 1, "precision": "float32",
    "versions": {}, "dataset": "digits", "classes": ["0", "1"], "input_shape": [1, 28, 28], "train_images": 10, "validation_images": 2, "test_images": 2,
    "parameters": 20, "batch_size": 2, "steps_per_epoch": 5, "total_steps": 50, "total_epochs": 10.0,
}  # fmt: skip


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that stands still until it is told to move."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def steps(step: int) -> StepsTrained:
    return StepsTrained(
        time=0.0, elapsed=step / 10, step=step, epoch=step / 5, loss=0.25, accuracy=0.5, learning_rate=0.1, gradient_norm=1.0, images_per_second=1e4, memory_bytes=1
    )


def evaluated(split: Any, step: int = 5, **more: Any) -> Evaluated:
    return Evaluated(time=0.0, elapsed=1.0, step=step, epoch=step / 5, split=split, loss=0.5, accuracy=0.75, confusion=[[1, 0], [1, 0]], seconds=0.1, **more)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "terminal_width", lambda: 80)
    return Terminal()


def screen(text: str) -> list[str]:
    """What stays on the screen: each line after its last clearing, without colours."""
    lines = [line.split("\x1b[2K")[-1] for line in text.split("\n")]
    return [re.sub(r"\x1b\[[0-9;]*m|\r", "", line) for line in lines]


def test_at_most_five_redraws_a_second(terminal: Terminal) -> None:
    clock = Clock()
    shown = Progress(terminal, live=True, now=clock)
    shown(RunStarted(**STARTED))
    for number in range(200):
        clock.now = number / 100
        shown(steps(number % 50))
    assert terminal.getvalue().count("loss 0.2500") <= 11


def test_evaluations_stay_and_the_live_line_goes(terminal: Terminal) -> None:
    shown = Progress(terminal, live=True, now=lambda: 0.0)
    for event in (
        RunStarted(**STARTED), steps(1), evaluated("train"), evaluated("validation", best=True), steps(6), Warned(time=0.0, elapsed=1.0, message="two files left out"),
        evaluated("train", 10), evaluated("validation", 10), evaluated("test", 10),
        RunEnded(time=0.0, elapsed=2.0, state="finished", reason="", step=10, epoch=2.0, images_per_second=1.0),
    ):  # fmt: skip
        shown(event)
    lines = screen(terminal.getvalue())
    assert [line.split()[:2] for line in lines if "75.00%" in line] == [["1.00", "5"], ["2.00", "10"]]
    assert all(line.count("75.00%") == 2 for line in lines if "75.00%" in line), "train and validation share a line"
    assert any("two files left out" in line for line in lines)
    assert lines[-1] == ""
    assert not any("left" in line and "epoch" in line for line in lines)


@pytest.mark.parametrize("width", [1, 10, 39, 60, 79, 119, 300])
def test_line_fits_any_width(width: int) -> None:
    line = progress_line(steps(25), RunStarted(**STARTED), width)
    assert len(line) <= max(width, 2)
    if width >= 79:
        for part in ("epoch 5.00/10", "loss 0.2500", "accuracy 50.0%", "0:02 left", "10 k/s"):
            assert part in line.plain


def test_no_color_keeps_the_line_and_drops_the_colours(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    shown = Progress(terminal, live=True, now=lambda: 0.0)
    shown(RunStarted(**STARTED))
    shown(steps(1))
    assert "loss 0.2500" in terminal.getvalue()
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", terminal.getvalue())
