"""Sweeps through the real program: a grid with seeds, a search with pruning, and going on with what was stopped."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import REPOSITORY, run_program
from recorded_runs import make_run
from rich.console import Console

from tui_trainer.cli.sweep import _live_table
from tui_trainer.config.sweep import plan_sweep, read_sweep, sweep_names
from tui_trainer.runs import RunFolder
from tui_trainer.runs.results import read_results
from tui_trainer.runs.status import read_status
from tui_trainer.sweeps import create_sweep, read_sweep_record
from tui_trainer.sweeps.conduct import Conductor
from tui_trainer.sweeps.pruning import is_behind, progress
from tui_trainer.sweeps.results import short_label
from tui_trainer.sweeps.search import by_chance

QUICK = ("--set", "data.train_images=300", "--set", "training.threads=1")


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """Two momenta with two seeds each, as JSON."""
    root = tmp_path_factory.mktemp("swept")
    done = run_program("sweep", "digits-mlp", "--grid", "training.momentum=0.1,0.8", "--seeds", "2", "--epochs", "2", "--name", "grid", "--json", *QUICK, cwd=root)
    assert done.returncode == 0, done.stderr
    return root, json.loads(done.stdout)


def test_a_grid_gives_one_row_a_trial_with_mean_and_deviation_over_its_runs(swept: tuple[Path, dict]) -> None:
    root, table = swept
    assert [trial["label"] for trial in table["trials"]] == ["training.momentum=0.1", "training.momentum=0.8"]
    for trial in table["trials"]:
        figures = [read_results(RunFolder(root / "runs" / name)).latest()["test"].accuracy for name in trial["runs"]]
        mean = sum(figures) / 2
        assert trial["cells"]["end"]["test"] == {"mean": pytest.approx(mean), "deviation": pytest.approx(abs(figures[0] - figures[1]) / 2**0.5), "count": 2}


def test_trials_are_ordinary_runs(swept: tuple[Path, dict]) -> None:
    root, _ = swept
    listed = json.loads(run_program("runs", "list", "--json", cwd=root).stdout)
    assert sorted(each["name"] for each in listed) == ["grid.001", "grid.002", "grid.003", "grid.004"]
    assert RunFolder(root / "runs" / "grid.004").config().training.seed == 1
    assert run_program("evaluate", "grid.003", cwd=root).returncode == 0


def test_the_live_table_shows_who_trains_has_ended_and_waits_in_80_columns(tmp_path: Path) -> None:
    asked, beside = read_sweep("digits-mlp")
    grid = {"training.momentum": (0, 0.5, 0.9), "training.learning_rate": (0.03, 0.1)}
    record = create_sweep(tmp_path, "many", plan_sweep(asked.model_copy(update={"grid": grid, "seeds": 4}), "digits-mlp", {}, beside), epochs=())
    for number in range(1, 8):
        make_run(tmp_path, "finished", name=f"many.{number:03d}", epochs=1.0)
    screen = Console(file=io.StringIO(), force_terminal=True, width=80, height=24, color_system=None)
    screen.print(_live_table(screen, Conductor(record, 1)))
    told, heading, *rows = screen.file.getvalue().splitlines()
    assert told == "many: 0 running · 7 finished · 17 waiting · 4 not shown"
    assert heading.split() == ["run", "trial", "seed", "state", "epoch", "best"]
    assert [row.split()[0] for row in rows] == [f"many.{number:03d}" for number in range(1, 21)]
    assert rows[6].split()[1:5] == ["momentum=0,", "learning_rate=0.1", "2", "finished"]
    assert rows[6].rstrip().endswith("%")
    assert rows[8].split()[1:] == ["momentum=0.5,", "learning_rate=0.03", "0", "waiting"]
    assert max(map(len, rows)) <= 80


@pytest.mark.parametrize(
    ("label", "short"),
    [
        ("training.momentum=0, training.learning_rate=0.03", "momentum=0, learning_rate=0.03"), ("5", "5"), ("base, data.seed=1", "base, seed=1"),
        ("data.seed=1, training.seed=2", "data.seed=1, training.seed=2"), ("network.layers.1.units=5", "layers.1.units=5"),
    ],
)  # fmt: skip
def test_labels_are_short_where_they_stay_clear(label: str, short: str) -> None:
    assert short_label(label) == short


def test_a_name_is_taken_once_and_the_table_can_be_had_again(swept: tuple[Path, dict]) -> None:
    root, _ = swept
    again = run_program("sweep", "digits-mlp", "--seeds", "2", "--name", "grid", cwd=root)
    assert (again.returncode, "--go-on grid" in again.stderr) == (2, True)
    shown = run_program("sweep", "--show", "grid", cwd=root).stdout
    assert "±" in shown
    assert shown.splitlines()[1].split() == ["train", "val", "test"]
    assert run_program("sweep", "--show", "nope", cwd=root).stderr.endswith("no such sweep in runs; there are grid\n")


def test_interrupted_trials_go_on_where_they_stood(tmp_path: Path) -> None:
    env = os.environ | {"PYTHONPATH": str(REPOSITORY), "TUI_TRAINER_CONFIG_DIR": str(tmp_path / "settings")}
    command = [sys.executable, "-m", "tui_trainer", "sweep", "digits-mlp", "--grid", "training.seed=0,1,2", "--epochs", "40", "--name", "long", *QUICK]
    process = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    status = tmp_path / "runs" / "long.002"
    while not (status.exists() and (status / "status.json").exists() and read_status(status).epoch >= 1):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--go-on long" in said
    stopped = [read_status(tmp_path / "runs" / trial.run) for trial in read_sweep_record(tmp_path / "runs", "long").trials]
    assert {each.state for each in stopped} == {"stopped"}
    done = run_program("sweep", "--go-on", "long", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for number in (1, 2, 3):
        results = read_results(RunFolder(tmp_path / "runs" / f"long.{number:03d}"))
        assert results.started is not None
        assert results.started.resumed_at is not None
        assert results.started.resumed_at >= stopped[number - 1].step > 0
        assert read_status(results.run.path).state == "finished"


def test_a_search_tries_as_many_as_it_is_told_and_prints_the_best_first(tmp_path: Path) -> None:
    space = ("--space", "training.learning_rate=log:0.001:10", "--space", "training.momentum=0,0.5")
    first = run_program("sweep", "digits-mlp", "--search", "9", *space, "--epochs", "4", "--name", "search", *QUICK, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    record = read_sweep_record(tmp_path / "runs", "search")
    states = [read_status(tmp_path / "runs" / trial.run) for trial in record.trials]
    assert len(states) == 9
    assert all(each.state == "finished" or each.reason == "stopped by pruning" or each.reason.startswith("the loss is") for each in states)
    assert {trial.config["training"]["momentum"] for trial in record.trials} <= {0, 0.5}
    best = first.stdout.split("best validation")[-1]
    assert "training.learning_rate=" in best
    assert "optuna" not in first.stderr


def test_an_interrupted_search_goes_on_without_a_word_of_its_library(tmp_path: Path) -> None:
    env = os.environ | {"PYTHONPATH": str(REPOSITORY), "TUI_TRAINER_CONFIG_DIR": str(tmp_path / "settings")}
    asked = ("--search", "3", "--space", "training.learning_rate=log:0.01:0.3", "--epochs", "60", "--name", "long", *QUICK)
    process = subprocess.Popen([sys.executable, "-m", "tui_trainer", "sweep", "digits-mlp", *asked], cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first = tmp_path / "runs" / "long.001"
    while not ((first / "status.json").exists() and read_status(first).epoch >= 3):
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(1)  # the search has looked meanwhile
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    done = run_program("sweep", "--go-on", "long", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(read_sweep_record(tmp_path / "runs", "long").trials) == 3


def test_a_search_stops_who_is_behind_the_median_of_those_that_came_as_far() -> None:
    good, fair, poor = {125: 0.8, 250: 0.9}, {125: 0.7, 250: 0.8}, {125: 0.1, 250: 0.1}
    assert is_behind(poor, [good, good, fair], higher=True)
    assert not is_behind(good, [good, fair, poor], higher=True)
    assert not is_behind(poor, [good, fair], higher=True), "two others are too few to judge by"
    assert not is_behind({100: 0.1}, [good, good, fair], higher=True), "nobody is judged before an eighth"
    assert not is_behind(poor, [{125: 0.8}] * 5, higher=True), "the others have not come to a quarter"
    assert is_behind({130: 2.3}, [{125: 0.5}, {140: 0.6}, {126: 0.7}], higher=False)
    assert is_behind({125: float("nan")}, [{125: 0.5}] * 3, higher=False)
    assert progress(3, 24) == 125


def test_a_small_search_learns_from_the_first_of_its_trials() -> None:
    assert [by_chance(trials) for trials in (4, 8, 20, 40, 1000)] == [3, 3, 5, 10, 10]


def test_a_reports_figures_stand_only_under_the_trial_that_they_are_of() -> None:
    sweep, beside = read_sweep("sweeps/tricks")
    planned = plan_sweep(sweep.model_copy(update={"grid": {"training.momentum": (0, 0.5)}}), "tricks", {}, beside)
    assert [bool(each.report) for each in planned[:4]] == [True, False, True, False]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sweep", "digits-mlp", "--grid", "training.momentum=0.5,2"), "training.momentum: 2 is out of range"),
        (("sweep", "digits-mlp", "--grid", "training.lr=1,2"), "training.lr"),
        (("sweep", "digits-mlp", "--grid", "training.momentum=0,0.5,0.0"), "0.0 is there twice"),
        (("sweep", "digits-mlp", "--grid", "training.batch_size=8,6400"), "a batch of 6400 is larger than the 1294 training images"),
        (("sweep", "digits-mlp"), "--grid, --seeds or --search"),
        (("sweep", "digits-mlp", "--space", "training.momentum=0:0.9"), "such as --search 20"),
        (("sweep", "sweeps/topology", "--grid", "training.momentum=0,0.5", "--data-dir", "nowhere"), "mnist is not at nowhere"),
        (("train", "sweeps/tricks"), "`tui-trainer sweep sweeps/tricks` trains it"),
        (("sweep", "digits-mlp", "--search", "3"), "--space"),
        (("sweep", "digits-mlp", "--search", "3", "--space", "training.momentum=0.5:2"), "training.momentum: 2.0 is out of range"),
        (("sweep", "digits-mlp", "--search", "3", "--space", "training.momentum=9:2"), "low must be below high"),
        (("sweep", "sweeps/trick"), "did you mean 'sweeps/tricks'"),
        (("sweep", "--go-on", "nothing"), "no such sweep"),
        (("sweep",), "--go-on"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing_behind(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run_program(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "runs").exists()


def test_shipped_sweeps_are_whole() -> None:
    trials = {name: plan_sweep(*_asked(name)) for name in sweep_names()}
    assert [each.label for each in trials["sweeps/tricks"]] == ["base", "shuffle", "improved sigmoid", "normal init", "momentum"]
    assert all(set(each.report) == {"1", "5", "10", "15"} for planned in trials.values() for each in planned if planned)


def test_presets_list_and_show_the_sweeps(tmp_path: Path) -> None:
    listed = run_program("presets", "list", cwd=tmp_path).stdout
    assert all(name in listed for name in sweep_names())
    kinds = {each["name"]: each["kind"] for each in json.loads(run_program("presets", "list", "--json", cwd=tmp_path).stdout)}
    assert (kinds["digits-mlp"], kinds["sweeps/tricks"]) == ("preset", "sweep")
    shown = run_program("presets", "show", "sweeps/tricks", cwd=tmp_path).stdout
    (tmp_path / "own.toml").write_text(shown)
    assert read_sweep(str(tmp_path / "own.toml"))[0] == read_sweep("sweeps/tricks")[0]


def _asked(name: str) -> tuple:
    sweep, beside = read_sweep(name)
    return sweep, name, {}, beside
