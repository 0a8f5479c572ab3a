"""The non-linearities a layer list can name."""

from torch import Tensor, nn

from tui_trainer.config.network import Activation, LeakyRelu


class LecunTanh(nn.Module):
    """1.7159 tanh(2x/3): variance about 1 in, about 1 out (LeCun, Bottou, Orr, Müller, Efficient BackProp, 1998, section 4.4)."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return (x * (2 / 3)).tanh() * 1.7159


PLAIN: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "lecun-tanh": LecunTanh,
}


def activation(layer: Activation | LeakyRelu) -> nn.Module:
    """The module of an activation layer; it leaves its input as it is."""
    return nn.LeakyReLU(layer.slope) if isinstance(layer, LeakyRelu) else PLAIN[layer.type]()
