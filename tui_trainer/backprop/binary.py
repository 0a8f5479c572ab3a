"""Report A's losses of one probability y in 0..1 and one target t in 0..1, with their derivatives; any shape, by element.

==============  =========================================  ===================================================================
cross-entropy   -t log y - (1-t) log(1-y)                  (y - t) / (y (1 - y)); with y = sigmoid(z): dL/dz = y - t
soft Dice       1 - 2yt / (y + t)                          -2t^2 / (y + t)^2; with y = sigmoid(z), t = 1: (y-1)/(2y) (1-L)^2
focal           -t (1-y)^g log y - (1-t) y^g log(1-y)      t (g (1-y)^(g-1) log y - (1-y)^g/y)
                                                           - (1-t) (g y^(g-1) log(1-y) - y^g/(1-y))
==============  =========================================  ===================================================================

Dice: Milletari et al., V-Net, 2016. Focal: Lin et al., Focal Loss for Dense Object Detection, 2017.
"""

from torch import Tensor


def cross_entropy(y: Tensor, t: Tensor) -> Tensor:
    """Binary cross-entropy."""
    return -t * y.log() - (1 - t) * (1 - y).log()


def cross_entropy_by_logit(y: Tensor, t: Tensor) -> Tensor:
    """dL/dz with y = sigmoid(z)."""
    return y - t


def dice(y: Tensor, t: Tensor) -> Tensor:
    """Soft Dice."""
    return 1 - 2 * y * t / (y + t)


def dice_by_probability(y: Tensor, t: Tensor) -> Tensor:
    """dL/dy."""
    return -2 * t.square() / (y + t).square()


def dice_by_logit(y: Tensor) -> Tensor:
    """dL/dz with y = sigmoid(z) and t = 1, which is (y-1)/(2y) (1-L)^2 with 1 - L = 2y/(y+1)."""
    kept = 2 * y / (y + 1)
    return (y - 1) / (2 * y) * kept.square()


def focal(y: Tensor, t: Tensor, gamma: float) -> Tensor:
    """Binary focal loss."""
    return -t * (1 - y).pow(gamma) * y.log() - (1 - t) * y.pow(gamma) * (1 - y).log()


def focal_by_probability(y: Tensor, t: Tensor, gamma: float) -> Tensor:
    """dL/dy."""
    hit = gamma * (1 - y).pow(gamma - 1) * y.log() - (1 - y).pow(gamma) / y
    miss = gamma * y.pow(gamma - 1) * (1 - y).log() - y.pow(gamma) / (1 - y)
    return t * hit - (1 - t) * miss


def softmax_jacobian(y: Tensor) -> Tensor:
    """dy_i/dz_j of y = softmax(z): y_i (1 - y_i) on the diagonal, -y_i y_j elsewhere; (..., K) to (..., K, K)."""
    return y.diag_embed() - y[..., :, None] * y[..., None, :]
