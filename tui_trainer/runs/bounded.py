"""Reading files of a run folder that somebody else may have made: never a pipe or device, never more than was meant to be there."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path) -> BinaryIO:
    """An ordinary file, open for reading. Raises OSError for anything else too: a pipe would be waited for, a device has no end."""
    return os.fdopen(_open(path)[0], "rb")


def read_small(path: Path, limit: int) -> bytes:
    """All of a file of at most ``limit`` bytes. Raises OSError, or ValueError where it is larger."""
    descriptor, size = _open(path)
    content = b""
    try:  # a file object would cost a third of what it takes to read a status, and there may be a thousand
        while len(content) <= limit and (more := os.read(descriptor, max(1, min(size, limit) + 1 - len(content)))):
            content += more
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise ValueError(f"{path}: larger than {limit} bytes")
    return content


def _open(path: Path) -> tuple[int, int]:
    """A descriptor of an ordinary file, and the size that it has now."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
    return descriptor, found.st_size


def refuse_link(path: Path) -> None:
    """Raises OSError where ``path`` is a symbolic link: what is written there would land somewhere else."""
    if os.path.islink(path):  # noqa: PTH114 - one call, and no error for odd names
        raise OSError(errno.ELOOP, "it is a symbolic link, and nothing is written through one", str(path))
