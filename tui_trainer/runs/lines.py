"""Whole lines of a file that may still grow, a block at a time: memory stays bounded whatever the file holds."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

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
            yield whole[:-1].split(b"\n")

    def wholes(self) -> Iterator[bytes]:
        """What is new, up to the size that the file has now: so many whole lines at a time, each with its end.

        Raises OSError, also where it is no ordinary file.
        """
        try:
            size = os.stat(self.path).st_size  # noqa: PTH116 - one call, ten times a second
            if size < self.offset:
                self.offset, self._inside_overlong = 0, False
            if size <= self.offset:
                return
            with open_regular(self.path) as file:
                file.seek(self.offset)
                left, torn = size - self.offset, list[bytes]()
                while left > 0 and (block := file.read(min(BLOCK, left))):
                    left -= len(block)
                    end = block.rfind(b"\n") + 1
                    if end:
                        whole = b"".join((*torn, block[:end]))
                        torn = []
                        self.offset += len(whole)
                        if self._inside_overlong:
                            self._inside_overlong = False
                            whole = whole[whole.index(b"\n") + 1 :]
                        if whole:
                            yield whole
                    torn.append(block[end:])
                    if self._inside_overlong or sum(map(len, torn)) > MAX_LINE:
                        self._pass_over(sum(map(len, torn)))
                        torn = []
                        left -= self._pass_hole(file)
        except FileNotFoundError:
            return

    def _pass_over(self, torn: int) -> None:
        self.overlong += not self._inside_overlong
        self._inside_overlong = True
        self.offset += torn

    def _pass_hole(self, file: BinaryIO) -> int:
        """Go on behind a hole in the file, which may claim to be of any size; returns how far that is."""
        place = os.lseek(file.fileno(), 0, os.SEEK_CUR)
        try:
            after = os.lseek(file.fileno(), self.offset, os.SEEK_DATA)
        except OSError as error:  # nothing but hole to the end; or a file system that does not know
            after = os.fstat(file.fileno()).st_size if error.errno == errno.ENXIO else self.offset
        os.lseek(file.fileno(), place, os.SEEK_SET)  # as the file object believes it to be
        passed, self.offset = after - self.offset, after
        file.seek(after)
        return passed
