"""Forks: another run goes on from a checkpoint, with other settings or none; its parent stays as it was."""

import dataclasses
import hashlib
import json
import shutil

import numpy as np
import pytest
import torch
from conftest import run_program
from test_resume import assert_same, events, figures, make, of, state, summary, trained

from tui_trainer.config import ConfigError
from tui_trainer.runs import RunFolder
from tui_trainer.runs.checkpoints import read_index
from tui_trainer.runs.events import Forked, RunEnded, RunStarted
from tui_trainer.runs.forks import fork_run, plan_fork
from tui_trainer.runs.keeping import delete_run, rename_run
from tui_trainer.runs.lineage import family_trees, read_lineage, walk
from tui_trainer.runs.reading import read_history
from tui_trainer.runs.results import read_results
from tui_trainer.training.checkpoints import load_checkpoint
from tui_trainer.training.prepare import prepare
from tui_trainer.training.run import train

SETTINGS = {"training.epochs": 4, "training.momentum": 0.9, "training.schedule": "cosine", "data.augment.shift": 1.0, "training.evaluations_per_epoch": 2}


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    """Four epochs of 13 steps, a checkpoint twice an epoch."""
    config, run = make(tmp_path_factory.mktemp("parents"), SETTINGS | {"training.checkpoint_minutes": 1e-5}, "parent")
    train(prepare(config), run)
    return run


def forked(parent, folder, which, **settings):
    run = fork_run(parent, which, {key.replace("__", "."): value for key, value in settings.items()}, folder)
    return run, train(prepare(run.config()), run, resume="last")


def in_the_middle(run):
    """A checkpoint within a pass over the data."""
    return next(entry for entry in read_index(run.checkpoints).entries.values() if entry.step > 13 and entry.epoch % 1)


def contents(run):
    return {str(path.relative_to(run.path)): hashlib.sha256(path.read_bytes()).hexdigest() for path in run.path.rglob("*") if path.is_file()}


def test_a_lineage_of_thousands_is_drawn_as_far_as_it_is_of_use(tmp_path):
    _, run = make(tmp_path, SETTINGS, "deep")
    above = [{"name": f"ancestor-{number}", "created": float(number + 1)} for number in range(3000)]
    values = {"parent": "p", "parent_path": "/p", "created": 0.5, "checkpoint": "step-00000001.pt", "sha256": "", "step": 1, "epoch": 0.1, "changes": {}, "time": 1.0, "above": above}
    (run.path / "lineage.json").write_text(json.dumps(values))
    (tree,) = family_trees(tmp_path)
    assert [node.name for node in walk(tree)][-2:] == ["p", "deep"]
    assert run_program("runs", "tree", "--runs-dir", str(tmp_path), cwd=tmp_path).returncode == 0


def test_no_stages_are_no_length(parent):
    assert plan_fork(parent, "last", {"training.stages": [], "training.epochs": 6}).changes == {"training.epochs": [4.0, 6.0]}


def test_without_changes_it_equals_its_parent_and_leaves_it_alone(tmp_path, parent):
    before, entry = contents(parent), in_the_middle(parent)
    run, ended = forked(parent, tmp_path, entry.file)
    assert ended.state == "finished"
    assert contents(parent) == before
    assert_same(state(run), state(parent))
    assert figures(run) == figures(parent)
    assert summary(run) == summary(parent)
    told = events(run)
    (event,) = of(Forked, told)
    assert (event.parent, event.checkpoint, event.step, event.changes) == ("parent", entry.file, entry.step, {})
    assert len(of(RunEnded, told)) == 1
    assert max(getattr(each, "step", 0) for each in told[: told.index(event)]) == entry.step
    assert of(RunStarted, told)[-1].resumed_at == entry.step
    assert read_history(run.events_file)[0].marks[-1].event == event


def test_a_killed_fork_resumes_to_the_same_end(tmp_path, parent):
    settings = {"training__batch_size": 64, "training__epochs": 5.0}
    whole, _ = forked(parent, tmp_path, in_the_middle(parent).file, **settings, training__keep_checkpoints=9)
    for file in list(read_index(whole.checkpoints).entries)[:-1]:
        run = RunFolder(tmp_path / f"again-{file}")
        shutil.copytree(whole.path, run.path)
        train(prepare(run.config()), run, resume=file)
        assert_same(state(run), state(whole))
        assert figures(run) == figures(whole)


def test_batch_size_and_length_change_in_the_middle_of_a_pass(tmp_path, parent):
    entry = in_the_middle(parent)
    _, ended = forked(parent, tmp_path, entry.file, training__batch_size=100, training__epochs=3.0)
    assert (ended.epoch, ended.state) == (3, "finished")
    seen = round(entry.epoch % 1 * 400)
    assert ended.step - entry.step == -(-(400 - seen) // 100) + 4 * (3 - int(entry.epoch) - 1)
    longer, ended = forked(parent, tmp_path, "last", training__epochs=5.0)
    assert (ended.epoch, ended.step) == (5, 65)
    assert read_results(longer).best().accuracy >= read_results(parent).best().accuracy


def test_another_optimiser_begins_afresh_another_rate_forgets_the_factor(tmp_path):
    stages = [{"iterations": 6}, {"iterations": 20, "optimiser": "rmsprop"}]
    parent, _ = trained(tmp_path, {"training.stages": stages, "training.evaluate_every": 3}, "stages")
    entry = read_index(parent.checkpoints).entries[next(file for file, each in read_index(parent.checkpoints).entries.items() if each.step > 6)]
    saved = load_checkpoint(parent.checkpoints, entry.file)[0]
    assert entry.stage == 1
    run = fork_run(parent, entry.file, {"training.stages.1.optimiser": "adam", "training.stages.1.learning_rate": 0.01, "training.stages.1.iterations": 22}, tmp_path)
    ended = train(prepare(run.config()), run, resume="last")
    assert ended.step == 28
    last = load_checkpoint(run.checkpoints, "last")[0]
    assert last["optimiser"]["kind"] == "adam"
    assert float(last["optimiser"]["steps"]) == 28 - entry.step
    assert not torch.equal(last["weights"]["1.weight"], saved["weights"]["1.weight"])
    with pytest.raises(ConfigError, match=r"training\.stages\.0\.learning_rate: stage 1 is past"):
        fork_run(parent, entry.file, {"training.stages.0.learning_rate": 0.5}, tmp_path)


def test_other_data_begins_a_new_pass_and_another_best(tmp_path, parent):
    entry = in_the_middle(parent)
    random = np.random.default_rng(0)
    arrays = {f"{kind}_{part}": value for part, count in (("train", 90), ("test", 20)) for kind, value in (("x", random.integers(0, 256, (count, 28, 28), dtype=np.uint8)), ("y", np.arange(count) % 10))}
    np.savez(tmp_path / "noise.npz", **arrays)
    run, ended = forked(parent, tmp_path, entry.file, data__dataset="npz", data__directory=str(tmp_path / "noise.npz"), data__validation=30, data__train_images=60)
    (event,) = of(Forked, events(run))
    assert not event.comparable
    assert (ended.epoch, ended.step - entry.step) == (4, 2 * (4 - int(entry.epoch) - 1))
    best = summary(run)["best"]["validation"]
    assert best["step"] > entry.step
    assert best["accuracy"] < 0.6
    assert read_history(run.events_file)[0].split("validation").best.step > entry.step
    np.savez(tmp_path / "small.npz", **{key: value[:, :8, :8] if key[0] == "x" else value % 3 for key, value in arrays.items()})
    with pytest.raises(ConfigError, match=r"data: the images of npz are 1x8x8, the network takes 1x28x28"):
        fork_run(parent, "last", {"data.dataset": "npz", "data.directory": str(tmp_path / "small.npz"), "data.validation": 30, "training.epochs": 9}, tmp_path, "unfit")
    assert not (tmp_path / "unfit").exists()


def test_another_loss_forgets_the_best_and_patience_and_keeps_the_pass(tmp_path, parent):
    entry = in_the_middle(parent)
    run, _ = forked(parent, tmp_path, entry.file, training__loss="squared-error", training__learning_rate=0.01)
    assert not of(Forked, events(run))[0].comparable
    assert state(run)["judge"]["lowest_loss"] < 1
    assert read_index(run.checkpoints).best.step > entry.step
    assert of(RunEnded, events(run))[0].step == 52


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, r"training\.epochs: nothing is left to train: .* allowed is more than 4, such as --set training\.epochs=5"),
        ({"training.iterations": 52}, r"training\.iterations: nothing is left to train: .* allowed is at least 53"),
        ({"training.stages": [{"iterations": 50}, {"iterations": 2}]}, r"training\.stages\.1\.iterations: nothing is left to train: .* allowed is at least 3"),
        ({"network.layers": [{"type": "flatten"}, {"type": "dense", "units": "classes"}]}, "network: a fork keeps its parent's network"),
        ({"training.momentun": 1}, r"training\.momentun: unknown key \(did you mean 'momentum'\?\)"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_no_folder(tmp_path, parent, settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        fork_run(parent, "last", settings, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_tree_holds_when_runs_are_renamed_and_deleted(tmp_path):
    root = tmp_path / "runs"
    trained(root, {"training.epochs": 1}, "first")
    for parent, name, epochs in (("first", "second", 2.0), ("second", "third", 3.0), ("second", "fourth", 3.0)):
        run = fork_run(RunFolder(root / parent), "last", {"training.epochs": epochs}, root, name)
        train(prepare(run.config()), run, resume="last")
    rename_run(root / "first", "origin")
    delete_run(root / "second")
    tree = json.loads(run_program("runs", "tree", "--json", cwd=tmp_path).stdout)
    (origin,) = tree
    (second,) = origin["children"]
    assert (origin["name"], second["name"], second["state"]) == ("origin", "second", "deleted")
    assert [child["name"] for child in second["children"]] == ["third", "fourth"]
    assert second["children"][0]["forked"]["changes"] == {"training.epochs": [2.0, 3.0]}
    drawn = run_program("runs", "tree", "third", cwd=tmp_path).stdout
    assert "second  deleted" in drawn
    assert "epochs 2 -> 3" in drawn
    lineage = read_lineage(root / "third")
    assert dataclasses.asdict(lineage)["above"] == ({"name": "first", "created": lineage.above[0].created},)
    assert [node.name for node in family_trees(root)] == ["origin"]


def test_the_command_shows_a_fork_and_refuses_before_there_is_a_folder(tmp_path):
    one, _ = trained(tmp_path / "runs", {"training.epochs": 9, "training.early_stopping": 1, "training.learning_rate": 3.0}, "one")
    step = read_index(one.checkpoints).last.step
    spent = run_program("fork", "one", "--name", "two", "--set", "training.epochs=20", cwd=tmp_path)
    assert spent.returncode == 2
    assert "training.early_stopping: at" in spent.stderr
    assert not (tmp_path / "runs/two").exists()
    wrong = run_program("fork", "one", "--name", "three", "--from", "step-1.pt", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "no such checkpoint" in wrong.stderr
    shown = run_program("fork", "one", "--name", "four", "--from", str(step), "--set", "training.epochs=10", "--set", "training.early_stopping=9", "--json", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    kinds = [json.loads(line)["event"] for line in shown.stdout.splitlines()]
    assert (kinds[0], kinds[1], kinds[-1]) == ("Forked", "RunStarted", "RunEnded")
