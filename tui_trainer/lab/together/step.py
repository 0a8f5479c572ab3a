"""One batched step for several networks of one shape: forward, backward and update of all of them at once."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial

import torch
from torch import Tensor

from tui_trainer.backprop import loss_rule
from tui_trainer.backprop.losses import plain_cross_entropy
from tui_trainer.backprop.stacked import Gradient, StackedNetworks, add_times, formed
from tui_trainer.config import Recipe
from tui_trainer.lab.together.descent import Descent, column
from tui_trainer.lab.together.member import Stretch, Taken
from tui_trainer.training.loop import Loop
from tui_trainer.training.losses import class_weights
from tui_trainer.training.optimisers import Optimiser, Sgd
from tui_trainer.training.steps import Stepped

StackedRule = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Logits (M, K, B) and targets (M, B) or soft (M, B, K) to the mean of each network (M,) and its gradient (M, K, B)."""

Norms = Callable[[], Tensor]
"""The norms of the networks' gradients before clipping, (M,); to be asked for before the next step."""


class StackedStep:
    """The batched step of some loops, whose weights and momenta lie in stacks that all of them share."""

    def __init__(self, loops: Sequence[Loop], generators: Sequence[torch.Generator]) -> None:
        """All loops have the same stage, recipe (but for learning rate, momentum and weight decay) and device."""
        self.loops = loops
        self.data = loops[0].data
        first, recipe = loops[0], loops[0].recipe
        self.networks = StackedNetworks(first.prepared.config.network.layers, [loop.model for loop in loops], generators)
        factor = None if self.data.augment else self.data.preprocess.factor
        self.scaled = factor is not None and self.networks.scale_by(factor)
        self.rule = stacked_rule(recipe, class_weights(recipe, first.data.class_counts, first.device))
        self.limit = recipe.clip_norm
        optimisers = [loop.optimiser for loop in loops]
        self.descend = Descent(optimisers, self.networks.params) if isinstance(first.optimiser, Sgd) else partial(_one_by_one, optimisers, self.networks.params)

    @torch.no_grad()
    def __call__(self, stretches: Sequence[Stretch]) -> list[Taken]:
        """The steps of a stretch for each loop, all of one size; what becomes of each loop's."""
        targets = torch.stack([stretch.targets for stretch in stretches], 1)
        losses = []
        for x, wanted, *rates in zip(self._columns([stretch.images for stretch in stretches]), targets, *(stretch.rates for stretch in stretches), strict=True):
            loss, logits, norms = self._step(x, wanted, rates)
            losses.append(loss)
        ends = zip(torch.stack(losses, 1), losses[-1], logits.transpose(1, 2), range(len(stretches)), strict=True)
        return [Taken(own, Stepped(loss, rows, partial(_norm_of, norms, place))) for own, loss, rows, place in ends]

    def _step(self, x: Tensor, targets: Tensor, rates: list[float]) -> tuple[Tensor, Tensor, Norms]:
        logits, trace = self.networks.forward(x)
        losses, slopes = self.rule(logits, targets)
        gradients, params = self.networks.backward(slopes, trace), self.networks.params
        if self.limit:
            grads = formed(gradients, params)
            total = _clip(grads, self.limit)
            self.descend([partial(add_times, grad) for grad in grads], rates)
            return losses, logits, lambda: total
        self.descend(gradients, rates)
        return losses, logits, cache(lambda: _norms(formed(gradients, params)))

    def _columns(self, images: Sequence[Tensor]) -> Iterator[Tensor]:
        """Each loop's images (S, B, ...) as the first layer wants them in each of the steps: (M, N, B), or (N, B) where all are shown the same."""
        shared = all(each.data_ptr() == images[0].data_ptr() for each in images)
        if images[0].dim() == 2:
            for places in images[0] if shared else torch.stack(list(images), 1):
                read = self.data.train.read(places.flatten())[0]
                rows = (read.to(torch.float32) if self.scaled else self.data.preprocess(read)).flatten(1)
                yield rows.view(*places.shape, -1).transpose(-1, -2)
            return
        for each in images[0] if shared else map(torch.stack, zip(*images, strict=True)):
            yield each.flatten(each.dim() - 3).transpose(-1, -2)


def stacked_rule(recipe: Recipe, weights: Tensor | None) -> StackedRule:
    """The rule of the recipe's loss for several networks at once."""
    rule = loss_rule(recipe, weights)

    def one_by_one(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        found = [rule(*each) for each in zip(logits.transpose(1, 2), targets, strict=True)]
        return torch.stack([loss for loss, _ in found]), torch.stack([slope.t() for _, slope in found])

    def cross_entropy(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        if targets.is_floating_point():
            return one_by_one(logits, targets)
        log_y = logits.log_softmax(1)
        row, share = targets.unsqueeze(1), 1 / targets.shape[1]
        losses = log_y.gather(1, row).sum((1, 2)).mul_(-share)
        return losses, log_y.exp_().mul_(share).scatter_add_(1, row, log_y.new_full((1, 1, 1), -share).expand(row.shape))

    return cross_entropy if rule is plain_cross_entropy else one_by_one


def _norm_of(norms: Norms, place: int) -> Tensor:
    return norms()[place]


def _norms(grads: list[Tensor]) -> Tensor:
    """Each network's norm over all its gradients (M,)."""
    found: Tensor = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(grad.flatten(1), dim=1) for grad in grads]), dim=0)
    return found


def _clip(grads: list[Tensor], limit: float) -> Tensor:
    """Scale each network's gradients in place so that their norm is at most ``limit``; returns the norms before (M,)."""
    norms = _norms(grads)
    scale = torch.clamp(limit / (norms + 1e-6), max=1.0)
    for grad in grads:
        grad.mul_(column(scale, grad))
    return norms


def _one_by_one(optimisers: Sequence[Optimiser], params: list[Tensor], gradients: Sequence[Gradient], rates: Sequence[float]) -> None:
    """Each network by its own update rule, on its slices of the stacks."""
    grads = formed(gradients, params)
    for place, (optimiser, rate) in enumerate(zip(optimisers, rates, strict=True)):
        optimiser.lr = rate
        optimiser.step([grad[place] for grad in grads])
