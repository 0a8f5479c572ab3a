"""Layer lists against plain PyTorch: shapes, parameters, refusals, and the order layers are really computed in."""

import copy
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tui_trainer.config.network import Network, Residual
from tui_trainer.models import build, parameter_count, wants_channels_last
from tui_trainer.network import NetworkError, summarise

CLASSES = 3
QUICK = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def network(*layers: dict[str, Any], **more: Any) -> Network:
    return Network.model_validate({"layers": list(layers), **more})


def of(name: str, /, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(name), **fields})


SMALL = st.integers(1, 4)
POOL = {"size": SMALL, "stride": st.none() | SMALL, "padding": st.integers(0, 2)}
CONV = of("conv2d", channels=SMALL, kernel=SMALL, stride=SMALL, padding=st.just("same") | st.integers(0, 3), dilation=st.integers(1, 3), bias=st.booleans())
ON_IMAGES = st.one_of(
    CONV, CONV, of("max-pool", **POOL), of("max-pool"), of("avg-pool", **POOL), of("dropout", channels=st.booleans()), of("batch-norm"), of("layer-norm")
)
ON_ANY = st.one_of(
    of("batch-norm"), of("layer-norm"), of("dropout"), of("leaky-relu", slope=st.sampled_from([0.0, 0.25, 1.0])),
    *(of(kind) for kind in ("relu", "relu", "relu", "gelu", "silu", "tanh", "sigmoid", "lecun-tanh")),
)  # fmt: skip
DENSE = of("dense", units=st.integers(1, 5) | st.just("classes"), bias=st.booleans())
TURN = of("flatten") | of("global-pool", kind=st.sampled_from(["average", "max"]))


def listed(part: st.SearchStrategy[Any], most: int, least: int = 0) -> st.SearchStrategy[list[Any]]:
    inner = part | of("residual", layers=st.lists(part | of("residual", layers=st.lists(part, min_size=1, max_size=2)), min_size=1, max_size=3))
    return st.lists(inner, min_size=least, max_size=most)


LIKELY = st.tuples(listed(ON_IMAGES | ON_ANY, 5), TURN.map(lambda layer: [layer]), listed(DENSE | ON_ANY, 3)).map(
    lambda parts: [*parts[0], *parts[1], *parts[2], {"type": "dense", "units": "classes"}]
)
ANYTHING = listed(st.one_of(ON_IMAGES, ON_ANY, DENSE, TURN), 6, least=1)
SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 11), st.integers(1, 11))


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Tensors this small only lose by a second thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class RefusedError(Exception):
    """The reference's word for a layer that cannot take its input."""


def reference(layer: Any, x: Tensor) -> tuple[Tensor, int]:
    """What plain PyTorch makes of one layer (random weights): output and number of parameters. Raises RefusedError."""
    image = x.ndim == 4
    if isinstance(layer, Residual):
        return _reference_residual(layer, x)
    module: nn.Module
    match layer.type:
        case "dense":
            if image:
                raise RefusedError("our rule: PyTorch would apply it to the last side")
            module = nn.Linear(x.shape[1], CLASSES if layer.units == "classes" else layer.units, layer.bias)
        case "conv2d":
            padding: Any = layer.padding
            if padding == "same" and layer.stride > 1:
                reach = layer.dilation * (layer.kernel - 1)
                if reach % 2:
                    raise RefusedError("our rule: only even padding with a stride")
                padding = reach // 2
            module = nn.Conv2d(x.shape[1], layer.channels, layer.kernel, layer.stride, padding, layer.dilation, bias=layer.bias)
        case "max-pool" | "avg-pool":
            kind = nn.MaxPool2d if layer.type == "max-pool" else nn.AvgPool2d
            module = kind(layer.size, layer.stride, layer.padding)
        case "global-pool":
            if not image:
                raise RefusedError("PyTorch would take (B, n) for something else")
            module = nn.Sequential(nn.AdaptiveAvgPool2d(1) if layer.kind == "average" else nn.AdaptiveMaxPool2d(1), nn.Flatten())
        case "batch-norm":
            module = nn.BatchNorm2d(x.shape[1]) if image else nn.BatchNorm1d(x.shape[1])
        case "layer-norm":
            module = nn.LayerNorm(x.shape[1:])
        case "dropout":
            if layer.channels and not image:
                raise RefusedError("our rule: PyTorch warns")
            module = nn.Dropout2d(layer.probability) if layer.channels else nn.Dropout(layer.probability)
        case "flatten":
            module = nn.Flatten()
        case _:
            module = nn.Identity()
    try:
        return module(x), parameter_count(module)
    except (RuntimeError, ValueError, IndexError) as error:
        raise RefusedError(str(error)) from error


def _reference_residual(layer: Residual, x: Tensor) -> tuple[Tensor, int]:
    y, total = x, 0
    for part in layer.layers:
        y, count = reference(part, y)
        total += count
    if x.shape == y.shape:
        return x + y, total
    if x.ndim != y.ndim:
        raise RefusedError("image and vector")
    if x.ndim == 2:
        return y, total + parameter_count(nn.Linear(x.shape[1], y.shape[1]))
    for stride in range(1, 20):
        shortcut = nn.Conv2d(x.shape[1], y.shape[1], 1, stride)
        if shortcut(x).shape == y.shape:
            return shortcut(x) + y, total + parameter_count(shortcut)
    raise RefusedError("no stride fits")


def watched(model: nn.Module, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The output and each layer's output, through hooks: computed in the order of the list."""
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        return lambda _module, _inputs, output: seen.__setitem__(name, output.detach().clone())

    handles = [module.register_forward_hook(keep(name)) for name, module in model.named_modules() if name and not name.endswith("shortcut")]
    try:
        return model(x), seen
    finally:
        for handle in handles:
            handle.remove()


@QUICK
@given(LIKELY | ANYTHING, SHAPES)
def test_arithmetic_equals_what_pytorch_builds_and_refuses(layers: list[dict[str, Any]], shape: tuple[int, int, int]) -> None:
    asked = network(*layers)
    refused_at, x = None, torch.zeros(2, *shape)
    for place, layer in enumerate(asked.layers):
        try:
            x, _ = reference(layer, x)
        except RefusedError:
            refused_at = str(place)
            break
    if refused_at is None and x.shape != (2, CLASSES):
        refused_at = str(len(asked.layers) - 1)
    if refused_at is not None:
        for attempt in (summarise, build):
            with pytest.raises(NetworkError) as caught:
                attempt(asked, shape, CLASSES)
            assert caught.value.layer.split(".")[0] == refused_at
        return
    summary, model = summarise(asked, shape, CLASSES), build(asked, shape, CLASSES)
    logits, seen = watched(model, torch.randn(2, *shape))
    assert logits.shape == (2, CLASSES)
    assert summary.parameters == parameter_count(model)
    for row in summary.layers[1:]:
        module = model.get_submodule(row.place)
        held = getattr(module, "shortcut", None) if hasattr(module, "shortcut") else module
        assert tuple(seen[row.place].shape[1:]) == row.output
        assert row.parameters == (0 if held is None else parameter_count(held))
    assert sorted(seen) == sorted(row.place for row in summary.layers[1:])


@QUICK
@given(LIKELY, SHAPES, st.booleans(), st.booleans())
@example([{"type": "max-pool"}, {"type": "relu"}, {"type": "batch-norm"}, {"type": "flatten"}, {"type": "dense", "units": "classes"}], (2, 2, 2), False, True)
def test_the_order_and_overwriting_change_no_bit(layers: list[dict[str, Any]], shape: tuple[int, int, int], training: bool, channels_last: bool) -> None:
    try:
        model = build(network(*layers), shape, CLASSES).train(training)
    except NetworkError:
        return
    x = torch.randn(3, *shape)
    if channels_last:
        model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    x.requires_grad_()
    before, twin = x.detach().clone(), copy.deepcopy(model)
    torch.manual_seed(1)
    fast = model(x)
    torch.manual_seed(1)
    plain, _ = watched(twin, x)
    assert torch.equal(fast, plain)
    assert torch.equal(x, before)
    weights = torch.randn(3, CLASSES)
    fast_grads = torch.autograd.grad((fast * weights).sum(), [x, *model.parameters()], allow_unused=True, materialize_grads=True)
    plain_grads = torch.autograd.grad((plain * weights).sum(), [x, *twin.parameters()], allow_unused=True, materialize_grads=True)
    for one, other in zip(fast_grads, plain_grads, strict=True):
        assert torch.equal(one, other)


def test_pooling_really_comes_first_and_names_stay_where_the_list_has_them() -> None:
    block = ({"type": "conv2d", "channels": 2, "padding": "same"}, {"type": "relu"}, {"type": "max-pool"})
    end = ({"type": "flatten"}, {"type": "dense", "units": "classes"})
    model = build(network(*block, *end), (1, 8, 8), CLASSES)
    assert list(model.state_dict()) == ["0.weight", "0.bias", "4.weight", "4.bias"]
    sizes: list[int] = []

    class Watch(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if "relu" in getattr(function, "__name__", ""):
                sizes.append(args[0].shape[-1])
            return function(*args, **(kwargs or {}))

    with Watch():
        model(torch.randn(1, 1, 8, 8))
    assert sizes == [4]
    nested = network({"type": "residual", "layers": [*block]}, *end)
    keys = ["0.0.weight", "0.0.bias", "0.shortcut.weight", "0.shortcut.bias", "2.weight", "2.bias"]
    assert list(build(nested, (1, 8, 8), CLASSES).state_dict()) == keys


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ({"type": "relu"}, F.relu),
        ({"type": "leaky-relu", "slope": 0.2}, lambda x: torch.where(x > 0, x, 0.2 * x)),
        ({"type": "gelu"}, lambda x: x * (1 + torch.erf(x / 2**0.5)) / 2),
        ({"type": "silu"}, lambda x: x / (1 + torch.exp(-x))),
        ({"type": "tanh"}, torch.tanh),
        ({"type": "sigmoid"}, lambda x: 1 / (1 + torch.exp(-x))),
        ({"type": "lecun-tanh"}, lambda x: 1.7159 * torch.tanh(2 * x / 3)),
    ],
)
def test_activations_follow_their_formulas(kind: dict[str, Any], expected: Any) -> None:
    model = build(network({"type": "flatten"}, kind), (1, 1, 9), 9)
    x = torch.linspace(-4, 4, 9).reshape(1, 1, 1, 9)
    torch.testing.assert_close(model(x), expected(x.flatten(1)))


def test_a_residual_block_adds_its_input() -> None:
    layers = ({"type": "residual", "layers": [{"type": "conv2d", "channels": 4, "stride": 2, "padding": "same"}, {"type": "relu"}]}, {"type": "flatten"})
    model = build(network(*layers), (2, 5, 5), 36)
    state, x = model.state_dict(), torch.randn(2, 2, 5, 5)
    inner = F.relu(F.conv2d(x, state["0.0.weight"], state["0.0.bias"], 2, 1))
    expected = inner + F.conv2d(x, state["0.shortcut.weight"], state["0.shortcut.bias"], 2)
    torch.testing.assert_close(model(x), expected.flatten(1))


CONV16 = ({"type": "conv2d", "channels": 16, "kernel": 5, "padding": "same"}, {"type": "relu"}, {"type": "max-pool"})
LENET = (
    {"type": "conv2d", "channels": 6, "kernel": 5}, {"type": "relu"}, {"type": "max-pool"},
    {"type": "conv2d", "channels": 16, "kernel": 5}, {"type": "relu"}, {"type": "max-pool"}, {"type": "flatten"},
    {"type": "dense", "units": 120}, {"type": "relu"}, {"type": "dense", "units": 84}, {"type": "relu"},
)  # fmt: skip
CIFAR_B = [
    layer
    for channels in (32, 64, 64)
    for layer in ({"type": "conv2d", "channels": channels, "kernel": 5, "padding": "same"}, {"type": "relu"}, {"type": "max-pool"})
]
LAST = {"type": "dense", "units": "classes"}


@pytest.mark.parametrize(
    ("layers", "shape", "parameters"),
    [
        (({"type": "flatten"}, {"type": "dense", "units": 64}, {"type": "relu"}, LAST), (1, 28, 28), 50_890),
        ((*CONV16, *CONV16, {"type": "flatten"}, LAST), (1, 28, 28), 14_682),
        ((*CONV16, *CONV16[:2], {"type": "flatten"}, LAST), (3, 32, 32), 48_602),
        ((*LENET, LAST), (1, 28, 28), 44_426),
        ((*CIFAR_B, {"type": "flatten"}, {"type": "dense", "units": 1000}, {"type": "relu"}, LAST), (3, 32, 32), 2432 + 51264 + 102464 + 1025000 + 10010),
    ],
)
def test_the_reports_networks_have_their_parameters(layers: Any, shape: tuple[int, int, int], parameters: int) -> None:
    assert summarise(network(*layers), shape, 10).parameters == parameter_count(build(network(*layers), shape, 10)) == parameters


def test_channels_last_is_for_convolutions() -> None:
    assert wants_channels_last(build(network(*CONV16, {"type": "flatten"}, LAST), (1, 8, 8), 2))
    assert not wants_channels_last(build(network({"type": "flatten"}, LAST), (1, 8, 8), 2))


def test_the_seed_decides_the_weights_and_nothing_else_does() -> None:
    def made() -> list[Tensor]:
        torch.manual_seed(7)
        return list(build(network(*LENET, LAST, initialiser="he"), (1, 28, 28), 10).parameters())

    assert all(torch.equal(one, other) for one, other in zip(made(), made(), strict=True))


def test_weights_that_no_memory_holds_are_refused() -> None:
    huge = network({"type": "flatten"}, *[{"type": "dense", "units": 1_000_000}] * 2, LAST)
    with pytest.raises(Exception, match=r"need 3\d{3}\.\d GiB"):
        build(huge, (1, 2, 2), 2)


CHECKER = Path("/lib") / f"{platform.machine()}-linux-gnu" / "libc_malloc_debug.so.0"
SHORTCUTS = """
import torch
from tui_trainer.config import Network
from tui_trainer.models import build
torch.set_num_threads(1)
block = {"type": "residual", "layers": [{"type": "max-pool"}]}
for _ in range(60):
    model = build(Network.model_validate({"layers": [block, {"type": "flatten"}, {"type": "dense", "units": "classes"}]}), (3, 8, 8), 5)
    model = model.to(memory_format=torch.channels_last)
    model(torch.randn(3, 3, 8, 8).to(memory_format=torch.channels_last).requires_grad_()).sum().backward()
    block["layers"] = [{"type": "conv2d", "channels": 5, "kernel": 1, "stride": 2}]
"""


@pytest.mark.skipif(not CHECKER.exists(), reason="needs glibc's memory checker")
def test_a_strided_shortcut_of_few_channels_stays_within_its_memory() -> None:
    checked = {"LD_PRELOAD": str(CHECKER), "MALLOC_CHECK_": "3", "PYTHONMALLOC": "malloc"}
    done = subprocess.run([sys.executable, "-c", SHORTCUTS], env=os.environ | checked, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
