"""One step of training: forward, backward, update; as PyTorch runs it, or compiled into one graph."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value

from tui_trainer.config import ConfigError
from tui_trainer.training.losses import Criterion
from tui_trainer.training.optimisers import Gradients, Optimiser, clip, norm
from tui_trainer.training.world import World


class Stepped(NamedTuple):
    """What a step leaves behind, all still on the device."""

    loss: Tensor
    """0-dim mean over the batch, before the update."""
    logits: Tensor
    """(B, K)"""
    norm: Callable[[], Tensor]
    """The gradients' L2 norm before clipping, 0-dim; ask for it before the next step."""


Step = Callable[[Tensor, Tensor], Stepped]


def norm_of(grads: Gradients, total: Tensor | None) -> Callable[[], Tensor]:
    """``Stepped.norm`` of these gradients: ``total``, where clipping has computed it."""
    return partial(norm, grads) if total is None else lambda: total


def autocast(device: torch.device, precision: str) -> Callable[[], AbstractContextManager[object]]:
    """Makes the context under which layers compute in the precision that ``training.precision`` names."""
    if precision == "bf16":
        return lambda: torch.autocast(device.type, torch.bfloat16)
    return nullcontext


def eager_step(model: nn.Module, criterion: Criterion, optimiser: Optimiser, clip_norm: float | None, device: torch.device, precision: str) -> Step:
    """The step as PyTorch runs it, operator by operator."""
    params = optimiser.params
    update = torch.no_grad()(optimiser.step)
    low = precision == "bf16"

    def step(images: Tensor, targets: Tensor) -> Stepped:
        if low:
            with torch.autocast(device.type, torch.bfloat16):
                logits = model(images).float()
        else:
            logits = model(images)
        loss = criterion(logits, targets)
        grads = torch.autograd.grad(loss, params, materialize_grads=True)  # zeros where a module of the user's leaves weights unused
        total = clip(grads, clip_norm) if clip_norm else None
        update(grads)
        return Stepped(loss.detach(), logits, norm_of(grads, total))

    return step


def shared_step(
    network: nn.Module,
    criterion: Criterion,
    optimiser: Optimiser,
    clip_norm: float | None,
    device: torch.device,
    precision: str,
    world: World,
    counts: Callable[[], tuple[int, int]],
    class_weights: Tensor | None,
) -> Step:
    """The step of one of several processes: its part of the batch, and the gradients of the whole.

    ``network`` is wrapped in DistributedDataParallel, which takes the mean of all processes' gradients; each weighs its loss
    so that this is the gradient of the mean over the whole batch. ``counts`` gives the images of the batch to come: of this
    process and of all. With ``class_weights`` the mean is over weights, not images. ``loss`` is this process's part of the mean.
    """
    params = optimiser.params
    update = torch.no_grad()(optimiser.step)
    context = autocast(device, precision)

    def part(targets: Tensor) -> float | Tensor:
        own, size = counts()
        if class_weights is None or targets.is_floating_point():
            return own / size
        weight = class_weights[targets[:own]].sum()
        return weight / world.sum(weight.clone())

    def step(images: Tensor, targets: Tensor) -> Stepped:
        with context():
            logits = network(images)
        logits = logits.float()
        loss = criterion(logits, targets) * part(targets)
        torch.autograd.backward(loss * world.size)
        grads = [torch.zeros_like(param) if param.grad is None else param.grad for param in params]
        total = clip(grads, clip_norm) if clip_norm else None
        update(grads)
        for param in params:
            param.grad = None
        return Stepped(loss.detach(), logits, norm_of(grads, total))

    return step


def compiled_step(model: nn.Module, criterion: Criterion, optimiser: Optimiser, clip_norm: float | None, device: torch.device, precision: str) -> Step:
    """The step as one compiled graph for batches of one size; others take the eager step.

    Raises ConfigError where nothing can be compiled on this machine.
    """
    names = [name for name, param in model.named_parameters() if param.requires_grad]  # as the optimiser has them
    buffers = dict(model.named_buffers())
    context = autocast(device, precision)
    eager = eager_step(model, criterion, optimiser, clip_norm, device, precision)
    rate = torch.zeros((), device=device)

    def whole(images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        def forward(params: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
            with context():
                logits = functional_call(model, (dict(zip(names, params, strict=True)), buffers), (images,)).float()
            return criterion(logits, targets), logits

        detached = [param.detach() for param in optimiser.params]
        grads, (loss, logits) = grad_and_value(forward, has_aux=True)(detached)
        total = torch.linalg.vector_norm(torch.stack([grad.norm() for grad in grads]))
        if clip_norm:
            scale = torch.clamp(clip_norm / (total + 1e-6), max=1.0)
            grads = [grad * scale for grad in grads]
        with torch.no_grad():
            optimiser.step(grads)
        return loss.detach(), logits.detach(), total

    options: dict[str, Any] | None = {"loop_ordering_after_fusion": False} if device.type == "cuda" else None  # which fails on updates of many tensors (torch 2.11)
    graph = torch.compile(whole, fullgraph=True, dynamic=False, options=options)
    size: list[int] = []

    def step(images: Tensor, targets: Tensor) -> Stepped:
        if not size:
            size.append(len(images))
        if len(images) != size[0]:
            return eager(images, targets)
        wanted = optimiser.lr
        optimiser.lr = wanted if isinstance(wanted, Tensor) else rate.fill_(wanted)
        try:
            loss, logits, total = graph(images, targets)
        except RuntimeError as error:
            raise ConfigError(f"training.compile: this network cannot be compiled here: {_first_line(error)}") from error
        finally:
            optimiser.lr = wanted
        return Stepped(loss, logits, lambda: total)

    return step


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
