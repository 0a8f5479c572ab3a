"""One trainer at a time: a lock that the system lets go of when the process ends, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from tui_trainer.config.errors import ConfigError
from tui_trainer.runs.bounded import refuse_link
from tui_trainer.runs.folder import RunFolder

_HELD: set[tuple[int, int]] = set()
"""Locks that this process holds, by device and inode: who holds one may ask for it again."""


class Refused(ConfigError):
    """Nothing was begun: the run is as it was."""


@contextmanager
def only_trainer(run: RunFolder) -> Iterator[None]:
    """Hold the run's lock.

    Raises Refused where another trainer holds it, the folder may not be written, or a link in it leads elsewhere:
    whoever makes a folder must not get a file of somebody else's written.
    """
    lock = run.path / "trainer.lock"
    try:
        for path in (lock, run.events_file, run.commands_file, run.log_file, run.checkpoints):
            refuse_link(path)
        run.checkpoints.mkdir(exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except PermissionError as error:
        raise Refused(f"{error.filename or run.path} may not be written by you: a run is trained only by those who may write its folder") from None
    except OSError as error:
        raise Refused(f"{error.filename or run.path} cannot be written: {error.strerror}") from None
    found = os.fstat(descriptor)
    held = (found.st_dev, found.st_ino)
    if held in _HELD:
        os.close(descriptor)
        yield
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"{run.path}: another trainer is at work on this run") from None
        _HELD.add(held)
        yield
    finally:
        _HELD.discard(held)
        os.close(descriptor)
