"""Reading files of a run folder that somebody else may have made: never a pipe or device, never more than was meant to be there."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path) -> BinaryIO:
    """An ordinary file, open for reading. Raises OSError for anything else too: a pipe would be waited for, a device has no end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
    return os.fdopen(descriptor, "rb")


def read_small(path: Path, limit: int) -> bytes:
    """All of a file of at most ``limit`` bytes. Raises OSError, or ValueError where it is larger."""
    with open_regular(path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"{path}: larger than {limit} bytes")
    return content


def refuse_link(path: Path) -> None:
    """Raises OSError where ``path`` is a symbolic link: what is written there would land somewhere else."""
    if os.path.islink(path):  # noqa: PTH114 - one call, and no error for odd names
        raise OSError(errno.ELOOP, "it is a symbolic link, and nothing is written through one", str(path))
