"""A sweep from Design to its table, stopped and gone on with, with the real processes behind it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_app_explain import there
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tui_trainer.runs import RunFolder
from tui_trainer.sweeps.detached import conductor
from tui_trainer.tui.app import TrainerApp
from tui_trainer.tui.controls.table import Table
from tui_trainer.tui.screens.compare import CompareScreen
from tui_trainer.tui.screens.grid import AskGrid
from tui_trainer.tui.screens.sweep import SweepScreen


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
        assert {row.state for row in trials.items} <= {"stopped", "waits", "finished"}
        assert sweep.check_action("go_on", ())

        await pilot.press("u")
        await until(pilot, lambda: sweep.standing is not None and sweep.standing.state == "finished", 150)
        cells = sweep.query_one("#cells", Table)
        await until(pilot, lambda: len(cells.items) == 2 and all("±" in line.cells[0] for line in cells.items))
        assert [line.label for line in cells.items] == ["training.batch_size=8", "training.batch_size=64"]
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
