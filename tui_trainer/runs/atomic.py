"""Replacing a file so that a reader, or a crash, sees the old one or the new one and nothing between."""

import contextlib
import os
import secrets
from pathlib import Path


def write_atomic(path: Path, content: bytes | memoryview, *, durable: bool = True) -> None:
    """Write aside, sync, rename, sync the folder. ``durable=False`` leaves out the syncs.

    Raises OSError; then ``path`` is as it was and nothing is left beside it.
    """
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        aside.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        if isinstance(error, OSError):  # it names the file aside, or none
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and new names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
