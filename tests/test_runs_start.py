"""Starting a trainer that outlives whoever started it; what is refused before that."""

import json
import os
from pathlib import Path

import pytest
from conftest import TrainedRun

from tui_trainer.config import ConfigError, load_config
from tui_trainer.runs import create_run
from tui_trainer.runs.start import check_place, start


def test_started_trainer_has_its_own_session_and_finishes(tmp_path: Path) -> None:
    config = load_config("digits-mlp", {"training.epochs": 1.0, "training.threads": 1})
    run = create_run(config, tmp_path, "detached")
    process = start(run)
    assert os.getsid(process.pid) == process.pid
    assert process.wait(timeout=120) == 0, run.log_file.read_text()
    status = json.loads((run.path / "status.json").read_text())
    assert (status["state"], status["pid"]) == ("finished", process.pid)


@pytest.mark.parametrize(
    ("root", "name", "wanted"),
    [("runs", "taken", "already"), ("runs", "..", "not allowed"), ("file", None, "no folder"), ("file/below", None, "no folder")],
)
def test_refused_before_anything_is_loaded(root: str, name: str | None, wanted: str, tmp_path: Path) -> None:
    (tmp_path / "runs/taken").mkdir(parents=True)
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=wanted):
        check_place(tmp_path / root, name)


def test_new_places_are_fine_and_not_made(tmp_path: Path) -> None:
    check_place(tmp_path / "a/b/c", "new")
    assert not (tmp_path / "a").exists()


def test_resumed_run_forgets_what_it_went_back_behind(trained: TrainedRun, tmp_path: Path) -> None:
    """A run that goes on from step 41 after reaching step 82: the curve between is the newer one."""
    from tui_trainer.runs.folder import RunFolder
    from tui_trainer.runs.results import read_results

    lines = (trained.folder / "events.jsonl").read_text().splitlines()
    again = json.loads(lines[0]) | {"resumed_at": 41}
    newer = next(json.loads(line) for line in reversed(lines) if '"split":"validation"' in line) | {"accuracy": 0.125, "step": 82}
    (tmp_path / "config.toml").touch()
    (tmp_path / "events.jsonl").write_text("\n".join([*lines, json.dumps(again), json.dumps(newer), '{"torn']))
    results = read_results(RunFolder(tmp_path))
    assert [(event.step, event.accuracy) for event in results.evaluations if event.split == "validation"][1:] == [(82, 0.125)]
    assert results.ended is None
    assert results.skipped == 0
