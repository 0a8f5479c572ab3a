"""A dense network of any depth, forward and backward, as equations between matrices.

A batch is a matrix X (B, N), one image a row. Forward, layer by layer, with A_0 = X:

    Z_l = A_{l-1} W_l^T + b_l        A_l = f_l(Z_l)        dropout: A_l = A_l * M_l, M_l being 0 or 1/(1-p)

Backward, from the loss's D = dL/dZ of the last layer:

    dL/dW_l = D^T A_{l-1}    dL/db_l = the column sums of D    dL/dA_{l-1} = D W_l    dL/dZ = dL/dA * f'(Z), by element

(Rumelhart, Hinton and Williams, 1986; in this form Nielsen, Neural Networks and Deep Learning, 2015, BP1 to BP4.) Below the
first dense layer nothing is to be learnt, so the backward pass ends there.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

import torch
from torch import Tensor, nn

from tui_trainer.backprop.activations import ActivationRule, activation_rule
from tui_trainer.config.network import Activation, Dense, Dropout, Flatten, Layer, LeakyRelu

Kept = tuple[Tensor, ...]
"""What a layer's backward pass needs of its forward pass."""
G = TypeVar("G")
G_co = TypeVar("G_co", covariant=True)


class Part(Protocol[G_co]):
    """One layer, whose weights' gradients are a G each."""

    first: bool
    """Whether it is the first that learns."""

    def forward(self, x: Tensor) -> tuple[Tensor, Kept]:
        """The layer's output, and what :meth:`backward` will need."""
        ...

    def backward(self, d: Tensor, kept: Kept) -> tuple[Tensor, tuple[G_co, ...]]:
        """From dL/d(output), which may be overwritten, to dL/d(input) and the gradients of the layer's weights."""
        ...


class Affine:
    """A dense layer: Z = A W^T + b, W (out, in), b (out,)."""

    def __init__(self, weight: Tensor, bias: Tensor | None, first: bool) -> None:
        self.weight, self.bias, self.first = weight, bias, first
        self.transposed = weight.t()

    def forward(self, x: Tensor) -> tuple[Tensor, Kept]:
        """(B, in) to (B, out)."""
        return x @ self.transposed if self.bias is None else torch.addmm(self.bias, x, self.transposed), (x,)

    def backward(self, d: Tensor, kept: Kept) -> tuple[Tensor, Kept]:
        """(B, out) to (B, in); of the first dense layer nobody asks for dL/d(input), so it is not computed."""
        grads = (d.t() @ kept[0],) if self.bias is None else (d.t() @ kept[0], d.sum(0))
        return d if self.first else d @ self.weight, grads


class Elementwise:
    """An activation: A = f(Z)."""

    first = False

    def __init__(self, rule: ActivationRule) -> None:
        self.rule = rule

    def forward(self, x: Tensor) -> tuple[Tensor, Kept]:
        """Any shape to the same."""
        a = self.rule.value(x)
        return a, (x, a)

    def backward(self, d: Tensor, kept: Kept) -> tuple[Tensor, tuple[()]]:
        """dL/dZ = dL/dA * f'(Z)."""
        return d.mul_(self.rule.derivative(*kept)), ()


class Drop:
    """Dropout while training: A = Z * M, each value of M 0 with probability p, else 1/(1-p) (Srivastava et al., 2014).

    M is drawn as nn.Dropout draws it, so one seed gives both the same on a CPU.
    """

    first = False

    def __init__(self, probability: float, channels: bool) -> None:
        self.keep, self.channels = 1 - probability, channels

    def forward(self, x: Tensor) -> tuple[Tensor, Kept]:
        """Any shape to the same; with ``channels`` whole channels of (B, C, H, W) go."""
        mask = torch.empty_like(x[:, :, :1, :1] if self.channels and x.dim() == 4 else x)
        mask.bernoulli_(self.keep).div_(self.keep)
        return x * mask, (mask,)

    def backward(self, d: Tensor, kept: Kept) -> tuple[Tensor, tuple[()]]:
        """dL/dZ = dL/dA * M."""
        return d.mul_(kept[0]), ()


class Flat:
    """An image (B, C, H, W) as a row (B, C H W)."""

    first = False

    def forward(self, x: Tensor) -> tuple[Tensor, Kept]:
        """The same values in another shape."""
        return x.flatten(1), ()

    def backward(self, d: Tensor, kept: Kept) -> tuple[Tensor, tuple[()]]:
        """As :meth:`forward`: what lies between rows alone needs no other shape."""
        return d, ()


def backward_through(parts: Sequence[Part[G]], d: Tensor, trace: Sequence[Kept]) -> list[G]:
    """The gradients of all parts' weights, in the order of the parts, from dL/d(output of the last), which is overwritten."""
    found: list[tuple[G, ...]] = []
    for part, kept in zip(reversed(parts), reversed(trace), strict=True):
        d, grads = part.backward(d, kept)
        found.append(grads)
        if part.first:
            break
    return [grad for grads in reversed(found) for grad in grads]


class DenseNetwork:
    """Forward and backward of a layer list, on the weights of its module (which stay the module's)."""

    def __init__(self, layers: Sequence[Layer], model: nn.Module) -> None:
        """``model`` is what models.build makes of the same layers; the gradients come in the order of its parameters."""
        self.parts = tuple(_parts(layers, model))

    def forward(self, images: Tensor) -> tuple[Tensor, list[Kept]]:
        """Images (B, C, H, W) to logits (B, K), in training mode; and what :meth:`backward` needs."""
        trace, x = [], images
        for part in self.parts:
            x, kept = part.forward(x)
            trace.append(kept)
        return x, trace

    def backward(self, d: Tensor, trace: list[Kept]) -> list[Tensor]:
        """The gradients of all weights and biases, from dL/d(logits) (B, K), which is overwritten."""
        return backward_through(self.parts, d, trace)


def _parts(layers: Sequence[Layer], model: nn.Module) -> Iterator[Part[Tensor]]:
    first = True
    for number, layer in enumerate(layers):
        match layer:
            case Dense():
                module = model.get_submodule(str(number))
                weight, bias = module.weight, module.bias
                assert isinstance(weight, Tensor)
                yield Affine(weight.detach(), bias.detach() if isinstance(bias, Tensor) else None, first)
                first = False
            case Activation() | LeakyRelu():
                yield Elementwise(activation_rule(layer))
            case Dropout():
                if layer.probability:
                    yield Drop(layer.probability, layer.channels)
            case Flatten():
                yield Flat()
            case _:
                raise AssertionError(layer)  # the schema has refused it
