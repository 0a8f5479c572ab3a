"""Gradients by hand against autograd, over networks, activations, losses and kinds of target; and training with them."""

import json
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.conftest import QUICK, REPOSITORY, run_program
from tui_trainer.backprop import DenseNetwork, loss_rule
from tui_trainer.config import Config, ConfigError, Network, Recipe, load_config, parse_config
from tui_trainer.models import build
from tui_trainer.runs.events import Evaluated, Event
from tui_trainer.runs.folder import create_run
from tui_trainer.training.losses import class_weights, make_loss
from tui_trainer.training.prepare import prepare
from tui_trainer.training.run import train

CPU = torch.device("cpu")
CLASSES = 3
COUNTS = torch.tensor([5, 3, 2])
ACTIVATIONS = ("relu", "gelu", "silu", "tanh", "sigmoid", "lecun-tanh")


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


HIDDEN = st.one_of(
    st.fixed_dictionaries({"type": st.just("dense"), "units": st.integers(1, 6), "bias": st.booleans()}),
    st.sampled_from([{"type": kind} for kind in ACTIVATIONS]),
    st.fixed_dictionaries({"type": st.just("leaky-relu"), "slope": st.sampled_from([0.0, 0.2, 1.0])}),
    st.fixed_dictionaries({"type": st.just("dropout"), "probability": st.sampled_from([0.0, 0.3])}),
)
ON_IMAGES = st.sampled_from([{"type": "tanh"}, {"type": "dropout", "probability": 0.4}, {"type": "dropout", "probability": 0.4, "channels": True}])
NETWORKS = st.tuples(st.lists(ON_IMAGES, max_size=2), st.lists(HIDDEN, max_size=6), st.lists(HIDDEN.filter(lambda layer: layer["type"] != "dense"), max_size=1)).map(
    lambda parts: Network.model_validate({"layers": [*parts[0], {"type": "flatten"}, *parts[1], {"type": "dense", "units": "classes"}, *parts[2]], "initialiser": "xavier"})
)
RECIPES = st.one_of(
    st.builds(
        Recipe, label_smoothing=st.sampled_from([0.0, 0.1, 0.9]), class_weights=st.sampled_from(["none", "balanced", (1.0, 0.0, 2.5)])
    ),
    st.just(Recipe(loss="squared-error")),
    st.just(Recipe(loss="dice")),
    st.builds(Recipe, loss=st.just("focal"), focal_gamma=st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.7])),
)  # fmt: skip


def criterion(recipe: Recipe) -> Any:
    return make_loss(recipe, COUNTS, CPU, torch.float64)


def rule(recipe: Recipe) -> Any:
    return loss_rule(recipe, class_weights(recipe, COUNTS, CPU, torch.float64))


def targets(soft: bool, batch: int, draw: torch.Generator) -> Tensor:
    labels = torch.randint(CLASSES, (batch,), generator=draw)
    labels[0] = 2  # a batch of weight 0 has no mean
    return torch.rand(batch, CLASSES, generator=draw, dtype=torch.float64).softmax(1) if soft else labels


@given(RECIPES, st.booleans(), st.integers(1, 8), st.integers(0, 1000), st.sampled_from([0.1, 3.0, 40.0]))
def test_closed_forms_of_the_losses(recipe: Recipe, soft: bool, batch: int, seed: int, spread: float) -> None:
    draw = torch.Generator().manual_seed(seed)
    logits = (torch.randn(batch, CLASSES, generator=draw, dtype=torch.float64) * spread).requires_grad_()
    wanted = targets(soft, batch, draw)
    expected = criterion(recipe)(logits, wanted)
    (slope,) = torch.autograd.grad(expected, logits)
    loss, found = rule(recipe)(logits.detach(), wanted)
    torch.testing.assert_close(loss, expected.detach(), rtol=1e-10, atol=1e-12)
    if torch.isfinite(slope).all():  # autograd has none for focal, gamma below 1, where a probability is 1
        torch.testing.assert_close(found, slope, rtol=1e-9, atol=1e-12)
    assert torch.isfinite(found).all()


@settings(max_examples=60)
@given(NETWORKS, RECIPES, st.booleans(), st.integers(1, 5), st.integers(0, 1000))
def test_gradients_of_any_dense_network_are_autograds(network: Network, recipe: Recipe, soft: bool, batch: int, seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    model = build(network, (2, 3, 2), CLASSES).double()
    images = torch.randn(batch, 2, 3, 2, generator=draw, dtype=torch.float64)
    wanted = targets(soft, batch, draw)
    torch.manual_seed(seed)  # for dropout
    logits = model(images)
    expected = torch.autograd.grad(criterion(recipe)(logits, wanted), list(model.parameters()))
    torch.manual_seed(seed)
    dense = DenseNetwork(network.layers, model)
    with torch.no_grad():
        found, trace = dense.forward(images.clone())
        _, slope = rule(recipe)(found, wanted)
        grads = dense.backward(slope, trace)
    torch.testing.assert_close(found, logits.detach(), rtol=1e-12, atol=1e-13)
    assert len(grads) == len(expected)
    for one, other in zip(grads, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-12)


def curve(tmp_path: Any, name: str, **settings: Any) -> list[Evaluated]:
    chosen = {"training.threads": 1, "training.epochs": 2, **settings}
    told: list[Event] = []
    config = load_config("digits-mlp", chosen)
    assert train(prepare(config), create_run(config, tmp_path, name), [told.append]).state == "finished"
    return [event for event in told if isinstance(event, Evaluated)]


@pytest.mark.parametrize(
    "settings",
    [
        {"training.loss": "focal", "training.optimiser": "adam", "training.learning_rate": 0.003, "training.clip_norm": 1.0},
        {"data.augment.mixup": 0.3, "training.momentum": 0.9, "training.weight_decay": 0.001, "training.schedule": "one-cycle", "training.average": 0.9},
        {"network.layers": [{"type": "flatten"}, {"type": "dense", "units": 20}, {"type": "sigmoid"}, {"type": "dropout"}, {"type": "dense", "units": "classes"}]},
    ],
    ids=["adam-clipped", "mixup-momentum-averaged", "dropout"],
)
def test_a_run_with_gradients_by_hand_takes_the_course_of_autograds(tmp_path: Any, settings: dict[str, Any]) -> None:
    by_hand, autograd = (curve(tmp_path, way, **settings, **{"training.gradients": way}) for way in ("manual", "autograd"))
    assert [event.split for event in by_hand] == [event.split for event in autograd]
    for one, other in zip(by_hand, autograd, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-3)
        assert one.accuracy == pytest.approx(other.accuracy, abs=0.01)


def test_the_program_trains_stages_by_hand_without_autograd(tmp_path: Any) -> None:
    """Autograd is switched off for good: a step that asked it for anything would fail."""
    (tmp_path / "sitecustomize.py").write_text(
        "import torch\ndef refuse(*a, **k): raise AssertionError('autograd was asked')\ntorch.autograd.grad = torch.autograd.backward = refuse\n"
    )
    refused = run_program("train", "digits-mlp", "--epochs", "1", *QUICK, cwd=tmp_path, env={"PYTHONPATH": f"{tmp_path}:{REPOSITORY}"}, fresh=True)
    assert "autograd was asked" in refused.stderr
    (tmp_path / "staged.toml").write_text(
        'extends = "digits-mlp"\n[training]\ngradients = "manual"\n[[training.stages]]\nepochs = 1\n[[training.stages]]\nepochs = 1\nloss = "dice"\n'
    )
    done = run_program("train", "staged.toml", "--json", "--quiet", *QUICK, cwd=tmp_path, env={"PYTHONPATH": f"{tmp_path}:{REPOSITORY}"}, fresh=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["config"]["training"]["gradients"] == "manual"


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"network.layers": [{"type": "flatten"}, {"type": "batch-norm"}, {"type": "dense", "units": "classes"}]}, "training.gradients: manual does not fit network.layers.1, batch-norm"),
        ({"network.kind": "torchvision", "network.model": "resnet18"}, "training.gradients: manual does not fit network.kind = torchvision"),
        ({"training.precision": "bf16"}, "training: gradients = manual computes in float32"),
        ({"training.compile": True}, "training: gradients = manual computes in float32"),
    ],
)
def test_what_has_no_gradients_by_hand_is_said(overrides: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config("digits-mlp", {"training.gradients": "manual", **overrides})
    assert sentence in str(refused.value)


def test_a_misfit_is_told_at_its_key() -> None:
    tree = {"network": {"layers": [{"type": "conv2d", "channels": 2}]}, "training": {"gradients": "manual"}}
    with pytest.raises(ConfigError) as refused:
        parse_config(tree, "here")
    assert list(refused.value.problems) == ["training.gradients"]
    assert Config.model_validate({**tree, "training": {}})
