"""Report B's four forms of one training give the same curve, and a wrong one is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import QUICK, run_program
from tui_trainer.config import ConfigError, load_config
from tui_trainer.lab import forms
from tui_trainer.lab.forms import four_forms
from tui_trainer.training.prepare import prepare

SETTINGS: dict[str, dict[str, Any]] = {
    "squared error, tanh": {"training.loss": "squared-error", "network.layers.2": {"type": "tanh"}},
    "everything": {
        "network.layers": [{"type": "flatten"}, {"type": "dense", "units": 12, "bias": False}, {"type": "lecun-tanh"}, {"type": "dropout"}, {"type": "dense", "units": "classes"}],
        "training.momentum": 0.9, "training.nesterov": True, "training.weight_decay": 1e-3, "training.schedule": "one-cycle", "data.augment.mixup": 0.2,
        "training.learning_rate": 0.02,
    },
}  # fmt: skip


def prepared(**settings: Any) -> Any:
    return prepare(load_config("digits-mlp", {"data.train_images": 320, "training.threads": 1, "training.device": "cpu", **settings}))


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_four_curves_agree(settings: dict[str, Any]) -> None:
    found = four_forms(prepared(**settings), 3)
    assert found.losses[-1][0] < found.losses[0][0]
    assert found.largest < 1e-11
    assert found.weights < 1e-11


def test_a_form_that_is_wrong_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = forms.ByHand.step
    monkeypatch.setattr(forms.ByHand, "step", lambda self, images, targets, rate: right(self, images, targets, rate * 1.01))
    assert four_forms(prepared(), 1).largest > 1e-4


def test_what_has_no_four_forms_is_said() -> None:
    with pytest.raises(ConfigError, match=r"training\.optimiser = adam: the four forms write out sgd"):
        four_forms(prepared(**{"training.optimiser": "adam"}), 1)


def test_from_the_prompt(tmp_path: Path) -> None:
    done = run_program("four-forms", "digits-mlp", "--epochs", "1", "--json", *QUICK, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert list(told["losses"]) == ["by hand", "autograd", "nn.Module", "torch.optim"]
    assert told["agree"]
    refused = run_program("four-forms", "digits-cnn", cwd=tmp_path)
    assert refused.returncode == 2
    assert "network.layers.0, conv2d: gradients by hand" in refused.stderr
