"""Runs side by side in the app: marks that keep their colour, curves, figures and settings that differ; forks as a tree."""

import os
from pathlib import Path
from typing import Any

import pytest
from recorded_runs import NOON, make_run
from textual.pilot import Pilot

from tui_trainer.config import load_config
from tui_trainer.runs.keeping import write_note
from tui_trainer.runs.lineage import Lineage, write_lineage
from tui_trainer.runs.listing import Listing
from tui_trainer.tui.app import TrainerApp
from tui_trainer.tui.controls.table import Table
from tui_trainer.tui.screens.compare import CompareScreen
from tui_trainer.tui.screens.runs import Row, RunsScreen
from tui_trainer.tui.widgets.chart import LineChart


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "runs"
    for age, (name, rate) in enumerate({"one": 0.1, "two": 0.05, "three": 0.1}.items()):
        make_run(root, "finished", name=name, created=NOON - 3600 * age, config=load_config("digits-mlp", {"training.learning_rate": rate}))
    return root


async def opened(pilot: Pilot[Any]) -> RunsScreen:
    await pilot.press("4")
    for _ in range(100):
        await pilot.pause(0.05)
        if isinstance(pilot.app.screen, RunsScreen) and pilot.app.screen.is_mounted and pilot.app.screen.rows:
            return pilot.app.screen
    raise AssertionError("Runs did not open")


def shown(screen: RunsScreen) -> list[Row]:
    return [row for row in screen.query_one("#table", Table).items if isinstance(row, Row)]


async def test_marked_runs_are_drawn_over_each_other_with_a_look_of_their_own(root: Path) -> None:
    app = TrainerApp(root, clock=lambda: NOON + 7200)
    async with app.run_test(size=(120, 40)) as pilot:
        runs = await opened(pilot)
        await pilot.press("space", "space", "space")
        await pilot.pause()
        assert {row.name: row.slot for row in shown(runs)} == {"one": 0, "two": 1, "three": 2}
        await pilot.press("home", "space")  # the first is taken out: the others keep theirs
        await pilot.pause()
        assert {row.name: row.slot for row in shown(runs)} == {"one": None, "two": 1, "three": 2}
        await pilot.press("v")
        for _ in range(100):
            await pilot.pause(0.05)
            if isinstance(app.screen, CompareScreen) and app.screen.found:
                break
        screen = app.screen
        assert isinstance(screen, CompareScreen)
        await pilot.pause(0.1)
        chart = screen.query_one(LineChart)
        looks = {style.label: (style.colour, style.mark) for style in chart._styles_of.values()}
        assert looks == {"two": ("run-2", "1"), "three": ("run-3", "2")}
        legend = chart.render_line(0).text
        assert "○ two" in legend
        assert "◆ three" in legend
        settings = screen.query_one("#settings", Table)
        assert [(row.key, row.texts) for row in settings.items] == [("training.learning_rate", ("0.05", "0.1"))]
        assert [column.width for column in settings.columns] == [len("learning_rate"), len("○ two"), len("◆ three")]  # no wider than what stands in them
        drawn = "\n".join(settings.render_line(y).text for y in range(settings.size.height))
        assert "learning_rate" in drawn
        assert "training." not in drawn
        await pilot.press("d")
        await pilot.pause()
        for table in screen.query(Table):
            assert not table.show_horizontal_scrollbar
        figures = screen.query_one("#results", Table).render_line(1).text
        assert "…" not in figures
        await pilot.press("d", "m", "t")
        await pilot.pause()
        assert screen.query_one("#chart LineChart").border_title == "Loss · train"
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, RunsScreen)


async def test_forks_stand_under_the_run_they_come_from(root: Path) -> None:
    write_lineage(
        root / "one", Lineage(parent="three", parent_path=str(root / "three"), created=NOON - 7200, checkpoint="step-00000051.pt", sha256="", step=51, epoch=1.0, changes={"training.learning_rate": [0.1, 0.01]}, time=NOON),
    )  # fmt: skip
    app = TrainerApp(root, clock=lambda: NOON + 7200)
    async with app.run_test(size=(120, 40)) as pilot:
        runs = await opened(pilot)
        assert [row.name for row in shown(runs)] == ["one", "two", "three"]
        await pilot.press("t")
        await pilot.pause()
        assert [row.branch + row.name for row in shown(runs)] == ["three", "└ one", "two"]
        await pilot.press("home", "down")
        await pilot.pause()
        summary = str(runs.query_one("#summary").render())
        assert "fork of three at epoch 1: learning rate 0.1 → 0.01" in summary


def test_only_what_changed_is_read_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (*root.glob("*/status.json"), *root.iterdir()):
        os.utime(place, (1e9, 1e9))  # what changed this moment is read again anyway: it may change once more
    listing = Listing(root)
    before = {each.run.name: each for each in listing.look()}
    os.utime(root / "two" / "status.json", ns=(1, 1))
    write_note(root / "three", "a note")
    after = {each.run.name: each for each in listing.look()}
    assert after["one"] is before["one"]
    assert after["two"] is not before["two"]
    assert after["three"] is not before["three"]
