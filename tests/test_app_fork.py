"""Going on with a run in the app: resume in the same folder, fork from a chosen checkpoint through Design; on the real trainer."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from textual.pilot import Pilot

from tui_trainer.config import load_config
from tui_trainer.runs import create_run
from tui_trainer.runs.lineage import read_lineage
from tui_trainer.runs.start import start
from tui_trainer.runs.status import true_status
from tui_trainer.tui.app import TrainerApp
from tui_trainer.tui.forms.entry import Entry
from tui_trainer.tui.screens.checkpoints import PickCheckpoint
from tui_trainer.tui.screens.design import DesignScreen
from tui_trainer.tui.screens.layer_list import LayerTable
from tui_trainer.tui.screens.outcome import Outcome
from tui_trainer.tui.screens.preset_row import PresetRow
from tui_trainer.tui.screens.ready import ReadyPanel


async def until(pilot: Pilot[Any], holds: Callable[[], bool], what: str, seconds: float = 60) -> None:
    for _ in range(int(seconds / 0.05)):
        await pilot.pause(0.05)
        if holds():
            return
    raise AssertionError(f"never came: {what}; on the screen: {[str(each.message) for each in pilot.app._notifications]}")


def ready(app: TrainerApp) -> str:
    """The panel's text, wherever its lines end."""
    return " ".join(" ".join("".join(part[0] for part in line) for line in app.screen.query_one(ReadyPanel).lines).split())


@pytest.fixture
def parent() -> Iterator[Path]:
    """A run of three epochs that was stopped after one, with checkpoints; where its path is short enough to be shown whole."""
    with TemporaryDirectory() as folder:
        yield stopped(Path(folder))


def stopped(root: Path) -> Path:
    config = load_config("digits-mlp", {"training.epochs": 3.0, "training.threads": 1, "training.keep_checkpoints": 5})
    run = create_run(config, root / "runs", "brisk-otter", "digits-mlp")
    from tui_trainer.runs.commands import StopAfterEpoch, send

    send(run.path, StopAfterEpoch())
    assert start(run).wait(60) == 0
    assert true_status(run.path).state == "stopped"
    return run.path


async def test_resume_then_fork_with_another_rate_through_design(parent: Path) -> None:
    app = TrainerApp(parent.parent, parent)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.screen.id == "train" and app.feed is not None and app.feed.loaded, "Train")
        await pilot.pause()
        assert "resume" in "".join(text for line in app.screen.query_one(Outcome).lines for text, _ in line)
        await pilot.press("u")
        await until(pilot, lambda: app.feed is not None and app.feed.state == "finished", "the resumed run's end")
        assert true_status(parent).epoch == 3

        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, PickCheckpoint), "the list of checkpoints")
        await pilot.press("end", "enter")  # the oldest: of the first epoch
        await until(pilot, lambda: isinstance(app.screen, DesignScreen) and app.screen.draft.source == "fork of brisk-otter", "Design")
        screen = app.screen
        assert isinstance(screen, DesignScreen)
        assert "at epoch 1 (step-00000041" in screen.query_one(PresetRow).about
        layers = len(screen.query_one(LayerTable).items)
        screen.query_one(LayerTable).focus()
        await pilot.press("d")
        assert len(screen.query_one(LayerTable).items) == layers  # the network stays
        rate = next(each for each in screen.query(Entry) if each.key == "training.learning_rate")
        rate.focus()
        await pilot.press("ctrl+u", *"0.05")
        await pilot.pause()
        assert rate.changed
        assert rate.was == "0.1"
        assert "was 0.1" in "".join(segment.text for segment in rate.render_line(0))
        assert "tui-trainer fork" in ready(app)
        assert "--from step-00000041" in ready(app)
        assert "training.learning_rate=0.05" in ready(app)
        epochs = next(each for each in screen.query(Entry) if each.key == "training.epochs")
        epochs.focus()
        await pilot.press("ctrl+u", "1")
        await pilot.pause()
        assert "nothing is left to train" in ready(app)
        await pilot.press("ctrl+t")  # as the parent has it
        await pilot.pause()
        assert "nothing is left to train" not in ready(app)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: app.feed is not None and app.feed.path != parent and app.feed.state == "finished", "the fork's end")
        child = app.feed.path if app.feed else parent
        lineage = read_lineage(child)
        assert lineage is not None
        assert (lineage.parent, lineage.step, lineage.changes) == ("brisk-otter", 41, {"training.learning_rate": [0.1, 0.05]})
