"""How weights start. Fan-in and fan-out of a convolution count its kernel: channels * k * k.

=========  =====================================================  ======================================================
default    U(-1/sqrt(fan_in), 1/sqrt(fan_in)), biases too         what PyTorch's layers do by themselves
normal     N(0, s^2)
fan-in     N(0, 1/fan_in)                                         LeCun et al., Efficient BackProp, 1998, section 4.6
xavier     U(-a, a), a = sqrt(6/(fan_in + fan_out))               Glorot and Bengio, 2010, equation 16
he         N(0, 2/fan_in)                                         He et al., Delving Deep into Rectifiers, 2015, equation 10
=========  =====================================================  ======================================================

Biases start at 0 but for the default. Batch norm and layer norm start as the identity.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tui_trainer.config.network import Conv2d, Dense, Initialiser, Layer, Network, Residual


def initialise(model: nn.Module, network: Network) -> None:
    """Draw the weights of ``model``, built from ``network``'s layers and fresh, from torch's global generator."""
    _walk(model, network.layers, network)


def _walk(model: nn.Module, layers: Sequence[Layer], network: Network) -> None:
    for number, layer in enumerate(layers):
        module = model.get_submodule(str(number))
        if isinstance(layer, Residual):
            _walk(module, layer.layers, network)
            shortcut = module.shortcut
            if isinstance(shortcut, nn.Module):
                _draw(shortcut, network.initialiser, network.deviation)
        elif isinstance(layer, Dense | Conv2d):
            deviation = network.deviation if layer.deviation is None else layer.deviation
            _draw(module, layer.initialiser or network.initialiser, deviation)


@torch.no_grad()
def _draw(module: nn.Module, initialiser: Initialiser, deviation: float) -> None:
    weight, bias = module.weight, module.bias
    assert isinstance(weight, Tensor)
    fan_in = weight[0].numel()
    match initialiser:
        case "default":
            return
        case "normal":
            weight.normal_(0, deviation)
        case "fan-in":
            weight.normal_(0, 1 / math.sqrt(fan_in))
        case "xavier":
            nn.init.xavier_uniform_(weight)
        case "he":
            weight.normal_(0, math.sqrt(2 / fan_in))
    if isinstance(bias, Tensor):
        bias.zero_()
