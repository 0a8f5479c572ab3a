"""Runs beside each other: the settings that differ, best and last figures, curves on one axis."""

import json
from pathlib import Path

import pytest
from conftest import TrainedRun, run_program
from recorded_runs import make_run

from tui_trainer.config import load_config
from tui_trainer.runs.compare import compared_settings, read_compared, series
from tui_trainer.runs.reading import read_history


def test_settings_that_differ_come_first_and_idle_ones_count_as_absent(tmp_path: Path) -> None:
    changes = {"training.optimiser": "adam", "training.learning_rate": 0.003, "network.layers.1.units": 32}
    runs = [
        make_run(tmp_path, "finished", name=name, config=load_config("digits-mlp", changed))
        for name, changed in (("one", {}), ("two", changes), ("three", {"training.learning_rate": 0.003}))
    ]
    rows = compared_settings([read_compared(run) for run in runs])
    differing = {row.key: row.values for row in rows if row.differs}
    assert rows[: len(differing)] == [row for row in rows if row.differs]
    assert differing["training.learning_rate"] == (0.1, 0.003, 0.003)
    assert differing["network.layers.1.units"] == (64, 32, 64)
    assert differing["training.momentum"] == (0.0, None, 0.0)  # without effect under adam
    assert differing["training.betas"] == (None, [0.9, 0.999], None)
    assert set(differing) == {"training.optimiser", "training.learning_rate", "network.layers.1.units", "training.momentum", "training.nesterov", "training.betas", "training.epsilon"}


def test_other_layers_are_one_setting_and_stages_keep_their_own(tmp_path: Path) -> None:
    staged = load_config("cifar10-cnn-16-staged")
    runs = [make_run(tmp_path, "finished", name=name, config=config) for name, config in (("staged", staged), ("mlp", load_config("digits-mlp")))]
    differing = {row.key: row.values for row in compared_settings([read_compared(run) for run in runs]) if row.differs}
    assert "dense-classes" in differing["network.layers"][0] != differing["network.layers"][1]
    assert not any(key.startswith("network.layers.") for key in differing)
    assert differing["training.epochs"][0] is None  # the stages give the length
    assert differing["training.stages.0.iterations"] == (staged.training.stages[0].iterations, None)


def test_best_is_of_validation_and_last_is_the_newest(tmp_path: Path) -> None:
    found = read_compared(make_run(tmp_path, "stopped"))
    validation = [(event.accuracy, -event.loss, event.step) for event in found.history.events if type(event).__name__ == "Evaluated" and event.split == "validation" and event.checkpoint == "last"]
    assert found.best["validation"].accuracy == max(validation)[0]
    assert found.best["train"].step == found.best["validation"].step
    assert found.last["validation"].step == max(step for _, _, step in validation)


def test_curves_share_an_axis(trained: TrainedRun) -> None:
    history, _ = read_history(trained.folder / "events.jsonl")
    epochs, values = series(history, "accuracy", "validation", "epoch")
    steps, again = series(history, "accuracy", "validation", "step")
    seconds, _ = series(history, "accuracy", "validation", "time")
    assert values == again
    assert len(epochs) == len(steps) == len(seconds) >= 2
    per_epoch = history.started.steps_per_epoch
    assert [step / per_epoch for step in steps] == pytest.approx(epochs)
    assert seconds == sorted(seconds)
    assert len(series(history, "learning_rate")[0]) == len(history.steps)


def test_compare_of_real_runs_and_of_one_from_another_version(trained: TrainedRun, tmp_path: Path) -> None:
    other = make_run(tmp_path, "finished", name="foreign")
    other.config_file.write_text(other.config_file.read_text() + "\n[telepathy]\nstrength = 3\n")
    done = trained.program("runs", "compare", trained.name, str(other.path), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    shown = json.loads(trained.program("runs", "show", trained.name, "--json").stdout)
    ours, foreign = told["runs"]
    assert ours["last"]["test"]["accuracy"] == shown["latest"]["test"]["accuracy"]
    assert ours["best"]["validation"]["accuracy"] == shown["summary"]["best"]["validation"]["accuracy"]
    assert "telepathy" in foreign["problems"][0]
    assert told["settings_that_differ"]["telepathy.strength"] == [None, 3]
    table = trained.program("runs", "compare", trained.name, str(other.path))
    assert "telepathy.strength" in table.stdout
    refused = run_program("runs", "compare", "nobody", cwd=tmp_path)
    assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)


def test_json_export_holds_settings_results_and_every_point(trained: TrainedRun) -> None:
    [run] = json.loads(trained.program("runs", "export", trained.name, "--format", "json").stdout)["runs"]
    history, _ = read_history(trained.folder / "events.jsonl")
    assert run["config"]["training"]["epochs"] == 2
    assert run["curves"]["validation"]["accuracy"] == list(history.split("validation").track["accuracy"])
    assert len(run["curves"]["steps"]["learning_rate"]) == len(history.steps)
    assert run["latest"]["test"]["confusion"]
