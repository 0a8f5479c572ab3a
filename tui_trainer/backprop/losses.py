"""Every loss of training/losses.py with its gradient in closed form.

The logits z (B, K) become probabilities y = softmax(z), whose Jacobian is dy_i/dz_j = y_i (1{i=j} - y_j). A loss is given by
u = dL/d(log y) = y dL/dy, which stays finite where dL/dy does not, and the Jacobian turns that into

    dL/dz = u - y sum_k u_k                                    (Bishop, Pattern Recognition and Machine Learning, 2006, 4.106)

With t the target (one-hot, or soft), c the true class, and the mean over the batch of

==============  =================================  ==================================================================
cross-entropy   -sum_k q_k log y_k                 u = -q; plain (q = t): dL/dz = y - t
squared error   sum_k (y_k - t_k)^2                u_k = 2 y_k (y_k - t_k)
soft Dice       1 - 2 y_c/(y_c + 1)                u_c = -2 y_c/(y_c + 1)^2        (Milletari et al., 2016; t = 1)
focal           -(1 - y_c)^g log y_c               u_c = g y_c (1 - y_c)^(g-1) log y_c - (1 - y_c)^g   (Lin et al., 2017)
==============  =================================  ==================================================================

Label smoothing e makes q = (1 - e) t + e/K (Szegedy et al., 2016); class weights w make it w_k times that, and the mean over
images one by their weights w_c (for soft targets it stays the mean over images), as in PyTorch.
"""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from tui_trainer.config import Recipe

LossRule = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Logits (B, K) and targets, int64 (B,) or soft float (B, K), to the 0-dim mean and its gradient (B, K)."""
OfTrueClass = Callable[[Tensor], tuple[Tensor, Tensor]]
"""log y of the true class to the loss l and u = dl/d(log y), of the same shape."""


def loss_rule(recipe: Recipe, class_weights: Tensor | None) -> LossRule:
    """The rule of the loss that the recipe names; ``class_weights`` (K,) or None are those of cross-entropy."""
    match recipe.loss:
        case "cross-entropy":
            if class_weights is None and not recipe.label_smoothing:
                return plain_cross_entropy
            return partial(cross_entropy, weights=class_weights, smoothing=recipe.label_smoothing)
        case "squared-error":
            return squared_error
        case "dice":
            return partial(of_true_class, rule=dice)
        case "focal":
            return partial(of_true_class, rule=partial(focal, gamma=recipe.focal_gamma)) if recipe.focal_gamma else plain_cross_entropy


def one_hot(targets: Tensor, like: Tensor) -> Tensor:
    """Targets as (B, K) of the dtype of ``like``, whether they are class numbers or soft already."""
    return (targets if targets.is_floating_point() else F.one_hot(targets, like.shape[1])).to(like.dtype)


def through_softmax(u: Tensor, y: Tensor) -> Tensor:
    """dL/dz of u = dL/d(log y) and y = softmax(z), all (B, K)."""
    return u - y * u.sum(1, keepdim=True)


def plain_cross_entropy(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy without weights and smoothing: dL/dz = (y - t)/B."""
    if targets.is_floating_point():
        return cross_entropy(logits, targets, None, 0.0)
    log_y = logits.log_softmax(1)
    column, share = targets[:, None], 1 / len(logits)
    loss = log_y.gather(1, column).mean().neg_()
    return loss, log_y.exp_().mul_(share).scatter_add_(1, column, log_y.new_full((1, 1), -share).expand(len(logits), 1))


def cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor | None, smoothing: float) -> tuple[Tensor, Tensor]:
    """Cross-entropy with class weights (K,) and label smoothing."""
    log_y = logits.log_softmax(1)
    wanted = one_hot(targets, logits)
    q = wanted * (1 - smoothing) + smoothing / logits.shape[1]
    total: float | Tensor = len(logits)
    if weights is not None:
        q = q * weights.to(q)
        total = total if targets.is_floating_point() else weights.to(q)[targets].sum()
    return -(q * log_y).sum() / total, through_softmax(-q, log_y.exp()) / total


def squared_error(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Sum over the classes of the squared difference between probability and target."""
    y = logits.softmax(1)
    difference = y - one_hot(targets, logits)
    return difference.square().sum(1).mean(), through_softmax(2 * y * difference, y) / len(logits)


def of_true_class(logits: Tensor, targets: Tensor, rule: OfTrueClass) -> tuple[Tensor, Tensor]:
    """A loss of the true class's probability alone; soft targets weigh what it would be for each class."""
    log_y = logits.log_softmax(1)
    if targets.is_floating_point():
        loss, u = rule(log_y)
        return (loss * targets).sum(1).mean(), through_softmax(u * targets, log_y.exp()) / len(logits)
    column = targets[:, None]
    loss, u = rule(log_y.gather(1, column))
    u = u / len(logits)
    return loss.mean(), log_y.exp_().mul_(-u).scatter_add_(1, column, u)


def dice(log_y: Tensor) -> tuple[Tensor, Tensor]:
    """Soft Dice 1 - 2 y/(y + 1)."""
    y = log_y.exp()
    return 1 - 2 * y / (y + 1), -2 * y / (y + 1).square()


def focal(log_y: Tensor, gamma: float) -> tuple[Tensor, Tensor]:
    """Focal loss -(1 - y)^gamma log y."""
    rest = torch.expm1(log_y).neg_().clamp_(min=torch.finfo(log_y.dtype).tiny)  # 0^(gamma-1) log 1 is 0 in the limit
    power = rest.pow(gamma)
    return -power * log_y, gamma * log_y.exp() * power / rest * log_y - power
