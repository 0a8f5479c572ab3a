"""How gradients change the weights: the update rules of torch.optim, without its classes.

The formulas are those of ``torch.optim``'s multi-tensor implementations, and tests hold each against its original.
Constructing a ``torch.optim`` class imports TorchDynamo (0.9 s and 150 MB), and its ``step`` costs a small network
5 to 10 % of its speed; these do neither. ``lr`` may be a float or a 0-dim tensor (so that a compiled step need not
be compiled again when it changes).
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from tui_trainer.config import Recipe

Gradients = list[Tensor] | tuple[Tensor, ...]


class Optimiser:
    """Weights, their state, and the settings of one update rule."""

    slots: tuple[str, ...] = ()
    """Names of the tensors kept for each weight."""

    def __init__(self, params: Sequence[Tensor], recipe: Recipe) -> None:
        self.params = list(params)
        self.lr: float | Tensor = recipe.learning_rate
        self.steps = torch.zeros(())
        self.state = {name: [torch.zeros_like(param, memory_format=torch.preserve_format) for param in params] for name in self.slots}
        self.configure(recipe)

    def configure(self, recipe: Recipe) -> None:
        """Take the settings of a recipe (a new stage) and keep the state."""
        self.weight_decay = recipe.weight_decay
        self.momentum = recipe.momentum
        self.nesterov = recipe.nesterov
        self.betas = recipe.betas
        self.smoothing = recipe.smoothing
        self.epsilon = recipe.epsilon

    def decayed(self, grads: Gradients) -> Gradients:
        """The gradients of the loss with the L2 penalty."""
        return torch._foreach_add(grads, self.params, alpha=self.weight_decay) if self.weight_decay else grads

    def descend(self, directions: Gradients) -> None:
        """params -= lr * directions."""
        if isinstance(self.lr, Tensor):
            torch._foreach_sub_(self.params, torch._foreach_mul(directions, self.lr))
        else:
            torch._foreach_add_(self.params, directions, alpha=-self.lr)

    def step(self, grads: Gradients) -> None:
        """Change the weights by one step (call it without gradient recording)."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"steps": self.steps, "state": self.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what :meth:`state_dict` gave."""
        self.steps.copy_(state["steps"])
        for name, tensors in state["state"].items():  # one that was kept for an earlier stage too; what a fork newly keeps stays fresh
            ours = self.state.setdefault(name, [torch.zeros_like(param, memory_format=torch.preserve_format) for param in self.params])
            for tensor, saved in zip(ours, tensors, strict=True):
                tensor.copy_(saved)


class Sgd(Optimiser):
    """Plain descent, or with momentum: v = m v + g, w -= lr v (Nesterov: w -= lr (g + m v))."""

    def __init__(self, params: Sequence[Tensor], recipe: Recipe) -> None:
        self.slots = ("velocity",) if recipe.momentum else ()
        super().__init__(params, recipe)

    def configure(self, recipe: Recipe) -> None:
        super().configure(recipe)
        if recipe.momentum and "velocity" not in self.state:
            self.state["velocity"] = [torch.zeros_like(param, memory_format=torch.preserve_format) for param in self.params]
            self.slots = ("velocity",)

    def step(self, grads: Gradients) -> None:
        grads = self.decayed(grads)
        if self.momentum:
            velocity = self.state["velocity"]
            torch._foreach_mul_(velocity, self.momentum)
            torch._foreach_add_(velocity, grads)
            grads = torch._foreach_add(grads, velocity, alpha=self.momentum) if self.nesterov else velocity
        self.descend(grads)


class Adam(Optimiser):
    """Adam (Kingma and Ba, 2015), weight decay as an L2 penalty."""

    slots = ("mean", "square")

    def step(self, grads: Gradients) -> None:
        self.moments(self.decayed(grads))

    def moments(self, grads: Gradients) -> None:
        """Update both means and descend along their bias-corrected ratio."""
        mean, square = self.state["mean"], self.state["square"]
        beta1, beta2 = self.betas
        self.steps.add_(1)
        torch._foreach_lerp_(mean, grads, 1 - beta1)
        torch._foreach_mul_(square, beta2)
        torch._foreach_addcmul_(square, grads, grads, 1 - beta2)
        root = torch._foreach_sqrt(square)
        if isinstance(self.lr, Tensor):
            torch._foreach_div_(root, (1 - beta2**self.steps).sqrt())
            torch._foreach_add_(root, self.epsilon)
            torch._foreach_mul_(root, 1 - beta1**self.steps)
            self.descend(torch._foreach_div(mean, root))
        else:
            count = float(self.steps)
            torch._foreach_div_(root, (1 - beta2**count) ** 0.5)
            torch._foreach_add_(root, self.epsilon)
            torch._foreach_addcdiv_(self.params, mean, root, -self.lr / (1 - beta1**count))


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    def step(self, grads: Gradients) -> None:
        if self.weight_decay:
            torch._foreach_mul_(self.params, 1 - self.lr * self.weight_decay)
        self.moments(grads)


class RmsProp(Optimiser):
    """RMSprop (Tieleman and Hinton, 2012), with momentum if asked."""

    slots = ("square", "velocity")

    def step(self, grads: Gradients) -> None:
        grads = self.decayed(grads)
        square = self.state["square"]
        torch._foreach_mul_(square, self.smoothing)
        torch._foreach_addcmul_(square, grads, grads, 1 - self.smoothing)
        root = torch._foreach_sqrt(square)
        torch._foreach_add_(root, self.epsilon)
        directions = torch._foreach_div(grads, root)
        if self.momentum:
            velocity = self.state["velocity"]
            torch._foreach_mul_(velocity, self.momentum)
            torch._foreach_add_(velocity, directions)
            directions = tuple(velocity)
        self.descend(directions)


class Adagrad(Optimiser):
    """Adagrad (Duchi et al., 2011)."""

    slots = ("square",)

    def step(self, grads: Gradients) -> None:
        grads = self.decayed(grads)
        square = self.state["square"]
        torch._foreach_addcmul_(square, grads, grads)
        root = torch._foreach_sqrt(square)
        torch._foreach_add_(root, self.epsilon)
        self.descend(torch._foreach_div(grads, root))


OPTIMISERS: dict[str, type[Optimiser]] = {"sgd": Sgd, "adam": Adam, "adamw": AdamW, "rmsprop": RmsProp, "adagrad": Adagrad}


def make_optimiser(params: Sequence[Tensor], recipe: Recipe) -> Optimiser:
    """The update rule that the recipe names, with fresh state."""
    return OPTIMISERS[recipe.optimiser](params, recipe)


def norm(tensors: Gradients) -> Tensor:
    """L2 norm over all values of all tensors, 0-dim."""
    total: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(tensors)))
    return total


def clip(grads: Gradients, limit: float) -> Tensor:
    """Scale gradients in place so that their norm is at most ``limit``; returns the norm before."""
    total = norm(grads)
    torch._foreach_mul_(grads, torch.clamp(limit / (total + 1e-6), max=1.0))
    return total
