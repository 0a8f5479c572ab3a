"""Shapes and the errors of layers that cannot take them."""

from tui_trainer.config.errors import ConfigError

Shape = tuple[int, ...]
"""(channels, height, width) of an image, or (values,) of a vector."""


class NetworkError(ConfigError):
    """A layer that cannot take its input; ``layer`` is its place in the list, such as ``"3"`` or ``"3.0"``."""

    def __init__(self, layer: str, message: str) -> None:
        where = f"network.layers.{layer.replace('.', '.layers.')}" if layer else "network.layers"
        super().__init__(f"{where}: {message}", {where: message})
        self.layer = layer


def show(shape: Shape) -> str:
    """``16x14x14`` as people write it."""
    return "×".join(map(str, shape))


def size_of(shape: Shape) -> int:
    """How many values a shape holds."""
    total = 1
    for side in shape:
        total *= side
    return total


def windows(size: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """How many windows fit along one side: floor((n + 2p - d(k-1) - 1) / s) + 1 (may be below 1)."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def same_padding(kernel: int, stride: int, dilation: int) -> int | None:
    """The padding that keeps ceil(n / stride) values, or None where only uneven padding would."""
    reach = dilation * (kernel - 1)
    return reach // 2 if reach % 2 == 0 else None
