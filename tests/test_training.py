"""The trainer on the bundled digits: what it leaves in the run folder, and what it does when asked or hurt."""

import io
import json
import os
import shutil
import subprocess
import sys
import time

import pytest
import torch

from tui_trainer.config import ConfigError, load_config
from tui_trainer.runs import commands, create_run
from tui_trainer.runs.checkpoints import read_index
from tui_trainer.runs.events import (
    CheckpointSaved,
    EpochEnded,
    Evaluated,
    LearningRateChanged,
    Paused,
    RunStarted,
    StageStarted,
    Steered,
    StepsTrained,
    decode,
)
from tui_trainer.runs.status import read_status, true_status
from tui_trainer.training.checkpoints import load_checkpoint
from tui_trainer.training.prepare import prepare
from tui_trainer.training.run import train


def events(run):
    return [decode(line) for line in run.events_file.read_text().splitlines()]


def trained(folder, preset="digits-mlp", name=None, listeners=(), **settings):
    config = load_config(preset, {"training.threads": 1, **settings})
    run = create_run(config, folder, name)
    return run, train(prepare(config), run, listeners)


def of(kind, found):
    return [event for event in found if isinstance(event, kind)]


def last_weights(run):
    return load_checkpoint(run.checkpoints, "last")[0]["weights"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Three epochs of digits-mlp."""
    return trained(tmp_path_factory.mktemp("runs"), **{"training.epochs": 3})


def test_events_tell_the_whole_story(finished):
    run, ended = finished
    told = events(run)
    assert isinstance(told[0], RunStarted)
    assert told[-1] == ended
    assert (ended.state, ended.step) == ("finished", told[0].total_steps)
    assert told[0].parameters == 50_890
    assert [event.epoch for event in of(EpochEnded, told)] == [1, 2, 3]
    steps = [event.step for event in of(StepsTrained, told)]
    assert steps == sorted(steps)
    assert steps[-1] == ended.step
    times = [event.elapsed for event in told]
    assert times == sorted(times)


def test_evaluations_count_every_image(finished):
    run, _ = finished
    told = events(run)
    sizes = {"train": told[0].train_images, "validation": told[0].validation_images, "test": told[0].test_images}
    for event in of(Evaluated, told):
        assert sum(map(sum, event.confusion)) == sizes[event.split]
        assert event.accuracy == pytest.approx(sum(event.confusion[k][k] for k in range(10)) / sizes[event.split])
    assert [event.split for event in of(Evaluated, told) if event.final] == ["train", "validation", "test"]
    assert {event.split for event in of(Evaluated, told) if not event.final} == {"train", "validation"}, "the test set is looked at only at the end"


def test_best_is_the_best_on_validation(finished):
    run, _ = finished
    judged = [event for event in of(Evaluated, events(run)) if event.split == "validation"]
    best = max(judged, key=lambda event: (event.accuracy, -event.loss))
    status = read_status(run.path)
    assert read_index(run.checkpoints).best.step == best.step
    assert status.summary["best"]["validation"]["accuracy"] == best.accuracy
    assert status.summary["final"]["test"]["accuracy"] > 0.9
    assert (status.state, status.total_steps, status.parameters) == ("finished", status.step, 50_890)


def test_same_seed_same_weights_other_seed_other_weights(finished, tmp_path):
    run, _ = finished
    again, _ = trained(tmp_path, **{"training.epochs": 3})
    other, _ = trained(tmp_path, **{"training.epochs": 3, "training.seed": 1})
    weights = last_weights(run)
    assert all(torch.equal(weights[name], value) for name, value in last_weights(again).items())
    assert not torch.equal(weights["1.weight"], last_weights(other)["1.weight"])


AUGMENTED = {
    "data.augment.shift": 1.0,
    "training.epochs": 2,
    "training.average": 0.9,
    "training.schedule": "one-cycle",
    "training.momentum": 0.9,
    "network.layers": [{"type": "flatten"}, {"type": "dense", "units": 16}, {"type": "batch-norm"}, {"type": "relu"}, {"type": "dropout"}, {"type": "dense", "units": "classes"}],
}


@pytest.mark.parametrize("stop_at", [0.05, 0.4, 1.0, 1.7])
def test_stopped_and_resumed_equals_never_stopped(tmp_path, stop_at):
    whole, _ = trained(tmp_path, name="whole", **AUGMENTED)
    config = load_config("digits-mlp", {"training.threads": 1, **AUGMENTED})
    run = create_run(config, tmp_path, "halves")

    def stop(event):
        if isinstance(event, StepsTrained) and event.epoch >= stop_at:
            os.kill(os.getpid(), 15)

    # a report after every step, so that the stop can fall anywhere
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tui_trainer.training.loop.TICK", 0.0)
        ended = train(prepare(config), run, [stop])
    assert (ended.state, ended.reason) == ("stopped", "terminated")
    assert stop_at <= ended.epoch < stop_at + 0.1
    ended = train(prepare(config), run, resume="last")
    assert ended.state == "finished"
    ours, theirs = load_checkpoint(run.checkpoints, "last")[0], load_checkpoint(whole.checkpoints, "last")[0]
    for part in ("weights", "raw_weights", "average", "optimiser", "random"):
        assert_same(ours[part], theirs[part])


def assert_same(one, other):
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, list):
        for first, second in zip(one, other, strict=True):
            assert_same(first, second)
    else:
        assert one == other


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_a_trainer_process_obeys(tmp_path):
    config = load_config("digits-mlp", {"training.epochs": 100_000, "training.evaluations_per_epoch": 0.01})
    run = create_run(config, tmp_path)
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "tui_trainer.training", str(run.path)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        commands.send(run.path, commands.Pause())
        wait_for(lambda: of(Paused, events(run)))
        assert true_status(run.path).state == "paused"
        paused = of(Paused, events(run))[0]
        commands.send(run.path, commands.OneStep())
        wait_for(lambda: len(of(Paused, events(run))) == 2)
        assert of(Paused, events(run))[1].step == paused.step + 1
        commands.send(run.path, commands.SetLearningRate(0.025))
        commands.send(run.path, commands.SaveCheckpoint())
        wait_for(lambda: any(event.reason == "requested" for event in of(CheckpointSaved, events(run))))
        run.commands_file.open("a").write('{"command": "SetLearningRate", "value": "lots"}\nrubbish\n{"command": "MakeCoffee"}\n')
        commands.send(run.path, commands.Continue())
        commands.send(run.path, commands.StopAfterEpoch())
        assert process.wait(60) == 0, (tmp_path / "log").read_text()
    finally:
        process.kill()
    told = events(run)
    (change,) = of(LearningRateChanged, told)
    assert (change.old, change.new) == (pytest.approx(0.1), pytest.approx(0.025))
    assert [event.command for event in of(Steered, told)] == ["Pause", "OneStep", "SetLearningRate", "SaveCheckpoint", "Continue", "StopAfterEpoch"]
    assert told[-1].state == "stopped"
    assert told[-1].epoch == round(told[-1].epoch)
    assert of(StepsTrained, told)[-1].learning_rate == pytest.approx(0.025)


def test_killed_counts_as_crashed(tmp_path):
    run = create_run(load_config("digits-mlp", {"training.epochs": 100_000}), tmp_path)
    process = subprocess.Popen([sys.executable, "-m", "tui_trainer.training", str(run.path)], stdin=subprocess.DEVNULL)
    try:
        wait_for(lambda: true_status(run.path).state == "running")
        second = subprocess.run([sys.executable, "-m", "tui_trainer.training", str(run.path)], capture_output=True, text=True)
        assert (second.returncode, second.stderr.strip()) == (2, f"tui-trainer: {run.path}: another trainer is at work on this run")
        assert true_status(run.path).state == "running"
    finally:
        process.kill()
        process.wait()
    assert true_status(run.path).state == "crashed"


def test_diverging_stops_as_failed_and_names_the_step_and_the_checkpoint(tmp_path):
    stages = [{"epochs": 1}, {"epochs": 5, "learning_rate": 1e6}]
    linear = [{"type": "flatten"}, {"type": "dense", "units": 32}, {"type": "dense", "units": "classes"}]
    run, ended = trained(tmp_path, **{"training.stages": stages, "network.layers": linear})
    assert ended.state == "failed"
    assert "at step" in ended.reason
    assert f"the last good checkpoint is {read_index(run.checkpoints).last.file}" in ended.reason
    assert read_status(run.path).state == "failed"


def test_stages_change_settings_and_early_stopping_ends(tmp_path):
    stages = [{"iterations": 30}, {"iterations": 10_000, "batch_size": 16, "learning_rate": 0.01, "optimiser": "adam"}]
    run, ended = trained(tmp_path, **{"training.stages": stages, "training.early_stopping": 2})
    told = events(run)
    assert [(event.stage, event.step) for event in of(StageStarted, told)] == [(0, 0), (1, 30)]
    assert ended.state == "finished"
    assert ended.reason.startswith("early stopping")
    assert ended.step < 10_030
    assert "test" in read_status(run.path).summary["final"]


def test_result_best_gives_the_best_weights_figures(tmp_path):
    run, _ = trained(tmp_path, **{"training.epochs": 6, "training.learning_rate": 0.5, "training.result": "best"})
    final = {event.split: event for event in of(Evaluated, events(run)) if event.final}
    best = max((event for event in of(Evaluated, events(run)) if event.split == "validation" and not event.final), key=lambda event: (event.accuracy, -event.loss))
    assert final["validation"].accuracy == pytest.approx(best.accuracy)
    assert all(event.checkpoint == "best" for event in final.values())


def test_damaged_and_hostile_checkpoints_are_refused(finished, tmp_path):
    run, _ = finished
    folder = tmp_path / "checkpoints"
    shutil.copytree(run.checkpoints, folder)
    entry = read_index(folder).last
    content = bytearray((folder / entry.file).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / entry.file).write_bytes(content)
    with pytest.raises(ConfigError, match="damaged"):
        load_checkpoint(folder, "last")

    class Bomb:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "exploded"),))

    import hashlib

    buffer = io.BytesIO()
    torch.save({"version": 1, "weights": Bomb()}, buffer)
    (folder / entry.file).write_bytes(buffer.getvalue())
    index = json.loads((folder / "index.json").read_text())
    index["checkpoints"][-1] |= {"sha256": hashlib.sha256(buffer.getvalue()).hexdigest(), "bytes": len(buffer.getvalue())}
    (folder / "index.json").write_text(json.dumps(index))
    with pytest.raises(ConfigError, match="not a checkpoint that can be read safely"):
        load_checkpoint(folder, entry.file)
    assert not (tmp_path / "exploded").exists()
    index["checkpoints"][-1]["file"] = "../../secret.pt"
    (folder / "index.json").write_text(json.dumps(index))
    with pytest.raises(ConfigError, match="no name of a checkpoint"):
        load_checkpoint(folder, "last")


def test_batch_larger_than_the_data_is_refused():
    with pytest.raises(ConfigError, match=r"training\.batch_size: a batch of 5000 is larger than the \d+ training images"):
        prepare(load_config("digits-mlp", {"training.batch_size": 5000}))


def test_a_last_batch_of_one_is_no_matter_to_batch_normalisation(tmp_path):
    layers = [{"type": "flatten"}, {"type": "dense", "units": 8}, {"type": "batch-norm"}, {"type": "dense", "units": "classes"}]
    _, ended = trained(tmp_path, **{"network.layers": layers, "data.train_images": 101, "training.batch_size": 50, "training.epochs": 2})
    assert (ended.state, ended.step, ended.epoch) == ("finished", 4, 2)


@pytest.mark.skipif(not shutil.which("c++") and not shutil.which("g++"), reason="torch.compile needs a C++ compiler")
def test_a_compiled_step_computes_the_same(tmp_path):
    settings = {"training.epochs": 1, "training.momentum": 0.9}
    eager, _ = trained(tmp_path, **settings)
    compiled, ended = trained(tmp_path, **settings, **{"training.compile": True})
    assert ended.state == "finished"
    for one, other in zip(last_weights(eager).values(), last_weights(compiled).values(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


UNUSED = """
from torch import nn

class Net(nn.Module):
    def __init__(self, inputs, classes):
        super().__init__()
        self.frozen, self.head, self.unused = nn.Linear(inputs, 8).requires_grad_(False), nn.Linear(8, classes), nn.Linear(3, 3)

    def forward(self, images):
        return self.head(self.frozen(images.flatten(1)))

def net(*, input_shape, classes):
    return Net(input_shape[0] * input_shape[1] * input_shape[2], classes)
"""


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=pytest.mark.skipif(not shutil.which("c++"), reason="needs a C++ compiler"))])
def test_a_module_may_hold_frozen_and_unused_weights(tmp_path, monkeypatch, compiled):
    monkeypatch.setenv("TUI_TRAINER_CONFIG_DIR", str(tmp_path / "settings"))
    (tmp_path / "own.py").write_text(UNUSED)
    network = {"network.kind": "module", "network.source": f"{tmp_path}/own.py:net"}
    config = load_config("digits-mlp", {"training.threads": 1, "training.iterations": 30, "training.compile": compiled, **network})
    prepared = prepare(config, trusted=True)
    before = {name: value.clone() for name, value in prepared.model.state_dict().items()}
    assert train(prepared, create_run(config, tmp_path)).state == "finished"
    changed = {name for name, value in prepared.model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"head.weight", "head.bias"}
