"""Output shape, parameters, jump and receptive field of every layer, in plain arithmetic.

For a window of k at stride s and dilation d: n' = floor((n + 2p - d(k-1) - 1)/s) + 1, j' = j s, r' = r + d(k-1) j
(Dumoulin and Visin, A guide to convolution arithmetic, 2016).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

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
    Network,
    Pool,
    Residual,
)
from tui_trainer.network.describe import describe
from tui_trainer.network.shapes import NetworkError, Shape, same_padding, show, size_of, windows

MAX_VALUES = 2**40


@dataclass(frozen=True, slots=True)
class View:
    """What a layer's output looks like and how much of the input one of its values sees."""

    shape: Shape
    jump: int | None = 1
    """Distance in input pixels between neighbouring values; None where there is no grid."""
    receptive_field: int | None = 1
    """Side in input pixels of what one value sees; None: everything."""


@dataclass(frozen=True, slots=True)
class LayerSummary:
    """One row of the network table."""

    place: str
    """Position in the list from 0, such as ``3``; inside a residual block ``3.0``; ``input`` for the input."""
    name: str
    output: Shape
    parameters: int
    jump: int | None
    receptive_field: int | None
    multiply_adds: int
    """Multiplications of one image's forward pass."""


@dataclass(frozen=True, slots=True)
class NetworkSummary:
    """All layers of a network for one input shape and number of classes."""

    layers: tuple[LayerSummary, ...]

    @property
    def parameters(self) -> int:
        """Number of learnt values."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        """Multiplications of one image's forward pass."""
        return sum(layer.multiply_adds for layer in self.layers)

    @property
    def values(self) -> int:
        """Values of all outputs of one image: what a forward pass keeps for the backward pass."""
        return sum(size_of(layer.output) for layer in self.layers)


def summarise(network: Network, input_shape: Shape, classes: int) -> NetworkSummary:
    """The table of a layer-list network for images of ``input_shape`` (C, H, W).

    Raises NetworkError for the first layer that cannot take its input, or an output that is not one value a class.
    """
    return NetworkSummary(tuple(walk(network.layers, input_shape, classes)))


def walk(layers: Sequence[Layer], input_shape: Shape, classes: int) -> Iterator[LayerSummary]:
    """The rows of :func:`summarise` one by one, so that those before a wrong layer can be shown. Raises as it does."""
    if not layers:
        raise NetworkError("", 'the list of layers is empty; the smallest network is [{ type = "flatten" }, { type = "dense", units = "classes" }]')
    view = View(input_shape)
    yield LayerSummary("input", "input", input_shape, 0, 1, 1, 0)
    for place, layer in enumerate(layers):
        for row, after in _rows(layer, view, classes, str(place)):
            yield row
            view = after
    if view.shape != (classes,):
        last = str(len(layers) - 1)
        fit = 'end with { type = "dense", units = "classes" }' + (' after { type = "flatten" }' if len(view.shape) == 3 else "")
        raise NetworkError(last, f"the network's output is {show(view.shape)}, but {classes} classes need {classes} values: {fit}")


def _rows(layer: Layer, view: View, classes: int, place: str) -> Iterator[tuple[LayerSummary, View]]:
    if isinstance(layer, Residual):
        yield from _residual_rows(layer, view, classes, place)
        return
    after, parameters, multiply_adds = step(layer, view, classes, place)
    if size_of(after.shape) > MAX_VALUES or parameters > MAX_VALUES:
        raise NetworkError(place, f"{describe(layer, classes)} would make {show(after.shape)} values with {parameters} parameters: too large")
    yield LayerSummary(place, describe(layer, classes), after.shape, parameters, after.jump, after.receptive_field, multiply_adds), after


def _residual_rows(layer: Residual, view: View, classes: int, place: str) -> Iterator[tuple[LayerSummary, View]]:
    inner = view
    for number, part in enumerate(layer.layers):
        for row, inner in _rows(part, inner, classes, f"{place}.{number}"):  # noqa: B020
            yield row, inner
    stride = shortcut_stride(view.shape, inner.shape, place)
    parameters = multiply_adds = 0
    name = "add input"
    if view.shape != inner.shape:
        parameters = view.shape[0] * inner.shape[0] + inner.shape[0]
        multiply_adds = view.shape[0] * size_of(inner.shape)
        name = f"add input through 1×1 conv stride {stride}" if len(view.shape) == 3 else "add input through dense"
    yield LayerSummary(place, name, inner.shape, parameters, inner.jump, inner.receptive_field, multiply_adds), inner


def shortcut_stride(before: Shape, after: Shape, place: str) -> int:
    """The stride of the 1x1 convolution that brings a residual block's input to its output's shape.

    Raises NetworkError where none does.
    """
    if len(before) != len(after):
        raise NetworkError(place, f"the block turns {show(before)} into {show(after)}: input and output of a residual block must both be images or both vectors")
    if len(before) == 1 or before[1:] == after[1:]:
        return 1
    for stride in range(2, max(before[1:]) + 1):
        if all(windows(side, 1, stride, 0) == wanted for side, wanted in zip(before[1:], after[1:], strict=True)):
            return stride
    raise NetworkError(place, f"no 1×1 convolution brings the block's input {show(before)} to its output {show(after)}: use padding same inside it")


def step(layer: Layer, view: View, classes: int, place: str) -> tuple[View, int, int]:
    """The view after one layer, its parameters and its multiplications. Raises NetworkError."""
    shape = view.shape
    match layer:
        case Dense():
            units = classes if layer.units == "classes" else layer.units
            if len(shape) != 1:
                raise NetworkError(place, f"dense takes a vector but gets an image of {show(shape)}: put flatten or global-pool before it")
            return View((units,), None, None), units * (shape[0] + layer.bias), units * shape[0]
        case Conv2d():
            return _conv(layer, view, place)
        case Pool():
            stride = layer.stride or layer.size
            if layer.padding * 2 > layer.size:
                raise NetworkError(place, f"padding {layer.padding} is more than half of the pool's size {layer.size}: use {layer.size // 2} or less")
            after = _slide(view, layer.size, stride, layer.padding, 1, "pool size", place)
            return after, 0, 0
        case GlobalPool():
            _need_image(layer.type, shape, place)
            return View((shape[0],), None, None), 0, 0
        case BatchNorm():
            return view, 2 * shape[0], 0
        case LayerNorm():
            return view, 2 * size_of(shape), 0
        case Dropout():
            if layer.channels:
                _need_image("dropout of whole channels", shape, place)
            return view, 0, 0
        case Flatten():
            return View((size_of(shape),), None, view.receptive_field), 0, 0
        case Activation() | LeakyRelu():
            return view, 0, 0
        case Residual():
            raise AssertionError("residual blocks are walked through, not stepped over")


def _need_image(name: str, shape: Shape, place: str) -> None:
    if len(shape) != 3:
        raise NetworkError(place, f"{name} takes an image but gets a vector of {show(shape)} values: put it before flatten")


def _conv(layer: Conv2d, view: View, place: str) -> tuple[View, int, int]:
    _need_image("conv2d", view.shape, place)
    if layer.padding == "same":
        padding = same_padding(layer.kernel, layer.stride, layer.dilation)
        if padding is None and layer.stride > 1:
            raise NetworkError(place, f"padding same with stride {layer.stride} needs an odd kernel, not {layer.kernel}: use {layer.kernel - 1} or {layer.kernel + 1}")
        after = View(view.shape) if padding is None else _slide(view, layer.kernel, layer.stride, padding, layer.dilation, "kernel", place)
        after = replace(after, jump=(view.jump or 1) * layer.stride, receptive_field=_reach(view, layer.kernel, layer.dilation))
    else:
        after = _slide(view, layer.kernel, layer.stride, layer.padding, layer.dilation, "kernel", place)
    after = replace(after, shape=(layer.channels, *after.shape[1:]))
    weights = layer.kernel * layer.kernel * view.shape[0] * layer.channels
    return after, weights + layer.bias * layer.channels, weights * after.shape[1] * after.shape[2]


def _reach(view: View, kernel: int, dilation: int) -> int | None:
    return None if view.receptive_field is None else view.receptive_field + dilation * (kernel - 1) * (view.jump or 1)


def _slide(view: View, kernel: int, stride: int, padding: int, dilation: int, what: str, place: str) -> View:
    _need_image(what.split(maxsplit=1)[0], view.shape, place)
    sides = [windows(side, kernel, stride, padding, dilation) for side in view.shape[1:]]
    if min(sides) < 1:
        room = min(view.shape[1:]) + 2 * padding
        largest = (room - 1) // dilation + 1
        raise NetworkError(
            place, f"{what} {kernel} does not fit the {show(view.shape[1:])} input: use {largest} or less{', or padding same' if what == 'kernel' else ', or leave it out'}"
        )
    return View((view.shape[0], *sides), (view.jump or 1) * stride, _reach(view, kernel, dilation))


def weighted_layers(layers: Sequence[Layer]) -> Iterator[Dense | Conv2d]:
    """All dense and convolution layers, those inside residual blocks too, in order."""
    for layer in layers:
        if isinstance(layer, Residual):
            yield from weighted_layers(layer.layers)
        elif isinstance(layer, Dense | Conv2d):
            yield layer
