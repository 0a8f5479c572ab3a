"""torchvision's classifiers by name."""

from typing import Any

import pytest
import torch
from torch import nn

from tui_trainer.config import ConfigError
from tui_trainer.config.network import Network
from tui_trainer.models import build, module_summary, parameter_count, wants_channels_last


def classifier(model: str | None, **arguments: Any) -> Network:
    return Network.model_validate({"kind": "torchvision", "model": model, "arguments": arguments})


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1"])
def test_a_classifier_takes_grey_images_and_our_classes(name: str) -> None:
    model = build(classifier(name), (1, 32, 32), 7)
    logits = model(torch.randn(3, 1, 32, 32))
    assert logits.shape == (3, 7)
    logits.sum().backward()
    assert model.training
    assert wants_channels_last(model)
    first = next(module for module in model.modules() if isinstance(module, nn.Conv2d))
    assert first.in_channels == 1


def test_the_seed_decides_the_weights() -> None:
    def made() -> torch.Tensor:
        torch.manual_seed(5)
        return torch.cat([parameter.flatten() for parameter in build(classifier("shufflenet_v2_x0_5"), (3, 32, 32), 4).parameters()])

    assert torch.equal(made(), made())


def test_the_table_adds_up_to_the_model_and_leaves_it_as_it_was() -> None:
    model = build(classifier("resnet18"), (3, 32, 32), 10)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    summary = module_summary(model, (3, 32, 32), 10)
    assert summary.parameters == parameter_count(model) == 11_181_642
    assert summary.layers[1].output == (64, 16, 16)
    assert summary.layers[1].name == "conv 64 7×7 stride 2"
    assert summary.layers[1].multiply_adds == 3 * 64 * 49 * 16 * 16
    assert summary.layers[-1].output == (10,)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize(
    ("network", "shape", "said"),
    [
        (classifier("resnet"), (3, 32, 32), r"network.model: .* no classifier 'resnet' \(did you mean 'resnet\d+'\?\)"),
        (classifier("zzzzzz"), (3, 32, 32), r"network.model: .* no classifier 'zzzzzz'$"),
        (classifier(None), (3, 32, 32), r"network.model: missing"),
        (classifier("fcn_resnet50"), (3, 32, 32), r"no classifier 'fcn_resnet50'"),
        (classifier("alexnet"), (1, 28, 28), r"alexnet cannot take images of 28×28: 64×64 would fit \(set data.image_size=64\)"),
        (classifier("vit_b_16"), (3, 28, 28), r"vit_b_16 cannot take images of 28×28: 32×32 would fit"),
        (classifier("maxvit_t"), (3, 28, 28), r"maxvit_t cannot take images of 28×28: 224×224 would fit"),
        (classifier("resnet18", bogus=1), (3, 32, 32), r"network.arguments: resnet18 does not take bogus as given"),
        (classifier("resnet18", weights="DEFAULT"), (3, 32, 32), r"network.arguments.weights: cannot be set"),
    ],
)
def test_what_cannot_be_built_is_said_in_one_sentence(network: Network, shape: tuple[int, int, int], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        build(network, shape, 10)
    assert "\n" not in str(caught.value)


def test_a_size_that_is_said_to_fit_fits() -> None:
    assert build(classifier("alexnet"), (1, 64, 64), 10)(torch.zeros(2, 1, 64, 64)).shape == (2, 10)
