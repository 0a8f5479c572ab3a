"""Several processes on one run: real ones, two of them, over gloo."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from conftest import QUICK, REPOSITORY, run_program

from tui_trainer.cli.processes import follow
from tui_trainer.config import load_config
from tui_trainer.runs import RunFolder, commands, create_run
from tui_trainer.runs.checkpoints import read_index
from tui_trainer.runs.events import CheckpointSaved, Evaluated, LearningRateChanged, Paused, RunEnded, RunStarted, StepsTrained, Warned, decode
from tui_trainer.runs.start import start
from tui_trainer.runs.status import read_status, true_status
from tui_trainer.training.batches import Batches, Position
from tui_trainer.training.checkpoints import load_checkpoint
from tui_trainer.training.prepare import prepare
from tui_trainer.training.run import train
from tui_trainer.training.world import World

LIMIT = 120
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
SMALL = {"training.threads": 1, "training.epochs": 2, "data.train_images": 201, "data.validation": 100, "training.batch_size": 25}
CONVOLUTION = [{"type": "conv2d", "channels": 4, "kernel": 5, "stride": 4}, {"type": "batch-norm"}, {"type": "relu"}, {"type": "flatten"}, {"type": "dense", "units": "classes"}]
EQUAL = {
    # 8 batches of 25 (13 and 12 images) and a last one of 1: the second process has none of it
    "uneven": {**SMALL, "training.momentum": 0.9, "training.average": 0.9, "training.schedule": "one-cycle"},
    "everything": {
        **SMALL,
        "training.class_weights": "balanced",
        "training.clip_norm": 1.0,
        "training.weight_decay": 0.01,
        "data.augment.shift": 2,
        "network.layers": CONVOLUTION,
    },
    "mixed": {**SMALL, "training.epochs": 1, "training.loss": "squared-error", "training.optimiser": "adam", "training.learning_rate": 0.001, "data.augment.mixup": 0.4},
}
"""What must not depend on the number of processes."""


def torchrun(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", *arguments],
        env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def told(run: RunFolder, kind):
    return [event for event in map(decode, run.events_file.read_text().splitlines()) if isinstance(event, kind)]


def until(condition, process):
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, "nothing happened for too long"
        assert process.poll() is None, "it ended"
        time.sleep(0.05)


def last_weights(run: RunFolder):
    return load_checkpoint(run.checkpoints, "last")[0]["weights"]


def assert_close(one, other, tolerance):
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert (value.float() - other[name].float()).abs().max() < tolerance, name


# -- equal results ------------------------------------------------------------------------------------------------

TOGETHER = """
import sys
from pathlib import Path
from tui_trainer.runs import RunFolder
from tui_trainer.training.prepare import prepare
from tui_trainer.training.run import train
from tui_trainer.training.world import join, leave

world = join("cpu")
for name in sys.argv[2:]:
    run = RunFolder(Path(sys.argv[1]) / name)
    train(prepare(run.config(), world=world), run)
leave(world)
"""


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """The runs of EQUAL, trained by two processes one after the other."""
    root = tmp_path_factory.mktemp("two")
    for name, settings in EQUAL.items():
        create_run(load_config("digits-mlp", settings), root, name)
    script = root / "together.py"
    script.write_text(TOGETHER)
    process = torchrun(str(script), str(root), *EQUAL)
    output, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, output
    return root


@pytest.mark.parametrize("name", EQUAL)
def test_two_processes_give_what_one_gives(together, tmp_path, name):
    config = load_config("digits-mlp", EQUAL[name])
    alone, two = create_run(config, tmp_path, name), RunFolder(together / name)
    train(prepare(config), alone)
    assert told(two, RunStarted)[0].processes == 2
    assert_close(last_weights(two), last_weights(alone), 1e-3 if name == "everything" else 1e-5)  # PyTorch's batch norm rounds coarsely
    assert told(two, StepsTrained)[-1].step == told(alone, StepsTrained)[-1].step
    ours, theirs = told(two, Evaluated), told(alone, Evaluated)
    assert [(event.split, event.step, sum(map(sum, event.confusion))) for event in ours] == [(event.split, event.step, sum(map(sum, event.confusion))) for event in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert one.loss == pytest.approx(other.loss, abs=2e-3)
        assert one.accuracy == pytest.approx(other.accuracy, abs=0.02)


@pytest.mark.parametrize("size", [2, 3])
def test_the_parts_of_the_processes_make_up_each_batch(size):
    data = prepare(load_config("digits-mlp", {**SMALL, "training.batch_size": 20})).data
    position = Position(1, 40, 0)
    whole = list(Batches(data, 3, True, False).rest_of_epoch(position, 20))
    for rank in range(size):
        world = World(rank=rank, size=size)
        parts = list(Batches(data, 3, True, False, world).rest_of_epoch(position, 20))
        assert len(parts) == len(whole)
        for (images, labels), (all_images, all_labels) in zip(parts, whole, strict=True):
            first, count = world.share(len(all_images))
            assert len(images) == max(count, 1)
            assert (images[:count] == all_images[first : first + count]).all()
            assert (labels[:count] == all_labels[first : first + count]).all()


# -- plain torchrun ---------------------------------------------------------------------------------------------------


def test_torchrun_without_restarts_says_that_a_process_was_lost(tmp_path):
    made = run_program("train", "digits-mlp", "--no-start", "--epochs", "100000", *QUICK, cwd=tmp_path)
    run = RunFolder(tmp_path / made.stdout.strip())
    assert (read_status(run.path).state, read_status(run.path).reason) == ("stopped", "not started yet")
    process = torchrun("-m", "tui_trainer.training", str(run.path))
    until(lambda: told(run, StepsTrained), process)
    assert told(run, RunStarted)[0].processes == 2
    workers(process)[1].kill()
    output, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 1, output
    ended = told(run, RunEnded)[0]
    assert ended.state == "failed"
    assert ended.reason.startswith("one of 2 processes was lost")
    assert true_status(run.path).reason == ended.reason


# -- a run of two processes, as the app starts it ---------------------------------------------------------------------


def test_a_foreground_run_passes_on_what_ends_it(tmp_path):
    """SIGTERM reaches the launcher, which would otherwise train on unseen."""
    run = create_run(load_config("digits-mlp"), tmp_path, "ended")
    script = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); print('ready', flush=True); time.sleep(60)"
    launcher = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    launcher.stdout.readline()
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
    assert follow(run, launcher, []).state == "failed"
    assert launcher.returncode == 0


def long_run(root: Path, **settings) -> RunFolder:
    return create_run(load_config("digits-mlp", {**SMALL, "training.processes": 2, "training.epochs": 100_000, **settings}), root, "long")


def workers(process) -> list[psutil.Process]:
    return [child for child in psutil.Process(process.pid).children() if "tui_trainer.training" in child.cmdline()]


@pytest.fixture
def begin():
    """Starts a run as the app does; what is left of it at the end is killed."""
    begun = []

    def begin(run, **more):
        begun.append(start(run, **more))
        return begun[-1]

    yield begin
    for process in begun:
        if process.poll() is None:
            for each in [*psutil.Process(process.pid).children(recursive=True), process]:
                each.kill()
            process.wait()


def test_steered_stopped_resumed_and_a_process_lost(tmp_path, begin):
    run = long_run(tmp_path)
    process = begin(run)
    until(lambda: told(run, StepsTrained), process)
    status = true_status(run.path)
    assert (status.state, status.pid) == ("running", process.pid)
    assert any("2 processes share" in event.message for event in told(run, Warned))

    commands.send(run.path, commands.Pause())
    until(lambda: told(run, Paused), process)
    commands.send(run.path, commands.SetLearningRate(0.01))
    until(lambda: told(run, LearningRateChanged), process)
    paused_at = told(run, StepsTrained)[-1].step
    commands.send(run.path, commands.Continue())
    until(lambda: told(run, CheckpointSaved)[-1].step > paused_at, process)

    lost = workers(process)[1]
    lost.kill()
    until(lambda: len(told(run, RunStarted)) == 2, process)
    again = told(run, RunStarted)[1]
    saved = [event.step for event in told(run, CheckpointSaved) if event.time < again.time]
    assert again.resumed_at >= saved[-1]  # the newest, or one that the end came before the word of
    until(lambda: told(run, StepsTrained)[-1].time > again.time, process)
    assert any("a process was lost: all were started again (1 of at most 3" in event.message for event in told(run, Warned))
    assert told(run, StepsTrained)[-1].learning_rate == 0.01
    assert true_status(run.path).state == "running"

    process.send_signal(signal.SIGTERM)
    process.wait(timeout=LIMIT)
    ended = told(run, RunEnded)
    assert [(event.state, event.reason) for event in ended] == [("stopped", "terminated")]
    assert read_index(run.checkpoints).last.step == ended[0].step
    assert true_status(run.path).state == "stopped"

    process = begin(run, resume="last")
    until(lambda: len(told(run, RunStarted)) == 3, process)
    assert told(run, RunStarted)[-1].resumed_at == ended[0].step
    commands.send(run.path, commands.StopNow())
    assert process.wait(timeout=LIMIT) == 0
    assert read_status(run.path).state == "stopped"
