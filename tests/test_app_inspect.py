"""Inspect: every view asks for what it shows, every key does what it says, and what fails says so in a sentence."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded_answers import BEST, RecordedInspector
from recorded_runs import NOON, make_run, recorded
from textual.pilot import Pilot

from tui_trainer.asking import questions as q
from tui_trainer.runs.calibration import BINS, gap_points, verdict
from tui_trainer.runs.checkpoints import Entry
from tui_trainer.runs.events import CheckpointSaved, encode
from tui_trainer.tui.actions import SECTIONS
from tui_trainer.tui.app import TrainerApp
from tui_trainer.tui.controls.header import Header
from tui_trainer.tui.controls.keybar import KeyBar
from tui_trainer.tui.screens.inspect import VIEWS, InspectScreen, checkpoint_options
from tui_trainer.tui.views.errors import ErrorsView
from tui_trainer.tui.views.image import ImageView
from tui_trainer.tui.views.pad import PadView
from tui_trainer.tui.views.shown import share
from tui_trainer.tui.views.shown import verdict as verdict_line
from tui_trainer.tui.widgets.confusion import ALL, ConfusionMatrix, cell_text
from tui_trainer.tui.widgets.gallery import Gallery
from tui_trainer.tui.widgets.pad import Pad
from tui_trainer.tui.widgets.picture import Picture

WIDE, SMALL = (120, 40), (80, 24)


class Look:
    """The app on Inspect, with a recorded run and recorded answers."""

    def __init__(self, root: Path, state: str = "finished", size: tuple[int, int] = WIDE, inspector: RecordedInspector | None = None) -> None:
        self.run = make_run(root, state)
        make_run(root, "finished", name="calm-dove")
        self.app = TrainerApp(root, self.run.path, looks=20, clock=lambda: NOON + 3600)
        self.inspector = self.app._inspector = inspector or RecordedInspector()  # type: ignore[assignment]
        self.size = size

    async def __aenter__(self) -> "Look":
        self._context = self.app.run_test(size=self.size)
        self.pilot: Pilot[Any] = await self._context.__aenter__()
        await self.until(lambda: self.app.screen.id == "train" and self.app.feed is not None and self.app.feed.loaded)
        await self.press("3")
        assert isinstance(self.app.screen, InspectScreen)
        self.screen = self.app.screen
        return self

    async def __aexit__(self, *args: object) -> None:
        await self._context.__aexit__(*args)

    async def until(self, holds: Callable[[], bool]) -> None:
        for _ in range(150):
            await self.pilot.pause(0.02)
            if holds():
                return
        raise AssertionError(f"it never came to that: {self.lines()}")

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()
        await self.pilot.pause(0.05)
        await self.app.workers.wait_for_complete([worker for worker in self.app.workers if worker.group != "never"]) if self.inspector.state == "ready" else None
        await self.pilot.pause(0.02)

    def asked(self, kind: type) -> list[Any]:
        return [question for question in self.inspector.asked if isinstance(question, kind)]

    def lines(self) -> str:
        return "\n".join(strip.text.rstrip() for strip in self.app.screen._compositor.render_strips())

    @property
    def keys(self) -> list[str]:
        return [key.label for key in self.screen.query_one(KeyBar)._keys]

    @property
    def gallery(self) -> Gallery:
        return self.screen.query_one(ErrorsView).images.gallery


async def test_the_worst_errors_are_there_at_once_and_a_cell_a_class_or_a_column_lists_its_own(tmp_path: Path) -> None:
    async with Look(tmp_path) as look:
        assert [(each.true, each.predicted, each.only, each.sort) for each in look.asked(q.ListImages)] == [(None, None, "errors", "loss")]
        assert look.asked(q.Summarise)[-1].weights == q.Weights(str(look.run.path), "")
        assert len(look.gallery.tiles) == 18
        assert "All errors · 18 · worst loss first" in look.lines()
        view, matrix = look.screen.query_one(ErrorsView), look.screen.query_one(ConfusionMatrix)
        assert matrix.cursor == (ALL, ALL)
        await look.press(*["down"] * 5, *["right"] * 10, "enter")
        last = look.asked(q.ListImages)[-1]
        assert (last.true, last.predicted, last.only) == (4, 9, "all")
        assert "4 → 9 · 6" in look.lines()
        assert look.gallery.has_focus, "the images take the keys, as after Most confused"
        await look.press("escape")
        assert matrix.has_focus
        await look.press("home", "enter")
        assert (look.asked(q.ListImages)[-1].true, look.asked(q.ListImages)[-1].predicted, look.asked(q.ListImages)[-1].only) == (4, None, "errors")
        assert "4 missed · 6" in look.lines()
        await look.press("o")
        assert look.asked(q.ListImages)[-1].sort == "confidence"
        await look.press("a")
        assert view.cell == (ALL, ALL)
        region = matrix.content_region
        await look.pilot.click(offset=(region.x + 4 + 3 * 4 + 2, region.y))  # the head of the column of 3
        await look.press()
        assert (look.asked(q.ListImages)[-1].true, look.asked(q.ListImages)[-1].predicted) == (None, 3)
        assert "3 said wrongly · 3" in look.lines()


async def test_an_image_is_looked_at_closely_and_next_and_previous_walk_along_the_list(tmp_path: Path) -> None:
    async with Look(tmp_path) as look:
        look.gallery.focus()
        await look.press("right", "enter")
        assert look.screen.view == "image"
        chosen = look.screen.query_one(ErrorsView).images.listing
        assert chosen is not None
        assert [each.image for each in look.asked(q.ShowSaliency)] == [q.FromSplit("validation", chosen.images[1].index)]
        assert [each.image for each in look.asked(q.ShowFeatures)] == [q.FromSplit("validation", chosen.images[1].index)]
        assert "2/18" in look.lines()
        await look.press("n", "n", "N")
        assert look.asked(q.ShowSaliency)[-1].image.index == chosen.images[2].index
        before = look.screen.query_one("#maps", Gallery).border_title
        await look.press("full_stop")
        assert look.screen.query_one("#maps", Gallery).border_title != before
        await look.press("escape")
        assert look.screen.view == "errors"
        assert look.app.focused is look.gallery or isinstance(look.app.focused, ConfusionMatrix)


async def test_split_and_checkpoint_are_chosen_by_keys_and_go_for_every_view(tmp_path: Path) -> None:
    async with Look(tmp_path) as look:
        await look.press("t")
        assert look.asked(q.Summarise)[-1].split == "test"
        await look.press("C", *"last", "enter")
        assert look.asked(q.Summarise)[-1].weights.checkpoint == "last"
        await look.press("l")
        assert (look.asked(q.Summarise)[-1].split, look.asked(q.Summarise)[-1].weights.checkpoint) == ("test", "last")
        assert "ECE 1.43 %" in look.lines()
        await look.press("w")
        assert look.asked(q.ShowKernels)[-1].weights.checkpoint == "last"
        count = len(look.inspector.asked)
        await look.press("l", "w", "e", "w")
        assert not [each for each in look.inspector.asked[count:] if isinstance(each, q.ShowKernels | q.ListImages) and not isinstance(each, q.ListImages)], "nothing is asked twice"


async def test_figures_lead_to_their_images(tmp_path: Path) -> None:
    async with Look(tmp_path) as look:
        await look.press("f")
        shown = look.lines()
        assert "weighted mean" in shown
        assert "macro mean" in shown
        await look.press("down", "down", "down", "enter")
        assert look.screen.view == "errors"
        assert (look.asked(q.ListImages)[-1].true, look.asked(q.ListImages)[-1].predicted) == (3, None)
        await look.press("f")
        look.screen.query_one("#pairs").focus()
        await look.press("enter")
        assert (look.asked(q.ListImages)[-1].true, look.asked(q.ListImages)[-1].predicted) == (4, 9)


async def test_kernels_layer_by_layer_and_histograms_of_both_kinds(tmp_path: Path) -> None:
    async with Look(tmp_path) as look:
        await look.press("w")
        assert len(look.screen.query_one("#kernels", Gallery).tiles) == 8
        await look.press("full_stop")
        assert look.asked(q.ShowKernels)[-1].layer == "4"
        assert len(look.screen.query_one("#kernels", Gallery).tiles) == 32
        await look.press("o")
        assert look.asked(q.ShowKernels)[-1].scale == "each"
        await look.press("h")
        assert "epoch 30" in look.lines()
        assert "dead" not in look.screen.query_one("#ridges").border_title
        assert "Activations" in look.keys
        await look.press("o")
        assert "12.0 %" in look.lines()
        assert "Weights" in look.keys


async def test_two_runs_what_one_gets_right_and_the_other_wrong(tmp_path: Path) -> None:
    async with Look(tmp_path) as look:
        await look.press("p")
        assert "o chooses one" in look.lines()
        await look.press("o", "enter")
        first = look.asked(q.Compare)[-1]
        assert (first.second.run, first.show) == (str(tmp_path / "calm-dove"), "first")
        assert "only brisk-otter" in look.lines()
        await look.press("down")
        assert look.asked(q.Compare)[-1].show == "second"
        assert "only calm-dove · 9" in look.lines()


async def test_drawing_with_the_keys_asks_with_each_dot_and_undo_clear_and_erase_do_what_they_say(tmp_path: Path) -> None:
    async with Look(tmp_path) as look:
        await look.press("d")
        pad = look.screen.query_one(Pad)
        assert pad.blank
        await look.press("right", "right")
        assert pad.blank, "the pen is up"
        await look.press("space", "down", "down", "down", "space", "left")
        assert not pad.blank
        sent = look.asked(q.Predict)[-1].image
        assert isinstance(sent, q.Drawn)
        assert (sent.picture.array() == pad.drawing).all()
        assert sent.picture.array().max() == 255
        assert "Takes it for 4 · 93 %" in look.lines()
        drawn = pad.drawing.sum()
        await look.press("x", "space", "right", "space")
        assert 0 < pad.drawing.sum() < drawn
        await look.press("c")
        assert pad.blank
        await look.press("u", "u")
        assert pad.drawing.sum() == drawn
        await look.press("enter")
        assert look.screen.view == "image"
        assert isinstance(look.asked(q.ShowSaliency)[-1].image, q.Drawn)
        await look.press("escape")
        assert look.screen.view == "pad"


async def test_drawing_with_the_mouse_and_resizing_keeps_the_drawing(tmp_path: Path) -> None:
    async with Look(tmp_path) as look:
        await look.press("d")
        pad = look.screen.query_one(Pad)
        await look.pilot.mouse_down(Pad, offset=(10, 5))
        for x in range(11, 40):
            await look.pilot.hover(Pad, offset=(x, 5))
        await look.pilot.mouse_up(Pad, offset=(39, 5))
        await look.press()
        row = pad.drawing[11]
        assert row[12:38].min() == 255, "a stroke without gaps"
        assert pad.drawing[20:].max() == 0
        before = pad.drawing.copy()
        await look.pilot.resize_terminal(80, 24)
        await look.pilot.pause(0.1)
        assert pad.size.width == 28
        assert (pad.drawing == before).all()


async def test_a_drawing_is_saved_as_the_network_sees_it_and_a_file_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with Look(tmp_path / "runs") as look:
        await look.press("d", "space", "down", "ctrl+s", "enter")
        from PIL import Image

        saved = Image.open(tmp_path / "drawing-1.png")
        assert (np.asarray(saved) == look.screen.query_one(PadView).answer.input.array()).all()  # type: ignore[union-attr]
        await look.press("ctrl+o", *"nothing.png", "enter")
        assert "no such file" in look.lines()
        await look.press("ctrl+u", *"drawing-1.png", "enter")
        assert look.asked(q.Predict)[-1].image == q.FromFile("drawing-1.png")


class Slow(RecordedInspector):
    """Answers a drawing only when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    async def ask(self, question: Any, slot: str = "", progress: Any = None) -> Any:
        answer = await super().ask(question, slot, progress)
        if isinstance(question, q.Predict):
            await self.gate.wait()
        return answer


async def test_the_pad_never_waits_for_answers_and_the_last_one_is_of_the_newest_drawing(tmp_path: Path) -> None:
    slow = Slow()
    async with Look(tmp_path, inspector=slow) as look:
        await look.pilot.press("d")
        await look.pilot.pause(0.05)
        for key in ("space", *["down"] * 8):
            await look.pilot.press(key)
        pad = look.screen.query_one(Pad)
        assert not pad.blank
        assert len(look.asked(q.Predict)) == 1, "one question at a time"
        slow.gate.set()
        await look.until(lambda: len(look.asked(q.Predict)) >= 2)
        await look.pilot.pause(0.05)
        assert len(look.asked(q.Predict)) == 2
        assert (look.asked(q.Predict)[-1].image.picture.array() == pad.drawing).all()


async def test_while_the_process_starts_the_events_matrix_is_there_and_the_screen_says_what_it_waits_for(tmp_path: Path) -> None:
    async with Look(tmp_path, inspector=RecordedInspector("starting")) as look:
        assert "inspection process starts" in look.lines()
        assert ", as told" in look.lines()
        assert "epoch 30" in look.lines()
        await look.press("f")
        assert "macro mean" in look.lines()


async def test_a_failure_is_one_sentence_and_r_tries_again(tmp_path: Path) -> None:
    async with Look(tmp_path, inspector=RecordedInspector(problem="the inspection process ended with signal 9; ask again to restart it")) as look:
        assert "signal 9; ask again to restart it  (r tries again)" in look.lines()
        look.inspector.problem = ""
        await look.press("r")
        assert "signal 9" not in look.lines()
        assert len(look.gallery.tiles) == 18


async def test_a_live_run_says_when_a_newer_checkpoint_is_there(tmp_path: Path) -> None:
    async with Look(tmp_path, "running") as look:
        assert look.asked(q.Summarise)[-1].weights.checkpoint == "last"
        at = recorded(4.5)[-1]
        with look.run.events_file.open("a") as file:
            file.write(encode(CheckpointSaved(time=at.time, elapsed=at.elapsed, step=BEST.step + 1, epoch=27.0, file="a.pt", reason="epoch", seconds=0.1)))
        await look.until(lambda: "newer: r" in look.screen.query_one(Header).subject)
        count = len(look.asked(q.Summarise))
        await look.press("r")
        assert len(look.asked(q.Summarise)) == count + 1


async def test_the_process_ends_with_the_app(tmp_path: Path) -> None:
    async with Look(tmp_path) as look:
        pass
    assert look.inspector.closed


async def test_where_there_is_room_for_one_part_enter_goes_to_the_pictures_and_escape_comes_back(tmp_path: Path) -> None:
    async with Look(tmp_path, size=SMALL) as look:
        assert not look.gallery.is_on_screen
        await look.press("enter")
        assert look.gallery.has_focus
        assert "4 → 9" in look.lines()
        await look.press("enter", "v")
        assert look.screen.query_one("#saliency", Picture).is_on_screen
        await look.press("v")
        assert look.screen.query_one("#maps", Gallery).is_on_screen
        await look.press("escape")
        assert look.gallery.has_focus
        await look.press("escape")
        assert isinstance(look.app.focused, ConfusionMatrix)


async def test_the_mouse_turns_views_and_looks_at_pictures(tmp_path: Path) -> None:
    async with Look(tmp_path) as look:
        first = look.gallery.content_region
        await look.pilot.click(offset=(first.x + 20, first.y + 3))
        assert look.gallery.cursor == 1
        await look.pilot.click(offset=(first.x + 20, first.y + 3))
        await look.press()
        assert look.screen.view == "image"
        assert look.screen.query_one(ImageView).number == 1
        column = look.lines().splitlines()[1].index("Histograms")
        await look.pilot.click(offset=(column, 1))
        await look.press()
        assert look.screen.view == "histograms"


async def test_without_a_run_it_says_what_to_do(tmp_path: Path) -> None:
    app = TrainerApp(tmp_path, looks=20)
    app._inspector = RecordedInspector()  # type: ignore[assignment]
    async with app.run_test(size=SMALL) as pilot:
        for _ in range(100):
            await pilot.pause(0.02)
            if app.screen.id == "design":
                break
        await pilot.press("alt+3")
        await pilot.pause(0.1)
        for key in "fwhidple":
            await pilot.press(key)
            await pilot.pause()
        text = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
        assert "No run is followed: 4 Runs lists them" in text
        assert app._inspector.asked == []  # type: ignore[attr-defined]


def test_every_action_of_the_views_exists() -> None:
    owners = {"errors": "Inspect: errors", "image": "Inspect: one image", "weights": "Inspect: weights", "histograms": "Inspect: histograms", "pad": "Inspect: draw", "pair": "Inspect: pair of runs"}
    for view, section in owners.items():
        for action in SECTIONS[section]:
            assert hasattr(VIEWS[view], f"action_{action.name.partition('(')[0]}"), action.name


def test_a_key_bars_order_is_not_upset_by_another_screens_action_of_the_same_name() -> None:
    known = {action.name for title in ("Design", "Design: network table", "Train", "Runs") for action in SECTIONS[title]} - {"split", "shares"}
    mine = {action.name for title in SECTIONS if title.startswith("Inspect") for action in SECTIONS[title]}
    assert not known & mine


def test_checkpoints_to_choose_from_say_once_what_they_are_and_line_up() -> None:
    entries = [
        Entry(file="step-00003000.pt", step=3000, epoch=8 / 9, time=0, reason="best", best=False, accuracy=0.97),
        Entry(file="step-00003375.pt", step=3375, epoch=1.0, time=0, reason="best", best=True, accuracy=1.0),
        Entry(file="step-00030000-end.pt", step=30000, epoch=10.0, time=0, reason="end", best=False),
    ]
    assert [option.about for option in checkpoint_options(entries)[2:]] == [
        "epoch 10.00            end of training", "epoch  1.00  100.00 %  best", "epoch  0.89   97.00 %  was best when saved",
    ]  # fmt: skip


def test_calibration_is_judged_alike_everywhere_and_nothing_is_no_gap() -> None:
    assert verdict(0.9745, 0.98) == "as sure as it is right"
    assert verdict(0.99, 0.97) == "too sure of itself"
    assert verdict(0.95, 0.97) == "right more often than it says"
    assert (gap_points(0.5001, 0.5), gap_points(0.48, 0.5), gap_points(0.5, 0.48)) == ("0.0", "+2.0", "-2.0")
    assert q.Summarise(q.Weights("run")).bins == BINS


def test_shares_that_would_round_to_nothing_are_not_nothing() -> None:
    assert [cell_text(1, share, shares=True, zero="-") for share in (0.0004, 0.005, 0.0051, 0.9949, 0.996, 1.0)] == ["<1", "<1", "1", "99", "99", "100"]
    assert [share(value) for value in (0.0, 0.005, 0.0051, 0.996, 0.9999)] == ["0 %", "<1 %", "1 %", "99 %", "100 %"]


def test_a_caption_cuts_no_name_that_fits() -> None:
    def text(true: str, called: str) -> str:
        return "".join(part for part, _ in verdict_line((true, called), 0, 1))

    assert text("airplane", "cat") == "airplane → cat"
    assert text("cat", "airplane") == "cat → airplane"
    assert len(text("automobile", "airplane")) == 15
    assert text("a", "b") == "a → b"


async def test_only_runs_on_the_same_data_are_offered_and_a_name_that_begins_so_comes_first(tmp_path: Path) -> None:
    async with Look(tmp_path) as look:
        make_run(tmp_path, "finished", name="other-data")
        config = tmp_path / "other-data" / "config.toml"
        config.write_text(config.read_text().replace('dataset = "digits"', 'dataset = "mnist"').replace('dataset = "mnist"', 'dataset = "kmnist"', 1))
        make_run(tmp_path, "finished", name="a-dove")
        await look.press("p", "o")
        names = [option.name for option in look.app.screen.options]  # type: ignore[attr-defined]
        assert "other-data" not in names
        assert {"calm-dove", "a-dove"} <= set(names)
        await look.press(*"calm", "enter")
        assert look.asked(q.Compare)[-1].second.run.endswith("calm-dove")


async def test_an_answer_of_an_earlier_drawing_is_marked_where_the_next_one_takes_long(tmp_path: Path) -> None:
    async with Look(tmp_path) as look:
        await look.press("d", "space", "down")
        view = look.screen.query_one(PadView)
        title = view.query_one("#pad-chances").border_title
        assert title.endswith(" ms")
        assert view.query_one("#pad-frame").border_subtitle == "pen down"
        look.inspector.state = "starting"  # never answers again
        await look.pilot.press("down")
        await look.until(lambda: str(view.query_one("#pad-chances").border_title).endswith("of an earlier drawing"))
