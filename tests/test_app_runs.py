"""Runs: the table of all runs, its filter and order, and what one can do to a run. Starting and leaving the app."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, run_program
from recorded_runs import NOON, make_run
from textual.pilot import Pilot

from tui_trainer.tui.app import TrainerApp
from tui_trainer.tui.controls.keybar import KeyBar
from tui_trainer.tui.controls.table import Table
from tui_trainer.tui.screens.runs import Row, RunsScreen
from tui_trainer.tui.screens.sparks import accuracy_spark

STATES = {"amber-bat": "running", "brisk-cat": "paused", "calm-dove": "finished", "deft-eel": "stopped", "early-fox": "failed", "fair-gull": "crashed"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for age, (name, state) in enumerate(STATES.items()):
        make_run(tmp_path / "runs", state, name=name, created=NOON - 3600 * age, preset="mnist-cnn" if state == "stopped" else "digits-mlp")
    return tmp_path / "runs"


async def opened(pilot: Pilot[Any]) -> RunsScreen:
    await pilot.pause(0.1)
    await pilot.press("4")
    for _ in range(50):
        await pilot.pause(0.05)
        if isinstance(pilot.app.screen, RunsScreen) and pilot.app.screen.is_mounted:
            return pilot.app.screen
    raise AssertionError("Runs did not open")


def app_on(root: Path) -> TrainerApp:
    return TrainerApp(root, clock=lambda: NOON + 7200)


def names(screen: RunsScreen) -> list[str]:
    return [row.name for row in screen.query_one("#table", Table).items if isinstance(row, Row)]


async def test_all_runs_are_listed_live_ones_first_with_truthful_states(root: Path) -> None:
    async with app_on(root).run_test(size=(140, 30)) as pilot:
        screen = await opened(pilot)
        assert names(screen) == list(STATES)
        assert {row.name: row.state for row in screen.rows} == STATES
        failed = next(row for row in screen.rows if row.state == "failed")
        assert "nan at step 714" in failed.reason


async def test_typing_filters_and_escape_brings_all_back(root: Path) -> None:
    async with app_on(root).run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        await pilot.press("slash", *"cnn stop")
        assert names(screen) == ["deft-eel"]
        await pilot.press("enter")
        assert pilot.app.focused is screen.query_one("#table")
        await pilot.press("escape")
        assert len(names(screen)) == len(STATES)
        await pilot.press("slash", *"nothing like it")
        assert names(screen) == []
        assert screen.query_one("#table", Table).empty[0].startswith("None of 6")


async def test_columns_sort_by_key_and_by_click(root: Path) -> None:
    async with app_on(root).run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        await pilot.click("#table", offset=(2, 0))
        await pilot.pause()
        assert screen.sorted_by == "name"
        await pilot.press("S")
        assert names(screen) == ["brisk-cat", "amber-bat", "fair-gull", "early-fox", "deft-eel", "calm-dove"]
        await pilot.press("s")
        assert screen.sorted_by == "state"


async def test_a_note_a_new_name_and_away(root: Path) -> None:
    async with app_on(root).run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        await pilot.press("down", "down", "n")
        await pilot.pause()
        await pilot.press(*"good one", "enter")
        await pilot.pause()
        assert (root / "calm-dove" / "note.txt").read_text() == "good one"
        assert screen.row is not None
        assert screen.row.note == "good one"
        await pilot.press("r", "ctrl+u")
        await pilot.press(*"early-fox")
        await pilot.pause()
        await pilot.press("enter")
        assert (root / "calm-dove").exists()  # the name is taken
        await pilot.press("ctrl+u", *"best", "enter")
        await pilot.pause()
        assert (root / "best" / "config.toml").exists()
        table = screen.query_one("#table", Table)
        table.cursor = names(screen).index("best")
        await pilot.press("d", "n")
        assert (root / "best").exists()
        await pilot.press("d", "y")
        await pilot.pause()
        assert not (root / "best").exists()
        assert "best" not in names(screen)


def said(pilot: Pilot[Any]) -> list[str]:
    return [each.message for each in pilot.app._notifications]


def offered(screen: RunsScreen) -> str:
    return " ".join(f"{key.shown} {key.label}" for _, key in screen.query_one(KeyBar)._placed())


async def test_live_runs_are_neither_renamed_nor_deleted_and_it_says_why(root: Path) -> None:
    async with app_on(root).run_test(size=(120, 30), notifications=True) as pilot:
        screen = await opened(pilot)
        await pilot.press("d", "r", "u", "v")
        await pilot.pause()
        assert pilot.app.screen is screen
        assert (root / "amber-bat").exists()
        told = said(pilot)
        assert told[0].startswith("amber-bat is running: it can be deleted once it has ended")
        assert "renamed" in told[1]
        assert "at work already" in told[2]
        assert "space" in told[3]


async def test_the_key_bar_offers_what_has_an_effect_where_one_types(root: Path) -> None:
    async with app_on(root).run_test(size=(80, 24), notifications=True) as pilot:
        screen = await opened(pilot)
        await pilot.pause(0.1)
        assert offered(screen).endswith("? more q Quit")
        await pilot.press("slash")
        await pilot.pause(0.1)
        assert offered(screen) == "⏎ Back to the table esc All runs ^q Quit"
        await pilot.press("ctrl+c")
        assert "^q leaves" in said(pilot)[-1]
        await pilot.press("q", "escape")
        await pilot.pause(0.1)
        assert "esc All runs" not in offered(screen)


async def test_note_and_reason_are_told_in_full_and_the_order_keeps_its_arrow(root: Path) -> None:
    (root / "early-fox" / "note.txt").write_text("the rate was ten times too high, " * 4)
    async with app_on(root).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        screen.sorted_by = "best"
        screen._show()
        table = screen.query_one("#table", Table)
        assert "best %▴" in table.render_line(0).text
        table.cursor = names(screen).index("early-fox")
        await pilot.pause(0.1)
        summary = screen.query_one("#summary")
        told = " ".join(" ".join(summary.render_line(y).text for y in range(summary.size.height)).split())
        assert "the rate was ten times too high, " * 3 in told
        assert "failed: " in told
        assert "nan at step 714" in told


def test_sparklines_of_all_runs_are_on_one_scale(tmp_path: Path) -> None:
    pictures = []
    for name, share in (("good", 0.98), ("poor", 0.13)):
        (tmp_path / name).mkdir()
        lines = (f'{{"event":"Evaluated","split":"validation","loss":1.0,"accuracy":{share - change}}}\n' for change in (0.02, 0.0))
        (tmp_path / name / "events.jsonl").write_text("".join(lines))
        pictures.append(accuracy_spark(tmp_path / name, "finished").strip())
    assert all(mark in "▆▇" for mark in pictures[0])
    assert all(mark in "▁▂" for mark in pictures[1])


async def test_a_run_is_opened_and_its_settings_go_into_design(root: Path) -> None:
    async with app_on(root).run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        table = screen.query_one("#table", Table)
        table.cursor = names(screen).index("deft-eel")
        await pilot.press("enter")
        await pilot.pause(0.2)
        assert pilot.app.screen.id == "train"
        assert pilot.app.feed.name == "deft-eel"  # type: ignore[attr-defined]
        await pilot.press("4")
        await pilot.pause()
        await pilot.press("a")
        await pilot.pause(0.3)
        assert pilot.app.screen.id == "design"
        assert pilot.app.screen.draft.get("data.dataset") == "mnist"  # type: ignore[attr-defined]


async def test_a_thousand_runs_are_there_at_once(tmp_path: Path) -> None:
    run = make_run(tmp_path, "finished", name="run-0")
    for number in range(1, 1000):
        folder = tmp_path / f"run-{number}"
        folder.mkdir()
        for file in ("config.toml", "status.json"):
            os.link(run.path / file, folder / file)
    async with TrainerApp(tmp_path).run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        assert len(names(screen)) == 1000
        await pilot.press("end")
        assert screen.row is not None


async def test_without_runs_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with TrainerApp(tmp_path / "none").run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        assert "^r there starts it" in screen.query_one("#table", Table).empty[1]
        await pilot.press("enter", "a", "d", "n", "r")
        assert pilot.app.screen is screen


# --- start


@pytest.mark.parametrize("command", [[], ["open"], ["open", "nowhere"]])
def test_without_a_terminal_it_says_in_a_sentence_what_to_use(tmp_path: Path, command: list[str]) -> None:
    done = run_program(*command, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "tui-trainer watch" in done.stderr


def test_neither_the_app_nor_its_screens_import_torch() -> None:
    screens = "design train inspect runs help stages"
    code = f"import sys; import tui_trainer.tui.app; [__import__(f'tui_trainer.tui.screens.{{name}}') for name in '{screens}'.split()]; import tui_trainer.catalogue.facts; print([name for name in ('torch', 'sklearn', 'typer') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    assert done.stdout.strip() == "[]"


def test_the_first_paint_waits_for_neither_schema_nor_numpy() -> None:
    code = "import sys; import tui_trainer.tui.app; print([name for name in ('pydantic', 'numpy', 'psutil', 'tui_trainer.runs.events') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    assert done.stdout.strip() == "[]"


def test_watching_runs_does_without_the_schema() -> None:
    code = "import sys; import tui_trainer.tui.app; from tui_trainer.tui.screens import runs, train; print([name for name in ('pydantic', 'psutil') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("connection", "option", "expected"), [("10.0.0.1 1 10.0.0.2 22", "None", "120 2.0 none"), ("", "None", "120 3.0 none"), ("", "2", "2 2 none")])
def test_over_ssh_it_is_frugal_by_itself(connection: str, option: str, expected: str) -> None:
    code = f"""
import sys, types
from tui_trainer.tui import start
start.no_terminal = lambda: ""
class Stand:
    return_code = 0
    def __init__(self, root, path, looks):
        from textual import constants
        print(constants.MAX_FPS, looks, constants.TEXTUAL_ANIMATIONS)
    def run(self): pass
    def last_words(self): return []
sys.modules["tui_trainer.tui.app"] = types.SimpleNamespace(TrainerApp=Stand)
start.open_app(fps={option})
"""
    env = {key: value for key, value in os.environ.items() if not key.startswith("TEXTUAL")} | {"PYTHONPATH": str(REPOSITORY)}
    env |= {"SSH_CONNECTION": connection} if connection else {}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected


async def test_the_theme_is_remembered_and_the_environment_wins(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUI_TRAINER_CONFIG_DIR", str(tmp_path / "settings"))
    monkeypatch.delenv("TUI_TRAINER_THEME", raising=False)
    async with app_on(root).run_test(size=(80, 24)) as pilot:
        assert pilot.app.theme == "tui-dark"
        await pilot.press("f9")
        await pilot.pause()
    assert app_on(root).theme == "tui-light"
    monkeypatch.setenv("TUI_TRAINER_THEME", "contrast")
    assert app_on(root).theme == "tui-contrast"
    monkeypatch.delenv("TUI_TRAINER_THEME")
    (tmp_path / "settings" / "app.json").write_text("{torn")
    assert app_on(root).theme == "tui-dark"
    (tmp_path / "settings").chmod(0o500)
    async with app_on(root).run_test(size=(80, 24)) as pilot:
        await pilot.press("f9")  # cannot be written: the theme changes all the same
        await pilot.pause()
        assert pilot.app.theme == "tui-light"
    (tmp_path / "settings").chmod(0o700)


async def test_a_report_is_written_in_the_background(root: Path) -> None:
    async with app_on(root).run_test(size=(120, 30)) as pilot:
        await opened(pilot)
        await pilot.press("p")
        assert not any(Path().glob("report*"))  # still training
        await pilot.press("slash", *"calm", "enter", "p")
        page = root.parent / "report-calm-dove/index.html"
        for _ in range(1200):
            await pilot.pause(0.1)
            if any("The report lies in" in each.message for each in pilot.app._notifications):
                break
        assert "calm-dove" in page.read_text()
        assert (page.parent / "report.md").is_file()
