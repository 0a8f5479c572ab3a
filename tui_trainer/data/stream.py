"""Images that stay on disk: decoded by worker processes a little ahead of training."""

import math
import os
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from tui_trainer.catalogue.folders import Files
from tui_trainer.catalogue.pictures import UnreadableImageError, read_picture

PIECE = 32
"""Images that a worker decodes in one go: small enough that the first ones of an epoch do not take long."""
MAX_WORKERS = 8
STAND_INS = 16

Piece = tuple[Tensor, list[int]]
"""Decoded images, uint8 [B, C, H, W], and the positions of those that could not be read."""


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Order(Sampler[list[str]]):
    """What the next pass reads: lists of paths; set before each."""

    def __init__(self) -> None:
        self.pieces: Iterator[list[str]] = iter(())

    def __iter__(self) -> Iterator[list[str]]:
        return self.pieces


class _Pictures(Dataset[Piece]):
    """Decodes lists of paths."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.shape = shape

    def __getitem__(self, paths: Any) -> Piece:
        images = torch.zeros(len(paths), *self.shape, dtype=torch.uint8)
        pixels, failed = images.numpy(), []
        for position, path in enumerate(paths):
            try:
                pixels[position] = read_picture(path, self.shape)
            except UnreadableImageError:
                failed.append(position)
        return images, failed


def _start_worker(_: int) -> None:
    # Ctrl-C reaches the whole process group: the trainer finishes its step, and its workers with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)


class Workers:
    """The processes that decode, shared by the splits of a set.

    A pass borrows a set of processes and gives it back, so they start once, and an evaluation in the middle of an
    epoch borrows a second set while the first waits.
    """

    def __init__(self, shape: tuple[int, int, int], workers: int | None) -> None:
        """``workers``: processes, 0: decode in this one; None: one a core, at most 8."""
        self.count = min(cores(), MAX_WORKERS) if workers is None else workers
        self.shape = shape
        self._idle: list[tuple[_Order, DataLoader[Piece]]] = []

    def read(self, pieces: Iterator[list[str]], ahead: int) -> Iterator[Piece]:
        """The decoded ``pieces``, in order; about ``ahead`` of them are worked on before they are asked for."""
        order, loader = self._idle.pop() if self._idle else self._make(ahead)
        order.pieces = pieces
        try:
            yield from loader
        finally:
            self._idle.append((order, loader))

    def _make(self, ahead: int) -> tuple[_Order, DataLoader[Piece]]:
        order = _Order()
        processes: dict[str, Any] = {}
        if self.count:
            prefetch = max(2, math.ceil(ahead / self.count))
            processes = {"worker_init_fn": _start_worker, "persistent_workers": True, "prefetch_factor": prefetch}
        # batch_size=None: the sampler's items go to the dataset as they are, which makes the batch itself.
        return order, DataLoader(_Pictures(self.shape), batch_size=None, sampler=order, num_workers=self.count, **processes)


class Streamed:
    """The images of a split, read from their files each time. See :class:`Source`.

    A file that turns out damaged is replaced by the next one of its class that can be read, so that counts stay as
    they are, and its path is kept in ``damaged``.
    """

    def __init__(self, files: Files, shape: tuple[int, int, int], workers: Workers, device: torch.device, channels_last: bool = False) -> None:
        self.labels = torch.from_numpy(files.labels).to(device)
        self.damaged: set[str] = set()
        self._files, self._shape, self._workers, self._device = files, shape, workers, device
        self._layout = torch.channels_last if channels_last else torch.contiguous_format

    def __len__(self) -> int:
        return len(self.labels)

    def read(self, indices: Tensor | slice) -> tuple[Tensor, Tensor]:
        """See :meth:`Source.read`; decodes now."""
        positions = torch.arange(len(self))[indices if isinstance(indices, slice) else indices.cpu()]
        chunks = list(self.chunks(positions, 0, max(1, len(positions))))
        return chunks[0] if chunks else (torch.empty(0, *self._shape, dtype=torch.uint8, device=self._device), self.labels[:0])

    def chunks(self, order: Tensor | None, start: int, chunk: int) -> Iterator[tuple[Tensor, Tensor]]:
        """See :meth:`Source.chunks`; two chunks or so are decoded ahead."""
        positions = (torch.arange(len(self)) if order is None else order.cpu())[start:]
        numbers = positions.numpy()
        pieces = ([self._files.paths[number] for number in numbers[first : first + PIECE]] for first in range(0, len(numbers), PIECE))
        decoded = self._workers.read(pieces, ahead=math.ceil(2 * chunk / PIECE))
        ready: list[Tensor] = []
        count, done = 0, 0
        try:
            for images, failed in decoded:
                for position in failed:
                    self._stand_in(int(numbers[done + count + position]), images[position])
                ready.append(images)
                count += len(images)
                while count >= chunk or (count and done + count == len(numbers)):
                    whole = torch.cat(ready) if len(ready) > 1 else ready[0]
                    now, rest = whole[:chunk], whole[chunk:]
                    ready, count = [rest] if len(rest) else [], len(rest)
                    labels = self.labels[positions[done : done + len(now)].to(self._device)]
                    done += len(now)
                    yield now.to(self._device, non_blocking=True).contiguous(memory_format=self._layout), labels
        finally:
            decoded.close()  # type: ignore[attr-defined]

    def _stand_in(self, number: int, image: Tensor) -> None:
        """Fill ``image`` with the next readable file of the class of the damaged file ``number``; all damaged: leave it black."""
        paths, labels = self._files.paths, self._files.labels
        self.damaged.add(paths[number])
        members = np.flatnonzero(labels == labels[number])
        for other in np.roll(members, -1 - int(np.searchsorted(members, number)))[:STAND_INS]:
            try:
                image.copy_(torch.tensor(read_picture(paths[other], self._shape)))
            except UnreadableImageError:
                self.damaged.add(paths[other])
            else:
                return
