"""What differs on a GPU: steps as graphs, other generators. ``pytest --gpu tests/test_gpu.py`` runs it where there is one."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tui_trainer.config import Config, parse_config
from tui_trainer.lab.together import prepare_together, train_together
from tui_trainer.runs import RunFolder, create_run
from tui_trainer.runs.commands import StopNow, send
from tui_trainer.runs.events import Evaluated, RunEnded, decode
from tui_trainer.training import loop
from tui_trainer.training.checkpoints import load_checkpoint
from tui_trainer.training.graphed import GraphedStep
from tui_trainer.training.prepare import prepare
from tui_trainer.training.run import train

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU, and --gpu")

DENSE = [{"type": "flatten"}, {"type": "dense", "units": 24}, {"type": "relu"}, {"type": "dropout", "probability": 0.2}, {"type": "dense", "units": "classes"}]
CONVOLUTIONS = [
    {"type": "conv2d", "channels": 8, "kernel": 3, "padding": "same"}, {"type": "batch-norm"}, {"type": "relu"}, {"type": "max-pool", "size": 2},
    {"type": "flatten"}, {"type": "dropout", "probability": 0.2}, {"type": "dense", "units": "classes"},
]  # fmt: skip


def config(layers: list[dict[str, Any]], **training: Any) -> Config:
    """A small network on some of the digits, whose last batch of a pass is smaller."""
    data = {"dataset": "digits", "train_images": 500, "validation": 100, **training.pop("data", {})}
    common = {"epochs": 4.0, "batch_size": 32, "learning_rate": 0.05, "device": "cuda"}
    return parse_config({"data": data, "network": {"layers": layers}, "training": common | training}, "test")


def weights(run: RunFolder) -> dict[str, torch.Tensor]:
    """Those of the last checkpoint."""
    return load_checkpoint(run.checkpoints, "last")[0]["weights"]


@pytest.mark.parametrize(
    ("layers", "training"),
    [
        pytest.param(DENSE, {"momentum": 0.9, "clip_norm": 0.5, "schedule": "cosine"}, id="momentum, clipped, cosine"),
        pytest.param(DENSE, {"optimiser": "adamw", "learning_rate": 0.01, "weight_decay": 0.01, "average": 0.9}, id="adamw, averaged"),
        pytest.param(DENSE, {"gradients": "manual"}, id="gradients by hand"),
        pytest.param(DENSE, {"optimiser": "rmsprop", "learning_rate": 0.002, "loss": "focal", "class_weights": "balanced"}, id="rmsprop, focal"),
        pytest.param(CONVOLUTIONS, {"precision": "bf16", "data": {"augment": {"rotation": 10.0, "mixup": 0.2}}}, id="bf16, batch norm, augmented"),
    ],
)
def test_a_graph_trains_as_single_kernels_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layers: list[dict[str, Any]], training: dict[str, Any]) -> None:
    replayed = []
    take = GraphedStep._take
    monkeypatch.setattr(GraphedStep, "_take", lambda self, *batch: (take(self, *batch), replayed.append(self.graph is not None))[0])
    torch.backends.cudnn.deterministic = True
    asked = config(layers, **training)
    graphed = create_run(asked, tmp_path, "graphed")
    assert train(prepare(asked), graphed).state == "finished"
    assert sum(replayed) > 40
    monkeypatch.setattr(GraphedStep, "_take", lambda self, *batch: self.step(*batch))
    plain = create_run(asked, tmp_path, "plain")
    assert train(prepare(asked), plain).state == "finished"
    for name, value in weights(plain).items():
        torch.testing.assert_close(weights(graphed)[name], value, rtol=1e-4, atol=1e-5)


def test_a_run_that_was_stopped_goes_on_to_the_same_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = config(DENSE, optimiser="adam", learning_rate=0.01)
    whole = create_run(asked, tmp_path, "whole")
    assert train(prepare(asked), whole).state == "finished"
    halves = create_run(asked, tmp_path, "halves")
    monkeypatch.setattr(loop, "TICK", 0.0)
    send(halves.path, StopNow())
    assert train(prepare(asked), halves, commands_from=0).state == "stopped"
    assert train(prepare(asked), halves, resume="last").state == "finished"
    for name, value in weights(whole).items():
        assert torch.equal(weights(halves)[name], value), name


def test_members_with_dropout_train_together(tmp_path: Path) -> None:
    configs = [config(DENSE, seed=seed, epochs=20.0, momentum=0.9) for seed in range(3)]
    runs = [create_run(each, tmp_path, f"member-{number}") for number, each in enumerate(configs)]
    assert [end.state for end in train_together(prepare_together(configs, runs)) if isinstance(end, RunEnded)] == ["finished"] * 3
    for run in runs:
        found = [event for event in map(decode, run.events_file.read_bytes().splitlines()) if isinstance(event, Evaluated) and event.split == "validation"]
        assert found[-1].accuracy > 0.85
