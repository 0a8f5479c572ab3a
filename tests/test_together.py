"""Runs that train together end as each would alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from tui_trainer.config import Config, parse_config
from tui_trainer.config.together import groups
from tui_trainer.lab.together import prepare_together, train_together
from tui_trainer.runs import RunFolder, create_run
from tui_trainer.runs.commands import StopNow, send
from tui_trainer.runs.events import Evaluated, RunEnded, StepsTrained, decode
from tui_trainer.training.checkpoints import load_checkpoint
from tui_trainer.training.prepare import prepare
from tui_trainer.training.run import train

LAYERS = [{"type": "flatten"}, {"type": "dense", "units": 24}, {"type": "tanh"}, {"type": "dropout", "probability": 0.2}, {"type": "dense", "units": "classes"}]


def config(**training: Any) -> Config:
    """A small dense network on some of the digits."""
    layers = training.pop("layers", LAYERS)
    data = {"dataset": "digits", "train_images": 500, "validation": 100, **training.pop("data", {})}
    common = {"epochs": 3.0, "batch_size": 32, "learning_rate": 0.1, "threads": 1}
    return parse_config({"data": data, "network": {"layers": layers}, "training": common | training}, "test")


def together(root: Path, configs: Sequence[Config]) -> list[RunFolder]:
    """The runs of these configs, trained as one group."""
    runs = [create_run(each, root, f"member-{number}") for number, each in enumerate(configs)]
    ends = train_together(prepare_together(configs, runs))
    assert [end.state if isinstance(end, RunEnded) else end for end in ends] == ["finished"] * len(runs)
    return runs


def alone(root: Path, each: Config, name: str) -> RunFolder:
    """The same run by itself."""
    run = create_run(each, root, name)
    assert train(prepare(each), run).state == "finished"
    return run


def figures(run: RunFolder) -> list[tuple[int, str, float, float]]:
    """Step, split, accuracy and loss of all evaluations."""
    events = map(decode, run.events_file.read_bytes().splitlines())
    return [(event.step, event.split, event.accuracy, event.loss) for event in events if isinstance(event, Evaluated)]


def last_norm(run: RunFolder) -> tuple[int, float]:
    """The last step that was reported, and the gradients' norm there."""
    events = [decode(line) for line in run.events_file.read_bytes().splitlines()]
    return [(event.step, event.gradient_norm) for event in events if isinstance(event, StepsTrained)][-1]


def assert_same(one: RunFolder, other: RunFolder) -> None:
    """Weights and figures agree up to the order of additions."""
    weights, same = (load_checkpoint(run.checkpoints, "last")[0]["weights"] for run in (one, other))
    for name, value in weights.items():
        torch.testing.assert_close(same[name], value, rtol=2e-3, atol=2e-4)
    for (step, split, accuracy, loss), (other_step, other_split, other_accuracy, other_loss) in zip(figures(one), figures(other), strict=True):
        assert (step, split) == (other_step, other_split)
        assert other_accuracy == pytest.approx(accuracy, abs=0.011)  # one image on the edge
        assert other_loss == pytest.approx(loss, rel=1e-3)
    assert last_norm(other) == (last_norm(one)[0], pytest.approx(last_norm(one)[1], rel=1e-2))


@pytest.mark.parametrize(
    "members",
    [
        pytest.param([{"seed": 0}, {"seed": 1}, {"seed": 2}], id="seeds, dropout"),
        pytest.param([{"learning_rate": 0.05}, {"learning_rate": 0.2}], id="learning rates on the same batches"),
        pytest.param([{"learning_rate": 0.3, "weight_decay": 1e-2}, {"seed": 1}], id="learning rates and weight decay"),
        pytest.param([{"seed": seed, "layers": [LAYERS[0], {"type": "dense", "units": "classes", "bias": False}]} for seed in (0, 1)], id="one layer, no bias"),
        pytest.param([{"momentum": 0.5, "nesterov": True, "weight_decay": 1e-3}, {"momentum": 0.9, "nesterov": True, "seed": 4}], id="nesterov"),
        pytest.param([{"momentum": 0.5, "weight_decay": 1e-3}, {"momentum": 0.9, "seed": 4}], id="momentum and weight decay"),
        pytest.param([{"seed": seed, "momentum": 0.9, "nesterov": True, "clip_norm": 0.5, "schedule": "cosine"} for seed in (0, 1)], id="nesterov, clipped, cosine"),
        pytest.param([{"seed": seed, "optimiser": "adam", "learning_rate": 0.01, "loss": "focal", "average": 0.9} for seed in (0, 1)], id="adam, focal, averaged"),
        pytest.param([{"seed": seed, "class_weights": "balanced", "data": {"augment": {"rotation": 10.0, "mixup": 0.2}}} for seed in (0, 1)], id="augmented, soft targets"),
    ],
)
def test_members_equal_runs_of_their_own(tmp_path: Path, members: list[dict[str, Any]]) -> None:
    configs = [config(**member) for member in members]
    for number, run in enumerate(together(tmp_path, configs)):
        assert_same(alone(tmp_path, configs[number], f"alone-{number}"), run)


def test_one_that_fails_or_is_stopped_leaves_the_others_going(tmp_path: Path) -> None:
    configs = [config(seed=0), config(seed=1, learning_rate=1e6, weight_decay=100.0), config(seed=2)]
    runs = [create_run(each, tmp_path, f"member-{number}") for number, each in enumerate(configs)]
    send(runs[2].path, StopNow())
    ends = train_together(prepare_together(configs, runs), commands_from=0)
    states = [end.state if isinstance(end, RunEnded) else end for end in ends]
    assert states == ["finished", "failed", "stopped"]
    assert_same(alone(tmp_path, configs[0], "alone"), runs[0])


def test_who_can_train_together() -> None:
    same = [config(seed=3), config(learning_rate=0.5), config(momentum=0.9), config(momentum=0.8, weight_decay=0.1)]
    others = [config(batch_size=64), config(precision="bf16"), config(layers=[{"type": "conv2d", "channels": 2, "kernel": 3}, {"type": "flatten"}, LAYERS[-1]])]
    assert groups([*same, *others]) == [[0, 1], [2, 3], [4], [5], [6]]
