"""Looking at runs, and using what they learnt."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import QUICK, TrainedRun, run_program

from tui_trainer.runs.events import Evaluated, StepsTrained, decode


def events(trained: TrainedRun) -> list[object]:
    return [decode(line) for line in (trained.folder / "events.jsonl").read_text().splitlines()]


def test_show_json_is_complete(trained: TrainedRun) -> None:
    shown = json.loads(trained.program("runs", "show", trained.name, "--json").stdout)
    assert shown["state"] == "finished"
    assert shown["parameters"] == 50_890
    assert shown["images_per_second"] > 0
    assert shown["config"]["training"]["epochs"] == 2
    assert shown["config"]["data"]["dataset"] == "digits"
    assert shown["summary"]["training_seconds"] > 0
    validation = [event for event in events(trained) if isinstance(event, Evaluated) and event.split == "validation"]
    assert shown["summary"]["last"]["validation"]["accuracy"] == validation[-1].accuracy
    assert shown["summary"]["best"]["validation"]["accuracy"] == max(event.accuracy for event in validation)
    assert sum(map(sum, shown["latest"]["test"]["confusion"])) == shown["images"]["test"]


def test_evaluate_agrees_with_the_run_and_with_itself(trained: TrainedRun) -> None:
    done = trained.program("evaluate", trained.name, "--split", "test", "--checkpoint", "last", "--json")
    found = json.loads(done.stdout)
    final = next(event for event in reversed(events(trained)) if isinstance(event, Evaluated) and event.split == "test")
    assert found["split"] == "test"
    assert found["accuracy"] == pytest.approx(final.accuracy)
    assert found["loss"] == pytest.approx(final.loss, rel=1e-4)
    assert found["confusion"] == final.confusion
    assert list(found["precision"]) == list(found["recall"]) == list(found["f1"]) == found["classes"]
    wrong = {name: sum(row) - row[number] for number, (name, row) in enumerate(zip(found["classes"], found["confusion"], strict=True))}
    assert found["misclassified"] == wrong
    assert found["macro"]["recall"] == pytest.approx(sum(found["recall"].values()) / 10)


def test_predict_names_what_it_sees(trained: TrainedRun, tmp_path: Path) -> None:
    from PIL import Image

    from tui_trainer.catalogue.digits import digits_as_mnist, read_digits

    ink, labels = read_digits()
    paths = [tmp_path / f"{number}.png" for number in range(20)]
    for path, image in zip(paths, digits_as_mnist(ink[:20]), strict=True):
        Image.fromarray(image).save(path)
    done = trained.program("predict", trained.name, *map(str, paths), "--json")
    found = json.loads(done.stdout)
    assert [each["path"] for each in found] == list(map(str, paths))
    assert sum(each["label"] == str(label) for each, label in zip(found, labels, strict=False)) >= 15
    for each in found:
        assert sum(each["probabilities"].values()) == pytest.approx(1, abs=1e-4)
        assert each["probability"] == max(each["probabilities"].values()) == each["probabilities"][each["label"]]
    (tmp_path / "noise.png").write_bytes(b"no picture")
    refused = trained.program("predict", trained.name, str(tmp_path / "noise.png"))
    assert refused.returncode == 2
    assert "noise.png" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_csv_holds_every_evaluation(trained: TrainedRun) -> None:
    rows = list(csv.DictReader(io.StringIO(trained.program("runs", "export", trained.name).stdout)))
    told = {(event.step, event.split): event for event in events(trained) if isinstance(event, Evaluated) and event.checkpoint == "last"}
    for (step, split), event in told.items():
        row = next(row for row in rows if int(row["step"]) == step)
        assert float(row[f"{split}_accuracy"]) == event.accuracy
        assert float(row[f"{split}_loss"]) == event.loss
    steps = {event.step for event in events(trained) if isinstance(event, StepsTrained)}
    assert {int(row["step"]) for row in rows if row["batch_loss"]} == steps
    assert all(row["run"] == trained.name for row in rows)


def test_tensorboard_reads_what_was_exported(trained: TrainedRun, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    done = trained.program("runs", "export", trained.name, "--format", "tensorboard", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    board = EventAccumulator(str(tmp_path / trained.name))
    board.Reload()
    told = {event.step: event.accuracy for event in events(trained) if isinstance(event, Evaluated) and event.split == "validation" and event.checkpoint == "last"}
    read = {scalar.step: scalar.value for scalar in board.Scalars("accuracy/validation")}
    assert read == pytest.approx(told)
    assert {"loss/train", "loss/validation", "step/learning_rate", "step/loss"} <= set(board.Tags()["scalars"])


def test_list_shows_damaged_runs_too(trained: TrainedRun, tmp_path: Path) -> None:
    for name, status in (("bad", "{"), ("odd", '{"state": "finished", "from_the_future": 1}'), ("foreign", '{"state": "running", "heartbeat": "now"}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.toml").touch()
        (tmp_path / name / "status.json").write_text(status)
    listed = {run["name"]: run["state"] for run in json.loads(trained.program("runs", "list", "--runs-dir", str(tmp_path), "--json").stdout)}
    assert listed == {"bad": "damaged", "odd": "finished", "foreign": "damaged"}
    table = trained.program("runs", "list", "--runs-dir", str(tmp_path)).stdout
    assert "damaged" in table


def test_fork_of_a_shown_preset_trains_alike(trained: TrainedRun, tmp_path: Path) -> None:
    shown = trained.program("presets", "show", "digits-mlp", "--set", "training.epochs=2")
    (tmp_path / "own.toml").write_text(shown.stdout)
    again = trained.program("presets", "show", str(tmp_path / "own.toml"))
    assert again.stdout == shown.stdout


def test_exported_weights_are_the_checkpoints(trained: TrainedRun, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    from tui_trainer.runs import RunFolder
    from tui_trainer.training.checkpoints import load_checkpoint

    done = trained.program("runs", "export", trained.name, "--format", "safetensors", "--out", str(tmp_path / "weights"))
    assert done.returncode == 0, done.stderr
    saved = load_checkpoint(RunFolder(trained.folder).checkpoints, "last")[0]["weights"]
    exported = load_file(tmp_path / "weights" / f"{trained.name}.safetensors")
    beside = tmp_path / "beside"
    beside.touch()
    assert (tmp_path / "weights" / f"{trained.name}.safetensors").stat().st_mode == beside.stat().st_mode  # by the umask, like any file
    assert saved.keys() == exported.keys()
    assert all(saved[name].equal(exported[name]) for name in saved)


def test_a_run_is_evaluated_from_any_directory(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", x_train=np.arange(60 * 64, dtype=np.uint8).reshape(60, 8, 8), y_train=np.arange(60) % 2)
    arguments = ("--dataset", "npz", "--data-dir", "set.npz", "--epochs", "1", "--name", "here", "--set", "training.batch_size=8", *QUICK)
    assert run_program("train", "digits-mlp", *arguments, cwd=tmp_path).returncode == 0
    (tmp_path / "elsewhere").mkdir()
    done = run_program("evaluate", "../runs/here", "--json", cwd=tmp_path / "elsewhere")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["split"] == "test"
