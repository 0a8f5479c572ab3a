"""Backpropagation by hand: dense networks and their losses in matrix form, with nothing left to autograd."""

from tui_trainer.backprop.losses import LossRule, loss_rule
from tui_trainer.backprop.network import DenseNetwork

__all__ = ["DenseNetwork", "LossRule", "loss_rule"]
