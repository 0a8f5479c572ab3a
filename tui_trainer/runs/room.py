"""Room kept on the disk for a run's last words: when the disk is full, its end and why can still be written."""

import contextlib
import os
from pathlib import Path

NAME = ".room"
BYTES = 32_768
"""A last event, a status and the folder's own growth, rounded up to blocks."""


def keep_room(run: Path) -> None:
    """Take up the room. Raises OSError where there is none."""
    descriptor = os.open(run / NAME, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        try:
            os.posix_fallocate(descriptor, 0, BYTES)
        except (AttributeError, OSError):  # not on this system, or not on this file system
            os.pwrite(descriptor, bytes(BYTES), 0)
    finally:
        os.close(descriptor)


def give_up_room(run: Path) -> None:
    """Let what follows have the room."""
    with contextlib.suppress(OSError):
        (run / NAME).unlink(missing_ok=True)
