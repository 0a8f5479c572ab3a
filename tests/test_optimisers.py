"""Our update rules against torch.optim's, step by step."""

import pytest
import torch

from tui_trainer.config import Recipe
from tui_trainer.training.optimisers import clip, make_optimiser

CASES = [
    ({"optimiser": "sgd"}, lambda p: torch.optim.SGD(p, lr=0.1)),
    ({"optimiser": "sgd", "momentum": 0.9, "weight_decay": 0.01}, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01)),
    ({"optimiser": "sgd", "momentum": 0.9, "nesterov": True}, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True)),
    ({"optimiser": "adam", "betas": [0.7, 0.9]}, lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.7, 0.9))),
    ({"optimiser": "adam", "weight_decay": 0.1}, lambda p: torch.optim.Adam(p, lr=0.1, weight_decay=0.1)),
    ({"optimiser": "adamw", "weight_decay": 0.1}, lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.1)),
    ({"optimiser": "rmsprop", "momentum": 0.5, "smoothing": 0.9}, lambda p: torch.optim.RMSprop(p, lr=0.1, momentum=0.5, alpha=0.9)),
    ({"optimiser": "adagrad", "epsilon": 1e-10}, lambda p: torch.optim.Adagrad(p, lr=0.1)),
]


@pytest.mark.parametrize(("settings", "original"), CASES)
@pytest.mark.parametrize("tensor_rate", [False, True])
def test_equals_torch_optim(settings, original, tensor_rate):
    start = [torch.randn(5, 3, generator=torch.Generator().manual_seed(1)), torch.randn(4, generator=torch.Generator().manual_seed(2))]
    ours, theirs = [p.clone() for p in start], [p.clone().requires_grad_() for p in start]
    mine, its = make_optimiser(ours, Recipe(**settings)), original(theirs)
    if tensor_rate:
        mine.lr = torch.tensor(0.1)
    draw = torch.Generator().manual_seed(3)
    for _ in range(10):
        grads = [torch.randn(p.shape, generator=draw) for p in start]
        for param, grad in zip(theirs, grads, strict=True):
            param.grad = grad.clone()
        mine.step(grads)
        its.step()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other.detach(), rtol=2e-5, atol=2e-6)


def test_state_goes_on_exactly():
    grads = [torch.randn(6, generator=torch.Generator().manual_seed(n)) for n in range(6)]
    recipe = Recipe(optimiser="adam")
    whole, weights = [torch.ones(6)], [torch.ones(6)]
    straight = make_optimiser(whole, recipe)
    for grad in grads:
        straight.step([grad])
    first = make_optimiser(weights, recipe)
    for grad in grads[:3]:
        first.step([grad])
    second = make_optimiser(weights, recipe)
    second.load_state_dict(first.state_dict())
    for grad in grads[3:]:
        second.step([grad])
    assert torch.equal(whole[0], weights[0])


def test_clipping_equals_torch():
    ours = [torch.full((4,), 3.0), torch.full((9,), -2.0)]
    theirs = [torch.zeros_like(g).requires_grad_() for g in ours]
    for param, grad in zip(theirs, ours, strict=True):
        param.grad = grad.clone()
    total = clip(ours, 1.5)
    expected = torch.nn.utils.clip_grad_norm_(theirs, 1.5)
    torch.testing.assert_close(total, expected)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other.grad)
