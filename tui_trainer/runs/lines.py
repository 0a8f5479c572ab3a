"""Whole lines of a file that may still grow, a block at a time: memory stays bounded whatever the file holds."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from tui_trainer.runs.bounded import open_regular

BLOCK = 1 << 18
MAX_LINE = 32 << 20
"""Bytes of the longest line that is taken for one: the confusion matrix of 4 000 classes. A longer one is passed over."""


class Lines:
    """The lines of ``path`` from ``offset`` on, without their ends; a last one without its end is left for the next look.

    ``overlong`` counts lines that were passed over. A file that is not there is empty; one that became shorter is begun anew.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.path = path
        self.offset = offset
        self.overlong = 0
        self._inside_overlong = False

    def blocks(self) -> Iterator[list[bytes]]:
        """What is new, as lists of lines. Raises as :meth:`wholes`."""
        for whole in self.wholes():
            yield bytes(whole[:-1]).split(b"\n")

    def wholes(self) -> Iterator[memoryview]:
        """What is new, up to the size that the file has now: so many whole lines at a time, each with its end, in memory that is used again for the next.

        Raises OSError, also where it is no ordinary file.
        """
        try:
            size = os.stat(self.path).st_size  # noqa: PTH116 - one call, ten times a second
            if size < self.offset:
                self.offset, self._inside_overlong = 0, False
            if size <= self.offset:
                return
            with open_regular(self.path) as file:
                yield from self._read(file.fileno(), size)
        except FileNotFoundError:
            return

    def _read(self, descriptor: int, size: int) -> Iterator[memoryview]:
        room = bytearray(min(BLOCK, size - self.offset))
        while self.offset < size and (read := os.preadv(descriptor, [memoryview(room)[: size - self.offset]], self.offset)):
            end = room.rfind(b"\n", 0, read) + 1
            if end:
                self.offset += end  # what is behind it is read again with what follows: less than a line
                start = 0
                if self._inside_overlong:
                    self._inside_overlong = False
                    start = room.index(b"\n") + 1
                if start < end:
                    yield memoryview(room)[start:end]
            elif self._inside_overlong or read > MAX_LINE:
                self.overlong += not self._inside_overlong
                self._inside_overlong = True
                self.offset += read
                self._pass_hole(descriptor)
            elif self.offset + read >= size or read < len(room):
                return  # all that there is
            else:
                room = bytearray(min(2 * len(room), MAX_LINE + 1))

    def _pass_hole(self, descriptor: int) -> None:
        """Go on behind a hole in the file, which may claim to be of any size."""
        try:
            self.offset = os.lseek(descriptor, self.offset, os.SEEK_DATA)
        except OSError as error:  # nothing but hole to the end; or a file system that does not know
            if error.errno == errno.ENXIO:
                self.offset = os.fstat(descriptor).st_size
