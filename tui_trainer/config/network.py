"""Settings of the network: a list of layers, a torchvision classifier, or the user's own module."""

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from tui_trainer.config.base import Settings, setting

Initialiser = Literal["default", "normal", "fan-in", "xavier", "he"]
Size = Annotated[int, Field(ge=1, le=1024)]
MAX_LAYERS = 500


class Weighted(Settings):
    """What layers with weights share."""

    bias: bool = setting(True, "Bias", "Add a learnt constant to each output.")
    initialiser: Initialiser | None = setting(
        None,
        "Initialiser",
        "How weights start: PyTorch's default, N(0, s), fan-in normal N(0, 1/fan_in), Xavier or He (default: the network's); biases start at 0 but for PyTorch's default.",
    )
    deviation: float | None = setting(
        None, "Deviation", "Standard deviation s of N(0, s) (default: the network's).", when={"initialiser": ("normal",)}, gt=0, le=100
    )


class Dense(Weighted):
    """Fully connected layer: y = Wx + b."""

    type: Literal["dense"] = "dense"
    units: Annotated[int, Field(ge=1, le=1_000_000)] | Literal["classes"] = setting(..., "Units", 'Number of outputs, or "classes" for one per class.')


class Conv2d(Weighted):
    """Two-dimensional convolution."""

    type: Literal["conv2d"] = "conv2d"
    channels: int = setting(..., "Channels", "Number of output channels (filters).", ge=1, le=65_536)
    kernel: Size = setting(3, "Kernel", "Side of the square kernel.", unit="px")
    stride: Size = setting(1, "Stride", "Step between windows.", unit="px")
    padding: Annotated[int, Field(ge=0, le=1024)] | Literal["same"] = setting(0, "Padding", 'Zeros added on each side, or "same" to keep the size (divided by the stride).')
    dilation: Size = setting(1, "Dilation", "Distance between kernel elements.", unit="px")


class Pool(Settings):
    """Maximum or mean of each window."""

    type: Literal["max-pool", "avg-pool"]
    size: Size = setting(2, "Size", "Side of the square window.", unit="px")
    stride: Size | None = setting(None, "Stride", "Step between windows (default: the size).", unit="px")
    padding: int = setting(0, "Padding", "Border added on each side, at most half the size.", unit="px", ge=0, le=512)


class GlobalPool(Settings):
    """One number per channel: its mean or maximum over the whole image."""

    type: Literal["global-pool"] = "global-pool"
    kind: Literal["average", "max"] = setting("average", "Kind", "Mean or maximum.")


class BatchNorm(Settings):
    """Normalise each channel over the batch, then scale and shift it."""

    type: Literal["batch-norm"] = "batch-norm"
    momentum: float = setting(0.1, "Momentum", "Weight of the newest batch in the running statistics.", gt=0, le=1)


class LayerNorm(Settings):
    """Normalise all values of one image, then scale and shift each."""

    type: Literal["layer-norm"] = "layer-norm"


class Dropout(Settings):
    """Set random values to zero while training."""

    type: Literal["dropout"] = "dropout"
    probability: float = setting(0.5, "Probability", "Probability that a value is dropped.", ge=0, lt=1)
    channels: bool = setting(False, "Whole channels", "Drop whole channels of an image instead of single values.")


class Flatten(Settings):
    """Turn an image into a vector."""

    type: Literal["flatten"] = "flatten"


class Activation(Settings):
    """A non-linearity applied to every value; lecun-tanh is 1.7159 tanh(2x/3) (LeCun et al., Efficient BackProp, 1998)."""

    type: Literal["relu", "gelu", "silu", "tanh", "sigmoid", "lecun-tanh"]


class LeakyRelu(Settings):
    """x for positive x, slope times x below."""

    type: Literal["leaky-relu"] = "leaky-relu"
    slope: float = setting(0.01, "Slope", "Factor for negative values.", ge=0, le=1)


class Residual(Settings):
    """Layers whose input is added to their output (projected by 1x1 convolution or a dense layer where shapes differ)."""

    type: Literal["residual"] = "residual"
    layers: Annotated[tuple["Layer", ...], Field(strict=False)] = setting(..., "Layers", "The layers on the long way.", min_length=1, max_length=MAX_LAYERS)


Layer = Annotated[
    Dense | Conv2d | Pool | GlobalPool | BatchNorm | LayerNorm | Dropout | Flatten | Activation | LeakyRelu | Residual,
    Field(discriminator="type"),
]
Residual.model_rebuild()


class Network(Settings):
    """What is trained."""

    kind: Literal["layers", "torchvision", "module"] = setting(
        "layers", "Kind", "A list of layers, a classifier of torchvision.models, or a module from a Python file."
    )
    layers: Annotated[tuple[Layer, ...], Field(strict=False)] = setting(
        (), "Layers", "The layers from input to logits.", when={"kind": ("layers",)}, max_length=MAX_LAYERS
    )
    initialiser: Initialiser = setting("default", "Initialiser", "How weights start in layers that don't say.", when={"kind": ("layers",)})
    deviation: float = setting(0.1, "Deviation", "Standard deviation s of the initialiser N(0, s).", when={"kind": ("layers",)}, gt=0, le=100)
    model: str | None = setting(None, "Model", "Name of a classifier in torchvision.models, such as resnet18.", when={"kind": ("torchvision",)})
    source: str | None = setting(
        None,
        "Source",
        "path/to/file.py:callable, called as callable(input_shape=(C, H, W), classes=N, **arguments), that returns the module. Its code runs only when you allow it.",
        when={"kind": ("module",)},
    )
    arguments: dict[str, Any] = setting({}, "Arguments", "Further arguments of the torchvision model or the callable.", when={"kind": ("torchvision", "module")})

    @field_validator("arguments")
    @classmethod
    def _plain(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        """Only what is written to a run's config and read from it unchanged."""
        inner = list(arguments.values())
        while inner:
            value = inner.pop()
            if isinstance(value, dict | list | tuple):
                inner += value.values() if isinstance(value, dict) else value
            elif not isinstance(value, bool | int | float | str) or (isinstance(value, float) and not math.isfinite(value)):
                raise ValueError(f"{value} is not allowed; allowed are texts, finite numbers, true and false, and lists and tables of them")
        return arguments


def without_hand_gradients(network: Network) -> str:
    """What in ``network`` has no gradients written out (see backprop/), as a place and a word; empty where all has."""
    if network.kind != "layers":
        return f"network.kind = {network.kind}"
    others = ((number, layer) for number, layer in enumerate(network.layers) if not isinstance(layer, Dense | Flatten | Dropout | Activation | LeakyRelu))
    return next((f"network.layers.{number}, {layer.type}" for number, layer in others), "")


def needing_images(network: Network) -> str:
    """What in ``network`` moves a window over an image, as a place and a word; empty where nothing does."""
    if network.kind == "torchvision":
        return "network.kind = torchvision"
    return next((f"{place}, {kind}" for place, kind in _windows(network.layers, "layers")), "") if network.kind == "layers" else ""


def _windows(layers: tuple[Layer, ...], place: str) -> Iterator[tuple[str, str]]:
    for number, layer in enumerate(layers):
        if isinstance(layer, Conv2d | Pool | GlobalPool):
            yield f"{place}.{number}", layer.type
        elif isinstance(layer, Residual):
            yield from _windows(layer.layers, f"{place}.{number}.layers")
