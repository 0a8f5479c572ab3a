"""Batch normalisation over the images of all processes, so that their number changes nothing.

PyTorch's own SyncBatchNorm does so on GPUs only; on CPUs these layers take its place.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from tui_trainer.training.world import World


def share_batch_norm(model: nn.Module, device: torch.device, world: World) -> None:
    """Make the network's batch normalisation take its statistics over all processes, while training.

    The layers stay the objects that they are, as networks may hold them in other places than their list of children.
    """
    if world.alone:
        return
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            if device.type == "cuda":
                module.process_group = None  # type: ignore[assignment]
                module.__class__ = nn.SyncBatchNorm  # type: ignore[assignment]
            else:
                module.world = world  # type: ignore[assignment]
                module.__class__ = SharedBatchNorm  # type: ignore[assignment]


class SharedBatchNorm(_BatchNorm):
    """Batch normalisation whose batch is that of all processes."""

    world: World

    def _check_input_dim(self, input: Tensor) -> None:
        return

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, ...) normalised per channel; with the running statistics while evaluating."""
        if not self.training:
            return super().forward(input)
        normalised, mean, variance, count = _Normalise.apply(input, self.eps, self.world)
        if self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None:
            with torch.no_grad():
                self.num_batches_tracked.add_(1)
                momentum = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
                self.running_mean.lerp_(mean, momentum)
                self.running_var.lerp_(variance * (count / (count - 1).clamp(min=1)), momentum)
        if self.weight is None:
            return normalised.to(input.dtype)
        shape = (1, -1) + (1,) * (input.dim() - 2)
        return torch.addcmul(self.bias.view(shape), normalised, self.weight.view(shape)).to(input.dtype)


class _Normalise(torch.autograd.Function):
    """(x - mean) / sqrt(variance + eps) over all dimensions but the channels', and over all processes."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, eps: float, world: World) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        values = input.float()
        dims = [0, *range(2, input.dim())]
        shape = (1, -1) + (1,) * (input.dim() - 2)
        own = torch.tensor([float(values.numel() // values.shape[1])])
        variance, mean = torch.var_mean(values, dims, correction=0)
        # Means and squared deviations of the parts combined (Chan, Golub and LeVeque, 1979): sums of squares would lose digits.
        parts = torch.zeros(world.size, 2 * len(mean) + 1)
        parts[world.rank] = torch.cat((mean, variance, own))
        world.sum(parts)
        counts = parts[:, -1:]
        means, variances = parts[:, :-1].chunk(2, 1)
        count = counts.sum()
        mean = (counts * means).sum(0) / count
        variance = (counts * (variances + (means - mean).square())).sum(0) / count
        inverse = (variance + eps).rsqrt()
        normalised = (values - mean.view(shape)) * inverse.view(shape)
        ctx.save_for_backward(normalised, inverse, count)
        ctx.world, ctx.dims, ctx.view, ctx.dtype = world, dims, shape, input.dtype
        ctx.mark_non_differentiable(mean, variance, count)
        return normalised, mean, variance, count

    @staticmethod
    def backward(ctx: Any, grad: Tensor, *_others: Tensor) -> tuple[Tensor, None, None]:
        normalised, inverse, count = ctx.saved_tensors
        grad = grad.float()
        sums = ctx.world.sum(torch.stack((grad.sum(ctx.dims), (grad * normalised).sum(ctx.dims)))) / count
        wanted = (grad - sums[0].view(ctx.view) - normalised * sums[1].view(ctx.view)) * inverse.view(ctx.view)
        return wanted.to(ctx.dtype), None, None
