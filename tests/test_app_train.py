"""Train: every key sends what it says, what was asked shows until it is answered, and every state tells what comes next."""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from recorded_runs import NOON, make_run, recorded
from textual.pilot import Pilot

from tui_trainer.runs import RunFolder
from tui_trainer.runs.events import Continued, Evaluated, LearningRateChanged, Steered, encode
from tui_trainer.tui.actions import TRAIN
from tui_trainer.tui.app import TrainerApp
from tui_trainer.tui.controls.header import Header
from tui_trainer.tui.controls.keybar import KeyBar
from tui_trainer.tui.controls.table import Table
from tui_trainer.tui.pace import Pace
from tui_trainer.tui.screens.curves import Curves
from tui_trainer.tui.screens.outcome import Outcome
from tui_trainer.tui.screens.panels import LogPanel, MatrixPanel
from tui_trainer.tui.screens.train import PANELS, TrainScreen
from tui_trainer.tui.widgets.chart import LineChart
from tui_trainer.tui.widgets.sparkline import Trend

Watching = Callable[[str, tuple[int, int]], Awaitable[tuple[Pilot[Any], TrainScreen, RunFolder]]]
WIDE, SMALL = (120, 40), (80, 24)


class Watch:
    """The app on one recorded run."""

    def __init__(self, root: Path, state: str, size: tuple[int, int] = WIDE, **more: Any) -> None:
        self.run = make_run(root, state, **more)
        self.app = TrainerApp(root, self.run.path, looks=20, clock=lambda: NOON + 3600)
        self.size = size

    async def __aenter__(self) -> "Watch":
        self._context = self.app.run_test(size=self.size)
        self.pilot = await self._context.__aenter__()
        for _ in range(100):
            await self.pilot.pause(0.02)
            if isinstance(self.app.screen, TrainScreen) and self.app.screen._shown is not None:
                break
        await self.pilot.pause(0.1)
        self.screen = self.app.screen
        assert isinstance(self.screen, TrainScreen)
        return self

    async def __aexit__(self, *args: object) -> None:
        await self._context.__aexit__(*args)

    def asked(self) -> list[str]:
        return [json.loads(line)["command"] for line in self.run.commands_file.read_text().splitlines()]

    async def tell(self, *events: Any) -> None:
        with self.run.events_file.open("a") as file:
            file.write("".join(map(encode, events)))
        await self.pilot.pause(0.3)

    @property
    def keys(self) -> list[str]:
        return [key.label for key in self.screen.query_one(KeyBar)._keys]


@pytest.mark.parametrize(
    ("keys", "command"),
    [("space", "Pause"), ("n", "OneStep"), ("N", "OneEpoch"), ("c", "SaveCheckpoint"), ("e", "StopAfterEpoch"), ("s y", "StopNow"), ("l 0 . 0 2 enter", "SetLearningRate")],
)
async def test_each_key_asks_for_what_it_says(tmp_path: Path, keys: str, command: str) -> None:
    async with Watch(tmp_path, "running") as watch:
        for key in keys.split():
            await watch.pilot.press(key)
            await watch.pilot.pause()
        assert watch.asked() == [command]
        assert watch.screen.query_one(Header).subject.startswith("asked for: ")


async def test_a_question_answered_with_no_sends_nothing(tmp_path: Path) -> None:
    async with Watch(tmp_path, "running") as watch:
        await watch.pilot.press("s", "n")
        await watch.pilot.press("l", "escape")
        await watch.pilot.press("l", "ctrl+u", "minus", "1", "enter")
        assert watch.asked() == []


async def test_what_was_asked_shows_until_it_is_answered(tmp_path: Path) -> None:
    async with Watch(tmp_path, "paused") as watch:
        assert "Go on" in watch.keys
        await watch.pilot.press("space")
        await watch.pilot.pause()
        assert watch.asked() == ["Continue"]
        assert watch.screen.query_one(Header).subject == "asked for: go on"
        at = {"time": NOON + 99, "elapsed": 99.0, "step": 170, "epoch": 3.3}
        await watch.tell(Steered(**at, command="Continue", value=None, by="you"), Continued(**at))
        assert "digits" in watch.screen.query_one(Header).subject
        assert "Pause" in watch.keys


@pytest.mark.parametrize("state", ["finished", "stopped", "failed", "crashed"])
async def test_after_the_end_nothing_can_be_steered_and_something_comes_next(tmp_path: Path, state: str) -> None:
    async with Watch(tmp_path, state) as watch:
        await watch.pilot.press("space", "n", "N", "l", "c", "e", "s")
        await watch.pilot.pause()
        assert watch.app.screen is watch.screen
        assert watch.asked() == []
        assert not {"Pause", "One step", "Stop"} & set(watch.keys)
        outcome = watch.screen.query_one(Outcome)
        assert outcome.display
        text = "\n".join("".join(part[0] for part in line) for line in outcome.lines)
        assert "change and train again" in text
        assert ("p report" in text) == (state in ("finished", "stopped"))
        assert "Report" in watch.keys
        if state == "failed":
            assert "nan at step 714" in text
            assert watch.screen.query_one(LogPanel).display
            assert "NotFinite" in str(watch.screen.query_one("#log Static").render())
        if state == "crashed":
            assert "process is gone" in text
        await watch.pilot.press("a")
        await watch.pilot.pause(0.3)
        assert watch.app.screen.id == "design"
        assert watch.app.screen.draft.get("training.epochs") == 30  # type: ignore[attr-defined]


async def test_a_trainer_that_dies_is_noticed_while_one_watches(tmp_path: Path) -> None:
    import dataclasses

    from tui_trainer.runs.status import read_status, write_status

    async with Watch(tmp_path, "running") as watch:
        watch.app.feed._now = iter(range(10**10, 2 * 10**10, 10)).__next__  # type: ignore[union-attr]
        write_status(watch.run.path, dataclasses.replace(read_status(watch.run.path), pid=2**22 - 1))
        await watch.pilot.pause(0.3)
        assert watch.screen.query_one(Outcome).display
        assert watch.app.feed.state == "crashed"  # type: ignore[union-attr]


async def test_curves_follow_the_events(tmp_path: Path) -> None:
    async with Watch(tmp_path, "running", epochs=2.0) as watch:
        before = len(watch.screen.query_one("#loss", LineChart).history("train").entries().x)
        await watch.tell(*recorded(4)[len(recorded(2)) :])
        chart = watch.screen.query_one("#loss", LineChart)
        whole = [event.loss for event in recorded(4) if type(event).__name__ == "StepsTrained"]
        assert len(chart.history("train").entries().x) > before
        await watch.pilot.press("right")
        await watch.pilot.pause()
        assert chart.cursor_values()["train"] == pytest.approx(whole[-1])
        assert watch.screen.query_one("#accuracy", LineChart).cursor == chart.cursor
        await watch.pilot.press("left")
        assert chart.cursor_values()["train"] != pytest.approx(whole[-1])
        await watch.pilot.press("escape")
        assert chart.cursor is None


async def test_a_small_terminal_shows_one_panel_at_a_time_and_keys_choose(tmp_path: Path) -> None:
    async with Watch(tmp_path, "running", SMALL) as watch:

        def seen() -> list[str]:
            return [name for name in PANELS if watch.screen.query_one(f"#{name}").region.area]

        for name in PANELS:
            if name == "boundary":
                continue  # of points in the plane
            assert seen() == [name]
            await watch.pilot.press("v")
            await watch.pilot.pause()
        await watch.pilot.press("V")
        await watch.pilot.pause()
        assert seen() == ["log"]
        await watch.pilot.resize_terminal(*WIDE)
        await watch.pilot.pause(0.2)
        assert set(PANELS) - set(seen()) <= {"events", "errors", "boundary"}
        await watch.pilot.press("z")
        await watch.pilot.pause()
        assert seen() == ["log"]


@pytest.mark.parametrize("size", [(80, 30), (100, 32), (120, 34), (120, 40), (200, 55)])
@pytest.mark.parametrize("state", ["running", "finished", "failed"])
async def test_both_charts_are_seen_at_any_common_size(tmp_path: Path, state: str, size: tuple[int, int]) -> None:
    async with Watch(tmp_path, state, size) as watch:
        for chart in watch.screen.query(LineChart):
            assert chart.region.height >= 10, "eight rows and the border"
            assert chart.region.width >= 40
        for name in ("diagnosis", "bottom", *(["outcome"] if state != "running" else [])):
            assert watch.screen.query_one(f"#{name}").region.height >= 3
        lowest = max(widget.region.bottom for widget in watch.screen.query("#bottom, #outcome") if widget.display)
        assert lowest == size[1] - 1, "nothing is left empty above the key bar"


async def test_trends_begin_and_end_in_the_same_columns(tmp_path: Path) -> None:
    async with Watch(tmp_path, "running", SMALL) as watch:
        lines = {trend.id: "".join(text for text, _ in trend.paint(trend.size.width, 1)[0]) for trend in watch.screen.query(Trend)}
        ends = {len(line.rstrip()) for line in lines.values()}
        assert len(lines) == 10
        assert len(ends) == 1, lines


async def test_zoom_enlarges_whatever_is_current(tmp_path: Path) -> None:
    async with Watch(tmp_path, "finished") as watch:
        await watch.pilot.press("v", "v", "v", "v", "z")
        await watch.pilot.pause(0.1)
        assert watch.screen.panel == "errors"
        assert watch.screen.query_one("#errors").region.width == WIDE[0]
        await watch.pilot.press("V")
        await watch.pilot.pause(0.1)
        assert watch.screen.query_one("#matrix").region.width == WIDE[0]
    async with Watch(tmp_path, "finished", SMALL, name="small") as watch:
        tops = set()
        for _ in range(7):
            await watch.pilot.pause(0.1)
            tops.add(watch.screen.query_one(Outcome).region.y)
            await watch.pilot.press("v")
        assert len(tops) == 1, "how it ended stands where it stood"


async def test_the_key_bar_follows_the_size(tmp_path: Path) -> None:
    async with Watch(tmp_path, "finished") as watch:
        assert "View" not in watch.keys
        await watch.pilot.resize_terminal(*SMALL)
        await watch.pilot.pause(0.3)
        assert "View" in watch.keys
        await watch.pilot.resize_terminal(*WIDE)
        await watch.pilot.pause(0.3)
        assert "View" not in watch.keys
        await watch.pilot.press("z")
        await watch.pilot.pause(0.1)
        assert "View" in watch.keys


async def test_the_log_is_read_when_it_comes_into_sight_and_from_its_end(tmp_path: Path) -> None:
    async with Watch(tmp_path, "running") as watch:
        other = make_run(tmp_path, "failed", name="other")
        other.log_file.write_text("a line\n" * 200 + "NotFinite: the end\n")
        watch.app.open_run(other.path)
        for _ in range(50):
            await watch.pilot.pause(0.02)
            if watch.screen._shown is watch.app.feed and watch.app.feed.loaded:
                break
        await watch.pilot.pause(0.2)
        log = watch.screen.query_one(LogPanel)
        assert log.display
        assert "the end" in str(watch.screen.query_one("#log Static").render())
        assert log.scroll_offset.y == log.max_scroll_y > 0


async def test_a_run_that_failed_before_its_first_figures_says_so_and_offers_what_there_is(tmp_path: Path) -> None:
    async with Watch(tmp_path, "failed", epochs=0.0) as watch:
        assert "ended before" in watch.screen.query_one("#loss", LineChart)._look.empty
        assert "too short" in str(watch.screen.query_one("#diagnosis Static").render())
        text = "\n".join("".join(part[0] for part in line) for line in watch.screen.query_one(Outcome).lines)
        assert "change and train again" in text
        assert "resume" not in text
        assert not {"Resume", "Fork", "Inspect"} & set(watch.keys)


async def test_what_was_steered_is_marked_and_a_stop_to_come_is_said(tmp_path: Path) -> None:
    async with Watch(tmp_path, "running") as watch:
        at = {"time": NOON + 99, "elapsed": 99.0, "step": 232, "epoch": 4.55}
        await watch.tell(*(Steered(**at, command=command, value=None, by="ada") for command in ("SaveCheckpoint", "StopAfterEpoch")))
        labels = {label for _, label in watch.screen.query_one("#loss", LineChart)._look.changes}
        assert {"checkpoint", "stop after epoch"} <= labels
        assert watch.screen.query_one(Header).subject.startswith("stops after epoch 5 (ada)")


async def test_a_rate_set_while_paused_is_the_rate(tmp_path: Path) -> None:
    async with Watch(tmp_path, "paused") as watch:
        at = {"time": NOON + 99, "elapsed": 99.0, "step": 166, "epoch": 3.25}
        await watch.tell(LearningRateChanged(**at, old=0.05, new=0.02, by="ada"))
        assert watch.screen.query_one("#lr", Trend)._value == 0.02


async def test_accuracy_of_batches_is_called_so_until_there_is_an_evaluation(tmp_path: Path) -> None:
    async with Watch(tmp_path, "running", epochs=0.75) as watch:
        chart = watch.screen.query_one("#accuracy", LineChart)
        assert len(chart.history("batch"))
        assert not len(chart.history("train"))
        await watch.tell(*recorded(2)[len(recorded(0.75)) :])
        assert not len(chart.history("batch"))
        assert len(chart.history("train")) == 2


async def test_keys_change_how_it_is_shown(tmp_path: Path) -> None:
    async with Watch(tmp_path, "running") as watch:
        loss = watch.screen.query_one("#loss", LineChart)
        await watch.pilot.press("g", "w", "m")
        assert loss._look.plot == "block"
        assert (loss.log_scale, loss.windowed) == (True, True)
        matrix = watch.screen.query_one(MatrixPanel)
        assert "row %" in str(matrix.border_title)
        await watch.pilot.press("x", "t")
        assert "counts" in str(matrix.border_title)
        assert matrix.split == "train"
        await watch.pilot.press("o")
        await watch.pilot.pause()
        assert watch.screen.query_one(LogPanel).display
        await watch.pilot.press("o", "ctrl+y")
        await watch.pilot.pause()
        assert not watch.screen.query_one(LogPanel).display
        assert watch.app.clipboard == f"tui-trainer open {watch.run.path}"
        await watch.pilot.press("i")
        await watch.pilot.pause()
        assert watch.app.screen.id == "inspect"
        await watch.pilot.press("b")
        await watch.pilot.pause()
        assert watch.app.screen is watch.screen


async def test_every_action_of_the_table_exists() -> None:
    from tui_trainer.tui.actions import SECTIONS
    from tui_trainer.tui.screens.compare import CompareScreen
    from tui_trainer.tui.screens.design import DesignScreen
    from tui_trainer.tui.screens.inspect import InspectScreen
    from tui_trainer.tui.screens.layer_list import LayerTable
    from tui_trainer.tui.screens.runs import RunsScreen
    from tui_trainer.tui.screens.sweep import SweepScreen
    from tui_trainer.tui.screens.sweeps import SweepsScreen

    owners = {"Everywhere": TrainerApp, "Design": DesignScreen, "Design: network table": LayerTable, "Train": TrainScreen, "Inspect": InspectScreen, "Runs": RunsScreen, "Compare": CompareScreen, "Sweeps": SweepsScreen, "Sweeps: one sweep": SweepScreen}
    for title, actions in SECTIONS.items():
        for action in actions:
            name = action.name.partition("(")[0]
            if title.startswith("Inspect: "):
                continue  # its views' own: test_app_inspect.py
            owner = TrainerApp if name.startswith("app.") else owners[title]
            assert hasattr(owner, f"action_{name.removeprefix('app.')}"), action
    assert len({action.keys for action in TRAIN}) == len(TRAIN)


async def test_clicks_do_what_keys_do(tmp_path: Path) -> None:
    async with Watch(tmp_path, "running") as watch:
        await watch.pilot.click(KeyBar, offset=(3, 0))
        await watch.pilot.pause()
        assert watch.asked() == ["Pause"]
        await watch.pilot.click(Header, offset=(45, 0))
        await watch.pilot.pause(0.2)
        assert watch.app.screen.id == "runs"


async def test_leaving_says_how_to_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with Watch(Path("runs"), "running") as watch:
        await watch.pilot.press("q")
    words = "\n".join(watch.app.last_words())
    assert "brisk-otter goes on" in words
    assert "tui-trainer open brisk-otter" in words
    assert "tui-trainer stop brisk-otter" in words


async def test_a_log_of_any_length_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_trainer.tui.app.LARGE", 100)  # read in a thread, as a large one
    async with Watch(tmp_path, "running") as watch:
        assert watch.screen.query_one(Curves).charts[0].history("train").entries().x.size
        assert len(watch.screen.query_one("#events Table", Table).items) > 3


async def test_the_palette_offers_what_applies(tmp_path: Path) -> None:
    async with Watch(tmp_path, "finished") as watch:
        offered = {command.title for command in watch.app.get_system_commands(watch.screen)}
        assert {"Train again", "Runs", "Theme: light", "Help", "Quit"} <= offered
        assert "Pause" not in offered


@pytest.mark.parametrize("theme", ["tui-light", "tui-contrast"])
async def test_themes_turn(tmp_path: Path, theme: str) -> None:
    async with Watch(tmp_path, "running") as watch:
        for _ in range(3):
            await watch.pilot.press("f9")
            if watch.app.theme == theme:
                return
    raise AssertionError(f"{theme} never came, pid {os.getpid()}")


def test_with_little_room_a_line_each_and_what_helps_against_the_first() -> None:
    from tui_trainer.runs.diagnosis import Finding
    from tui_trainer.tui.screens.diagnosis import text, title

    found = [Finding("learning-rate", "warning", "Too high.", "A lower one."), Finding("dead-relus", "warning", "Dead."), Finding("gap", "note", "A gap.", "More images.")]
    assert title(found).endswith("3 findings: learning rate, dead ReLUs, gap")
    assert title(found[:1]) == "Diagnosis"
    assert str(text(found, "", brief=True)).splitlines()[1:3] == ["  A lower one.", "! Dead."]
    assert "More images." not in str(text(found, "", brief=True))
    assert "More images." in str(text(found, ""))


async def test_the_diagnosis_follows_the_evaluations_and_says_what_helps(tmp_path: Path) -> None:
    from tui_trainer.tui.screens.diagnosis import DiagnosisPanel

    async with Watch(tmp_path, "running", epochs=4.0) as watch:
        panel = watch.screen.query_one(DiagnosisPanel)
        assert panel.region.area
        assert [finding.kind for finding in panel.found] == ["well"]
        worse = []
        for epoch in range(5, 9):
            at = {"time": NOON + epoch, "elapsed": float(epoch), "step": epoch * 51, "epoch": float(epoch)}
            worse += [Evaluated(**at, split=split, loss=loss, accuracy=accuracy, confusion=[], seconds=0.0) for split, loss, accuracy in (("train", 0.3 / epoch, 0.99), ("validation", 0.3 * epoch, 0.9))]
        await watch.tell(*worse)
        text = str(watch.screen.query_one("#diagnosis Static").render())
        assert "! Overfitting since epoch 4:" in text
        assert "training.early_stopping" in text


@pytest.mark.parametrize(("cost", "looks"), [(0.005, 30), (0.02, 15)])
def test_looks_that_cost_too_much_are_taken_half_as_often(cost: float, looks: int) -> None:
    seconds, spent = 0.0, 0.0
    pace, taken = Pace(lambda: seconds, lambda: spent), 0
    for _ in range(30):
        seconds += 1 / 3
        if pace.due():
            taken += 1
            spent += cost
    assert abs(taken - looks) <= 1
