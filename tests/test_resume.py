"""Resume: what a run becomes when it was stopped, killed or damaged on its way equals what it would have become."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from conftest import QUICK, REPOSITORY, run_program

from tui_trainer.config import ConfigError, load_config
from tui_trainer.runs import RunFolder, commands, create_run
from tui_trainer.runs.checkpoints import read_index
from tui_trainer.runs.events import CheckpointSaved, Evaluated, LearningRateChanged, RunStarted, StepsTrained, Warned, decode
from tui_trainer.runs.history import History
from tui_trainer.runs.lock import Refused
from tui_trainer.runs.reading import read_history
from tui_trainer.runs.results import read_results
from tui_trainer.runs.status import read_status, true_status
from tui_trainer.training.checkpoints import load_checkpoint
from tui_trainer.training.prepare import prepare
from tui_trainer.training.run import train

LAYERS = [{"type": "flatten"}, {"type": "dense", "units": 16}, {"type": "batch-norm"}, {"type": "relu"}, {"type": "dropout"}, {"type": "dense", "units": "classes"}]
SMALL = {"training.threads": 1, "data.train_images": 400, "data.validation": 100, "training.keep_checkpoints": 50}
RECIPES = {
    "momentum, one-cycle, augmentation, dropout, average": {
        "training.epochs": 3, "training.momentum": 0.9, "training.schedule": "one-cycle", "training.average": 0.9, "data.augment.shift": 1.0,
        "training.evaluations_per_epoch": 3, "network.layers": LAYERS,
    },
    "stages of several optimisers": {
        "training.stages": [
            {"iterations": 7, "momentum": 0.9}, {"epochs": 1, "momentum": 0.9, "batch_size": 48}, {"iterations": 5}, {"iterations": 6, "momentum": 0.9, "batch_size": 20},
            {"iterations": 9, "optimiser": "adam", "learning_rate": 0.01},
        ],
        "training.evaluate_every": 4, "data.augment.rotation": 10.0,
    },
    "early stopping, plateau, best": {
        "training.epochs": 40, "training.early_stopping": 3, "training.learning_rate": 1.5, "training.schedule": "plateau", "training.plateau_patience": 0,
        "training.result": "best", "training.evaluations_per_epoch": 2, "data.normalise": "zca",
    },
}  # fmt: skip


def events(run):
    return [decode(line) for line in run.events_file.read_text().splitlines()]


def of(kind, found):
    return [event for event in found if isinstance(event, kind)]


def make(folder, settings, name, preset="digits-mlp"):
    config = load_config(preset, SMALL | settings)
    return config, create_run(config, folder, name)


def trained(folder, settings, name, **more):
    config, run = make(folder, settings, name)
    return run, train(prepare(config), run, **more)


def state(run, which="last"):
    """What the run has become: all of the checkpoint but times and places in the event log."""
    found, _ = load_checkpoint(run.checkpoints, which)
    return {part: found[part] for part in ("weights", "raw_weights", "average", "optimiser", "judge", "place", "plan", "random", "preprocess")}


def assert_same(one, other, where=""):
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), where
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_same(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, list):
        for number, (first, second) in enumerate(zip(one, other, strict=True)):
            assert_same(first, second, f"{where}.{number}")
    else:
        assert one == other, where


def figures(run):
    return [(event.step, event.split, event.loss, event.accuracy, event.confusion, event.best) for event in read_results(run).evaluations]


def summary(run):
    return {part: value for part, value in read_status(run.path).summary.items() if part != "training_seconds"}


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """As each run's process has it from its start: here the first run would fit its whitening with more threads than the others, and round otherwise."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module", params=RECIPES)
def recipe(request):
    return RECIPES[request.param]


@pytest.fixture(scope="module")
def whole(recipe, tmp_path_factory):
    """The run that nobody interrupts."""
    return trained(tmp_path_factory.mktemp("whole"), recipe, "whole")[0]


@pytest.mark.parametrize("share", [0.02, 0.35, 0.65, 0.97])
def test_stopped_anywhere_and_resumed_equals_never_stopped(tmp_path, monkeypatch, recipe, whole, share):
    monkeypatch.setattr("tui_trainer.training.loop.TICK", 0.0)  # a report after every step, so that the stop can fall anywhere
    at = round(share * read_status(whole.path).step)

    def stop(event):
        if isinstance(event, StepsTrained) and event.step == at:
            os.kill(os.getpid(), signal.SIGTERM)

    config, run = make(tmp_path, recipe, "halves")
    ended = train(prepare(config), run, [stop])
    assert (ended.state, ended.step) == ("stopped", at)
    ended = train(prepare(config), run, resume="last")
    assert ended.state == "finished"
    assert_same(state(run), state(whole))
    assert figures(run) == figures(whole)
    assert summary(run) == summary(whole)
    assert read_index(run.checkpoints).best.step == read_index(whole.checkpoints).best.step


def test_every_checkpoint_of_a_run_leads_to_the_same_end(tmp_path, recipe, whole):
    """As after a crash: the events know more than the checkpoint, and that is taken back."""
    told = whole.events_file.read_text()
    for number, file in enumerate(list(read_index(whole.checkpoints).entries)[:-1][::3]):
        run = RunFolder(tmp_path / str(number))
        subprocess.run(["cp", "-r", str(whole.path), str(run.path)], check=True)
        entry = read_index(run.checkpoints).entries[file]
        ended = train(prepare(run.config()), run, resume=file)
        assert ended.state == "finished"
        assert run.events_file.read_text().startswith(told)
        assert_same(state(run), state(whole))
        assert figures(run) == figures(whole)
        assert summary(run) == summary(whole)
        history, _ = read_history(run.events_file)
        assert list(history.steps["step"]) == sorted(set(history.steps["step"])), f"a curve goes back at step {entry.step}"
        assert list(history.split("validation").track["step"]) == [step for step, split, *_ in figures(whole) if split == "validation"]
        followed = History()
        for event in events(run):
            followed.observe(event)
        assert followed.split("validation").best == history.split("validation").best


def test_stopping_after_an_epoch_costs_no_patience(tmp_path):
    settings = {"training.epochs": 8, "training.learning_rate": 1.0, "training.early_stopping": 2}
    whole, _ = trained(tmp_path, settings, "whole")
    config, run = make(tmp_path, settings, "stops")
    for _ in range(12):
        commands.send(run.path, commands.StopAfterEpoch())
        ended = train(prepare(config), run, resume="last" if read_index(run.checkpoints).entries else None, commands_from=0)
        run.commands_file.write_text("")
        if ended.state == "finished":
            break
    assert_same(state(run), state(whole))
    assert read_index(run.checkpoints).best.step == read_index(whole.checkpoints).best.step


def test_a_checkpoint_before_every_change_of_settings_and_one_asked_for_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("tui_trainer.training.loop.TICK", 0.0)
    config, run = make(tmp_path, {"training.epochs": 3, "training.keep_checkpoints": 1}, "steered")

    def steer(event):
        if isinstance(event, StepsTrained) and event.step == 5:
            commands.send(run.path, commands.SetLearningRate(0.02))
        if isinstance(event, StepsTrained) and event.step == 9:
            commands.send(run.path, commands.SaveCheckpoint())
        if isinstance(event, StepsTrained) and event.step == 12:
            os.kill(os.getpid(), signal.SIGHUP)

    train(prepare(config), run, [steer])
    told = events(run)
    kinds = [type(event).__name__ for event in told if isinstance(event, CheckpointSaved | LearningRateChanged)]
    settings = next(event for event in of(CheckpointSaved, told) if event.reason == "settings")
    change = of(LearningRateChanged, told)[0]
    assert settings.step == change.step
    assert kinds.index("CheckpointSaved") < kinds.index("LearningRateChanged")
    assert {event.reason for event in of(CheckpointSaved, told)} >= {"settings", "requested", "hangup"}
    left = read_index(run.checkpoints).entries.values()
    assert {"requested"} <= {entry.reason for entry in left}
    assert not {"settings", "hangup"} & {entry.reason for entry in left}
    assert {path.name for path in run.checkpoints.glob("*.pt")} == {entry.file for entry in left}


def test_the_newest_checkpoint_is_damaged_so_the_one_before_is_taken(tmp_path):
    config, run = make(tmp_path, {"training.epochs": 3, "training.keep_checkpoints": 1}, "hurt")
    train(prepare(config), run)
    whole = state(run)
    newest = read_index(run.checkpoints).last
    path = run.checkpoints / newest.file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(Refused, match="damaged"):
        train(prepare(config), run, resume=newest.file)
    ended = train(prepare(config), run, resume="last")
    assert ended.state == "finished"
    (note,) = [event.message for event in of(Warned, events(run)) if "damaged" in event.message]
    assert newest.file in note
    assert "the one before it is taken" in note
    assert_same(state(run), whole)


@pytest.mark.parametrize("index", [None, "rubbish"])
def test_a_lost_list_of_checkpoints_is_made_anew(tmp_path, index):
    config, run = make(tmp_path, {"training.epochs": 2}, "lost")
    train(prepare(config), run)
    whole, before = state(run), read_index(run.checkpoints)
    file = run.checkpoints / "index.json"
    file.unlink() if index is None else file.write_text(index)
    (run.checkpoints / "step-00000001.pt").write_bytes(b"no checkpoint")
    train(prepare(config), run, resume="last")
    after = read_index(run.checkpoints)
    assert (after.last.step, after.best.file) == (before.last.step, before.best.file)
    assert "step-00000001.pt" not in after.entries
    assert_same(state(run), whole)


def test_what_another_machine_changes_is_said_and_changed_settings_are_refused(tmp_path):
    config, run = make(tmp_path, {"training.epochs": 2}, "moved")
    train(prepare(config), run)
    threads = config.model_copy(update={"training": config.training.model_copy(update={"threads": 2})})
    train(prepare(threads), run, resume="last")
    assert [event.message for event in of(Warned, events(run)) if "resumed" in event.message] == [
        "resumed with 2 threads instead of 1: later figures agree to rounding, not bit for bit"
    ]
    free = prepare(config.model_copy(update={"training": config.training.model_copy(update={"threads": None})}))
    free.threads = 2
    train(free, run, resume=read_index(run.checkpoints).best.file)
    assert of(RunStarted, events(run))[-1].threads == 1, "chosen freely, it is the checkpoint's number of threads"
    told = run.events_file.read_text()
    other = config.model_copy(update={"training": config.training.model_copy(update={"momentum": 0.5})})
    with pytest.raises(Refused, match=r"training\.momentum is 0\.5, it was 0\.0 .* fork"):
        train(prepare(other), run, resume="last")
    with pytest.raises(ConfigError, match="no such checkpoint"):
        train(prepare(config), run, resume="step-00000007.pt")
    assert run.events_file.read_text() == told


def trainer(*arguments, cwd):
    env = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen([sys.executable, "-m", "tui_trainer", *arguments], cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_command_resumes_a_killed_run_as_train_shows_it(tmp_path):
    settings = ("--set", "training.checkpoint_minutes=0.002", "--set", "data.train_images=400")
    length = ("--epochs", "16", *settings, *QUICK)
    with trainer("train", "digits-mlp", "--name", "cut", *length, cwd=tmp_path) as process:
        for line in process.stdout:
            if line.startswith("  2.00"):
                commands.send(tmp_path / "runs/cut", commands.Pause())
            if "paused at step" in line:
                break
        second = run_program("resume", "cut", cwd=tmp_path)
        assert (second.returncode, second.stdout) == (2, "")
        assert "another trainer is at work" in second.stderr
        process.kill()
    run = RunFolder(tmp_path / "runs/cut")
    assert true_status(run.path).state == "crashed"
    done = run_program("resume", "cut", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    step = of(RunStarted, events(run))[-1].resumed_at
    assert step > 0
    assert f"goes on from step {step}" in done.stdout
    assert "cut  finished" in done.stdout
    assert run_program("train", "digits-mlp", "--name", "whole", "--quiet", *length, cwd=tmp_path).returncode == 0
    whole = RunFolder(tmp_path / "runs/whole")
    assert_same(state(run), state(whole))
    assert figures(run) == figures(whole)
    again = run_program("resume", "cut", cwd=tmp_path)
    assert again.returncode == 2
    assert "fork it with --set training.epochs=32" in again.stderr


def test_a_run_without_a_checkpoint_begins_again_detached(tmp_path):
    config = load_config("digits-mlp", {"training.epochs": 2, "training.threads": 1})
    run = create_run(config, tmp_path / "runs", "early")
    run.events_file.write_text(json.dumps({"event": "StepsTrained", "time": 1, "elapsed": 1, "step": 3, "epoch": 0.1, "loss": 1, "accuracy": 0, "learning_rate": 1, "gradient_norm": 1, "images_per_second": 1, "memory_bytes": 1}) + "\n")
    status = json.loads((run.path / "status.json").read_text()) | {"state": "running", "pid": 2**22 - 1, "pid_started": 1.0, "process": "gone"}
    (run.path / "status.json").write_text(json.dumps(status))
    done = run_program("resume", "early", "--detach", "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "early\n"), done.stderr
    assert json.loads((run.path / "status.json").read_text())["state"] in ("starting", "running", "finished")
    until = time.monotonic() + 60
    while read_status(run.path).state != "finished":
        assert time.monotonic() < until, run.log_file.read_text()
        time.sleep(0.05)
    told = events(run)
    assert of(RunStarted, told)[0].resumed_at == 0
    assert "begins again" in of(Warned, told)[0].message
    assert 3 not in [event.step for event in of(Evaluated, told)]
    assert read_history(run.events_file)[0].steps["step"][0] != 3
