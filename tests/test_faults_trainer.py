"""What is done to trainers: each fault happens to a real process, and the run says what is so and goes on to the same end, bit for bit."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import torch
from nursery import Nursery

from tui_trainer.config import ConfigError, load_config
from tui_trainer.runs import RunFolder, commands, create_run
from tui_trainer.runs.checkpoints import read_index
from tui_trainer.runs.events import CheckpointSaved, Evaluated, LearningRateChanged, Paused, RunEnded, StepsTrained, Warned, decode
from tui_trainer.runs.follow import Follower
from tui_trainer.runs.status import read_status, true_status
from tui_trainer.training.checkpoints import load_checkpoint, save_checkpoint
from tui_trainer.training.whole import load_whole

TINY = {
    "training.threads": 1, "training.epochs": 4.0, "training.momentum": 0.9, "training.keep_checkpoints": 3, "training.average": 0.9,
    "training.schedule": "one-cycle", "data.augment.shift": 1.0, "data.train_images": 600, "training.batch_size": 32,
    "network.layers": [{"type": "flatten"}, {"type": "dense", "units": 8}, {"type": "batch-norm"}, {"type": "relu"}, {"type": "dropout"}, {"type": "dense", "units": "classes"}],
}  # fmt: skip
ENDLESS = {**TINY, "training.epochs": 1e5, "training.evaluations_per_epoch": 0.001}


def make(folder: Path, name: str, settings: dict[str, object] = TINY) -> RunFolder:
    return create_run(load_config("digits-mlp", settings), folder, name)


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Forks trainers."""
    made = Nursery(tmp_path_factory.mktemp("nursery"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def whole(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run that nothing was done to."""
    run = make(tmp_path_factory.mktemp("whole"), "whole")
    assert nursery.run(run.path) == 0, nursery.log.read_text()
    return run


def told(run: RunFolder, kind: type) -> list:  # type: ignore[type-arg]
    return [event for event in Follower(run.events_file, decode).poll() if isinstance(event, kind)]


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def figures(run: RunFolder) -> dict[str, object]:
    """Final figures by split, and those of the best and the last evaluation."""
    summary = read_status(run.path).summary
    return {part: summary[part] for part in ("best", "last", "final")}


def assert_equal_ends(one: RunFolder, other: RunFolder) -> None:
    """Bit for bit: weights, average, optimiser, random states, and every figure that is told at the end."""
    ours, theirs = (load_checkpoint(run.checkpoints, "last")[0] for run in (one, other))
    for part in ("weights", "raw_weights", "average", "optimiser", "random", "judge", "place"):
        assert_same(ours[part], theirs[part])
    assert figures(one) == figures(other)
    assert read_status(one.path).state == "finished"


def assert_same(one: object, other: object) -> None:
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


# -- killed -------------------------------------------------------------------------------------------------------------


def test_killed_at_random_moments_it_ends_as_never_killed(nursery: Nursery, whole: RunFolder, tmp_path: Path) -> None:
    run, draw, kills = make(tmp_path, "killed"), random.Random(4), 0
    began = time.monotonic()
    while (status := nursery.kill_after(run.path, "--resume", "last", seconds=draw.uniform(0.0, 0.4), training=draw.random() < 0.8, tick=0.0)) == -signal.SIGKILL:
        kills += 1
        if true_status(run.path).state == "finished":  # it was killed after its last word
            status = 0
            break
        assert true_status(run.path).state == "crashed"
        if kills >= 8 or time.monotonic() - began > 15:
            status = nursery.run(run.path, "--resume", "last")
            break
    assert status == 0, nursery.log.read_text()
    assert kills
    assert_equal_ends(run, whole)


def test_killed_between_any_two_system_calls_of_a_checkpoint(nursery: Nursery, whole: RunFolder, tmp_path: Path) -> None:
    """A few of them, others each time; `benchmarks/kills` does them all."""
    run = make(tmp_path, "template")
    assert nursery.run(run.path, crash_at=10**9, save=2) == 0
    boundaries = int(nursery.count.read_text())
    assert boundaries > 15
    for number in random.Random(time.time_ns()).sample(range(1, boundaries + 1), 4):
        run = make(tmp_path, f"cut-{number}")
        assert nursery.run(run.path, crash_at=number, save=2) == -signal.SIGKILL
        assert true_status(run.path).state == "crashed"
        for file in read_index(run.checkpoints).entries:
            load_checkpoint(run.checkpoints, file)
        assert nursery.run(run.path, "--resume", "last") == 0, nursery.log.read_text()
        assert_equal_ends(run, whole)
        left = {path.name for path in (*run.path.iterdir(), *run.checkpoints.iterdir())}
        listed = set(read_index(run.checkpoints).entries)
        assert left == {"config.toml", "events.jsonl", "commands.jsonl", "status.json", "trainer.lock", "checkpoints", "index.json", *listed}


# -- no room ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a megabyte; where none can be mounted, the limit on the size of files below has to do."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.getuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("while_writing", ["events", "checkpoint"])
def test_disk_full(nursery: Nursery, whole: RunFolder, small_disk: Path, tmp_path: Path, while_writing: str) -> None:
    settings = {**TINY, "training.batch_size": 4} if while_writing == "events" else TINY
    run = make(small_disk, "full", settings)
    assert nursery.run(run.path, tick=0.0, crash_at=1, save=3) == -signal.SIGKILL, "two checkpoints are there"
    ballast = small_disk / "ballast"
    free = shutil.disk_usage(small_disk).free
    ballast.write_bytes(bytes(free - (76_000 if while_writing == "checkpoint" else 41_000)))  # beside what is kept for the last words
    assert nursery.run(run.path, "--resume", "last", tick=0.0) == 1
    status = true_status(run.path)
    assert status.state == "failed"
    assert "No space left on device; make room, then resume the run; the last good checkpoint is step-" in status.reason
    assert ("events.jsonl" if while_writing == "events" else "checkpoints/step-") in status.reason
    assert told(run, RunEnded)[-1].reason == status.reason
    reader = Follower(run.events_file, decode)
    list(reader.poll())
    assert reader.skipped <= 1, "the line that the kill tore"
    for file in read_index(run.checkpoints).entries:
        load_checkpoint(run.checkpoints, file)
    ballast.unlink()
    assert nursery.run(run.path, "--resume", "last") == 0, nursery.log.read_text()
    if while_writing == "events":
        whole = make(tmp_path, "whole", settings)
        assert nursery.run(whole.path) == 0
    assert_equal_ends(run, whole)


def test_a_file_that_may_not_grow(nursery: Nursery, whole: RunFolder, tmp_path: Path) -> None:
    """The same without a file system of its own: a limit on the size of files, which the events reach."""
    run = make(tmp_path, "limited")
    assert nursery.run(run.path, tick=0.0, limits={"RLIMIT_FSIZE": 66_000}) == 1
    status = true_status(run.path)
    assert (status.state, "File too large; make room" in status.reason) == ("failed", True)
    assert nursery.run(run.path, "--resume", "last") == 0
    assert_equal_ends(run, whole)


# -- damaged ------------------------------------------------------------------------------------------------------------


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    path.write_bytes(content)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def deleted(path: Path) -> None:
    path.unlink()


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


@pytest.fixture(scope="module")
def stopped(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run that was killed after two checkpoints."""
    run = make(tmp_path_factory.mktemp("stopped"), "stopped")
    assert nursery.run(run.path, crash_at=1, save=3) == -signal.SIGKILL
    assert len(read_index(run.checkpoints).entries) == 2
    return run


@pytest.mark.parametrize(("what", "damage"), [("step", truncated), ("step", flipped), ("step", deleted), ("index", truncated), ("index", garbage), ("index", deleted), ("status", garbage)])
def test_damage_is_noticed_said_and_gone_round(nursery: Nursery, whole: RunFolder, stopped: RunFolder, tmp_path: Path, what: str, damage: Callable[[Path], None]) -> None:
    run = RunFolder(tmp_path / "run")
    shutil.copytree(stopped.path, run.path)
    newest, before = reversed(read_index(run.checkpoints).entries.values())
    damage({"step": run.checkpoints / newest.file, "index": run.checkpoints / "index.json", "status": run.path / "status.json"}[what])
    assert nursery.run(run.path, "--resume", "last") == 0, nursery.log.read_text()
    said = " ".join(event.message for event in told(run, Warned))
    if what == "step":
        assert newest.file in said
        assert f"the one before it is taken: {before.file}" in said
    elif what == "index":
        assert "index.json" in said
    assert_equal_ends(run, whole)


@pytest.mark.parametrize("part", ["config", "place", "optimiser", "judge", "random", "plan", "clock", "weights"])
def test_a_checkpoint_that_lacks_a_part_is_damaged_whatever_its_checksum_says(nursery: Nursery, stopped: RunFolder, tmp_path: Path, part: str) -> None:
    run = RunFolder(tmp_path / "run")
    shutil.copytree(stopped.path, run.path)
    newest, before = reversed(read_index(run.checkpoints).entries.values())
    state, _ = load_checkpoint(run.checkpoints, newest.file)
    for value in (None, {}, 10**15):
        save_checkpoint(run.checkpoints, {key: each for key, each in state.items() if key not in ("version", part)} | ({} if value is None else {part: value}), newest)
        with pytest.raises(ConfigError, match=f"{newest.file}: the checkpoint is damaged: .*{part}"):
            load_whole(run.checkpoints, newest.file)
    if part == "place":  # one of them as a trainer meets it
        assert nursery.run(run.path, "--resume", "last") == 0, nursery.log.read_text()
        assert any(f"the one before it is taken: {before.file}" in event.message for event in told(run, Warned))


def test_a_trainer_started_again_goes_on_and_never_over_what_was_trained(nursery: Nursery, whole: RunFolder, stopped: RunFolder, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    shutil.copytree(stopped.path, run.path)
    assert nursery.run(run.path) == 0, nursery.log.read_text()
    assert_equal_ends(run, whole)
    assert nursery.run(run.path) == 2
    assert "is finished" in nursery.log.read_text()
    assert_equal_ends(run, whole)


def test_a_run_that_finds_no_room_leaves_no_folder(small_disk: Path) -> None:
    (small_disk / "runs").mkdir()
    (small_disk / "ballast").write_bytes(bytes(shutil.disk_usage(small_disk).free))
    with pytest.raises(ConfigError, match="No space left on device"):
        make(small_disk / "runs", "full")
    assert not list((small_disk / "runs").iterdir())


def test_hostile_folders_are_refused_and_run_nothing(nursery: Nursery, stopped: RunFolder, tmp_path: Path) -> None:
    """Pickled code, packed parts, allocations in disguise, links that lead out: one sentence each, and nobody else's file is touched."""
    import hashlib
    import io
    import zipfile

    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return (os.mkdir, (str(tmp_path / "exploded"),))

    class Eater:
        def __reduce__(self) -> tuple[object, ...]:
            return (bytearray, (10**12,))

    def saved(value: object) -> bytes:
        buffer = io.BytesIO()
        torch.save(value, buffer)
        return buffer.getvalue()

    def packed() -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made, zipfile.ZipFile(io.BytesIO(saved({"version": 1}))) as parts:
            for part in parts.namelist():
                made.writestr(part, parts.read(part))
            made.writestr("archive/data/0", bytes(50_000_000))
        return buffer.getvalue()

    contents = {"code": saved({"version": 1, "weights": Bomb()}), "eater": saved({"version": 1, "weights": Eater()}), "packed": packed(), "odd": saved([1]), "newer": saved({"version": 2})}
    for kind, content in contents.items():
        run = RunFolder(tmp_path / kind)
        shutil.copytree(stopped.path, run.path)
        index = json.loads((run.checkpoints / "index.json").read_text())
        for entry in index["checkpoints"]:
            (run.checkpoints / entry["file"]).write_bytes(content)
            entry |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        (run.checkpoints / "index.json").write_text(json.dumps(index))
        assert nursery.run(run.path, "--resume", "last", limits={"RLIMIT_DATA": 8 << 30}) == 2, kind
        said = nursery.log.read_text().splitlines()[-1]
        assert said.startswith(f"tui-trainer: {run.checkpoints}"), said
    assert not (tmp_path / "exploded").exists()
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for file in ("events.jsonl", "commands.jsonl", "trainer.lock", "trainer.log", "checkpoints"):
        run = RunFolder(tmp_path / f"link-{file}")
        shutil.copytree(stopped.path, run.path)
        place = run.path / file
        if file == "checkpoints":
            place.rename(tmp_path / "elsewhere")
            place.symlink_to(tmp_path / "elsewhere")
        else:
            place.unlink(missing_ok=True)
            place.symlink_to(victim)
        assert nursery.run(run.path, "--resume", "last") == 2, file
        assert "symbolic link" in nursery.log.read_text().splitlines()[-1]
    assert victim.read_text() == "mine"


ABSURD = {
    "layers": "[network]\nlayers = [" + '{ type = "dense", units = 10 },' * 15_000 + "]",
    "units": '[network]\nlayers = [{ type = "dense", units = 1000000000000 }]',
    "batch": "[training]\nbatch_size = 1000000000000",
    "images": "[data]\ntrain_images = 1000000000000\nimage_size = 4096",
    "epochs": "[training]\nepochs = 1e300",
    "deep": "a" + ".a" * 30_000 + " = 1",
    "source": '[network]\nkind = "module"\nsource = "../../evil.py:net"',
}


@pytest.mark.parametrize("kind", ABSURD)
def test_absurd_configs_are_refused_in_a_sentence(nursery: Nursery, tmp_path: Path, kind: str) -> None:
    run = make(tmp_path, "absurd")
    (tmp_path.parent / "evil.py").write_text(f"open({str(tmp_path / 'exploded')!r}, 'w')")
    run.config_file.write_text(ABSURD[kind])
    nursery.log.write_text("")
    assert nursery.run(run.path, limits={"RLIMIT_DATA": 8 << 30}) == 2, nursery.log.read_text()
    assert nursery.log.read_text().startswith("tui-trainer: ")
    assert nursery.log.read_text().count("\n") == 1
    assert true_status(run.path).state == "failed"
    assert not (tmp_path / "exploded").exists()


# -- memory -------------------------------------------------------------------------------------------------------------

WIDE = {**TINY, "training.batch_size": 500, "network.layers": [{"type": "flatten"}, {"type": "dense", "units": 400_000}, {"type": "relu"}, {"type": "dense", "units": "classes"}]}


@pytest.mark.parametrize("room", [0, 600])
def test_out_of_memory_is_said_with_what_helps(nursery: Nursery, tmp_path: Path, room: int) -> None:
    """At once while the network is made, and in the first step (in megabytes beyond what the process has)."""
    run = make(tmp_path, "hungry", WIDE if room == 0 else {**WIDE, "network.layers": [{"type": "flatten"}, {"type": "dense", "units": 100_000}, {"type": "relu"}, {"type": "dense", "units": "classes"}]})
    before = f"import resource, psutil; resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + {room or 300} * 2**20,) * 2)"
    assert nursery.run(run.path, before=before) == 1, nursery.log.read_text()
    status = true_status(run.path)
    assert status.state == "failed"
    assert "out of memory: a smaller training.batch_size needs less" in status.reason


def test_a_gpu_out_of_memory_is_said_with_what_helps(nursery: Nursery, tmp_path: Path) -> None:
    run = make(tmp_path, "gpu")
    fake = "import torch, tui_trainer.training.loop as loop\ndef full(*_): raise torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 2 GiB')\nloop.Loop._report = full"
    assert nursery.run(run.path, before=fake) == 1
    assert "a smaller training.batch_size needs less; there is no checkpoint yet" in true_status(run.path).reason


# -- signals, other trainers, people ------------------------------------------------------------------------------------

ONCE = "sent.times = getattr(sent, 'times', 0) + 1; sent.times == 1 and os.kill(os.getpid(), signal.{signal})"
AT = {
    "loading": "import tui_trainer.training.prepare as place, os, signal\nplace.load_dataset = lambda *_, **__: os.kill(os.getpid(), signal.{signal})",
    "evaluation": "import tui_trainer.training.loop as place, os, signal\nwas = place.evaluate\ndef sent(*a, **k):\n " + ONCE + "\n return was(*a, **k)\nplace.evaluate = sent",
    "checkpoint": "import tui_trainer.training.saving as place, os, signal\nwas = place.save_checkpoint\ndef sent(*a, **k):\n " + ONCE + "\n return was(*a, **k)\nplace.save_checkpoint = sent",
    "twice": "import tui_trainer.training.loop as place, os, signal\nwas = place.Loop._report\ndef sent(*a, **k):\n [os.kill(os.getpid(), signal.{signal}) for _ in range(3)]\n return was(*a, **k)\nplace.Loop._report = sent",
}


@pytest.mark.parametrize(
    ("moment", "name", "status", "reason"),
    [
        ("loading", "SIGTERM", 0, "terminated before the first step"), ("loading", "SIGINT", 130, "interrupted before the first step"),
        ("evaluation", "SIGTERM", 0, "terminated"), ("checkpoint", "SIGINT", 130, "interrupted"), ("twice", "SIGTERM", 130, "interrupted at once"),
    ],
)  # fmt: skip
def test_signals_at_odd_moments(nursery: Nursery, whole: RunFolder, tmp_path: Path, moment: str, name: str, status: int, reason: str) -> None:
    run = make(tmp_path, "signalled")
    assert nursery.run(run.path, before=AT[moment].format(signal=name)) == status, nursery.log.read_text()
    found = true_status(run.path)
    assert (found.state, found.reason.startswith(reason)) == ("stopped", True), found.reason
    assert nursery.run(run.path, "--resume", "last") == 0, nursery.log.read_text()
    assert_equal_ends(run, whole)


def test_a_terminal_that_goes_away_at_odd_moments_ends_nothing(nursery: Nursery, whole: RunFolder, tmp_path: Path) -> None:
    run = make(tmp_path, "hangup")
    load = AT["loading"].format(signal="SIGHUP").replace("lambda *_, **__: ", "lambda *a, was=place.load_dataset, **k: was(*a, **k) if ").replace("SIGHUP)", "SIGHUP) is None else None")
    assert nursery.run(run.path, before=load + "\n" + AT["checkpoint"].format(signal="SIGHUP")) == 0, nursery.log.read_text()
    assert_equal_ends(run, whole)


def test_a_live_run_among_people(nursery: Nursery, tmp_path: Path) -> None:
    """One paused trainer: its files' modes, its sockets, a second trainer, garbage among the commands, signals while it waits."""
    run = make(tmp_path, "live", ENDLESS)
    pid = nursery.start(run.path, umask=0o027)
    commands.send(run.path, commands.Pause())
    wait_for(lambda: told(run, Paused))
    trainer = psutil.Process(pid)
    assert trainer.net_connections(kind="inet") == []
    assert all(path.stat().st_mode & 0o777 == 0o640 for path in (run.path / "status.json", run.path / "trainer.lock"))
    before = (read_status(run.path).pid, run.events_file.read_bytes())
    second = subprocess.run([sys.executable, "-m", "tui_trainer.training", str(run.path), "--resume", "last"], capture_output=True, text=True)
    assert (second.returncode, second.stderr) == (2, f"tui-trainer: {run.path}: another trainer is at work on this run\n")
    assert (read_status(run.path).pid, run.events_file.read_bytes()) == before
    with run.commands_file.open("ab") as file:
        file.write(b'rubbish\n{"command": ["Pause"]}\n{"command": "SetLearningRate", "value": 1e999}\n{"command": "Pause", "time": []}\n{"command": "../../x"}\n' + b"\0" * 20_000 + b"\n")
    wait_for(lambda: told(run, Warned))
    assert told(run, Warned)[-1].message == "4 damaged lines skipped among the commands"
    assert true_status(run.path).state == "paused"
    with run.commands_file.open("ab") as file:
        file.write(b'{"command": "SetLearningRate", "value": 0.01, "by": "\\ud800\\u001b[2J"}\n')
    wait_for(lambda: told(run, LearningRateChanged))
    assert told(run, LearningRateChanged)[-1].by == "??[2J"
    os.kill(pid, signal.SIGHUP)
    wait_for(lambda: told(run, CheckpointSaved))
    assert read_index(run.checkpoints).last is not None
    garbage(run.checkpoints / "index.json")
    commands.send(run.path, commands.SaveCheckpoint())
    wait_for(lambda: told(run, CheckpointSaved)[-1].reason == "requested")
    assert read_index(run.checkpoints).last.step == told(run, CheckpointSaved)[-1].step
    assert (run.checkpoints / "index.json").stat().st_mode & 0o777 == 0o640
    os.kill(pid, signal.SIGTERM)
    assert nursery.end() == 0
    assert (true_status(run.path).state, true_status(run.path).reason) == ("stopped", "terminated")


def test_a_folder_deleted_under_a_trainer_ends_it(nursery: Nursery, tmp_path: Path) -> None:
    run = make(tmp_path, "gone", ENDLESS)
    nursery.start(run.path)
    wait_for(lambda: told(run, StepsTrained))
    shutil.rmtree(run.path)
    assert nursery.end() == 1
    assert not run.path.exists()


def test_a_clock_that_jumps_back_ends_nothing(nursery: Nursery, whole: RunFolder, tmp_path: Path) -> None:
    run = make(tmp_path, "clock")
    jump = "import time\nwas, calls = time.time, []\ndef clock():\n calls.append(1)\n return was() - (86400 if len(calls) > 20 else 0)\ntime.time = clock"
    assert nursery.run(run.path, before=jump, tick=0.0) == 0, nursery.log.read_text()
    assert_equal_ends(run, whole)
    elapsed = [event.elapsed for event in told(run, (StepsTrained, Evaluated))]  # type: ignore[arg-type]
    assert elapsed == sorted(elapsed)
    assert socket.gethostname() == true_status(run.path).host
