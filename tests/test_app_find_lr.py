"""The range test of Design, with the real process behind it."""

from pathlib import Path

import psutil
import pytest
from recorded_runs import NOON
from test_app_explain import there

from tui_trainer.tui.app import TrainerApp
from tui_trainer.tui.screens.rate_test import FindRate
from tui_trainer.tui.widgets.chart import LineChart


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainerApp:
    monkeypatch.chdir(tmp_path)
    return TrainerApp(Path("runs"), looks=20, clock=lambda: NOON + 3600)


async def test_the_curve_grows_and_enter_takes_the_suggestion(app: TrainerApp) -> None:
    async with app.run_test(size=(100, 32)) as pilot:
        design = await there(pilot, "design")
        before = design.draft.get("training.learning_rate")
        await pilot.press("ctrl+f")
        await pilot.pause(0.1)
        box = app.screen
        assert isinstance(box, FindRate)
        await pilot.press("enter")  # nothing to take yet
        for _ in range(600):
            await pilot.pause(0.1)
            if box.test.over:
                break
        await pilot.pause(0.3)
        found = box.test.suggested
        assert found is not None, box.test.problem
        chart = box.query_one(LineChart)
        assert len(chart.history("loss").entries().x) == len(box.test.points) > 20
        shown = [chart.render_line(row).text for row in range(chart.content_size.height)]
        assert any("suggested" in row for row in shown)
        assert any("lowest" in row for row in shown)
        assert shown[-1].split() == ["1e-6", "1e-5", "1e-4", "1e-3", "1e-2", "1e-1", "1e0", "1e1"]
        assert shown[-2].endswith(" rate ┬")
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert app.screen is design
        assert design.draft.get("training.learning_rate") == found.learning_rate != before
        await pilot.press("ctrl+z")
        assert design.draft.get("training.learning_rate") == before


async def test_escape_ends_the_process_and_a_fault_is_a_sentence(app: TrainerApp, tmp_path: Path) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        design = await there(pilot, "design")
        await pilot.press("ctrl+f")
        await pilot.pause(0.2)
        test = app.screen.test  # type: ignore[attr-defined]
        process = test._process
        assert process is not None
        assert psutil.pid_exists(process.pid)
        await pilot.press("escape")
        for _ in range(100):
            await pilot.pause(0.05)
            if app.screen is design and process.returncode is not None:
                break
        assert app.screen is design
        assert process.returncode is not None

        design.draft.set("data.dataset", "npz")
        design.draft.set("data.directory", str(tmp_path / "nowhere.npz"))
        design._fill()
        await pilot.press("ctrl+f")
        await pilot.pause(0.2)
        assert app.screen is design  # said before anything is started
        assert any("nowhere.npz" in str(note.message) for note in app._notifications)
