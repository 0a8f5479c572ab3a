"""Gradient checks: they pass where gradients are right, fail where one is wrong, and agree with a loop over the weights."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.conftest import run_program
from tui_trainer.backprop import network as by_hand
from tui_trainer.config import load_config
from tui_trainer.lab.differences import probes
from tui_trainer.lab.gradcheck import check
from tui_trainer.lab.losscheck import check_losses
from tui_trainer.models import build
from tui_trainer.training.prepare import prepare

DENSE = [{"type": "flatten"}, {"type": "dense", "units": 6}, {"type": "sigmoid"}, {"type": "dropout"}, {"type": "dense", "units": 5}, {"type": "relu"}, {"type": "dense", "units": "classes"}]
CONV = [
    {"type": "conv2d", "channels": 2, "kernel": 4, "stride": 3, "padding": 1}, {"type": "tanh"}, {"type": "batch-norm"}, {"type": "dropout", "channels": True},
    {"type": "conv2d", "channels": 3, "kernel": 2, "padding": "same"}, {"type": "relu"}, {"type": "max-pool", "size": 3},
    {"type": "residual", "layers": [{"type": "conv2d", "channels": 2, "kernel": 1}]}, {"type": "flatten"}, {"type": "layer-norm"}, {"type": "dense", "units": "classes"},
]  # fmt: skip


def prepared(layers: list[dict[str, Any]], **settings: Any) -> Any:
    return prepare(load_config("digits-mlp", {"network.layers": layers, "training.threads": 1, "training.device": "cpu", **settings}))


@pytest.mark.parametrize(("layers", "ways"), [(DENSE, ["autograd", "by hand"]), (CONV, ["autograd"])], ids=["dense", "conv"])
def test_every_kind_of_layer_passes(layers: list[dict[str, Any]], ways: list[str]) -> None:
    subject = prepared(layers)
    seen: list[tuple[int, int]] = []
    checked = check(subject, 8, 0.01, sample=30, progress=lambda *at: seen.append(at))
    assert [tuple(each.shape) for each in checked] == [tuple(parameter.shape) for parameter in subject.model.parameters()]
    assert seen[-1][0] == seen[-1][1] == sum(each.weights for each in checked)
    for each in checked:
        assert [found.way for found in each.agreements] == ways
        assert all(found.wrong == 0 and found.largest <= 1e-7 for found in each.agreements), each


def test_the_quotients_are_those_of_a_loop_over_the_weights() -> None:
    network = load_config("digits-mlp", {"network.layers": DENSE}).network
    model = build(network, (1, 4, 4), 10).double().eval()
    images, targets = torch.rand(5, 1, 4, 4, dtype=torch.float64), torch.randint(10, (5,))
    for probe in probes(model, images, targets, torch.nn.functional.cross_entropy, 0):
        found = probe.quotient(torch.arange(probe.tensor.numel()), 0.01)
        values = probe.tensor.detach().view(-1)
        for place in range(0, len(values), 7):
            ends = []
            for sign in (1, -1):
                values[place] += sign * 0.01
                ends.append(torch.nn.functional.cross_entropy(model(images), targets).item())
                values[place] -= sign * 0.01
            assert float(found[place]) == pytest.approx((ends[0] - ends[1]) / 0.02, abs=1e-12)


def test_one_wrong_formula_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = by_hand.Affine.backward

    def wrong(self: Any, d: Any, kept: Any) -> Any:
        passed, (weight, bias) = right(self, d, kept)
        weight[0, 0] += 3e-7
        return passed, (weight, bias)

    monkeypatch.setattr(by_hand.Affine, "backward", wrong)
    checked = check(prepared(DENSE), 4, 0.01)
    weights = [each for each in checked if each.name == "weight"]
    assert [[found.wrong for found in each.agreements] for each in weights] == [[0, 1]] * 3
    assert all(each.agreements[1].where == (0, 0) for each in weights)


def test_a_small_gradient_that_is_wrong_by_less_than_the_tolerance_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = by_hand.Affine.backward

    def wrong(self: Any, d: Any, kept: Any) -> Any:
        passed, (weight, bias) = right(self, d, kept)
        if weight.shape[0] == 6:
            weight.mul_(1.01)
        return passed, (weight * 1.0, bias)

    monkeypatch.setattr(by_hand.Affine, "backward", wrong)
    first = check(prepared(DENSE, **{"network.initialiser": "normal", "network.deviation": 1e-3}), 4, 0.01, sample=200)[0]
    own, hand = first.agreements
    assert hand.largest < 1e-7
    assert (own.wrong, own.relative < 1e-3) == (0, True)
    assert hand.wrong > 0
    assert hand.relative > 1e-3


def test_a_kink_is_left_well_behind_not_just_below_the_tolerance() -> None:
    relu = [*DENSE[:2], {"type": "relu"}, *DENSE[-1:]]
    checked = check(prepared(relu), 30, 0.01)
    assert sum(each.kinks for each in checked) > 20
    assert all(found.largest < 1e-8 and found.relative < 1e-3 for each in checked for found in each.agreements), checked


def test_where_no_epsilon_was_short_enough_there_is_no_central_difference() -> None:
    *_, last = check(prepared(DENSE), 4, 0.5, 1e-12, sample=5)
    assert [found.central for found in last.agreements] == [None, None]


def test_closed_forms() -> None:
    forms = check_losses()
    assert max(max(form.autograd, form.quotients) for form in forms) < 1e-9
    for form in forms:
        assert "..." not in form.formula
        if form.name.endswith("soft targets"):
            assert "i=c" not in form.formula
            assert "w_c" not in form.formula
    equal = next(form for form in forms if form.name == "focal, gamma 0, is cross-entropy")
    assert equal.autograd == equal.quotients == 0


def test_from_the_prompt(tmp_path: Path) -> None:
    options = ("--images", "10", "--weights", "50", "--set", "training.threads=1")
    done = run_program("gradcheck", "tricks/base", "--dataset", "digits", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "passed: 160 of 50 890 weights within 1e-07 and 0.1 % of the gradient" in done.stdout
    assert "nan" not in done.stdout
    failed = run_program("gradcheck", "digits-mlp", *options, "--tolerance", "1e-30", "--json", cwd=tmp_path)
    assert failed.returncode == 1
    told = json.loads(failed.stdout)
    assert not told["passed"]
    assert {found["way"] for each in told["tensors"] for found in each["agreements"]} == {"autograd", "by hand"}
    refused = run_program("gradcheck", cwd=tmp_path)
    assert refused.returncode == 2
    assert "name a preset or a file" in refused.stderr
