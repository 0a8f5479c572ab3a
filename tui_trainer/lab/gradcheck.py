"""Are the gradients right? Autograd's, and those by hand, against difference quotients, weight by weight in double precision.

The central difference D(e) = (L(w + e) - L(w - e)) / 2e is off the derivative by e^2/6 L'''(w) + O(e^4): at e = 0.01 that is
1e-7 to 1e-8 for a small network, which hides a gradient that is wrong by as much. So two quotients are extrapolated,
R = (4 D(e/2) - D(e)) / 3, whose error is O(e^4) (Richardson, 1911), and R is what has to agree within the tolerance.
D(e) itself is shown beside it.

A gradient g agrees where |R - g| <= T, the tolerance, and |R - g| <= 0.001 max(|g|, |R|, 10 T): T alone would let a gradient that
is itself of the size of T be wrong by all of it, and a share alone means nothing of gradients near 0, where R is rounding.

Where the loss has a kink within e (ReLU, max-pooling) neither quotient means anything there. Such a weight's R may still fall
below T by luck, so every R that is not within T / 100 is taken again at a hundredth of e, down to 1e-6, and the nearest counts.
A gradient that is right gets near once e is shorter than the way to the kink; one that is wrong never does.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn

from tui_trainer.backprop import DenseNetwork, loss_rule
from tui_trainer.config.network import Layer, without_hand_gradients
from tui_trainer.lab.differences import Probe, probes
from tui_trainer.models.layers import Layers
from tui_trainer.training.losses import class_weights, make_loss
from tui_trainer.training.prepare import Prepared

SMALLEST_EPSILON = 1e-6
SHARE = 1e-3
"""Largest difference as a share of the gradient."""
LEAST = 10
"""Tolerances that a gradient's size counts as at least when the share is taken."""
NEAR = 0.01
"""Share of the tolerance from which on a shorter epsilon is not tried."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How one way of computing gradients agrees with the differences in one weight tensor."""

    way: str
    """``autograd`` or ``by hand``."""
    central: float | None
    """Largest absolute difference from D(e), where e was short enough; None where it never was."""
    largest: float
    """Largest absolute difference from the extrapolated quotient."""
    relative: float
    """Largest of |difference| / max(|gradient|, |quotient|, 10 tolerances)."""
    where: tuple[int, ...]
    """The weight of the largest absolute difference, as an index into the tensor."""
    wrong: int
    """Weights that do not agree."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One weight tensor that was checked."""

    layer: str
    name: str
    shape: tuple[int, ...]
    weights: int
    """How many of its values were checked."""
    kinks: int
    """How many came near at a shorter epsilon only."""
    agreements: tuple[Agreement, ...]

    @property
    def size(self) -> int:
        """All its values."""
        return prod(self.shape)


def check(
    prepared: Prepared, images: int, epsilon: float, tolerance: float = 1e-7, sample: int | None = None, progress: Progress | None = None
) -> list[Checked]:
    """Check the gradients of a prepared network at its initial weights on some of its training images.

    ``sample``: check so many weights of each tensor, drawn at random, in place of all.
    """
    config, data, recipe = prepared.config, prepared.data, prepared.stages[0].recipe
    seed = config.training.seed
    draw = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(data.train), generator=draw)[:images]
    raw, targets = data.train.read(chosen)
    x = data.preprocess(raw).double().contiguous()
    model = _double(prepared.model)
    criterion = make_loss(recipe, data.class_counts, prepared.device, torch.float64)
    torch.manual_seed(seed)
    params = [parameter for parameter in model.parameters() if parameter.requires_grad]
    ways = {"autograd": torch.autograd.grad(criterion(model(x), targets), params, materialize_grads=True)}
    if not without_hand_gradients(config.network):
        rule = loss_rule(recipe, class_weights(recipe, data.class_counts, prepared.device, torch.float64))
        ways["by hand"] = by_hand(config.network.layers, model, x, targets, rule, seed)
    found = probes(model, x, targets, criterion, seed)
    places = [_places(probe.tensor.numel(), sample, draw) for probe in found]
    counter = _Counter(sum(map(len, places)), progress)
    checked = []
    for number, (probe, these) in enumerate(zip(found, places, strict=True)):
        grads = {way: values[number].flatten()[these] for way, values in ways.items()}
        checked.append(_compare(probe, these, grads, epsilon, tolerance, counter))
    return checked


@torch.no_grad()
def by_hand(
    layers: tuple[Layer, ...], model: nn.Module, images: Tensor, targets: Tensor, rule: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], seed: int
) -> tuple[Tensor, ...]:
    """The hand-written gradients of all weights of ``model``, with dropout as ``seed`` draws it."""
    torch.manual_seed(seed)
    dense = DenseNetwork(layers, model)
    logits, trace = dense.forward(images)
    _, slope = rule(logits, targets)
    return tuple(dense.backward(slope, trace))


def _double(model: nn.Module) -> nn.Module:
    """A copy that computes in double precision, whose batch norms look at the batch alone, and that drops nothing inside of blocks."""
    made = torch.func.replace_all_batch_norm_modules_(copy.deepcopy(model).double().train().to(memory_format=torch.contiguous_format))
    outer = set(made.children()) if isinstance(made, Layers) else set()
    for module in made.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd) and module not in outer:
            module.eval()
    return made


def _places(weights: int, sample: int | None, draw: torch.Generator) -> Tensor:
    if sample is None or sample >= weights:
        return torch.arange(weights)
    return torch.randperm(weights, generator=draw)[:sample].sort().values


class _Counter:
    """Weights done of all."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.done, self.total, self.progress = 0, total, progress

    def add(self, weights: int) -> None:
        self.done += weights
        if self.progress:
            self.progress(self.done, self.total)


def _quotients(probe: Probe, places: Tensor, epsilon: float, counter: _Counter | None = None) -> tuple[Tensor, Tensor]:
    """Central differences at ``epsilon`` and their extrapolation, of the weights at ``places``."""
    central, better = torch.empty(len(places), dtype=torch.float64), torch.empty(len(places), dtype=torch.float64)
    for start in range(0, len(places), probe.batch):
        part = slice(start, start + probe.batch)
        wide, narrow = (probe.quotient(places[part], step) for step in (epsilon, epsilon / 2))
        central[part], better[part] = wide, (4 * narrow - wide) / 3
        if counter:
            counter.add(len(wide))
    return central, better


def _compare(probe: Probe, places: Tensor, grads: dict[str, Tensor], epsilon: float, tolerance: float, counter: _Counter) -> Checked:
    values = torch.stack(list(grads.values()))
    central, better = _quotients(probe, places, epsilon, counter)
    smooth = _apart(better, values) <= NEAR * tolerance
    left, shorter = (~smooth).nonzero().flatten(), epsilon / 100
    while len(left) and shorter > SMALLEST_EPSILON * 0.99:
        again = _quotients(probe, places[left], shorter)[1]
        nearer = _apart(again, values[:, left]) < _apart(better[left], values[:, left])  # at the shortest, rounding may be more than what is left
        better[left[nearer]] = again[nearer]
        left, shorter = left[_apart(better[left], values[:, left]) > NEAR * tolerance], shorter / 100
    agreements = tuple(_agreement(way, each, central, better, smooth, places, probe.tensor, tolerance) for way, each in grads.items())
    return Checked(probe.layer, probe.name, tuple(probe.tensor.shape), len(places), int((~smooth).sum()) - len(left), agreements)


def _apart(quotients: Tensor, values: Tensor) -> Tensor:
    """Largest distance of the gradients of all ways (W, P) from the quotients (P,)."""
    return (quotients - values).abs().amax(0).nan_to_num(nan=torch.inf)


def _agreement(
    way: str, values: Tensor, central: Tensor, better: Tensor, smooth: Tensor, places: Tensor, tensor: Tensor, tolerance: float
) -> Agreement:
    difference = (better - values).abs().nan_to_num(nan=torch.inf)
    relative = difference / torch.maximum(better.abs(), values.abs()).nan_to_num().clamp(min=LEAST * tolerance)
    wrong = (difference > tolerance) | (relative > SHARE)
    worst = int(difference.argmax())
    where = tuple(int(index) for index in torch.unravel_index(places[worst], tensor.shape))
    plain = (central - values).abs()[smooth]
    return Agreement(way, float(plain.max()) if len(plain) else None, float(difference[worst]), float(relative.max()), where, int(wrong.sum()))
