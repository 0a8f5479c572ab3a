"""Where batches come from: images in memory, as uint8 on the device; or points, as float32."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


class Source(Protocol):
    """Images and labels of one split."""

    @property
    def labels(self) -> Tensor:
        """int64 [N], on the device."""
        ...

    def __len__(self) -> int:
        """Number of images."""
        ...

    def read(self, indices: Tensor | slice) -> tuple[Tensor, Tensor]:
        """uint8 [B, C, H, W] and int64 [B] on the device. They may be views of the set: never change them in place.

        Points come as float32 [B, F, 1, 1], always their own copy: normalisation works in place on floats.
        """
        ...

    def chunks(self, order: Tensor | None, start: int, chunk: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Images and labels of ``order[start:]`` (None: as they lie), ``chunk`` at a time, the last ones fewer."""
        ...


class InMemory:
    """All images of a split in one uint8 tensor on the device; a chunk is one gather."""

    def __init__(self, images: Tensor, labels: Tensor, channels_last: bool = False) -> None:
        """``images``: uint8 [N, C, H, W], or float32 of points; ``labels``: int64 [N]; both on the device.

        With ``channels_last`` pixels are kept as [N, H, W, C], and every chunk comes out in that memory format.
        """
        self.labels = labels
        self._shape = tuple(images.shape[1:])
        self._channels_last = channels_last
        self._rows = (images.permute(0, 2, 3, 1) if channels_last else images).flatten(1)

    def __len__(self) -> int:
        return len(self.labels)

    def _images(self, rows: Tensor) -> Tensor:
        channels, height, width = self._shape
        if self._channels_last:
            return rows.view(-1, height, width, channels).permute(0, 3, 1, 2)
        return rows.view(-1, channels, height, width)

    def read(self, indices: Tensor | slice) -> tuple[Tensor, Tensor]:
        """See :meth:`Source.read`; a slice of uint8 copies nothing."""
        if isinstance(indices, slice):
            rows = self._rows[indices]
            return self._images(rows.clone() if rows.is_floating_point() else rows), self.labels[indices]
        indices = indices.to(self.labels.device)
        return self._images(self._rows.index_select(0, indices)), self.labels.index_select(0, indices)

    def chunks(self, order: Tensor | None, start: int, chunk: int) -> Iterator[tuple[Tensor, Tensor]]:
        """See :meth:`Source.chunks`."""
        end = len(self) if order is None else len(order)
        if order is not None:
            order = order.to(self.labels.device)
        for first in range(start, end, chunk):
            yield self.read(slice(first, min(first + chunk, end)) if order is None else order[first : first + chunk])


@dataclass(frozen=True)
class Sources:
    """A set that is split and where it is trained on, its pixels as they are."""

    name: str
    classes: tuple[str, ...]
    train: Source
    validation: Source
    test: Source
    shape: tuple[int, int, int]
    """Channels, height, width."""
    notes: tuple[str, ...] = ()
