"""Trying a network on a whole split."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tui_trainer.data import DataSet, Preprocess, Source
from tui_trainer.training.batches import mix
from tui_trainer.training.losses import Criterion
from tui_trainer.training.world import ALONE, World

BATCH_BYTES = 16_000_000
"""Bytes of activations of one evaluated batch: larger ones leave a processor's cache and are slower (measured)."""
GPU_BATCH_BYTES = 512_000_000
"""The same on a GPU, which small batches leave idle."""
Precision = Callable[[], AbstractContextManager[object]]
Each = Callable[[Tensor, Tensor], None]
"""Told the logits, float32 (B, K), and labels, int64 (B,), of every batch, in order."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a network makes of a split."""

    split: str
    loss: float
    accuracy: float
    """0..1"""
    confusion: list[list[int]]
    """Counts, rows true class, columns predicted class."""
    classes: tuple[str, ...]
    images: int
    seconds: float


def evaluation_batch(values: int, device: torch.device) -> int:
    """How many images to evaluate at once, by the values that one image's forward pass makes."""
    return max(32, min(4096, (BATCH_BYTES if device.type == "cpu" else GPU_BATCH_BYTES) // (4 * max(values, 1))))


def evaluation_sample(data: DataSet, images: int, seed: int) -> Tensor | None:
    """Indices of the fixed sample of training images that is evaluated; None for all of them."""
    if images >= len(data.train):
        return None
    draw = torch.Generator().manual_seed(mix(seed, 3))
    return torch.randperm(len(data.train), generator=draw)[:images].sort().values.to(data.train.labels.device)


def shifted_mean(model: nn.Module, images: Tensor, shifts: int) -> Tensor:
    """Log of the mean probability over the images moved by -s, 0 and s pixels either way, s = ``shifts``: (B, K)."""
    if not shifts:
        logits: Tensor = model(images)
        return logits
    moves = [(0, 0)] + [(dy * shifts, dx * shifts) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]
    total = None
    for dy, dx in moves:
        probability = model(_moved(images, dy, dx)).float().softmax(1)
        total = probability if total is None else total + probability
    assert total is not None
    mean: Tensor = total / len(moves)
    return mean.log()


def _own_batches(order: Tensor, batch_size: int, world: World) -> Tensor:
    """Those of the images ``order`` that fall into this process's batches: the batches are those of one process."""
    return torch.cat([order[:0], *torch.split(order, batch_size)[world.rank :: world.size]])


def _moved(images: Tensor, dy: int, dx: int) -> Tensor:
    """Images moved by whole pixels; the border repeats."""
    height, width = images.shape[2:]
    rows = torch.arange(height, device=images.device).sub_(dy).clamp_(0, height - 1)
    columns = torch.arange(width, device=images.device).sub_(dx).clamp_(0, width - 1)
    moved: Tensor = images[:, :, rows][:, :, :, columns]
    return moved.contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def evaluate(
    model: nn.Module,
    source: Source,
    preprocess: Preprocess,
    criterion: Criterion,
    classes: tuple[str, ...],
    split: str,
    *,
    order: Tensor | None = None,
    batch_size: int = 1024,
    shifts: int = 0,
    channels_last: bool = False,
    precision: Precision,
    each: Each | None = None,
    world: World = ALONE,
) -> Evaluation:
    """Loss, accuracy and confusion matrix over ``source`` (or its images ``order``). Leaves the model in training mode as it was.

    Several processes take turns at the batches, and all get the figures of the whole.
    """
    began = time.perf_counter()
    was_training = model.training
    model.eval()
    count, total = len(classes), 0
    device = source.labels.device
    loss = torch.zeros((), dtype=torch.float64, device=device if device.type != "mps" else "cpu")
    pairs = torch.zeros(count * count, dtype=torch.int64, device=device)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    if not world.alone:
        order = _own_batches(torch.arange(len(source)) if order is None else order, batch_size, world)
    for images, labels in source.chunks(order, 0, batch_size):
        with precision():
            logits = shifted_mean(model, preprocess(images).contiguous(memory_format=layout), shifts).float()
        loss += criterion(logits, labels).to(loss) * len(labels)
        pairs += torch.bincount(labels * count + logits.argmax(1), minlength=count * count)
        total += len(labels)
        if each:
            each(logits, labels)
    model.train(was_training)
    if not world.alone:
        together = world.sum(torch.cat((loss.view(1).to(torch.float64), pairs.to(torch.float64))))
        loss, pairs = together[0], together[1:].round().long()
        total = int(pairs.sum())
    confusion = pairs.view(count, count).tolist()
    hits = sum(row[number] for number, row in enumerate(confusion))
    mean = float(loss) / total if total else 0.0
    return Evaluation(split, mean, hits / total if total else 0.0, confusion, classes, total, time.perf_counter() - began)
