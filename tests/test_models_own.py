"""The user's own module: when its code runs, and what is said when it does not work."""

from pathlib import Path

import pytest
import torch

from tui_trainer.config import ConfigError
from tui_trainer.config.network import Network
from tui_trainer.models import approve, build, is_trusted, module_summary, parameter_count

GOOD = """
from dataclasses import dataclass
import torch
from torch import nn
open({ran!r}, "a").write("x")

@dataclass
class Sizes:
    width: int

class Net(nn.Module):
    def __init__(self, inputs, width, classes):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))
        self.norm = nn.BatchNorm1d(inputs)
        self.layers = nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, classes))
    def forward(self, x):
        return self.layers(self.norm(x.flatten(1))) * self.scale.mean()

def net(*, input_shape, classes, width=4):
    channels, height, rows = input_shape
    return Net(channels * height * rows, Sizes(width).width, classes)
"""


@pytest.fixture(autouse=True)
def settings_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUI_TRAINER_CONFIG_DIR", str(tmp_path / "settings"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "settings"


def own(source: str, **arguments: object) -> Network:
    return Network.model_validate({"kind": "module", "source": source, "arguments": arguments})


def good(folder: Path) -> tuple[Path, Path]:
    ran = folder / "ran"
    (folder / "mine.py").write_text(GOOD.format(ran=str(ran)))
    return folder / "mine.py", ran


def test_code_runs_only_when_allowed_and_then_remembers_this_content(tmp_path: Path) -> None:
    file, ran = good(tmp_path)
    with pytest.raises(ConfigError, match=r"would run the code in mine.py.*--trust"):
        build(own("mine.py:net"), (1, 4, 4), 3)
    assert not ran.exists()
    model = build(own("mine.py:net", width=6), (1, 4, 4), 3, trusted=True)
    assert model(torch.zeros(5, 1, 4, 4)).shape == (5, 3)
    assert parameter_count(model) == 3 + 2 * 16 + 17 * 6 + 7 * 3
    build(own(f"{file}:net"), (1, 4, 4), 3)
    file.write_text(file.read_text() + "\n# changed\n")
    assert not is_trusted(file)
    with pytest.raises(ConfigError, match="--trust"):
        build(own("mine.py:net"), (1, 4, 4), 3)
    assert ran.read_text() == "xx"


def test_approving_a_file_is_enough_and_damaged_approvals_approve_nothing(tmp_path: Path, settings_folder: Path) -> None:
    file, _ = good(tmp_path)
    other = tmp_path / "other.py"
    other.write_text("x = 1")
    approve(other)
    approve(file)
    assert is_trusted(file)
    assert is_trusted(other)
    assert [entry.name for entry in settings_folder.iterdir()] == ["trusted.json"]
    build(own("mine.py:net"), (1, 4, 4), 3)
    (settings_folder / "trusted.json").write_text('{"files": [')
    assert not is_trusted(file)
    with pytest.raises(ConfigError, match="damaged"):
        approve(file)
    build(own("mine.py:net"), (1, 4, 4), 3, trusted=True)
    assert not is_trusted(tmp_path / "missing.py")


def test_trying_the_module_leaves_no_trace_in_it(tmp_path: Path) -> None:
    good(tmp_path)
    torch.manual_seed(2)
    model = build(own("mine.py:net"), (1, 4, 4), 3, trusted=True)
    after = torch.rand(1)
    torch.manual_seed(2)
    torch.nn.Linear(16, 4)
    torch.nn.Linear(4, 3)
    assert torch.equal(after, torch.rand(1))
    norm = model.get_submodule("norm")
    assert norm.num_batches_tracked == 0
    assert torch.equal(norm.running_var, torch.ones(16))
    assert model.training


def test_a_module_may_learn_its_sizes_from_the_first_batch(tmp_path: Path) -> None:
    code = "from torch import nn\ndef net(input_shape, classes): return nn.Sequential(nn.Flatten(), nn.LazyBatchNorm1d(), nn.LazyLinear(classes))"
    (tmp_path / "mine.py").write_text(code)
    assert parameter_count(build(own("mine.py:net"), (1, 4, 4), 3, trusted=True)) == 2 * 16 + 17 * 3


def test_its_table_counts_parameters_that_stand_outside_layers(tmp_path: Path) -> None:
    good(tmp_path)
    model = build(own("mine.py:net"), (1, 4, 4), 3, trusted=True)
    rows = {row.place: row for row in module_summary(model, (1, 4, 4), 3).layers}
    assert rows["layers.0"].parameters == 68
    assert rows["layers.0"].output == (4,)
    assert rows["model"].parameters == 3
    assert sum(row.parameters for row in rows.values()) == parameter_count(model)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (None, r"there is no file mine.py"),
        ("def net(:\n", r"mine.py cannot be imported \(line 1\): SyntaxError"),
        ("import math\n\nmath.nothing\n", r"mine.py cannot be imported \(line 3\): AttributeError: module 'math' has no attribute 'nothing'"),
        ("raise SystemExit(3)", r"mine.py cannot be imported \(line 1\): SystemExit: 3"),
        ("def nett(): pass", r"mine.py has no net \(did you mean 'nett'\?\)"),
        ("net = 3", r"net in mine.py is a value of type int, not callable"),
        ("def net(shape): pass", r"net of mine.py failed: TypeError: .*unexpected keyword argument"),
        ("def net(input_shape, classes):\n    x = 1\n    return 1 / 0", r"net of mine.py failed \(line 3\): ZeroDivisionError: division by zero"),
        ("def net(input_shape, classes): return None", r"returned a value of type NoneType, not a torch.nn.Module"),
        (
            "from torch import nn\ndef net(input_shape, classes): return nn.Sequential(nn.Flatten(), nn.Linear(5, classes))",
            r"failed on a batch of shape \(2, 1, 4, 4\) in training mode: RuntimeError: .*2x16 and 5x3",
        ),
        (
            "from torch import nn\nclass M(nn.Module):\n    def forward(self, x):\n        return x[9]\ndef net(input_shape, classes): return M()",
            r"failed on a batch of shape .* \(line 4\): IndexError",
        ),
        (
            "from torch import nn\ndef net(input_shape, classes): return nn.Sequential(nn.Flatten(), nn.Linear(16, classes + 1))",
            r"returned a float32 tensor of shape \(2, 4\) .* but 3 classes need float logits of shape \(2, 3\)",
        ),
        (
            "from torch import nn\nclass M(nn.Module):\n    def forward(self, x):\n        return (x, x)\ndef net(input_shape, classes): return M()",
            r"returned a value of type tuple in training mode, not a tensor",
        ),
    ],
)
def test_what_goes_wrong_is_said_in_one_sentence_with_file_and_line(tmp_path: Path, code: str | None, said: str) -> None:
    if code is not None:
        (tmp_path / "mine.py").write_text(code)
    with pytest.raises(ConfigError, match=said) as caught:
        build(own("mine.py:net"), (1, 4, 4), 3, trusted=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("source", ["mine.py", "mine.py:", ":net", "mine.py:a b", ""])
def test_a_source_names_a_file_and_a_callable(source: str) -> None:
    with pytest.raises(ConfigError, match=r"path/to/file.py:callable"):
        build(own(source), (1, 4, 4), 3, trusted=True)
