"""The step of training with gradients by hand (``training.gradients = "manual"``): autograd has no part in it."""

import torch
from torch import Tensor, nn

from tui_trainer.backprop import DenseNetwork, loss_rule
from tui_trainer.config import Network, Recipe
from tui_trainer.training.losses import class_weights
from tui_trainer.training.optimisers import Optimiser, clip
from tui_trainer.training.steps import Step, Stepped, norm_of


def manual_step(network: Network, recipe: Recipe, class_counts: Tensor, model: nn.Module, optimiser: Optimiser, device: torch.device) -> Step:
    """Forward and backward written out, then the optimiser, on the weights of ``model``; float32 only."""
    dense = DenseNetwork(network.layers, model)
    rule = loss_rule(recipe, class_weights(recipe, class_counts, device))
    limit = recipe.clip_norm

    @torch.no_grad()
    def step(images: Tensor, targets: Tensor) -> Stepped:
        logits, trace = dense.forward(images)
        loss, slope = rule(logits, targets)
        grads = dense.backward(slope, trace)
        total = clip(grads, limit) if limit else None
        optimiser.step(grads)
        return Stepped(loss, logits, norm_of(grads, total))

    return step
