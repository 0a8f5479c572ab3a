"""``tui-trainer train`` as a person or a script uses it."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from conftest import QUICK, REPOSITORY, TrainedRun, run_program

from tui_trainer.runs.events import Evaluated, RunEnded, RunStarted, decode

MODULE = """
from torch import nn


def net(input_shape, classes):
    print("noise from somebody's module")
    return nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, classes))
"""


def test_json_prints_the_events_of_the_run_folder_and_nothing_else(trained: TrainedRun) -> None:
    events = [decode(line) for line in trained.stdout.splitlines()]
    assert isinstance(events[0], RunStarted)
    assert isinstance(events[-1], RunEnded)
    assert events[-1].state == "finished"
    assert {event.split for event in events if isinstance(event, Evaluated) and event.final} == {"train", "validation", "test"}
    assert trained.stdout == (trained.folder / "events.jsonl").read_text()


def test_module_that_prints_cannot_spoil_json(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MODULE)
    (tmp_path / "mine.toml").write_text('[network]\nkind = "module"\nsource = "mine.py:net"\n[training]\nepochs = 1.0\n')
    refused = run_program("train", "mine.toml", "--json", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--trust" in refused.stderr
    assert not (tmp_path / "runs").exists()
    done = run_program("train", "mine.toml", "--json", "--quiet", "--trust", "--name", "mine", *QUICK, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["name"] == "mine"
    assert "noise" in done.stderr


def test_piped_one_line_an_evaluation_then_the_report(tmp_path: Path) -> None:
    done = run_program("train", "digits-mlp", "--epochs", "3", "--name", "lines", "--set", "training.evaluate_test=true", *QUICK, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    lines = [line for line in done.stdout.splitlines() if re.match(r" +\d\.00 +\d+( +\d+\.\d\d% +\d\.\d{4}){3} ", line)]
    assert [line.split()[0] for line in lines] == ["1.00", "2.00", "3.00"]
    assert len({len(line) for line in lines}) == 1, "columns are aligned"
    report = done.stdout[done.stdout.index("\nlines  finished") :]
    for wanted in ("train ", "validation ", "test ", "precision", "recall", "F1", "wrong", "images/s", "runs/lines", "tui-trainer evaluate lines"):
        assert wanted in report


def test_quiet_prints_the_report_with_the_reference_beside_ours(tmp_path: Path) -> None:
    preset = '[network]\nlayers = [{type = "flatten"}, {type = "dense", units = "classes"}]\n[training]\nepochs = 1.0\n'
    (tmp_path / "held.toml").write_text(preset + '[reference]\nsource = "a book"\nvalue = 0.5\n')
    done = run_program("train", "held.toml", "--quiet", "--name", "held", *QUICK, cwd=tmp_path)
    assert done.stdout.startswith("\nheld  finished")
    ours = json.loads(run_program("runs", "show", "held", "--json", cwd=tmp_path).stdout)["latest"]["test"]["accuracy"]
    row = next(line for line in done.stdout.splitlines() if line.startswith("test "))
    assert f"{ours:.2%}" in row
    assert "50.00%" in row
    assert f"{(ours - 0.5) * 100:+.2f} points" in row
    assert "a book" in done.stdout


def test_reader_that_leaves_does_not_end_the_run(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tui_trainer", "train", "digits-mlp", "--epochs", "2", "--name", "read", "--json", *QUICK]
    env = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
    assert json.loads((tmp_path / "runs/read/status.json").read_text())["state"] == "finished"


def test_ctrl_c_saves_a_checkpoint_and_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tui_trainer", "train", "digits-mlp", "--epochs", "100000", "--name", "long", *QUICK]
    env = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        while " 1.00 " not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == ""
    assert "interrupted" in output
    status = json.loads((tmp_path / "runs/long/status.json").read_text())
    assert status["state"] == "stopped"
    newest = max((tmp_path / "runs/long/checkpoints").glob("step-*.pt"))
    assert newest.name == f"step-{status['step']:08d}.pt"


def test_sigterm_is_no_success(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tui_trainer", "train", "digits-mlp", "--epochs", "100000", "--name", "ended", *QUICK]
    env = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        while " 1.00 " not in process.stdout.readline():
            assert process.poll() is None
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads((tmp_path / "runs/ended/status.json").read_text())["reason"] == "terminated"


def test_loss_that_is_not_finite_fails_with_step_and_checkpoint(tmp_path: Path) -> None:
    dense = '{type = "flatten"}, {type = "dense", units = 32}, {type = "dense", units = 32}, {type = "dense", units = "classes"}'
    (tmp_path / "wild.toml").write_text(f"[network]\nlayers = [{dense}]\n[training]\nepochs = 3.0\nlearning_rate = 1e6\n")
    done = run_program("train", "wild.toml", "--name", "wild", *QUICK, cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert re.search(r"step \d+", done.stderr)
    assert "checkpoint" in done.stderr
    assert json.loads((tmp_path / "runs/wild/status.json").read_text())["state"] == "failed"
