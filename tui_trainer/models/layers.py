"""A layer list as a torch module: the arithmetic of nn.Sequential with less work around it.

Two things make it faster than nn.Sequential, and neither changes a bit of any result (tests/test_models_layers.py):

* max-pooling before ReLU. Both are monotone, so pooling first gives the same values with a quarter of the ReLUs. It is
  also right for the gradient: where ReLU would have made a window's values equal (all 0), their gradient is 0 either way.
  Leaky ReLU commutes as well (rounding can make two neighbouring negative numbers equal; then the gradient may
  go to the other one of the two). The smooth activations are left alone: GELU and SiLU are not monotone, and the float tanh
  and sigmoid are flat where they saturate, so they would send the gradient elsewhere.
* what nn.Module does around each ``forward`` is skipped, unless somebody has put hooks on a layer: then the layers are
  called one after the other as the config lists them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tui_trainer.config.network import (
    Activation,
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    GlobalPool,
    Layer,
    LayerNorm,
    LeakyRelu,
    Pool,
    Residual,
)
from tui_trainer.models.activations import activation
from tui_trainer.network.shapes import Shape, same_padding
from tui_trainer.network.summary import View, shortcut_stride, step

Call = Callable[[Tensor], Tensor]


class Layers(nn.Module):
    """Layers one after the other; child ``"3"`` is the config's layer 3, whatever order they are computed in."""

    def __init__(self, layers: Sequence[Layer], shape: Shape, classes: int, *, place: str = "") -> None:
        """``shape`` is that of one input, without the batch; ``place`` is put before the layers' places in errors."""
        super().__init__()
        parts: list[tuple[Layer, nn.Module]] = []
        for number, layer in enumerate(layers):
            where = f"{place}{number}"
            module, shape = _module(layer, shape, classes, where)
            self.add_module(str(number), module)
            parts.append((layer, module))
        self.output_shape = shape
        self._plan = _plan(parts)
        self._hooks = tuple(_hooks(module for _, module in parts))
        self._ordered = tuple(module for _, module in parts)

    def forward(self, x: Tensor) -> Tensor:
        """(B, *shape) to (B, *output_shape)."""
        if any(self._hooks):
            for module in self._ordered:
                x = module(x)
            return x
        for call in self._plan:
            x = call(x)
        return x


class ResidualBlock(Layers):
    """Layers whose input is added to their output, through ``shortcut`` where the shapes differ."""

    def __init__(self, layer: Residual, shape: Shape, classes: int, place: str) -> None:
        super().__init__(layer.layers, shape, classes, place=f"{place}.")
        self.shortcut: nn.Module | None = None
        if shape != self.output_shape:
            stride = shortcut_stride(shape, self.output_shape, place)
            out = self.output_shape[0]
            self.shortcut = Convolution(shape[0], out, 1, stride) if len(shape) == 3 else Linear(shape[0], out)

    def forward(self, x: Tensor) -> Tensor:
        """(B, *shape) to (B, *output_shape)."""
        straight = x if self.shortcut is None else self.shortcut(x)
        return super().forward(x) + straight


class Linear(nn.Linear):
    """nn.Linear that reads its parameters from where they lie: attribute look-up on a module costs as much as the call."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, in) to (B, out)."""
        own = self._parameters
        return F.linear(x, own["weight"], own["bias"])  # type: ignore[arg-type]


class MapsNorm(nn.BatchNorm2d):
    """nn.BatchNorm2d to which maps of one pixel always have one layout.

    They may count as channels first or last, by strides that mean nothing, and the order in which gradients are added up follows from that.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        return super().forward(x.flatten(1)[:, :, None, None] if x.shape[2:] == (1, 1) else x)


class Convolution(nn.Conv2d):
    """nn.Conv2d, zero-padded, that reads its parameters from where they lie.

    Pixels that a strided 1x1 convolution passes over are left out before it: with fewer than 8 channels, channels last,
    oneDNN's backward pass of such a convolution writes beyond its memory (seen with torch 2.14.1 on AVX2).
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._every = self.stride[0] if self.kernel_size == (1, 1) and self.padding == (0, 0) else 1

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) to (B, out, H', W')."""
        own = self._parameters
        if self._every > 1:
            return torch.conv2d(x[:, :, :: self._every, :: self._every], own["weight"], own["bias"])  # type: ignore[arg-type]
        return torch.conv2d(x, own["weight"], own["bias"], self.stride, self.padding, self.dilation)  # type: ignore[arg-type]


class GlobalAverage(nn.Module):
    """Mean of each channel."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C)."""
        return x.mean((2, 3))


class GlobalMaximum(nn.Module):
    """Maximum of each channel."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C)."""
        return x.amax((2, 3))


def _module(layer: Layer, shape: Shape, classes: int, place: str) -> tuple[nn.Module, Shape]:
    if isinstance(layer, Residual):
        block = ResidualBlock(layer, shape, classes, place)
        return block, block.output_shape
    view, _, _ = step(layer, View(shape), classes, place)
    return _single(layer, shape, view.shape), view.shape


def _single(layer: Layer, before: Shape, after: Shape) -> nn.Module:
    match layer:
        case Dense():
            return Linear(before[0], after[0], bias=layer.bias)
        case Conv2d():
            padding: int | str = layer.padding
            if padding == "same":
                even = same_padding(layer.kernel, layer.stride, layer.dilation)
                padding = "same" if even is None else even
            return Convolution(before[0], after[0], layer.kernel, layer.stride, padding, layer.dilation, bias=layer.bias)
        case Pool():
            kind = nn.MaxPool2d if layer.type == "max-pool" else nn.AvgPool2d
            return kind(layer.size, layer.stride or layer.size, layer.padding)
        case GlobalPool():
            return GlobalAverage() if layer.kind == "average" else GlobalMaximum()
        case BatchNorm():
            return (MapsNorm if len(before) == 3 else nn.BatchNorm1d)(before[0], momentum=layer.momentum)
        case LayerNorm():
            return nn.LayerNorm(before)
        case Dropout():
            return (nn.Dropout2d if layer.channels else nn.Dropout)(layer.probability)
        case Flatten():
            return nn.Flatten()
        case Activation() | LeakyRelu():
            return activation(layer)
        case _:
            raise AssertionError(layer)


def _commutes(layer: Layer, following: Layer) -> bool:
    """Whether pooling by ``following`` before the activation ``layer`` gives the same result."""
    monotone = isinstance(layer, LeakyRelu) or (isinstance(layer, Activation) and layer.type == "relu")
    maximum = (isinstance(following, Pool) and following.type == "max-pool") or (isinstance(following, GlobalPool) and following.kind == "max")
    return monotone and maximum


def _reordered(parts: Sequence[tuple[Layer, nn.Module]]) -> list[tuple[Layer, nn.Module]]:
    """The same layers with max-pooling moved before the activations it commutes with."""
    order: list[tuple[Layer, nn.Module]] = []
    for part in parts:
        at = len(order)
        while at and _commutes(order[at - 1][0], part[0]):
            at -= 1
        order.insert(at, part)
    return order


def _plan(parts: Sequence[tuple[Layer, nn.Module]]) -> tuple[Call, ...]:
    """The calls in the order they are made.

    ReLU overwrites its input where nobody else needs that: not the network's or a block's own input, nor an output that
    the backward pass reads again (an activation's, a global maximum's). Flatten and dropout may hand on their input itself.
    """
    calls: list[Call] = []
    owned = False
    for layer, module in _reordered(parts):
        calls.append(_call(layer, module, owned))
        if isinstance(layer, Activation | LeakyRelu):
            owned = False
        elif not isinstance(layer, Flatten | Dropout):
            owned = not isinstance(module, GlobalMaximum)
    return tuple(calls)


def _call(layer: Layer, module: nn.Module, owned: bool) -> Call:
    """The cheapest callable that does what ``module`` does (functions of torch are called without a frame of Python)."""
    match layer:
        case Activation(type="relu"):
            return torch.relu_ if owned else torch.relu
        case Pool(type="max-pool"):
            return partial(torch.max_pool2d, kernel_size=layer.size, stride=layer.stride or layer.size, padding=layer.padding)
        case Flatten():
            return partial(torch.flatten, start_dim=1)
        case BatchNorm():
            return partial(_forward, module)  # looked up anew: where several processes train, it becomes one over all of them
        case _:
            return module.forward


def _forward(module: nn.Module, x: Tensor) -> Tensor:
    """A function of the module, not a closure over it: a copy of the network then holds its own."""
    y: Tensor = module.forward(x)
    return y


def _hooks(modules: Iterable[nn.Module]) -> Iterator[dict[int, Any]]:
    """The (live) registers of hooks on ``modules``."""
    for module in modules:
        yield from (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks, module._backward_pre_hooks)
