"""History: the same picture from a log of any length, in bounded memory; a feed that follows a run and its commands."""

import dataclasses
import re
from pathlib import Path

import pytest
from recorded_runs import make_run, recorded

from tui_trainer.config import ConfigError
from tui_trainer.runs.commands import Pause, SetLearningRate, decode
from tui_trainer.runs.events import Evaluated, LearningRateChanged, Paused, RunEnded, RunStarted, Steered, StepsTrained, encode
from tui_trainer.runs.events import decode as decode_event
from tui_trainer.runs.follow import Follower
from tui_trainer.runs.history import POINTS, History, Track
from tui_trainer.runs.keeping import delete_run, read_note, rename_run, write_note
from tui_trainer.runs.listing import newest_live_run
from tui_trainer.runs.reading import read_history
from tui_trainer.tui.feed import Feed


def step(number: int) -> StepsTrained:
    return StepsTrained(
        time=1e9 + number, elapsed=number / 10, step=number, epoch=number / 100, loss=1 / (1 + number), accuracy=0.5, learning_rate=0.1, gradient_norm=1.0,
        images_per_second=1e4, memory_bytes=10**8,
    )  # fmt: skip


def test_reading_a_log_and_following_it_give_the_same_history(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("".join(map(encode, recorded(6))))
    read, offset = read_history(file)
    followed = History()
    for event in recorded(6):
        followed.observe(event)
    assert offset == file.stat().st_size
    for name in followed.steps.columns:
        assert read.steps[name] == followed.steps[name]
    assert read.newest == followed.newest
    assert read.recent["loss"] == followed.recent["loss"]
    assert [mark.epoch for mark in read.marks] == [mark.epoch for mark in followed.marks]
    assert read.split("validation").newest == followed.split("validation").newest
    assert read.steps.seen == followed.steps.seen


def test_a_long_log_keeps_few_points_but_both_ends_and_every_evaluation(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    evaluation = Evaluated(time=1e9, elapsed=0.0, step=5, epoch=0.05, split="validation", loss=1.0, accuracy=0.5, confusion=[[1, 2], [3, 4]], seconds=0.1)
    count = 5 * POINTS
    with file.open("w") as out:
        for number in range(1, count + 1):
            out.write(encode(step(number)))
            if number % 1000 == 0:
                out.write(encode(dataclasses.replace(evaluation, step=number)))
    history, _ = read_history(file)
    assert POINTS / 2 <= len(history.steps) <= 2 * POINTS
    assert history.newest == step(count)
    assert history.steps["step"][0] < 10
    assert history.steps.seen == count
    assert len(history.split("validation").track) == count // 1000
    assert list(history.recent["step"]) == list(range(count - len(history.recent) + 1, count + 1))


def test_a_track_stays_small_for_ever() -> None:
    track = Track(("step", "loss"), limit=100)
    for number in range(100_000):
        track.append(step(number))
    assert len(track) < 200
    assert list(track["step"]) == sorted(track["step"])
    assert track["step"][-1] > 99_000


@pytest.mark.parametrize(
    ("name", "value"),
    [("step", "1.5"), ("step", "1" + 40 * "0"), ("step", "true"), ("step", '"7"'), ("loss", '"0.5"'), ("loss", "[]"), ("memory_bytes", "null"), ("event", '"StepsTweaked"')],
)
def test_a_step_that_is_none_is_counted_as_whoever_follows_the_log_counts_it(tmp_path: Path, name: str, value: str) -> None:
    line = re.sub(rf'"{name}":[^,}}]+', f'"{name}":{value}', encode(step(2)))
    file = tmp_path / "events.jsonl"
    file.write_text(encode(step(1)) + line + encode(step(3)))
    history, _ = read_history(file)
    follower = Follower(file, decode_event)
    assert [event.step for event in follower.poll()] == list(history.steps["step"])
    assert (history.damaged, history.count) == (follower.skipped, len(history.steps))


@pytest.mark.parametrize("value", ["null", "NaN", "1e999"])
def test_a_step_without_a_place_is_damaged_and_a_figure_without_a_value_is_not(tmp_path: Path, value: str) -> None:
    file = tmp_path / "events.jsonl"
    line = encode(step(1))
    assert '"epoch":0.01' in line
    assert '"loss":' in line
    file.write_text(line.replace('"epoch":0.01', f'"epoch":{value}') + re.sub(r'"loss":[^,]+', f'"loss":{value}', line))
    history, _ = read_history(file)
    assert history.damaged == 1
    assert len(history.steps) == 1


def test_a_torn_or_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    whole = encode(step(1)) + "not json\n" + encode(step(2))
    file.write_text(whole + encode(step(3))[:50])
    history, offset = read_history(file)
    assert list(history.steps["step"]) == [1, 2]
    assert history.damaged == 1
    assert offset == len(whole)


def test_a_resumed_run_takes_back_what_it_takes_again() -> None:
    history = History()
    for event in recorded(4):
        history.observe(event)
    again = next(event for event in recorded(1) if isinstance(event, RunStarted))
    history.observe(dataclasses.replace(again, resumed_at=102))
    assert history.steps["step"][-1] <= 102
    assert history.split("validation").track["step"][-1] <= 102
    assert history.marks[-1].step == 102


def test_a_command_is_pending_until_an_event_answers(tmp_path: Path) -> None:
    run = make_run(tmp_path, "running")
    feed = Feed(run.path)
    feed.load()
    assert feed.send(Pause()) == ""
    assert feed.send(SetLearningRate(0.01)) == ""
    assert [type(each.command).__name__ for each in feed.pending] == ["Pause", "SetLearningRate"]
    assert [type(decode(line).command).__name__ for line in run.commands_file.read_bytes().splitlines()] == ["Pause", "SetLearningRate"]  # type: ignore[union-attr]
    at = {"time": 1e9, "elapsed": 1.0, "step": 231, "epoch": 4.5}
    with run.events_file.open("a") as file:
        file.write(encode(LearningRateChanged(**at, old=0.05, new=0.01, by="me")))
        file.write(encode(Steered(**at, command="Pause", value=None, by="me")) + encode(Paused(**at)))
    assert feed.poll()
    assert feed.pending == []
    assert feed.state == "paused"
    with run.events_file.open("a") as file:
        file.write(encode(RunEnded(**at, state="stopped", reason="asked", images_per_second=1.0)))
    assert feed.poll()
    assert feed.state == "stopped"
    assert not feed.live
    assert not feed.poll()  # nothing new, nothing to draw


@pytest.mark.parametrize("state", ["running", "paused", "finished", "stopped", "failed", "crashed"])
def test_states_are_truthful(tmp_path: Path, state: str) -> None:
    feed = Feed(make_run(tmp_path, state).path)
    feed.load()
    assert feed.state == state


def test_a_run_that_vanishes_is_told(tmp_path: Path) -> None:
    run = make_run(tmp_path, "finished")
    clock = iter(range(0, 1000, 10))
    feed = Feed(run.path, clock=lambda: float(next(clock)))
    feed.load()
    delete_run(run.path)
    assert feed.poll()
    assert feed.state == "missing"
    assert "gone" in feed.problem


def test_the_newest_live_run_is_found(tmp_path: Path) -> None:
    assert newest_live_run(tmp_path / "none") is None
    make_run(tmp_path, "finished", name="c", created=1.9e9)
    assert newest_live_run(tmp_path) is None
    make_run(tmp_path, "running", name="a", created=1.7e9)
    make_run(tmp_path, "paused", name="b", created=1.8e9)
    make_run(tmp_path, "crashed", name="d", created=1.9e9)
    assert newest_live_run(tmp_path) == tmp_path / "b"


def test_only_ended_runs_are_renamed_or_deleted(tmp_path: Path) -> None:
    live, ended = make_run(tmp_path, "running", name="live"), make_run(tmp_path, "failed", name="ended")
    for refused in (lambda: delete_run(live.path), lambda: rename_run(live.path, "other")):
        with pytest.raises(ConfigError, match="live is running"):
            refused()
    with pytest.raises(ConfigError, match="already"):
        rename_run(ended.path, "live")
    moved = rename_run(ended.path, "moved")
    write_note(moved, " a  note ")
    assert read_note(moved) == "a note"
    delete_run(moved)
    assert [path.name for path in tmp_path.iterdir()] == ["live"]
