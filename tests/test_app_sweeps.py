"""A sweep from Design to its table, stopped and gone on with, with the real processes behind it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from recorded_runs import make_run
from test_app_explain import there
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tui_trainer.config.sweep import Sweep, plan_sweep, read_sweep
from tui_trainer.runs import RunFolder
from tui_trainer.sweeps import create_sweep
from tui_trainer.sweeps.detached import conductor
from tui_trainer.tui.app import TrainerApp
from tui_trainer.tui.controls.table import Table
from tui_trainer.tui.screens.compare import CompareScreen
from tui_trainer.tui.screens.explaining import Explain
from tui_trainer.tui.screens.grid import AskGrid
from tui_trainer.tui.screens.sweep import SweepScreen
from tui_trainer.tui.screens.sweep_figures import SweepFigures


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainerApp:
    monkeypatch.chdir(tmp_path)
    return TrainerApp(Path("runs"), looks=20)


async def until(pilot: Pilot[Any], holds: Callable[[], bool], seconds: float = 90) -> None:
    for _ in range(int(seconds / 0.1)):
        await pilot.pause(0.1)
        if holds():
            return
    raise AssertionError(f"{pilot.app.screen}: {holds}")


async def test_a_grid_is_asked_for_stopped_gone_on_with_and_shown(app: TrainerApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        design = await there(pilot, "design")
        design.draft.set("data.train_images", 300)
        design.draft.set("training.threads", 1)
        design.draft.set("training.epochs", 40)
        design._fill()
        await pilot.press("ctrl+g")
        await pilot.pause(0.1)
        box = app.screen
        assert isinstance(box, AskGrid)
        box.query_one("#grid", Input).value = "training.batch_size=16,nine"
        await pilot.press("enter")
        await pilot.pause(0.05)
        assert app.screen is box
        assert "training.batch_size" in str(box.query_one("#wrong", Static).render())
        box.query_one("#grid", Input).value = "training.batch_size=8,64"
        box.query_one("#seeds", Input).value = "2"
        await pilot.pause(0.05)
        assert "2 combinations, 4 runs" in str(box.query_one("#wrong", Static).render())
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SweepScreen))
        sweep = app.screen
        assert isinstance(sweep, SweepScreen)
        trials = sweep.query_one("#trials", Table)

        await until(pilot, lambda: len(trials.items) == 4 and any(row.state == "running" for row in trials.items))
        assert conductor(app.root, sweep.sweep) is not None
        await pilot.press("s", "y")
        await until(pilot, lambda: sweep.standing is not None and not sweep.standing.at_work)
        assert {row.state for row in trials.items} <= {"stopped", "waiting", "finished"}
        assert sweep.check_action("go_on", ())

        await pilot.press("u")
        await until(pilot, lambda: sweep.standing is not None and sweep.standing.state == "finished", 150)
        cells = sweep.query_one("#cells", Table)
        await until(pilot, lambda: len(cells.items) == 2 and all("±" in line.cells[0] for line in cells.items))
        assert [line.label for line in cells.items] == ["batch_size=8", "batch_size=64"]
        assert all(RunFolder(row.path).config().training.epochs == 40 for row in trials.items)

        trials.focus()
        await pilot.press("home", "space", "space", "v")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        await pilot.press("escape")
        await pilot.pause(0.1)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.id == "train")
        await pilot.press("4", "escape")
        await pilot.pause(0.2)
        await pilot.press("w")
        await until(pilot, lambda: app.screen.id == "sweeps" and len(app.screen.query_one(Table).items) == 1)
        assert app.screen.query_one(Table).item.state == "finished"


def _shown(widget: Static) -> str:
    return str(widget.render())


async def test_what_failed_is_counted_with_its_reason_and_explained(app: TrainerApp) -> None:
    planned = plan_sweep(Sweep(base="digits-mlp", grid={"training.momentum": (0.0, 0.5, 0.9)}), "grid", {})
    create_sweep(app.root, "grid", planned, preset="digits-mlp")
    for number, state in enumerate(("finished", "failed"), 1):
        make_run(app.root, state, name=f"grid.{number:03d}")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4", "w")
        await until(pilot, lambda: app.screen.id == "sweeps" and len(app.screen.query_one(Table).items) == 1)
        row = app.screen.query_one(Table).item
        assert (row.live, row.over, row.failed, row.waiting) == (0, 2, 1, 1)
        assert "1 failed: the loss is nan" in _shown(app.screen.query_one("#summary", Static))
        await pilot.press("f1")
        await pilot.pause(0.1)
        assert isinstance(app.screen, Explain)
        await pilot.press("escape", "enter")
        await until(pilot, lambda: isinstance(app.screen, SweepScreen) and app.screen.standing is not None)
        sweep = app.screen
        assert "2 ended (1 finished, 1 failed) · 1 waiting" in _shown(sweep.query_one("#told", Static))
        await pilot.press("down")
        await until(pilot, lambda: "grid.002 failed: the loss is nan" in _shown(sweep.query_one("#why", Static)))
        assert sweep.query_one("#trials", Table).item.label == "training.momentum=0.5"
        for _ in range(2):
            await pilot.press("f1")
            await pilot.pause(0.1)
            assert isinstance(app.screen, Explain)
            await pilot.press("escape", "tab")


async def test_epochs_with_figures_are_shown_first_and_keys_show_the_others(app: TrainerApp) -> None:
    asked, beside = read_sweep("sweeps/tricks")
    create_sweep(app.root, "tricks", plan_sweep(asked, "tricks", {}, beside), epochs=asked.epochs)
    make_run(app.root, "stopped", name="tricks.001", epochs=1.0)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4", "w", "enter")
        await until(pilot, lambda: isinstance(app.screen, SweepScreen) and bool(app.screen.query_one(SweepFigures).items))
        figures = app.screen.query_one(SweepFigures)
        assert [column.title for column in figures.columns] == ["trial", "epoch 1", "epoch 5", "epoch 10"]
        await pilot.press("right")
        await pilot.pause(0.1)
        assert figures.columns[-1].title == "epoch 15"
        await pilot.press("left")
        await pilot.pause(0.1)
        assert figures.columns[1].title == "epoch 1"
        assert not figures.show_horizontal_scrollbar
