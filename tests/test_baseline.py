"""Baselines: the figures are scikit-learn's, they are kept beside the runs, and bad input is a sentence."""

import json
from pathlib import Path

import pytest
import torch

from tests.conftest import run_program
from tui_trainer.config import load_config, to_tree
from tui_trainer.lab.baseline import fit, load, measure
from tui_trainer.runs.baselines import FILE, best_baseline, read_baselines
from tui_trainer.runs.folder import create_run

SMALL = {"data.train_images": 300}


@pytest.mark.parametrize(
    ("settings", "least"),
    [
        ({"model": "svc-linear"}, 0.85), ({"model": "svc-poly", "degree": 2, "coef0": 1.0}, 0.85), ({"model": "svc-rbf", "c": 10.0}, 0.85),
        ({"model": "logistic", "iterations": 200}, 0.85), ({"model": "knn", "neighbours": 1}, 0.85), ({"model": "forest", "trees": 30}, 0.8),
    ],
    ids=lambda value: value["model"] if isinstance(value, dict) else "",
)  # fmt: skip
def test_every_model_learns_digits_from_what_the_network_would_get(settings: dict[str, object], least: float) -> None:
    config = load_config("digits-mlp", {**SMALL, **{f"baseline.{name}": value for name, value in settings.items()}})
    fitted = fit(config, load(config))
    found = measure(fitted, "test")
    images, labels = fitted.data.test.read(slice(None))
    rows = fitted.data.preprocess(images).flatten(1).numpy()
    assert found.accuracy == pytest.approx(fitted.classifier.score(rows, labels.numpy()))
    assert found.accuracy > least
    assert torch.tensor(found.confusion).trace() == round(found.accuracy * len(labels))
    assert [sum(row) for row in found.confusion] == torch.bincount(labels, minlength=10).tolist()
    for name, value in settings.items():
        if name in ("c", "degree", "coef0"):
            assert fitted.classifier.get_params()["C" if name == "c" else name] == value


def test_from_the_prompt(tmp_path: Path) -> None:
    arguments = ("baseline", "digits-mlp", "--model", "knn", "--set", "data.train_images=200", "--set", "baseline.neighbours=3", "--json")
    done = run_program(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["model"], told["settings"]["neighbours"], told["train_images"]) == ("knn", 3, 200)
    with (tmp_path / "runs" / FILE).open("a", encoding="utf-8") as file:
        file.write("torn {\n[]\n")
    (kept,) = read_baselines(tmp_path / "runs")
    assert kept.accuracy["test"] == told["accuracy"]
    assert kept.confusion["test"] == told["confusion"]
    same, other = (to_tree(load_config("digits-mlp", {"data.seed": seed}))["data"] for seed in (0, 1))
    assert [kept.comparable(data, split) for data in (same, other) for split in ("validation", "test")] == [True, True, False, True]
    runs = [create_run(load_config("digits-mlp", {"data.seed": seed}), tmp_path / "runs") for seed in (0, 1)]
    assert [best_baseline(run.path, "validation") for run in runs] == [kept, None]


def test_what_the_report_gives_stands_beside_its_baseline_alone(tmp_path: Path) -> None:
    own = run_program("baseline", "circles-svm/linear", "--no-record", cwd=tmp_path).stdout
    assert "400 points" in own
    assert "reference: report B" in own
    (line,) = (line for line in own.splitlines() if line.startswith("test  ") and "points" in line)
    assert line.split()[2] == "50.00%"
    other = run_program("baseline", "circles-svm/linear", "--model", "knn", "--no-record", cwd=tmp_path).stdout
    assert "reference" not in other


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--model", "svc"], "--model svc: no such baseline"),
        (["--set", "baseline.model=knn", "--set", "baseline.c=3"], "baseline.c: has no effect here; it applies with model"),
        (["--set", "baseline.degree=0", "--model", "svc-poly"], "baseline.degree: 0 is out of range"),
    ],
)
def test_bad_input_is_a_sentence(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    done = run_program("baseline", "digits-mlp", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
