"""Checkpoints on disk: whole or not there, checked by SHA-256, read without running anything in them."""

import hashlib
import io
import os
import pickle
import pickletools
import re
import zipfile
from pathlib import Path
from typing import Any

import psutil
import torch

from tui_trainer.config import ConfigError
from tui_trainer.runs.atomic import write_atomic
from tui_trainer.runs.bounded import open_regular
from tui_trainer.runs.checkpoints import CheckpointIndex, Entry, read_index, write_index

VERSION = 1
ALLOWED = re.compile(r"torch \w+Storage|torch\._utils _rebuild_tensor_v2|collections OrderedDict")
"""What the pickled part of a checkpoint may name."""


def checksum(content: bytes | memoryview) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def save_checkpoint(folder: Path, state: dict[str, Any], entry: Entry, keep: int | None = None, index: CheckpointIndex | None = None) -> CheckpointIndex:
    """Write ``state`` (tensors, numbers, strings, lists and dicts) as ``entry.file`` and list it in the index; returns the index.

    The entry's checksum and size are filled in. With ``keep``, checkpoints are deleted that are neither best, nor asked for by
    a person, nor among the newest ``keep``. ``index`` is what the index holds, where that is known (default: it is read).
    Raises OSError; then the checkpoints before are as they were.
    """
    buffer = io.BytesIO()
    torch.save({"version": VERSION, **state}, buffer)
    content = buffer.getbuffer()
    write_atomic(folder / entry.file, content)
    index = (index or read_index(folder)).with_entry(entry.checked(checksum(content), len(content)))
    kept = index if keep is None else index.only(index.kept(keep))
    write_index(folder, kept)
    for file in index.entries.keys() - kept.entries.keys():
        (folder / file).unlink(missing_ok=True)
    return kept


def load_checkpoint(folder: Path, which: str, device: torch.device | str = "cpu") -> tuple[dict[str, Any], Entry]:
    """The state and the entry of checkpoint ``best``, ``last`` or a file's name in ``folder``.

    Raises ConfigError in one sentence where there is none, or it is damaged or not ours.
    """
    entry = read_index(folder).find(which, folder)
    path = folder / entry.file
    try:
        content = read_whole(path, entry.bytes)
    except OSError as error:
        raise ConfigError(f"{path}: the checkpoint cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: the checkpoint is damaged: {error}") from None
    if checksum(content) != entry.sha256:
        raise ConfigError(f"{path}: the checkpoint is damaged: its content does not fit its checksum")
    return read_checkpoint(content, path, device), entry


def read_whole(path: Path, size: int) -> bytes:
    """A file of just so many bytes. Raises OSError, or ValueError where it has others, or more than there is memory for."""
    with open_regular(path) as file:
        found = os.fstat(file.fileno()).st_size
        if found != size:
            raise ValueError(f"it has {found} bytes, its entry in the index says {size}")
        if found > psutil.virtual_memory().available:
            raise ValueError(f"it claims to be of {found / 2**30:.1f} GiB, which is more than the memory that is free")
        return file.read()


def _refuse_tricks(content: bytes) -> None:
    """Raises ValueError for what no checkpoint of ours holds: packed parts, and names of anything but tensors, whatever PyTorch lets pass."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        if any(part.compress_type != zipfile.ZIP_STORED for part in parts.infolist()) or sum(part.file_size for part in parts.infolist()) > len(content):
            raise ValueError("its parts are packed, or larger than the file")
        for pickled in (name for name in parts.namelist() if name.endswith(".pkl")):
            for operation, argument, _ in pickletools.genops(parts.read(pickled)):
                if "GLOBAL" in operation.name and not ALLOWED.fullmatch(str(argument)):
                    raise ValueError(f"it names {str(argument)[:80].replace(' ', '.') or 'something'}, which is no tensor")


def read_checkpoint(content: bytes, path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """The state that ``content`` of the file ``path`` holds, read without running anything in it. Raises ConfigError."""
    try:
        _refuse_tricks(content)
        state = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
    except (pickle.UnpicklingError, zipfile.BadZipFile, RuntimeError, ValueError, EOFError, LookupError, TypeError, AttributeError, OverflowError) as error:
        raise ConfigError(f"{path}: not a checkpoint that can be read safely: {(str(error) or type(error).__name__).splitlines()[0]}") from None
    if isinstance(state, dict) and isinstance(version := state.get("version"), int) and version > VERSION:
        raise ConfigError(f"{path}: a newer version of tui-trainer wrote this checkpoint (format {version}, this one reads {VERSION})")
    if not isinstance(state, dict) or state.get("version") != VERSION:
        raise ConfigError(f"{path}: not a checkpoint of this version of tui-trainer")
    return state


__all__ = ["CheckpointIndex", "Entry", "checksum", "load_checkpoint", "read_checkpoint", "read_whole", "save_checkpoint"]
