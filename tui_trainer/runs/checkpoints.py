"""The list of a run's checkpoints, ``checkpoints/index.json``: what there is, of which step, with which checksum."""

import dataclasses
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui_trainer.config.errors import ConfigError, nearest

FILE_NAME = re.compile(r"step-\d{1,12}(-[a-z0-9]{1,12})?\.pt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One checkpoint."""

    file: str
    step: int
    epoch: float
    time: float
    """Wall clock, seconds since 1970."""
    reason: str
    """best, epoch, interval, requested, interrupted or end"""
    best: bool
    """Whether it was the best by validation when it was saved."""
    accuracy: float | None = None
    """Validation accuracy, 0..1, where it was evaluated at this step."""
    sha256: str = ""
    bytes: int = 0

    def checked(self, sha256: str, size: int) -> "Entry":
        """This entry with the checksum and size of its file."""
        return dataclasses.replace(self, sha256=sha256, bytes=size)


_FIELDS = {field.name for field in dataclasses.fields(Entry)}


@dataclass(frozen=True, slots=True)
class CheckpointIndex:
    """All checkpoints by file name, oldest first."""

    entries: dict[str, Entry]

    def with_entry(self, entry: Entry) -> "CheckpointIndex":
        """The index with ``entry`` as the newest."""
        others = {file: old for file, old in self.entries.items() if file != entry.file}
        if entry.best:
            others = {file: dataclasses.replace(old, best=False) for file, old in others.items()}
        return CheckpointIndex({**others, entry.file: entry})

    def only(self, files: set[str]) -> "CheckpointIndex":
        """The index of these files alone."""
        return CheckpointIndex({file: entry for file, entry in self.entries.items() if file in files})

    def kept(self, newest: int) -> set[str]:
        """The files that stay when only the newest ``newest`` of those that nobody asked for are kept."""
        wanted = {file for file, entry in self.entries.items() if entry.best or entry.reason == "requested"}
        return wanted | set(list(self.entries)[-max(newest, 1) :])

    @property
    def last(self) -> Entry | None:
        """The newest checkpoint."""
        return next(reversed(self.entries.values()), None)

    @property
    def best(self) -> Entry | None:
        """The best by validation; the newest where none was called best."""
        return next((entry for entry in self.entries.values() if entry.best), self.last)

    def find(self, which: str, folder: Path) -> Entry:
        """``best``, ``last`` or a file's name. Raises ConfigError."""
        found = {"best": self.best, "last": self.last}.get(which, self.entries.get(which))
        if found is None:
            there = ["best", "last", *self.entries]
            if not self.entries:
                raise ConfigError(f"{folder}: the run has no checkpoint yet")
            raise ConfigError(f"{which}: no such checkpoint in {folder}{nearest(which, there)}; there are {', '.join(there)}")
        return found

    def to_json(self) -> dict[str, Any]:
        """As ``index.json`` holds it."""
        return {"version": 1, "checkpoints": [dataclasses.asdict(entry) for entry in self.entries.values()]}


def read_index(folder: Path) -> CheckpointIndex:
    """The index of a checkpoint folder; empty where there is none. Raises ConfigError where it is damaged."""
    path = folder / "index.json"
    try:
        content = json.loads(path.read_bytes())
        listed = [Entry(**{name: value for name, value in each.items() if name in _FIELDS}) for each in content["checkpoints"]]
    except FileNotFoundError:
        return CheckpointIndex({})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: the list of checkpoints cannot be read: {error}") from None
    if bad := next((entry.file for entry in listed if not FILE_NAME.fullmatch(str(entry.file))), None):
        raise ConfigError(f"{path}: {bad!r} is no name of a checkpoint")
    return CheckpointIndex({entry.file: entry for entry in listed})
