"""Run folders that are damaged, hostile, made by a newer version or out of reach: everyone who looks at one says what is so, quickly."""

import contextlib
import dataclasses
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import TrainedRun, run_program
from recorded_runs import make_run, recorded

from tui_trainer.cli.report import run_json
from tui_trainer.config import ConfigError
from tui_trainer.runs import RunFolder
from tui_trainer.runs.commands import decode as decode_command
from tui_trainer.runs.events import Evaluated, StepsTrained, decode, encode
from tui_trainer.runs.export import export_csv
from tui_trainer.runs.follow import Follower
from tui_trainer.runs.keeping import read_note
from tui_trainer.runs.lines import MAX_LINE
from tui_trainer.runs.listing import list_runs
from tui_trainer.runs.reading import read_history
from tui_trainer.runs.status import alive, process_identity, read_status, true_status
from tui_trainer.runs.versions import refuse_newer
from tui_trainer.training.inference import load_trained
from tui_trainer.tui.feed import Feed

EVENTS = recorded(2)
MATRIX = next(event for event in EVENTS if isinstance(event, Evaluated))
STEP = next(event for event in EVENTS if isinstance(event, StepsTrained))


def changed(event: object, **values: object) -> str:
    """The event's line with other values."""
    return json.dumps(json.loads(encode(event)) | values)  # type: ignore[arg-type]


GARBAGE = [
    "rubbish", "\x00\xff\x07", "[1, 2]", "null", '{"event": ["StepsTrained"]}', "[" * 100_000, '{"event": "StepsTrained"}',
    changed(STEP, step="../../x"), changed(STEP, step=10**40), changed(STEP, loss=[]), changed(STEP, step=1.5),
    changed(MATRIX, confusion=[[1, 2]]), changed(MATRIX, confusion="x"), changed(MATRIX, confusion=[[1, -1], [2, "3"]]), changed(MATRIX, best=1),
    changed(EVENTS[0], classes=[1, 2]), changed(EVENTS[0], classes=None), encode(STEP)[:40],
]  # fmt: skip


def test_garbage_among_the_events_is_skipped_and_counted_by_all_who_read(tmp_path: Path) -> None:
    run = make_run(tmp_path, "finished")
    whole = run.events_file.read_bytes().splitlines(keepends=True)
    where = len(whole) // 2
    run.events_file.write_bytes(b"".join(whole[:where]) + b"".join(line.encode("latin-1") + b"\n" for line in GARBAGE) + b"".join(whole[where:]))
    follower = Follower(run.events_file, decode)
    assert len(list(follower.poll())) == len(whole)
    assert follower.skipped == len(GARBAGE)
    assert read_history(run.events_file)[0].damaged == len(GARBAGE)
    shown = run_program("runs", "show", run.name, cwd=tmp_path, env={"TUI_TRAINER_RUNS_DIR": str(tmp_path)})
    assert f"{len(GARBAGE)} damaged lines skipped" in shown.stdout, shown.stderr
    feed = Feed(run.path)
    feed.load()
    with run.events_file.open("a") as file:
        file.write("more rubbish\n")
    assert feed.poll()
    assert feed.history.damaged == len(GARBAGE) + 1


def test_words_of_a_newer_version_are_passed_over_without_a_fuss() -> None:
    assert decode(changed(MATRIX, split="calibration")) is None
    assert decode(changed(MATRIX, fairness=1.0)) == MATRIX
    assert decode('{"event": "CoffeeMade", "cups": 2}') is None
    assert decode_command('{"command": "MakeCoffee"}') is None


def test_a_line_without_end_costs_no_memory_and_no_time(tmp_path: Path) -> None:
    """A gigabyte in one line, and a hole that claims to be a terabyte, in a process that may take 300 MB."""
    run = make_run(tmp_path, "finished")
    before = run.events_file.read_bytes()
    with run.events_file.open("r+b") as file:
        file.seek(2 * MAX_LINE + len(before))
        file.write(b"\n" + before)
        file.seek(2**40, os.SEEK_CUR)
        file.write(b'\n{"torn')
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_DATA, (300 << 20,) * 2)\n"
        "from pathlib import Path; from tui_trainer.runs.reading import read_history; from tui_trainer.runs.follow import Follower\n"
        "from tui_trainer.runs.events import decode\n"
        "file = Path(sys.argv[1]); history, offset = read_history(file); reader = Follower(file, decode); events = list(reader.poll())\n"
        "print(history.damaged, reader.skipped, len(events), offset == reader._lines.offset)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(run.events_file)], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["2", "2", str(2 * before.count(b"\n")), "True"], done.stderr


def test_a_file_that_became_shorter_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "commands.jsonl"
    file.write_text('{"command": "Pause"}\n' * 3)
    reader = Follower(file, decode_command)
    assert len(list(reader.poll())) == 3
    file.unlink()
    file.write_text('{"command": "StopNow"}\n')
    assert [type(each.command).__name__ for each in reader.poll()] == ["StopNow"]


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def huge(path: Path) -> None:
    os.truncate(path, 2**42)


def nested(path: Path) -> None:
    path.write_text("[" * 200_000 if path.suffix != ".toml" else "a = " + "[" * 20_000)


@pytest.mark.parametrize("done_to_it", [pipe, endless, folder, huge, nested])
def test_files_that_are_no_files_hold_nobody_up(tmp_path: Path, done_to_it) -> None:  # type: ignore[no-untyped-def]
    """Every file of a folder, made into a pipe, a device, a folder, a terabyte: list, show, export, evaluate, the app's feed."""
    signal.alarm(60)  # ends the tests here and now, should anybody wait for ever
    good = make_run(tmp_path, "finished", name="good")
    for file in ("status.json", "events.jsonl", "config.toml", "note.txt", "trainer.log", "checkpoints/index.json"):
        run = make_run(tmp_path, "finished", name="bad-" + file.replace("/", "-").replace(".", "-"))
        (run.path / file).touch()
        done_to_it(run.path / file)
        feed = Feed(run.path)
        feed.load()
        feed.poll()
        feed.log_tail()
        read_note(run.path)
    listed = {each.run.name: each for each in list_runs(tmp_path)}
    assert listed[good.name].status is not None
    assert listed["bad-status-json"].problem
    for run in map(RunFolder, sorted(tmp_path.glob("bad-*"))):
        for look in (run_json, lambda run: export_csv([run], io.StringIO()), load_trained):
            with contextlib.suppress(ConfigError, OSError, ValueError):
                look(run)
    signal.alarm(0)


@pytest.mark.parametrize("values", [{"pid": 10**30}, {"pid": -1}, {"epoch": 1e999}, {"parameters": 10**400}, {"summary": {"best": {"validation": {"accuracy": "x"}}}}, {"state": "x"}])
def test_figures_that_cannot_be_are_a_damaged_status(tmp_path: Path, values: dict[str, object]) -> None:
    run = make_run(tmp_path, "running")
    file = run.path / "status.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))
    with pytest.raises(ValueError, match="status"):
        read_status(run.path)
    done = run_program("runs", "list", "--runs-dir", str(tmp_path), cwd=tmp_path)
    assert (done.returncode, "damaged" in done.stdout) == (0, True)


def test_another_programs_process_is_not_taken_for_the_trainer(tmp_path: Path) -> None:
    run = make_run(tmp_path, "running")
    status = read_status(run.path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        mine = dataclasses.replace(status, pid=other.pid, process=process_identity(other.pid))
        assert alive(mine)
        assert not alive(dataclasses.replace(mine, process=process_identity()))
        assert not alive(dataclasses.replace(mine, process="", pid_started=time.time() - 1e6)), "as an older version wrote it"
        (run.path / "status.json").write_text(json.dumps(dataclasses.asdict(dataclasses.replace(mine, process=process_identity()))))
        assert true_status(run.path).state == "crashed"
        other.communicate(b"\n")
    assert not alive(mine)


def test_a_clock_that_was_set_kills_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """psutil derives when a process began from the wall clock; a live trainer must not count as gone for that."""
    run = make_run(tmp_path, "running")
    status = dataclasses.replace(read_status(run.path), process=process_identity(), heartbeat=time.time() + 1e6)
    (run.path / "status.json").write_text(json.dumps(dataclasses.asdict(status)))
    monkeypatch.setattr("psutil.Process.create_time", lambda _: time.time() - 86_400)
    assert true_status(run.path).state == "running"
    done = run_program("runs", "list", "--runs-dir", str(tmp_path), cwd=tmp_path)
    assert "running" in done.stdout


@pytest.fixture
def newer(trained: TrainedRun, tmp_path: Path) -> Path:
    """A finished run as a later version might leave it."""
    run = tmp_path / "runs" / "newer"
    shutil.copytree(trained.folder, run)
    config = (run / "config.toml").read_text()
    (run / "config.toml").write_text(config.replace("[training]\n", "[training]\ntelepathy = 0.5\n") + "\n[oracle]\nanswer = 42\n")
    status = json.loads((run / "status.json").read_text())
    (run / "status.json").write_text(json.dumps(status | {"version": 2, "state": "meditating", "epoch": {"whole": 2}, "mood": "calm"}))
    events = (run / "events.jsonl").read_text().splitlines()
    events = [json.dumps(json.loads(line) | {"karma": 1}) for line in events]
    (run / "events.jsonl").write_text("\n".join([*events, '{"event": "Enlightened", "time": 1.0}']) + "\n")
    index = json.loads((run / "checkpoints/index.json").read_text())
    index |= {"version": 2, "checkpoints": [each | {"colour": "blue"} for each in index["checkpoints"]]}
    (run / "checkpoints/index.json").write_text(json.dumps(index))
    return run


def test_a_newer_versions_run_opens_for_viewing_and_is_not_trained_on(newer: Path) -> None:
    here = newer.parent.parent
    listed = run_program("runs", "list", cwd=here)
    assert "stopped" in listed.stdout
    shown = run_program("runs", "show", "newer", cwd=here)
    assert shown.returncode == 0, shown.stderr
    assert "meditating, as a newer version of tui-trainer calls it" in shown.stdout
    assert "not known to this version: training.telepathy, oracle" in shown.stdout
    assert run_program("watch", "newer", cwd=here).stdout.count("\n") > 3
    assert len(run_program("runs", "export", "newer", cwd=here).stdout.splitlines()) >= 3
    measured = run_program("evaluate", "newer", "--json", cwd=here)
    assert json.loads(measured.stdout)["images"] > 100, measured.stderr
    feed = Feed(newer)
    feed.load()
    assert (feed.state, feed.problem, feed.history.damaged) == ("stopped", "", 0)
    again = subprocess.run([sys.executable, "-m", "tui_trainer.training", str(newer), "--resume", "last"], capture_output=True, text=True)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "a newer version of tui-trainer made this run, and is needed to train it" in again.stderr
    with pytest.raises(ConfigError, match=r"training\.telepathy: unknown key.*newer version"):
        RunFolder(newer).config()
    before = (newer / "status.json").read_bytes()
    for command in (("resume", "newer"), ("resume", "newer", "--detach"), ("fork", "newer", "--set", "training.epochs=9")):
        refused = run_program(*command, cwd=here)
        assert (refused.returncode, "newer version" in refused.stderr) == (2, True), refused.stderr
    status = json.loads(before)
    (newer / "status.json").write_text(json.dumps(status | {"version": 1, "state": "stopped", "epoch": 1.0}))
    with pytest.raises(ConfigError, match="a newer version"):  # the list of checkpoints says so still
        refuse_newer(newer)


def test_a_value_of_a_newer_version_leaves_the_figures_to_be_seen(newer: Path) -> None:
    config = newer / "config.toml"
    config.write_text(config.read_text().replace('optimiser = "sgd"', 'optimiser = "muon"'))
    shown = run_program("runs", "show", "newer", cwd=newer.parent.parent)
    assert shown.returncode == 0, shown.stderr
    assert "muon" in shown.stdout
    assert "test" in shown.stdout


def test_a_checkpoint_index_of_tricks_is_refused(tmp_path: Path) -> None:
    from tui_trainer.runs.checkpoints import read_index

    entry = {"file": "step-00000001.pt", "step": 1, "epoch": 0.1, "time": 1.0, "reason": "epoch", "best": False, "sha256": "0", "bytes": 3}
    for trick in ({"file": "../../x.pt"}, {"file": "/etc/passwd"}, {"file": 7}, {"step": "1"}, {"bytes": -1}, {"epoch": "1"}, {"sha256": None}, {"accuracy": []}):
        (tmp_path / "index.json").write_text(json.dumps({"version": 1, "checkpoints": [entry | trick]}))
        with pytest.raises(ConfigError):
            read_index(tmp_path)
def test_a_run_in_a_read_only_place_is_viewed_and_not_steered(trained: TrainedRun, tmp_path: Path) -> None:
    """Another user's folder: as nobody, where this user is root; else by its modes."""
    root = tmp_path / "runs"
    shutil.copytree(trained.folder, root / "theirs")
    run = make_run(root, "running", name="live")
    assert run.path.is_dir()
    places = [root, *root.rglob("*")]
    for place in places:
        place.chmod(0o555 if place.is_dir() else 0o444)
    for parent in (tmp_path, *tmp_path.parents):
        if os.access(parent, os.W_OK) and parent.stat().st_uid == os.getuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
    if as_nobody and (shutil.which("setpriv") is None or subprocess.run([*as_nobody, sys.executable, "-c", "import tui_trainer"], capture_output=True).returncode):
        pytest.skip("another user cannot be played here")

    def program(*arguments: str) -> "subprocess.CompletedProcess[str]":
        env = os.environ | {"TUI_TRAINER_RUNS_DIR": str(root), "HOME": "/nonexistent"}
        return subprocess.run([*as_nobody, sys.executable, "-m", *arguments], cwd="/", env=env, capture_output=True, text=True, timeout=120)

    try:
        assert "finished" in program("tui_trainer", "runs", "list").stdout
        assert program("tui_trainer", "runs", "show", "theirs").returncode == 0
        assert program("tui_trainer", "watch", "theirs").returncode == 0
        measured = program("tui_trainer", "evaluate", "theirs", "--json")
        assert json.loads(measured.stdout)["images"] > 100, measured.stderr
        steered = program("tui_trainer", "stop", "live")
        assert (steered.returncode, steered.stderr.count("\n")) == (2, 1)
        assert "obeys only those who may write its folder" in steered.stderr
        for again in (("tui_trainer.training", str(root / "theirs"), "--resume", "last"), ("tui_trainer.training", str(root / "live"))):
            done = program(*again)
            assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
            assert "may not be written" in done.stderr
    finally:
        for place in places:
            place.chmod(0o755 if place.is_dir() else 0o644)


