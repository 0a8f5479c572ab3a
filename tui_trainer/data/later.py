"""A split whose images are read when they are first asked for: who looks at one split does not wait for the others."""

from collections.abc import Callable, Iterator

from torch import Tensor

from tui_trainer.data.arrays import Progress
from tui_trainer.data.source import Source


class Later:
    """See :class:`Source`. Whatever is asked of it first reads the images."""

    def __init__(self, make: Callable[[Progress | None], Source], listed: Tensor) -> None:
        """``listed``: the labels, int64 [N], of all files, those included that turn out to be no images."""
        self.listed = listed
        self._make = make
        self._source: Source | None = None

    def ready(self, progress: Progress | None = None) -> Source:
        """The images, read now where they were not yet. Raises ConfigError."""
        if self._source is None:
            self._source = self._make(progress)
        return self._source

    @property
    def labels(self) -> Tensor:
        """int64 [N], on the device."""
        return self.ready().labels

    def __len__(self) -> int:
        return len(self.ready())

    def read(self, indices: Tensor | slice) -> tuple[Tensor, Tensor]:
        """See :meth:`Source.read`."""
        return self.ready().read(indices)

    def chunks(self, order: Tensor | None, start: int, chunk: int) -> Iterator[tuple[Tensor, Tensor]]:
        """See :meth:`Source.chunks`."""
        yield from self.ready().chunks(order, start, chunk)
