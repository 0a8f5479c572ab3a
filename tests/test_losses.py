"""Losses against their closed forms (report A, systems.md)."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer.config import ConfigError, Recipe
from tui_trainer.training.losses import make_loss, one_hot

COUNTS = torch.tensor([5, 3, 2])
CPU = torch.device("cpu")


def loss(**settings):
    return make_loss(Recipe(**settings), COUNTS, CPU)


def drawn(seed, batch=7, classes=3):
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(batch, classes, generator=draw, dtype=torch.float64) * 3, torch.randint(classes, (batch,), generator=draw)


@given(st.integers(0, 10_000))
def test_focal_with_gamma_0_is_cross_entropy_exactly(seed):
    logits, targets = drawn(seed)
    assert loss(loss="focal", focal_gamma=0.0)(logits, targets) == F.cross_entropy(logits, targets)


@given(st.integers(0, 10_000), st.floats(0, 5))
def test_focal_is_its_formula(seed, gamma):
    logits, targets = drawn(seed)
    y = logits.softmax(1).gather(1, targets[:, None]).squeeze(1)
    expected = (-((1 - y) ** gamma) * y.log()).mean()
    assert float(loss(loss="focal", focal_gamma=gamma)(logits, targets)) == pytest.approx(float(expected), rel=1e-6, abs=1e-9)


@given(st.integers(0, 10_000))
def test_dice_gradient_is_the_reports(seed):
    logits, targets = drawn(seed, batch=1)
    logits.requires_grad_()
    value = loss(loss="dice")(logits, targets)
    (gradient,) = torch.autograd.grad(value, logits)
    value, y = value.detach(), logits.detach().softmax(1)[0, targets[0]]
    assert float(value) == pytest.approx(float(1 - 2 * y / (y + 1)))
    # dL/dy = -2t^2/(y+t)^2 at t = 1, through dy_c/dz_c = y(1-y): (y-1)/(2y) (1-L)^2
    expected = (y - 1) / (2 * y) * (1 - value) ** 2
    assert float(gradient[0, targets[0]]) == pytest.approx(float(expected), rel=1e-6, abs=1e-12)


@given(st.integers(0, 10_000))
def test_soft_targets_that_are_one_hot_change_nothing(seed):
    logits, targets = drawn(seed)
    for name in ("cross-entropy", "squared-error", "dice", "focal"):
        hard, soft = (float(loss(loss=name)(logits, t)) for t in (targets, one_hot(targets, 3).double()))
        assert hard == pytest.approx(soft, rel=1e-6, abs=1e-9)


def test_squared_error_of_a_coin():
    assert float(loss(loss="squared-error")(torch.zeros(1, 2), torch.tensor([0]))) == pytest.approx(0.5)


def test_balanced_weights_make_rare_classes_count_as_much():
    balanced = loss(class_weights="balanced")
    weights = 10 / (3 * COUNTS)
    logits, targets = drawn(1)
    assert float(balanced(logits.float(), targets)) == pytest.approx(float(F.cross_entropy(logits.float(), targets, weight=weights)))


def test_label_smoothing_of_an_even_guess():
    assert float(loss(label_smoothing=0.1)(torch.zeros(2, 3), torch.tensor([0, 1]))) == pytest.approx(math.log(3))


def test_class_weights_of_the_wrong_length_are_refused():
    with pytest.raises(ConfigError, match=r"training\.class_weights: 2 weights are given, but the data has 3 classes"):
        loss(class_weights=(1.0, 2.0))
