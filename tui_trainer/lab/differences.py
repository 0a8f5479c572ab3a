"""Derivatives of the loss by every single weight, from central differences: (L(w + e) - L(w - e)) / 2e.

A loop over the weights would run the whole network twice for each. But a weight of a layer changes one channel (for a dense
layer: one unit) of that layer's output, by e times what comes in: so many weights' outputs are made at once from the one
forward pass that all share, and only the layers above are computed again, batched over weights. Where the next layer with
weights is dense too, its output is the old one and a multiple of one column of its matrix.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import vmap

from tui_trainer.models.activations import PLAIN
from tui_trainer.models.layers import Layers

VALUES = 1_000_000
"""Values of the outputs that are held at once."""
Call = Callable[[Tensor], Tensor]
Criterion = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Probe:
    """One weight tensor of a network and how the loss moves with each of its values."""

    layer: str
    """The module's place in the network, such as ``3``."""
    name: str
    """``weight`` or ``bias``; inside a block with the place before it."""
    tensor: Tensor
    quotient: Callable[[Tensor, float], Tensor]
    """Places in the flattened tensor (P,) and epsilon to the difference quotients (P,)."""
    batch: int
    """Weights that are worth asking for at once."""


def probes(model: nn.Module, images: Tensor, targets: Tensor, criterion: Criterion, seed: int) -> list[Probe]:
    """A probe for each weight tensor of ``model``, in the order of its parameters.

    Everything is in double precision. Dropout between the layers of a list drops what it would with torch's generator at ``seed``.
    """
    if not isinstance(model, Layers):
        return list(_one_by_one("", model, model, images, lambda x: x, targets, criterion))
    modules = list(model.children())
    calls, inputs = _fixed(modules, images, seed)
    found: list[Probe] = []
    for place, module in enumerate(modules):
        tail = partial(_chain, calls[place + 1 :])
        losses = _losses(calls[place + 1 :], targets, criterion)
        upper = _dense_above(modules, calls, inputs, place)
        for name, tensor in module.named_parameters():
            if isinstance(module, nn.Linear) and upper:
                columns = inputs[place] if name == "weight" else inputs[place].new_ones(len(images), 1)
                above = _losses(calls[upper.place + 1 :], targets, criterion)
                quotient = partial(_through_dense, inputs[place + 1], columns, upper, above)
                width = upper.output.numel()
            elif isinstance(module, nn.Linear | nn.Conv2d):
                columns = _columns(module, inputs[place], name, inputs[place + 1])
                quotient = partial(_bumped, inputs[place + 1], columns, losses)
                width = inputs[place + 1].numel()
            else:
                continue
            found.append(Probe(str(place), name, tensor, quotient, max(1, VALUES // width)))
        if not isinstance(module, nn.Linear | nn.Conv2d):
            found += _one_by_one(str(place), module, calls[place], inputs[place], tail, targets, criterion)
    return found


@torch.no_grad()
def _fixed(modules: Sequence[nn.Module], images: Tensor, seed: int) -> tuple[list[Call], list[Tensor]]:
    """The layers with dropout's draws fixed, and the input of each, the output of the last at the end."""
    torch.manual_seed(seed)
    calls: list[Call] = []
    inputs = [images]
    for module in modules:
        x = inputs[-1]
        calls.append(Masked(module(torch.ones_like(x))) if isinstance(module, nn.Dropout | nn.Dropout2d) else module)
        inputs.append(calls[-1](x))
    return calls, inputs


@dataclass(frozen=True)
class Masked:
    """Dropout whose draw is made: the factors of each value of one batch."""

    mask: Tensor
    """(N, ...)"""

    def __call__(self, x: Tensor) -> Tensor:
        """(N, ...), or several such batches one after the other."""
        return (x.reshape(-1, *self.mask.shape) * self.mask).view_as(x)


def _chain(calls: Sequence[Call], x: Tensor) -> Tensor:
    for call in calls:
        x = call(x)
    return x


def _losses(calls: Sequence[Call], targets: Tensor, criterion: Criterion) -> Call:
    """The rest of the network: outputs (P, N, ...) of a layer, one batch for each weight that was changed, to losses (P,)."""
    each = vmap(lambda logits: criterion(logits, targets))
    if any(isinstance(inner, nn.modules.batchnorm._BatchNorm) for call in calls if isinstance(call, nn.Module) for inner in call.modules()):
        return vmap(lambda x: criterion(_chain(calls, x), targets))  # these look at all images of a batch, and at no other's
    return lambda x: each(_chain(calls, x.flatten(0, 1)).view(*x.shape[:2], -1))


@dataclass(frozen=True)
class _Upper:
    """The dense layer above a dense layer, with element by element operations between the two."""

    place: int
    between: tuple[Call, ...]
    weight: Tensor
    input: Tensor
    output: Tensor


def _dense_above(modules: Sequence[nn.Module], calls: Sequence[Call], inputs: Sequence[Tensor], place: int) -> _Upper | None:
    elementwise = (*PLAIN.values(), nn.LeakyReLU, nn.Dropout)
    for above in range(place + 1, len(modules)):
        module = modules[above]
        if isinstance(module, nn.Linear):
            return _Upper(above, tuple(calls[place + 1 : above]), module.weight.detach(), inputs[above], inputs[above + 1])
        if not isinstance(module, elementwise):
            return None
    return None


@torch.no_grad()
def _through_dense(output: Tensor, columns: Tensor, upper: _Upper, losses: Call, places: Tensor, epsilon: float) -> Tensor:
    """Quotients of a dense layer's weights: only the unit's own activation and the layers above the next are computed again."""
    unit, column = places // columns.shape[1], places % columns.shape[1]
    before, step, old = output[:, unit].T, epsilon * columns[:, column].T, upper.input[:, unit].T
    outgoing = upper.weight[:, unit].T[:, None, :]
    ends = []
    for sign in (1, -1):
        moved = before + sign * step
        for call in upper.between:
            moved = moved * call.mask[:, unit].T if isinstance(call, Masked) else call(moved)
        ends.append(losses(upper.output + (moved - old)[..., None] * outgoing))
    return (ends[0] - ends[1]) / (2 * epsilon)


@torch.no_grad()
def _bumped(output: Tensor, columns: Tensor, losses: Call, places: Tensor, epsilon: float) -> Tensor:
    """Quotients of a dense or convolutional layer's weights: one channel of its output is moved, the layers above are computed again."""
    channel, column = places // columns.shape[1], places % columns.shape[1]
    step = epsilon * columns[:, column].transpose(0, 1)
    each = torch.arange(len(places), device=output.device)
    ends = []
    for sign in (1, -1):
        moved = output.expand(len(places), *output.shape).clone()
        moved[each, :, channel] += sign * step
        ends.append(losses(moved))
    return (ends[0] - ends[1]) / (2 * epsilon)


def _columns(module: nn.Linear | nn.Conv2d, x: Tensor, name: str, output: Tensor) -> Tensor:
    """What each weight of one output channel is multiplied with: (N, weights) or (N, weights, H', W')."""
    if name == "bias":
        return output.new_ones(len(x), 1, *output.shape[2:])
    if isinstance(module, nn.Linear):
        return x
    (kernel, _), (stride, _), (dilation, _) = module.kernel_size, module.stride, module.dilation
    reach = dilation * (kernel - 1)
    side = (reach // 2, reach - reach // 2) if isinstance(module.padding, str) else (int(module.padding[0]),) * 2
    windows = F.unfold(F.pad(x, (*side, *side)), kernel, dilation, 0, stride)
    return windows.view(*windows.shape[:2], *output.shape[2:])


def _one_by_one(layer: str, module: nn.Module, call: Call, x: Tensor, tail: Call, targets: Tensor, criterion: Criterion) -> Iterator[Probe]:
    """Probes of any module: each weight is changed in place, and the layers from there on run on the batch."""

    @torch.no_grad()
    def quotient(values: Tensor, places: Tensor, epsilon: float) -> Tensor:
        found = torch.empty(len(places), dtype=values.dtype)
        for number, place in enumerate(places.tolist()):
            old, ends = values[place].clone(), []
            for sign in (1, -1):
                values[place] = old + sign * epsilon
                ends.append(criterion(tail(call(x)), targets))
            values[place] = old
            found[number] = (ends[0] - ends[1]) / (2 * epsilon)
        return found

    for name, tensor in module.named_parameters():
        if tensor.requires_grad:
            yield Probe(layer, name, tensor, partial(quotient, tensor.detach().view(-1)), 16)
