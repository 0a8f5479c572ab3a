"""What is minimised: functions of logits (B, K) and targets, int64 (B,) or soft float (B, K), to a 0-dim mean.

With y the softmax of the logits and c the true class:

- cross-entropy: -log y_c (label smoothing e: the target is 1 - e + e/K at c and e/K elsewhere)
- squared error: sum over classes of (y - t)^2, t the one-hot target
- soft Dice on the true class: 1 - 2 y_c / (y_c + 1), the report's 1 - 2yt/(y + t) at t = 1 (Milletari et al., 2016)
- focal: -(1 - y_c)^g log y_c (Lin et al., 2017); g = 0 is cross-entropy exactly
"""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from tui_trainer.config import ConfigError, Recipe

Criterion = Callable[[Tensor, Tensor], Tensor]


def make_loss(recipe: Recipe, class_counts: Tensor, device: torch.device, dtype: torch.dtype = torch.float32) -> Criterion:
    """The loss that the recipe names, for logits of ``dtype``; ``class_counts`` (K,) of the training images serve balanced class weights.

    Raises ConfigError where a list of class weights has the wrong length.
    """
    match recipe.loss:
        case "cross-entropy":
            weights = class_weights(recipe, class_counts, device, dtype)
            return partial(F.cross_entropy, weight=weights, label_smoothing=recipe.label_smoothing)
        case "squared-error":
            return squared_error
        case "dice":
            return dice
        case "focal":
            return partial(focal, gamma=recipe.focal_gamma)


def class_weights(recipe: Recipe, class_counts: Tensor, device: torch.device, dtype: torch.dtype = torch.float32) -> Tensor | None:
    """One weight a class (K,), or None for all the same; balanced is N / (K n_k), as scikit-learn's."""
    if recipe.class_weights == "none":
        return None
    if recipe.class_weights == "balanced":
        counts = class_counts.to(dtype)
        return (counts.sum() / (len(counts) * counts.clamp(min=1))).to(device)
    if len(recipe.class_weights) != len(class_counts):
        raise ConfigError(f"training.class_weights: {len(recipe.class_weights)} weights are given, but the data has {len(class_counts)} classes")
    return torch.tensor(recipe.class_weights, dtype=dtype, device=device)


def one_hot(targets: Tensor, classes: int) -> Tensor:
    """Targets as float (B, K), whether they are class numbers or soft already."""
    return targets if targets.is_floating_point() else F.one_hot(targets, classes).to(torch.float32)


def squared_error(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean over the batch of sum_k (softmax(z)_k - t_k)^2."""
    difference = logits.softmax(1) - one_hot(targets, logits.shape[1])
    return difference.square().sum(1).mean()


def _true_log_probability(logits: Tensor, targets: Tensor) -> Tensor:
    """log y_c of each image (B,), or for soft targets of every class (B, K)."""
    log_probability = logits.log_softmax(1)
    return log_probability if targets.is_floating_point() else log_probability.gather(1, targets[:, None]).squeeze(1)


def dice(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean over the batch of 1 - 2 y_c / (y_c + 1); soft targets weigh the classes."""
    probability = _true_log_probability(logits, targets).exp()
    loss = 1 - 2 * probability / (probability + 1)
    return (loss * targets).sum(1).mean() if targets.is_floating_point() else loss.mean()


def focal(logits: Tensor, targets: Tensor, gamma: float) -> Tensor:
    """Mean over the batch of -(1 - y_c)^gamma log y_c; soft targets weigh the classes."""
    if gamma == 0:
        return F.cross_entropy(logits, targets)
    log_probability = _true_log_probability(logits, targets)
    loss = -torch.expm1(log_probability).neg().clamp(min=0).pow(gamma) * log_probability
    return (loss * targets).sum(1).mean() if targets.is_floating_point() else loss.mean()
