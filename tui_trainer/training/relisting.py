"""The list of a run's checkpoints made anew from the files, where it was lost or damaged."""

import io
import zipfile
from pathlib import Path

from tui_trainer.config import ConfigError
from tui_trainer.runs.checkpoints import FILE_NAME, CheckpointIndex, Entry, read_index, write_index
from tui_trainer.training.checkpoints import checksum, read_checkpoint, read_whole


def sound_index(folder: Path) -> tuple[CheckpointIndex, list[str]]:
    """The index; made anew from the files where it is damaged or lost, and then a note that says so. Raises ConfigError where no file is whole."""
    try:
        index = read_index(folder)
        if index.entries or not list(folder.glob("step-*.pt")):
            return index, []
        problem = f"{folder / 'index.json'}: the list of checkpoints is missing"
    except ConfigError as error:
        problem = str(error)
    index = _made_anew(folder)
    if not index.entries:
        raise ConfigError(f"{problem}, and no checkpoint is whole")
    write_index(folder, index)
    return index, [f"{problem}; it was made anew from {len(index.entries)} checkpoints that are whole"]


def _made_anew(folder: Path) -> CheckpointIndex:
    """The index of the checkpoints that lie in ``folder``: those whose own checksums (CRC-32 of each part) fit."""
    entries = []
    for path in sorted(folder.glob("step-*.pt")):
        if not FILE_NAME.fullmatch(path.name):
            continue
        try:
            content = read_whole(path, path.lstat().st_size)
            state = read_checkpoint(content, path)
            with zipfile.ZipFile(io.BytesIO(content)) as parts:
                if parts.testzip() is not None:
                    continue
            entry = Entry(file=path.name, **{"reason": "recovered", "best": False} | state["entry"])
        except (ConfigError, OSError, zipfile.BadZipFile, KeyError, TypeError, RuntimeError, EOFError, ValueError):
            continue
        if entry.fits():
            entries.append(entry.checked(checksum(content), len(content)))
    index = CheckpointIndex({})
    for entry in sorted(entries, key=lambda each: (each.time, each.step)):
        index = index.with_entry(entry)
    return index
