"""Several dense networks of one shape side by side: their weights as one tensor a layer, one product for all of them.

The equations are those of :mod:`tui_trainer.backprop.network` with one more axis: weights (M, out, in), biases (M, 1, out),
images (M, B, in), for M networks. Where all are shown the same images, (B, in), the first layer is one wide network
(M out, in), which is faster still.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from tui_trainer.backprop.activations import activation_rule
from tui_trainer.backprop.network import Elementwise, Kept, Part, backward_through
from tui_trainer.config.network import Activation, Dense, Dropout, Flatten, Layer, LeakyRelu


class StackedAffine:
    """A dense layer of each network: Z_m = A_m W_m^T + b_m."""

    def __init__(self, weight: Tensor, bias: Tensor | None, first: bool) -> None:
        """``weight`` (M, out, in), ``bias`` (M, 1, out)."""
        self.weight, self.first, self.biased = weight, first, bias is not None
        self.transposed = weight.transpose(1, 2)
        self.zero = weight.new_zeros(1)
        self.bias = self.zero if bias is None else bias
        self.column = self.bias.view(-1, 1)
        self.scale = 1.0
        """What is shown is multiplied by it: a product does that at no cost."""

    def forward(self, x: Tensor) -> tuple[Tensor, Kept]:
        """(M, B, in), or (B, in) of the first layer, to (M, B, out)."""
        if x.dim() == 2:
            members, units, values = self.weight.shape
            z = torch.addmm(self.column, self.weight.view(members * units, values), x.t(), alpha=self.scale)
            return z.view(members, units, len(x)).transpose(1, 2), (x,)
        return torch.baddbmm(self.bias, x, self.transposed, alpha=self.scale), (x,)

    def backward(self, d: Tensor, kept: Kept) -> tuple[Tensor, Kept]:
        """(M, B, out) to (M, B, in), which the first layer leaves out, and the gradients of weights and biases."""
        x, rows = kept[0], d.transpose(1, 2)
        if x.dim() == 2:
            weight = torch.addmm(self.zero, rows.reshape(-1, len(x)), x, beta=0, alpha=self.scale).view(self.weight.shape)
        else:
            weight = torch.baddbmm(self.zero, rows, x, beta=0, alpha=self.scale)
        grads = (weight, d.sum(1)) if self.biased else (weight,)
        return d if self.first else torch.bmm(d, self.weight), grads


class StackedDrop:
    """Dropout, each network's mask from a generator of its own, as it would draw it alone."""

    first = False

    def __init__(self, probability: float, generators: Sequence[torch.Generator]) -> None:
        self.keep, self.generators = 1 - probability, generators

    def forward(self, x: Tensor) -> tuple[Tensor, Kept]:
        """(M, B, N) to the same; (B, N) that all share becomes (M, B, N)."""
        mask = x.new_empty(len(self.generators), *x.shape[-2:])
        for rows, generator in zip(mask, self.generators, strict=True):
            rows.bernoulli_(self.keep, generator=generator)
        mask.div_(self.keep)
        return x * mask, (mask,)

    def backward(self, d: Tensor, kept: Kept) -> tuple[Tensor, Kept]:
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
        """Images as rows, (M, B, N), or (B, N) that all share, to logits (M, B, K), in training mode; and what :meth:`backward` needs."""
        trace = []
        for part in self.parts:
            x, kept = part.forward(x)
            trace.append(kept)
        return x, trace

    def backward(self, d: Tensor, trace: list[Kept]) -> list[Tensor]:
        """The gradients of :attr:`params`, from dL/d(logits) (M, B, K), which is overwritten."""
        return backward_through(self.parts, d, trace)

    def _parts(self, layers: Sequence[Layer], models: Sequence[nn.Module], generators: Sequence[torch.Generator]) -> Iterator[Part]:
        first = True
        for number, layer in enumerate(layers):
            match layer:
                case Dense():
                    modules = [model.get_submodule(str(number)) for model in models]
                    weight = self._stacked([module.weight for module in modules])
                    bias = self._stacked([module.bias for module in modules]).unsqueeze(1) if layer.bias else None
                    yield StackedAffine(weight, bias, first)
                    first = False
                case Activation() | LeakyRelu():
                    yield Elementwise(activation_rule(layer))
                case Dropout():
                    if layer.probability:
                        yield StackedDrop(layer.probability, generators)
                case Flatten():
                    pass  # images come as rows
                case _:
                    raise AssertionError(layer)  # whoever made the group has refused it

    def _stacked(self, parameters: Sequence[Tensor | nn.Module]) -> Tensor:
        tensors = [parameter.detach() for parameter in parameters if isinstance(parameter, nn.Parameter)]
        stack = torch.stack(tensors)
        for parameter, own in zip(parameters, stack, strict=True):
            parameter.data = own
        self.params.append(stack)
        return stack
