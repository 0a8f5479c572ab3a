"""What every view of Inspect looks like, with answers that are always the same: wide in colour, small in greys; some in ASCII and on white.

After a change that is meant, look at the report that pytest names, then: pytest tests/test_inspect_snapshots.py --snapshot-update
"""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from recorded_answers import RecordedInspector
from recorded_runs import NOON, make_plane_run, make_run
from textual.pilot import Pilot

from tui_trainer.tui.app import TrainerApp
from tui_trainer.tui.views.pad import PadView
from tui_trainer.tui.widgets import marks

LOOKS = {"120x40-colour": ((120, 40), {}), "80x24-grey": ((80, 24), {"NO_COLOR": "1"})}
OTHERS = {"120x40-light": ((120, 40), {"TUI_TRAINER_THEME": "light"}), "80x24-ascii": ((80, 24), {"ASCII": "1"}), "200x55-colour": ((200, 55), {})}
VIEWS = {
    "errors": ["down", "down", "down", "down", "down", *["right"] * 10, "enter"], "figures": ["f"], "reliability": ["l"], "weights": ["w"], "histograms": ["h", "o"],
    "image": ["i"], "draw": ["d", "space", *["down"] * 8, *["right"] * 6], "pair": ["p", "o", "enter"],
}  # fmt: skip


@pytest.fixture(autouse=True)
def still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket, "gethostname", lambda: "here")
    monkeypatch.setattr(PadView, "clock", staticmethod(lambda: 0.0))
    for name in ("NO_COLOR", "TUI_TRAINER_THEME"):
        monkeypatch.delenv(name, raising=False)
    yield
    marks.choose(ascii=False)


def compare(snap_compare: Any, monkeypatch: pytest.MonkeyPatch, keys: list[str], size: tuple[int, int], env: dict[str, str], inspector: RecordedInspector, make: Callable[[Path, str], Any] = make_run) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    marks.choose(ascii="ASCII" in env)
    make(Path("runs"), "finished")
    make_run(Path("runs"), "finished", name="calm-dove")
    app = TrainerApp(Path("runs"), Path("runs/brisk-otter"), looks=20, clock=lambda: NOON + 3600)
    app._inspector = inspector  # type: ignore[assignment]

    async def before(pilot: Pilot[Any]) -> None:
        for _ in range(100):
            await pilot.pause(0.02)
            if pilot.app.screen.id == "train" and pilot.app.screen.is_mounted:
                break
        await pilot.pause(0.1)
        for key in ["3", *keys]:
            await pilot.press(key)
            await pilot.pause()
        await pilot.pause(0.15)

    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("view", VIEWS)
def test_view(snap_compare: Any, monkeypatch: pytest.MonkeyPatch, view: str, look: str) -> None:
    compare(snap_compare, monkeypatch, VIEWS[view], *LOOKS[look], RecordedInspector())


@pytest.mark.parametrize("look", LOOKS)
def test_boundary(snap_compare: Any, monkeypatch: pytest.MonkeyPatch, look: str) -> None:
    keys = ["right", "right", "down", "down"]
    compare(snap_compare, monkeypatch, keys, *LOOKS[look], RecordedInspector(), make=make_plane_run)


@pytest.mark.parametrize("look", OTHERS)
@pytest.mark.parametrize("view", ["errors", "image"])
def test_otherwise(snap_compare: Any, monkeypatch: pytest.MonkeyPatch, view: str, look: str) -> None:
    compare(snap_compare, monkeypatch, VIEWS[view], *OTHERS[look], RecordedInspector())


@pytest.mark.parametrize("look", LOOKS)
def test_before_the_process_answers(snap_compare: Any, monkeypatch: pytest.MonkeyPatch, look: str) -> None:
    compare(snap_compare, monkeypatch, [], *LOOKS[look], RecordedInspector("starting"))


@pytest.mark.parametrize("look", LOOKS)
def test_when_it_fails(snap_compare: Any, monkeypatch: pytest.MonkeyPatch, look: str) -> None:
    compare(snap_compare, monkeypatch, [], *LOOKS[look], RecordedInspector(problem="the inspection process ended with signal 9; ask again to restart it"))
