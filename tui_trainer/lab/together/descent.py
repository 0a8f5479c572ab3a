"""Gradient descent of several networks at once, whose gradients go into the weights or momenta without being formed first."""

from collections.abc import Sequence

import torch
from torch import Tensor

from tui_trainer.backprop.stacked import Factor, Gradient, add_times
from tui_trainer.training.optimisers import Optimiser


def column(values: Tensor, like: Tensor) -> Tensor:
    """(M,) as (M, 1, ...), so that it scales each network's part of ``like`` (M, ...)."""
    return values.view(-1, *[1] * (like.dim() - 1))


class Descent:
    """Descent with momentum and weight decay: v = m v + g + decay w, w -= lr v, each factor one for each network.

    The formulas are those of :class:`tui_trainer.training.optimisers.Sgd`, whose velocities become slices of the stacks.
    """

    def __init__(self, optimisers: Sequence[Optimiser], params: list[Tensor]) -> None:
        self.params = params
        first = optimisers[0]
        self.nesterov = first.nesterov
        self.velocity = [torch.stack([optimiser.state["velocity"][place] for optimiser in optimisers]) for place in range(len(params))] if first.momentum else []
        for number, optimiser in enumerate(optimisers if self.velocity else ()):
            optimiser.state["velocity"] = [stack[number] for stack in self.velocity]
        self.momenta = self._factors([optimiser.momentum for optimiser in optimisers])
        self.decays = [optimiser.weight_decay for optimiser in optimisers]
        self.rates: list[float] = []

    def _factors(self, values: Sequence[float]) -> list[Factor]:
        """One for each of the params; a number where it is one for all networks, which costs less."""
        if len(set(values)) == 1:
            return [values[0]] * len(self.params)
        stack = torch.tensor(values, device=self.params[0].device)
        return [column(stack, param) for param in self.params]

    def __call__(self, gradients: Sequence[Gradient], rates: list[float]) -> None:
        """Change the weights by one step, each network's with its learning rate."""
        if rates != self.rates:
            self.rates, self.steps = rates, self._factors([-rate for rate in rates])
            decays = self.decays if self.velocity else [-rate * decay for rate, decay in zip(rates, self.decays, strict=True)]
            self.pulls = self._factors(decays) if any(decays) else []
        for place, (param, gradient) in enumerate(zip(self.params, gradients, strict=True)):
            if self.velocity:
                self._roll(place, param, gradient)
                continue
            if self.pulls:
                add_times(param, param, self.pulls[place])
            gradient(param, self.steps[place])

    def _roll(self, place: int, param: Tensor, gradient: Gradient) -> None:
        velocity, momentum = self.velocity[place], self.momenta[place]
        velocity.mul_(momentum)
        kept = velocity.clone() if self.nesterov else None
        if self.pulls:
            add_times(param, velocity, self.pulls[place])
        gradient(velocity, 1.0)
        direction = velocity
        if kept is not None:  # g + m v, with g as what was added
            direction = velocity - kept
            add_times(velocity, direction, momentum)
        add_times(direction, param, self.steps[place])
