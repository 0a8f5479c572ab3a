"""Reading a file of JSON lines that another process is still writing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

from tui_trainer.runs.lines import Lines

T = TypeVar("T")


def damaged_lines(count: int) -> str:
    """What to say of so many of them."""
    return f"{count} damaged line{'s' if count != 1 else ''} skipped"


class Follower(Generic[T]):
    """Yields what was appended since the last look; a torn last line is waited for, a damaged one is counted.

    ``skipped`` counts damaged lines. A file that is not there yet is empty.
    """

    def __init__(self, path: Path, decode: Callable[[bytes], T | None], offset: int = 0) -> None:
        self.decode = decode
        self._lines = Lines(path, offset)
        self._damaged = 0

    @property
    def skipped(self) -> int:
        """Damaged lines so far."""
        return self._damaged + self._lines.overlong

    def poll(self) -> Iterator[T]:
        """Everything new, in order. Raises OSError, also where it is no ordinary file."""
        for lines in self._lines.blocks():
            for line in lines:
                if not line:
                    continue
                try:
                    value = self.decode(line)
                except (ValueError, RecursionError):
                    self._damaged += 1
                    continue
                if value is not None:
                    yield value
