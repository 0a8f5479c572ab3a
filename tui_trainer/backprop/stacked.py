"""Several dense networks of one shape side by side: their weights as one tensor a layer, one product for all of them.

The equations are those of :mod:`tui_trainer.backprop.network` with one more axis and an image a column, which makes these
products a little faster and what lies between them much: weights (M, out, in), images (M, in, B), for M networks,

    Z_l = W_l A_{l-1} + b_l    dL/dW_l = D A_{l-1}^T    dL/db_l = the row sums of D    dL/dA_{l-1} = W_l^T D

Where all are shown the same images, (in, B), the first layer is one wide network (M out, in), which is faster still.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from tui_trainer.backprop.activations import activation_rule
from tui_trainer.backprop.network import Elementwise, Kept, Part, backward_through
from tui_trainer.config.network import Activation, Dense, Dropout, Flatten, Layer, LeakyRelu

Factor = float | Tensor
"""One number for all networks, or one for each, (M, 1, ...)."""
Gradient = Callable[[Tensor, Factor], object]
"""A stack of gradients that is not formed yet: adds it, times a factor, to a stack of its shape.

A product adds to what is there at no cost, and forming gradients to add them then is two passes over all weights more.
"""


class StackedAffine:
    """A dense layer of each network: Z_m = W_m A_m + b_m."""

    def __init__(self, weight: Tensor, bias: Tensor | None, first: bool) -> None:
        """``weight`` (M, out, in), ``bias`` (M, out)."""
        self.weight, self.first, self.biased = weight, first, bias is not None
        self.transposed = weight.transpose(1, 2)
        self.bias = weight.new_zeros(1, 1, 1) if bias is None else bias.unsqueeze(2)
        self.scale = 1.0
        """What is shown is multiplied by it: a product does that at no cost."""

    def forward(self, x: Tensor) -> tuple[Tensor, Kept]:
        """(M, in, B), or (in, B) of the first layer, to (M, out, B)."""
        if x.dim() == 2:
            members, units, values = self.weight.shape
            z = torch.addmm(self.bias.view(-1, 1), self.weight.view(-1, values), x, alpha=self.scale)
            return z.view(members, units, -1), (x,)
        return torch.baddbmm(self.bias, self.weight, x, alpha=self.scale), (x,)

    def backward(self, d: Tensor, kept: Kept) -> tuple[Tensor, tuple[Gradient, ...]]:
        """(M, out, B) to (M, in, B), which the first layer leaves out, and the gradients of weights and biases."""
        weight = partial(_add_product, d, kept[0], self.scale)
        gradients = (weight, partial(_add_sums, d)) if self.biased else (weight,)
        return d if self.first else torch.bmm(self.transposed, d), gradients


def _add_product(d: Tensor, x: Tensor, scale: float, total: Tensor, factor: Factor) -> None:
    """total (M, out, in) += factor scale D X^T."""
    if isinstance(factor, Tensor):
        d, factor = d * factor, 1.0
    if x.dim() == 2:
        total.view(-1, len(x)).addmm_(d.reshape(-1, x.shape[1]), x.t(), alpha=scale * factor)
    else:
        total.baddbmm_(d, x.transpose(1, 2), alpha=scale * factor)


def _add_sums(d: Tensor, total: Tensor, factor: Factor) -> None:
    """total (M, out) += factor times the row sums of D."""
    add_times(d.sum(2), total, factor)


def add_times(value: Tensor, total: Tensor, factor: Factor) -> None:
    """total += factor value; of formed gradients ``partial(add_times, value)`` is the :data:`Gradient`."""
    if isinstance(factor, Tensor):
        total.addcmul_(value, factor)
    else:
        total.add_(value, alpha=factor)


def formed(gradients: Sequence[Gradient], params: Sequence[Tensor]) -> list[Tensor]:
    """Gradients as tensors of the shapes of ``params``."""
    found = [torch.zeros_like(param) for param in params]
    for gradient, total in zip(gradients, found, strict=True):
        gradient(total, 1.0)
    return found


class StackedDrop:
    """Dropout, each network's mask from a generator of its own, as it would draw it alone."""

    first = False

    def __init__(self, probability: float, generators: Sequence[torch.Generator]) -> None:
        self.keep, self.generators = 1 - probability, generators

    def forward(self, x: Tensor) -> tuple[Tensor, Kept]:
        """(M, N, B) to the same; (N, B) that all share becomes (M, N, B)."""
        mask = x.new_empty(len(self.generators), x.shape[-1], x.shape[-2])  # drawn image by image
        for images, generator in zip(mask, self.generators, strict=True):
            images.bernoulli_(self.keep, generator=generator)
        mask = mask.div_(self.keep).transpose(1, 2)
        return x * mask, (mask,)

    def backward(self, d: Tensor, kept: Kept) -> tuple[Tensor, tuple[()]]:
        """dL/dZ = dL/dA * M."""
        return d.mul_(kept[0]), ()


class StackedNetworks:
    """Forward and backward of a layer list for several networks, whose modules' parameters become slices of the stacks."""

    def __init__(self, layers: Sequence[Layer], models: Sequence[nn.Module], generators: Sequence[torch.Generator]) -> None:
        """``models`` are what models.build makes of ``layers``; ``generators``, one each, are what their dropout draws from."""
        self.params: list[Tensor] = []
        """(M, ...) each, in the order of a module's parameters."""
        self.parts = tuple(self._parts(layers, models, generators))

    def scale_by(self, factor: float) -> bool:
        """Multiply the images by ``factor`` from now on; False where the first part is no dense layer, which could do it in passing."""
        first = self.parts[0]
        if isinstance(first, StackedAffine):
            first.scale = factor
        return isinstance(first, StackedAffine)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Kept]]:
        """Images as columns, (M, N, B), or (N, B) that all share, to logits (M, K, B), in training mode; and what :meth:`backward` needs."""
        trace = []
        for part in self.parts:
            x, kept = part.forward(x)
            trace.append(kept)
        return x, trace

    def backward(self, d: Tensor, trace: list[Kept]) -> list[Gradient]:
        """The gradients of :attr:`params`, from dL/d(logits) (M, K, B), which is overwritten; they are of the images and weights as these are now."""
        return backward_through(self.parts, d, trace)

    def _parts(self, layers: Sequence[Layer], models: Sequence[nn.Module], generators: Sequence[torch.Generator]) -> Iterator[Part[Gradient]]:
        first = True
        for number, layer in enumerate(layers):
            match layer:
                case Dense():
                    modules = [model.get_submodule(str(number)) for model in models]
                    weight = self._stacked([module.weight for module in modules])
                    bias = self._stacked([module.bias for module in modules]) if layer.bias else None
                    yield StackedAffine(weight, bias, first)
                    first = False
                case Activation() | LeakyRelu():
                    yield Elementwise(activation_rule(layer))
                case Dropout():
                    if layer.probability:
                        yield StackedDrop(layer.probability, generators)
                case Flatten():
                    pass  # images come as columns
                case _:
                    raise AssertionError(layer)  # whoever made the group has refused it

    def _stacked(self, parameters: Sequence[Tensor | nn.Module]) -> Tensor:
        tensors = [parameter.detach() for parameter in parameters if isinstance(parameter, nn.Parameter)]
        stack = torch.stack(tensors)
        for parameter, own in zip(parameters, stack, strict=True):
            parameter.data = own
        self.params.append(stack)
        return stack
