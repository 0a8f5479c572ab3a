"""Checkpoints on disk: whole or not there, checked by SHA-256, read without running anything in them."""

import hashlib
import io
import pickle
from pathlib import Path
from typing import Any

import torch

from tui_trainer.config import ConfigError
from tui_trainer.runs.atomic import write_atomic
from tui_trainer.runs.checkpoints import CheckpointIndex, Entry, read_index, write_index

VERSION = 1


def checksum(content: bytes | memoryview) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def save_checkpoint(folder: Path, state: dict[str, Any], entry: Entry) -> None:
    """Write ``state`` (tensors, numbers, strings, lists and dicts) as ``entry.file`` and list it in the index.

    The entry's checksum and size are filled in. Raises OSError; then the checkpoints before are as they were.
    """
    buffer = io.BytesIO()
    torch.save({"version": VERSION, **state}, buffer)
    content = buffer.getbuffer()
    write_atomic(folder / entry.file, content)
    write_index(folder, read_index(folder).with_entry(entry.checked(checksum(content), len(content))))


def prune(folder: Path, keep_last: int) -> None:
    """Delete checkpoints that are neither best, nor asked for by a person, nor among the newest ``keep_last``."""
    index = read_index(folder)
    kept = index.kept(keep_last)
    gone = [file for file in index.entries if file not in kept]
    if not gone:
        return
    write_index(folder, index.only(kept))
    for file in gone:
        (folder / file).unlink(missing_ok=True)


def load_checkpoint(folder: Path, which: str, device: torch.device | str = "cpu") -> tuple[dict[str, Any], Entry]:
    """The state and the entry of checkpoint ``best``, ``last`` or a file's name in ``folder``.

    Raises ConfigError in one sentence where there is none, or it is damaged or not ours.
    """
    entry = read_index(folder).find(which, folder)
    path = folder / entry.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: the checkpoint cannot be read: {error.strerror}") from None
    if checksum(content) != entry.sha256:
        raise ConfigError(f"{path}: the checkpoint is damaged: its content does not fit its checksum")
    return read_checkpoint(content, path, device), entry


def read_checkpoint(content: bytes, path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """The state that ``content`` of the file ``path`` holds, read without running anything in it. Raises ConfigError."""
    try:
        state = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, EOFError, KeyError) as error:
        raise ConfigError(f"{path}: not a checkpoint that can be read safely: {str(error).splitlines()[0]}") from None
    if not isinstance(state, dict) or state.get("version") != VERSION:
        raise ConfigError(f"{path}: not a checkpoint of this version of tui-trainer")
    return state


__all__ = ["CheckpointIndex", "Entry", "checksum", "load_checkpoint", "prune", "read_checkpoint", "save_checkpoint"]
