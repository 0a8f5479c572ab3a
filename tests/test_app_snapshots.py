"""What every screen looks like in its states, at two sizes, with and without colour. The clock stands still.

After a change that is meant, look at the report that pytest names, then: pytest tests/test_app_snapshots.py --snapshot-update
"""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from recorded_runs import NOON, make_plane_run, make_run
from textual.pilot import Pilot

from tui_trainer.config.sweep import Sweep, plan_sweep
from tui_trainer.sweeps import create_sweep
from tui_trainer.tui.app import TrainerApp

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
LOOKS = ("colour", "grey")
ALL = {"amber-bat": "running", "brisk-cat": "paused", "calm-dove": "finished", "deft-eel": "stopped", "early-fox": "failed", "fair-gull": "crashed"}


@pytest.fixture(autouse=True)
def still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket, "gethostname", lambda: "here")
    monkeypatch.setattr("tui_trainer.tui.screens.train.HOST", "here")
    monkeypatch.setattr("tui_trainer.runs.commands.person", lambda: "ada@here")


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    return SIZES[request.param]


@pytest.fixture(params=LOOKS, autouse=True)
def look(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "grey":
        monkeypatch.setenv("NO_COLOR", "1")
    else:
        monkeypatch.delenv("NO_COLOR", raising=False)


def app_on(run: str | None = None) -> TrainerApp:
    return TrainerApp(Path("runs"), Path("runs") / run if run else None, looks=20, clock=lambda: NOON + 3600)


def keys(*pressed: str, screen: str = "") -> Callable[[Pilot[Any]], Any]:
    async def before(pilot: Pilot[Any]) -> None:
        for _ in range(100):
            await pilot.pause(0.02)
            if pilot.app.screen.id in ("design", "train") and pilot.app.screen.is_mounted:
                break
        await pilot.pause(0.1)
        for key in pressed:
            await pilot.press(key)
            await pilot.pause()
        await pilot.pause(0.1)
        assert not screen or pilot.app.screen.id == screen

    return before


@pytest.mark.parametrize("state", ["starting", "running", "paused", "finished", "stopped", "failed", "crashed"])
def test_train(snap_compare: Any, size: tuple[int, int], state: str) -> None:
    make_run(Path("runs"), state)
    assert snap_compare(app_on("brisk-otter"), terminal_size=size, run_before=keys(screen="train"))


@pytest.mark.parametrize("pressed", [(), ("z",)], ids=["all", "zoomed"])
def test_train_on_points(snap_compare: Any, size: tuple[int, int], pressed: tuple[str, ...]) -> None:
    make_plane_run(Path("runs"))
    assert snap_compare(app_on("brisk-otter"), terminal_size=size, run_before=keys(*pressed, screen="train"))


def test_train_on_anothers_run_with_a_command_pending(snap_compare: Any, size: tuple[int, int]) -> None:
    make_run(Path("runs"), "running", host="lab-2")
    assert snap_compare(app_on("brisk-otter"), terminal_size=size, run_before=keys("space", "v", "v", screen="train"))


def test_train_without_a_run(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(app_on(), terminal_size=size, run_before=keys("2", screen="train"))


def test_design(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(app_on(), terminal_size=size, run_before=keys(screen="design"))


def test_design_with_something_wrong(snap_compare: Any, size: tuple[int, int]) -> None:
    def before(pilot: Pilot[Any]) -> Any:
        return keys(*["down"] * 2, "ctrl+o", *"mnist-cnn-16", "enter", *["down"] * 5, "ctrl+u", "minus", "2")(pilot)

    assert snap_compare(app_on(), terminal_size=size, run_before=before)


def test_a_layer(snap_compare: Any, size: tuple[int, int]) -> None:
    async def before(pilot: Pilot[Any]) -> None:
        await keys()(pilot)
        pilot.app.screen.query_one("#layers").focus()
        await keys("down", "down", "a", *"conv", "enter")(pilot)
        pilot.app.screen.query_one("TextEntry").focus()
        await pilot.pause()

    assert snap_compare(app_on(), terminal_size=size, run_before=before)


def test_runs(snap_compare: Any, size: tuple[int, int]) -> None:
    for age, (name, state) in enumerate(ALL.items()):
        make_run(Path("runs"), state, name=name, created=NOON - 3600 * age**2)
    Path("runs/calm-dove/note.txt").write_text("twice the batch, same lr: no gain")
    assert snap_compare(app_on(), terminal_size=size, run_before=keys("4", "down", "down", screen="runs"))


def test_runs_when_there_are_none(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(app_on(), terminal_size=size, run_before=keys("4", screen="runs"))


def test_why(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(app_on(), terminal_size=size, run_before=keys("tab", "tab", "tab", "f1"))


def test_the_diagnosis_in_front(snap_compare: Any, size: tuple[int, int]) -> None:
    make_run(Path("runs"), "running")
    assert snap_compare(app_on("brisk-otter"), terminal_size=size, run_before=keys("v", "v", "z", screen="train"))


def test_a_sweep(snap_compare: Any, size: tuple[int, int]) -> None:
    sweep = Sweep(base="digits-mlp", grid={"training.momentum": (0.0, 0.9)}, seeds=2, epochs=(5.0, 10.0))
    create_sweep(Path("runs"), "grid", plan_sweep(sweep, "grid", {}), preset="digits-mlp", epochs=(5.0, 10.0))
    for number, state in enumerate(("finished", "finished", "running"), 1):
        make_run(Path("runs"), state, name=f"grid.{number:03d}", epochs=11.0 if state == "running" else None)
    make_run(Path("runs"), "paused")
    assert snap_compare(app_on("brisk-otter"), terminal_size=size, run_before=keys("4", "w", "enter", "space", screen="sweep"))


@pytest.mark.parametrize("key", ["question_mark", "s", "l"])
def test_questions(snap_compare: Any, size: tuple[int, int], key: str) -> None:
    make_run(Path("runs"), "running")
    assert snap_compare(app_on("brisk-otter"), terminal_size=size, run_before=keys(key))
