"""How weights start, by their statistics."""

import math
from typing import Any

import pytest
import torch
from torch import nn

from tui_trainer.config.network import Network
from tui_trainer.models import build

IN, OUT = 600, 400


def weights(layer: dict[str, Any] | None = None, **more: Any) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(3)
    dense = {"type": "dense", "units": OUT, **(layer or {})}
    model = build(Network.model_validate({"layers": [{"type": "flatten"}, dense], **more}), (1, 1, IN), OUT)
    return model.get_parameter("1.weight"), model.get_parameter("1.bias")


@pytest.mark.parametrize(
    ("asked", "deviation"),
    [
        ({"initialiser": "normal", "deviation": 0.3}, 0.3),
        ({"initialiser": "normal"}, 0.1),
        ({"initialiser": "fan-in"}, 1 / math.sqrt(IN)),
        ({"initialiser": "he"}, math.sqrt(2 / IN)),
        ({"initialiser": "xavier"}, math.sqrt(2 / (IN + OUT))),
    ],
)
def test_initialisers_have_their_deviation_and_zero_biases(asked: dict[str, Any], deviation: float) -> None:
    for weight, bias in (weights(**asked), weights(asked)):
        assert weight.std().item() == pytest.approx(deviation, rel=0.01)
        assert abs(weight.mean().item()) < 4 * deviation / math.sqrt(weight.numel())
        assert not bias.any()
        kurtosis = ((weight / weight.std()) ** 4).mean().item()
        assert kurtosis == pytest.approx(1.8 if asked["initialiser"] == "xavier" else 3, rel=0.05)


def test_xavier_is_uniform_within_its_bound() -> None:
    bound = math.sqrt(6 / (IN + OUT))
    assert 0.999 * bound < weights(initialiser="xavier")[0].abs().max().item() <= bound


def test_the_default_is_pytorchs_own() -> None:
    weight, bias = weights()
    torch.manual_seed(3)
    plain = nn.Linear(IN, OUT)
    assert torch.equal(weight, plain.weight)
    assert torch.equal(bias, plain.bias)


def test_a_layers_word_comes_before_the_networks() -> None:
    assert weights({"initialiser": "normal"}, initialiser="he", deviation=0.5)[0].std().item() == pytest.approx(0.5, rel=0.01)
    assert weights({"deviation": 0.2}, initialiser="normal")[0].std().item() == pytest.approx(0.2, rel=0.01)


def test_a_convolutions_fan_in_counts_its_kernel_and_shortcuts_follow_the_network() -> None:
    block = {"type": "residual", "layers": [{"type": "conv2d", "channels": 64, "kernel": 5, "padding": "same"}]}
    network = Network.model_validate({"initialiser": "fan-in", "layers": [block, {"type": "global-pool"}]})
    model = build(network, (32, 6, 6), 64)
    assert model.get_parameter("0.0.weight").std().item() == pytest.approx(1 / math.sqrt(32 * 25), rel=0.02)
    assert model.get_parameter("0.shortcut.weight").std().item() == pytest.approx(1 / math.sqrt(32), rel=0.06)
