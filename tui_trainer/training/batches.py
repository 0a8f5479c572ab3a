"""The batches of an epoch: a fixed order for each seed and epoch, from any position in it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from tui_trainer.data import DataSet
from tui_trainer.training.plan import batches_in
from tui_trainer.training.world import ALONE, World

CHUNK_BYTES = 1_600_000
"""Float bytes prepared in one go: several small batches at once are cheaper, up to what the cache holds (measured)."""
MAX_BATCHES = 16
GPU_CHUNK_BYTES = 64_000_000
GPU_MAX_BATCHES = 128
"""On a GPU the fewer kernels the better."""


def mix(*numbers: int) -> int:
    """One seed in 0..2^63 from several numbers (SplitMix64 steps), so that nearby seeds are unrelated."""
    state = 0x9E3779B97F4A7C15
    for number in numbers:
        state = (state ^ number) * 0xBF58476D1CE4E5B9 % 2**64
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB % 2**64
        state ^= state >> 31
    return state >> 1


@dataclass(slots=True)
class Position:
    """Where in the data training stands."""

    epoch: int = 0
    """Complete passes so far."""
    seen: int = 0
    """Images of the current pass that were used (or left out as a last small batch)."""
    origin: int = 0
    """Where in the current pass the grid of chunks begins: 0, or where the batch size last changed."""


class Batches:
    """Batches of normalised, augmented images (B, C, H, W) and their targets, in the order that the seed gives.

    Everything random is drawn from (seed, epoch, place in the epoch) alone, so any position can be gone on from, and any number
    of processes takes the same batches, each of them its part.
    """

    def __init__(self, data: DataSet, seed: int, shuffle: bool, channels_last: bool, world: World = ALONE) -> None:
        self.data, self.seed, self.shuffle = data, seed, shuffle
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.images = len(data.train)
        self.world = world
        self.generator = torch.Generator(device=data.train.labels.device)

    def order(self, epoch: int) -> Tensor | None:
        """Indices of all training images in the order of this pass; None: as they lie."""
        if not self.shuffle:
            return None
        draw = torch.Generator().manual_seed(mix(self.seed, 1, epoch))
        return torch.randperm(self.images, generator=draw).to(self.data.train.labels.device)

    def rest_of_epoch(self, position: Position, batch_size: int, smallest: int = 1) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches from ``position`` to the end of its pass; the caller moves the position on.

        A last batch of fewer than ``smallest`` images is left out. Of several processes each gets its part of every batch;
        where a last batch has none for it, one image that is not to count.
        """
        if not self.world.alone and self.data.augment is None:
            yield from self._own_parts(position, batch_size, smallest)
            return
        for ready, targets in self.rest_of_chunks(position, batch_size):
            for piece, target in zip(torch.split(ready, batch_size), torch.split(targets, batch_size), strict=True):
                if len(piece) >= smallest:
                    yield (piece, target) if self.world.alone else (self._part(piece), self._part(target))

    def rest_of_chunks(self, position: Position, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The images from ``position`` to the end of its pass, ready for the network, some batches at a time."""
        chunk = self._batches_at_once(batch_size) * batch_size
        start = position.origin + (position.seen - position.origin) // chunk * chunk
        skip = position.seen - start
        for ready, targets in self.chunks(position.epoch, start, chunk):
            yield ready[skip:], targets[skip:]
            skip = 0

    def _batches_at_once(self, batch_size: int) -> int:
        values = self.data.shape[0] * self.data.shape[1] * self.data.shape[2]
        most, room = (MAX_BATCHES, CHUNK_BYTES) if self.generator.device.type == "cpu" else (GPU_MAX_BATCHES, GPU_CHUNK_BYTES)
        return max(1, min(most, room // (4 * values * batch_size)))

    def chunks(self, epoch: int, start: int, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The pass from image ``start`` on, ``size`` images at a time, ready for the network."""
        for images, labels in self.data.train.chunks(self.order(epoch), start, size):
            yield self.prepared(images, labels, epoch, start)
            start += len(images)

    def _part(self, batch: Tensor) -> Tensor:
        """This process's part of a batch, at least one image."""
        first, count = self.world.share(len(batch))
        return batch[first : first + count] if count else batch[:1]

    def _own_parts(self, position: Position, batch_size: int, smallest: int) -> Iterator[tuple[Tensor, Tensor]]:
        """What :meth:`rest_of_epoch` yields, where images need not be changed together: no other process's part is read."""
        order = self.order(position.epoch)
        rest = (torch.arange(self.images) if order is None else order)[position.seen :]
        whole = len(rest) // batch_size
        first, count = self.world.share(batch_size)
        mine = rest[: whole * batch_size].view(whole, batch_size)[:, first : first + count].reshape(-1)
        last = rest[whole * batch_size :]
        if len(last) >= max(smallest, 1):
            mine = torch.cat((mine, self._part(last)))
        for images, labels in self.data.train.chunks(mine, 0, self._batches_at_once(batch_size) * count):
            ready = self.data.preprocess(images).contiguous(memory_format=self.layout)
            yield from zip(torch.split(ready, count), torch.split(labels, count), strict=True)

    def ends_epoch(self, position: Position, batch_size: int, smallest: int = 1) -> bool:
        """Whether no batch is left in the position's pass."""
        return self.images - position.seen < min(smallest, batch_size)

    def steps_to(self, progress: float, position: Position, batch_size: int, smallest: int = 1) -> int:
        """Steps from ``position`` until ``progress`` passes over the data are reached, at least 1."""
        epochs = int(progress + 1e-9)
        images = (progress - epochs) * self.images - 1e-6
        left = batches_in(self.images - position.seen, batch_size, smallest)
        if epochs <= position.epoch:
            return max(1, min(math.ceil((images - position.seen) / batch_size), left))
        whole = batches_in(self.images, batch_size, smallest)
        return max(1, left + (epochs - position.epoch - 1) * whole + max(0, min(math.ceil(images / batch_size), whole)))

    def prepared(self, images: Tensor, labels: Tensor, epoch: int, start: int) -> tuple[Tensor, Tensor]:
        """Images as they are read, from place ``start`` of the pass on, normalised and augmented, and their targets."""
        if self.data.augment is None:
            ready, targets = self.data.preprocess(images), labels
        else:
            self.generator.manual_seed(mix(self.seed, 2, epoch, start))
            ready, targets = self.data.augment(images, labels, self.generator, self.data.preprocess)
        return ready.contiguous(memory_format=self.layout), targets
