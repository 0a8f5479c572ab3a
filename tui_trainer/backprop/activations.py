"""The activations and their derivatives, written out.

==========  =============================  ======================================================================
relu        max(z, 0)                      1 for z > 0, else 0 (Nair and Hinton, 2010)
leaky-relu  z, or s z for z < 0            1 for z > 0, else s (Maas, Hannun and Ng, 2013)
sigmoid     1/(1 + e^-z)                   a (1 - a)
tanh        tanh z                         1 - a^2
lecun-tanh  A tanh(S z)                    S (A - a^2/A), A = 1.7159, S = 2/3 (LeCun et al., Efficient BackProp, 1998)
silu        z s(z), s the sigmoid          s (1 + z (1 - s)) (Elfwing, Uchibe and Doya, 2018)
gelu        z P(z), P the normal integral  P + z p, p the normal density (Hendrycks and Gimpel, 2016)
==========  =============================  ======================================================================
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from tui_trainer.config.network import Activation, LeakyRelu

AMPLITUDE, SLOPE = 1.7159, 2 / 3


@dataclass(frozen=True, slots=True)
class ActivationRule:
    """A function of one value and its derivative."""

    value: Callable[[Tensor], Tensor]
    """a = f(z), any shape, into a tensor of its own."""
    derivative: Callable[[Tensor, Tensor], Tensor]
    """f'(z) of (z, a), of the same shape."""


def _lecun_tanh(z: Tensor) -> Tensor:
    return (z * SLOPE).tanh_().mul_(AMPLITUDE)


def _silu_derivative(z: Tensor, a: Tensor) -> Tensor:
    share = torch.sigmoid(z)
    return share * (1 + z * (1 - share))


def _normal_integral(z: Tensor) -> Tensor:
    return torch.erf(z / math.sqrt(2)).add_(1).mul_(0.5)


def _gelu_derivative(z: Tensor, a: Tensor) -> Tensor:
    return _normal_integral(z) + z * torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)


RULES = {
    "relu": ActivationRule(torch.relu, lambda z, a: a.sign()),
    "sigmoid": ActivationRule(torch.sigmoid, lambda z, a: a - a * a),
    "tanh": ActivationRule(torch.tanh, lambda z, a: 1 - a * a),
    "lecun-tanh": ActivationRule(_lecun_tanh, lambda z, a: SLOPE * (AMPLITUDE - a * a / AMPLITUDE)),
    "silu": ActivationRule(lambda z: z * torch.sigmoid(z), _silu_derivative),
    "gelu": ActivationRule(lambda z: z * _normal_integral(z), _gelu_derivative),
}


def activation_rule(layer: Activation | LeakyRelu) -> ActivationRule:
    """The rule of an activation layer."""
    if isinstance(layer, Activation):
        return RULES[layer.type]
    slope = layer.slope
    return ActivationRule(lambda z: torch.where(z > 0, z, slope * z), lambda z, a: torch.full_like(z, slope).masked_fill_(z > 0, 1.0))
