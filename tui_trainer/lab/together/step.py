"""One batched step for several networks of one shape: forward, backward and update of all of them at once."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from tui_trainer.backprop import loss_rule
from tui_trainer.backprop.losses import plain_cross_entropy
from tui_trainer.backprop.stacked import StackedNetworks
from tui_trainer.config import Recipe
from tui_trainer.lab.together.member import Batch
from tui_trainer.training.loop import Loop
from tui_trainer.training.losses import class_weights
from tui_trainer.training.optimisers import Optimiser, Sgd
from tui_trainer.training.steps import Stepped

StackedRule = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Logits (M, B, K) and targets (M, B) or soft (M, B, K) to the mean of each network (M,) and its gradient (M, B, K)."""


class SteppedTogether(NamedTuple):
    """What a step of M loops leaves behind."""

    losses: Tensor
    """(M,)"""
    logits: Tensor
    """(M, B, K)"""
    grads: list[Tensor]
    """(M, ...) each."""
    norms: Tensor | None
    """(M,), before clipping."""

    def of(self, place: int) -> Stepped:
        """One loop's part."""
        return Stepped(self.losses[place], self.logits[place], [grad[place] for grad in self.grads], None if self.norms is None else self.norms[place])


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
        self.descend = _Descent(optimisers, self.networks.params) if isinstance(first.optimiser, Sgd) else _one_by_one(optimisers)

    @torch.no_grad()
    def __call__(self, batches: Sequence[Batch]) -> SteppedTogether:
        """One batch for each loop, all of one size."""
        for loop, batch in zip(self.loops, batches, strict=True):
            loop.optimiser.lr = batch.rate
        logits, trace = self.networks.forward(self._rows([batch.images for batch in batches]))
        losses, slopes = self.rule(logits, torch.stack([batch.targets for batch in batches]))
        grads = self.networks.backward(slopes, trace)
        norms = _clip(grads, self.limit) if self.limit else None
        self.descend(grads)
        return SteppedTogether(losses, logits, grads, norms)

    def _rows(self, images: Sequence[Tensor]) -> Tensor:
        """The images ready for the first layer: (M, B, N), or (B, N) where all are shown the same."""
        shared = all(each.data_ptr() == images[0].data_ptr() for each in images)
        if images[0].dim() == 1:
            places = images[0] if shared else torch.cat(list(images))
            read = self.data.train.read(places)[0]
            rows = (read.to(torch.float32) if self.scaled else self.data.preprocess(read)).flatten(1)
            return rows if shared else rows.view(len(images), len(images[0]), -1)
        return images[0].flatten(1) if shared else torch.stack([each.flatten(1) for each in images])


def stacked_rule(recipe: Recipe, weights: Tensor | None) -> StackedRule:
    """The rule of the recipe's loss for several networks at once."""
    rule = loss_rule(recipe, weights)

    def one_by_one(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        found = [rule(*each) for each in zip(logits, targets, strict=True)]
        return torch.stack([loss for loss, _ in found]), torch.stack([slope for _, slope in found])

    def cross_entropy(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        if targets.is_floating_point():
            return one_by_one(logits, targets)
        members, batch, classes = logits.shape
        log_y = logits.reshape(-1, classes).log_softmax(1)
        column, share = targets.view(-1, 1), 1 / batch
        losses = log_y.gather(1, column).view(members, batch).mean(1).neg_()
        slopes = log_y.exp_().mul_(share).scatter_add_(1, column, log_y.new_full((1, 1), -share).expand(len(log_y), 1))
        return losses, slopes.view(members, batch, classes)

    return cross_entropy if rule is plain_cross_entropy else one_by_one


def _clip(grads: list[Tensor], limit: float) -> Tensor:
    """Scale each network's gradients in place so that their norm is at most ``limit``; returns the norms before (M,)."""
    norms: Tensor = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(grad.flatten(1), dim=1) for grad in grads]), dim=0)
    scale = torch.clamp(limit / (norms + 1e-6), max=1.0)
    for grad in grads:
        grad.mul_(_column(scale, grad))
    return norms


def _column(values: Tensor, like: Tensor) -> Tensor:
    """(M,) as (M, 1, ...), so that it scales each network's part of ``like`` (M, ...)."""
    return values.view(-1, *[1] * (like.dim() - 1))


def _one_by_one(optimisers: Sequence[Optimiser]) -> Callable[[list[Tensor]], None]:
    """Each network by its own update rule, on its slices of the stacks."""

    def descend(grads: list[Tensor]) -> None:
        for place, optimiser in enumerate(optimisers):
            optimiser.step([grad[place] for grad in grads])

    return descend


class _Descent:
    """Gradient descent with momentum for all at once: v = m v + g + decay w, w -= lr v, each factor one for each network.

    The formulas are those of :class:`tui_trainer.training.optimisers.Sgd`, whose velocities become slices of the stacks.
    """

    def __init__(self, optimisers: Sequence[Optimiser], params: list[Tensor]) -> None:
        self.optimisers, self.params = optimisers, params
        first = optimisers[0]
        self.nesterov = first.nesterov
        self.velocity = [torch.stack([optimiser.state["velocity"][place] for optimiser in optimisers]) for place in range(len(params))] if first.momentum else []
        for number, optimiser in enumerate(optimisers if self.velocity else ()):
            optimiser.state["velocity"] = [stack[number] for stack in self.velocity]
        self.momentum = self._factors([optimiser.momentum for optimiser in optimisers])
        decays = [optimiser.weight_decay for optimiser in optimisers]
        self.decay = self._factors(decays) if any(decays) else None
        self.rates: list[float] = []

    def _factors(self, values: Sequence[float]) -> list[Tensor]:
        stack = torch.tensor(values, device=self.params[0].device)
        return [_column(stack, param) for param in self.params]

    def __call__(self, grads: list[Tensor]) -> None:
        rates = [float(optimiser.lr) for optimiser in self.optimisers]
        if rates != self.rates:
            self.rates, self.factors = rates, self._factors([-rate for rate in rates])
        if self.decay:
            grads = [grad.addcmul(param, decay) for grad, param, decay in zip(grads, self.params, self.decay, strict=True)]
        if self.velocity:
            for velocity, momentum, grad in zip(self.velocity, self.momentum, grads, strict=True):
                torch.addcmul(grad, velocity, momentum, out=velocity)
            grads = [grad.addcmul(velocity, momentum) for grad, velocity, momentum in zip(grads, self.velocity, self.momentum, strict=True)] if self.nesterov else self.velocity
        for param, grad, factor in zip(self.params, grads, self.factors, strict=True):
            param.addcmul_(grad, factor)
