"""Ensembles of real runs: pooled probabilities counted again by hand, and what members add."""

import json
import re
from pathlib import Path

import pytest
import torch

from tests.conftest import run_program
from tui_trainer.config import load_config
from tui_trainer.lab.ensemble import evaluate_ensemble, pooled
from tui_trainer.runs.folder import RunFolder, create_run
from tui_trainer.training.inference import evaluate_split, load_trained, probabilities
from tui_trainer.training.prepare import prepare
from tui_trainer.training.run import train


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("ensemble")
    for seed in (1, 2, 3):
        trained(place, f"member-{seed}", {"training.seed": seed})
    trained(place, "elsewhere", {"data.seed": 5})
    return place


def trained(place: Path, name: str, settings: dict[str, int]) -> None:
    config = load_config("digits-mlp", {"training.epochs": 1, "training.threads": 1, **settings})
    assert train(prepare(config), create_run(config, place / "runs", name)).state == "finished"


def test_votes_are_counted_and_equal_ones_are_decided_by_the_mean() -> None:
    each = torch.tensor([[[0.9, 0.1, 0.0]], [[0.4, 0.6, 0.0]], [[0.4, 0.6, 0.0]]], dtype=torch.float64)
    assert int(pooled(each, vote=False).argmax()) == 0
    assert int(pooled(each, vote=True).argmax()) == 1
    assert int(pooled(each[:2], vote=True).argmax()) == 0


def test_the_figures_are_those_of_the_pooled_probabilities(root: Path) -> None:
    members = [load_trained(RunFolder(root / "runs" / f"member-{seed}")) for seed in (1, 2, 3)]
    found = evaluate_ensemble(members, "test")
    alone = [evaluate_split(member, "test") for member in members]
    assert [member.accuracy for member in found.members] == pytest.approx([each.accuracy for each in alone])
    assert members[0].data is not None
    images, labels = members[0].data.test.read(slice(None))
    each = torch.stack([probabilities(member, images) for member in members])
    called = each.argmax(2)
    assert found.evaluation.accuracy == pytest.approx(float((each.mean(0).argmax(1) == labels).double().mean()))
    assert found.evaluation.loss == pytest.approx(float(torch.nn.functional.nll_loss(each.mean(0).log(), labels)), rel=1e-4)
    assert sum(map(sum, found.evaluation.confusion)) == found.evaluation.images == len(labels)
    assert found.members[1].without == pytest.approx(float((each[[0, 2]].mean(0).argmax(1) == labels).double().mean()))
    assert found.disagreements[0][2] == pytest.approx(float((called[0] != called[2]).double().mean()))
    assert found.members[0].disagreement == pytest.approx(sum(found.disagreements[0]) / 2)


def test_from_the_prompt(root: Path) -> None:
    done = run_program("ensemble", "member-*", "member-1", "--split", "validation", "--json", cwd=root)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [member["name"] for member in told["members"]] == ["member-1", "member-2", "member-3"]
    assert {"confusion", "precision", "recall", "f1", "accuracy", "loss"} <= set(told)
    shown = run_program("ensemble", "member-1", "member-2", "--vote", cwd=root)
    assert shown.returncode == 0, shown.stderr
    assert "votes counted" in shown.stdout
    assert "member-2" in shown.stdout
    assert re.search(r"(\d\.\d\d points (above|below)|as good as) its best member, member-\d", shown.stdout)
    assert "differs: images that it calls otherwise than another member" in shown.stdout


def test_what_is_no_ensemble_is_refused(root: Path) -> None:
    alone = run_program("ensemble", "member-1", cwd=root)
    assert (alone.returncode, alone.stdout) == (2, "")
    assert alone.stderr == "tui-trainer: ensemble: only member-1 is named; an ensemble takes at least two runs\n"
    other = run_program("ensemble", "member-1", "elsewhere", "--split", "validation", cwd=root)
    assert other.returncode == 2
    assert "elsewhere: its data.seed is not that of member-1; another seed holds out other images" in other.stderr
    assert run_program("ensemble", "nothing-*", cwd=root).returncode == 2
