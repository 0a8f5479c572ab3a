"""Reading a file of JSON lines that another process is still writing."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


class Follower(Generic[T]):
    """Yields what was appended since the last look; a torn last line is waited for, a damaged one is counted.

    ``skipped`` counts damaged lines. A file that is not there yet is empty.
    """

    def __init__(self, path: Path, decode: Callable[[bytes], T | None], offset: int = 0) -> None:
        self.path = path
        self.decode = decode
        self.offset = offset
        self.skipped = 0

    def poll(self) -> Iterator[T]:
        """Everything new, in order."""
        for line in self._lines():
            try:
                value = self.decode(line)
            except (ValueError, RecursionError):
                self.skipped += 1
                continue
            if value is not None:
                yield value

    def _lines(self) -> list[bytes]:
        try:
            if os.stat(self.path).st_size <= self.offset:  # noqa: PTH116 - one call, ten times a second
                return []
            with open(self.path, "rb") as file:  # noqa: PTH123
                file.seek(self.offset)
                block = file.read()
        except FileNotFoundError:
            return []
        end = block.rfind(b"\n") + 1
        self.offset += end
        return [line for line in block[:end].split(b"\n") if line]
