"""The list of a run's checkpoints, ``checkpoints/index.json``: what there is, of which step, with which checksum."""

import dataclasses
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui_trainer.config.errors import ConfigError, nearest
from tui_trainer.runs.atomic import write_atomic
from tui_trainer.runs.bounded import read_small

VERSION = 1
MAX_INDEX_BYTES = 10_000_000
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
    """best, epoch, interval, requested, settings (before a change), hangup, interrupted or end"""
    best: bool
    """Whether it was the best by validation when it was saved."""
    accuracy: float | None = None
    """Validation accuracy, 0..1, where it was evaluated at this step."""
    sha256: str = ""
    bytes: int = 0
    stage: int = 0
    """Counted from 0."""

    def checked(self, sha256: str, size: int) -> "Entry":
        """This entry with the checksum and size of its file."""
        return dataclasses.replace(self, sha256=sha256, bytes=size)

    def fits(self) -> bool:
        """Whether the values are of the kinds that others rely on."""
        numbers = (self.epoch, self.time, 0.0 if self.accuracy is None else self.accuracy)
        return (
            all(type(value) is str for value in (self.file, self.reason, self.sha256))
            and all(type(value) is int and 0 <= value < 2**62 for value in (self.step, self.bytes, self.stage))
            and all(type(value) in (int, float) and abs(value) < 1e18 for value in numbers)
        )


_FIELDS = {field.name for field in dataclasses.fields(Entry)}


@dataclass(frozen=True, slots=True)
class CheckpointIndex:
    """All checkpoints by file name, oldest first."""

    entries: dict[str, Entry]
    version: int = VERSION
    """Of the format that it was read from; it is written in this version's."""

    def with_entry(self, entry: Entry) -> "CheckpointIndex":
        """The index with ``entry`` as the newest."""
        others = {file: old for file, old in self.entries.items() if file != entry.file}
        if entry.best:
            others = {file: dataclasses.replace(old, best=False) for file, old in others.items()}
        return CheckpointIndex({**others, entry.file: entry})

    def only(self, files: set[str]) -> "CheckpointIndex":
        """The index of these files alone."""
        return CheckpointIndex({file: entry for file, entry in self.entries.items() if file in files})

    def without(self, files: set[str]) -> "CheckpointIndex":
        """The index without these files."""
        return self.only(set(self.entries) - files)

    def gone_back_to(self, file: str) -> "CheckpointIndex":
        """The index of a run that goes on from ``file``: it is the newest now, and nothing of a later step is the best."""
        chosen = self.entries[file]
        others = [dataclasses.replace(old, best=old.best and old.step <= chosen.step) for old in self.entries.values() if old.file != file]
        best = chosen.best or (chosen.reason == "best" and not any(old.best for old in others))
        return CheckpointIndex({entry.file: entry for entry in (*others, dataclasses.replace(chosen, best=best))})

    def free_name(self, step: int, reason: str) -> str:
        """A file name for a checkpoint of ``step`` that is not in use: a listed file is never written again."""
        name, number = f"step-{step:08d}.pt", 1
        while name in self.entries:
            name, number = f"step-{step:08d}-{reason}{number if number > 1 else ''}.pt", number + 1
        return name

    def kept(self, newest: int) -> set[str]:
        """The files that stay: the best, those that somebody asked for, the newest ``newest``, and never fewer than two, in case one is damaged."""
        wanted = {file for file, entry in self.entries.items() if entry.best or entry.reason == "requested"}
        wanted |= set(list(self.entries)[-max(newest, 1) :])
        return wanted if len(wanted) > 1 else set(list(self.entries)[-2:])

    @property
    def last(self) -> Entry | None:
        """The newest checkpoint."""
        return next(reversed(self.entries.values()), None)

    @property
    def best(self) -> Entry | None:
        """The best by validation; the newest where none was called best."""
        return next((entry for entry in self.entries.values() if entry.best), self.last)

    def find(self, which: str, folder: Path) -> Entry:
        """``best``, ``last``, a file's name or a step. Raises ConfigError."""
        found = {"best": self.best, "last": self.last}.get(which, self.entries.get(which))
        if found is None and which.isdecimal():
            found = next((entry for entry in reversed(self.entries.values()) if entry.step == int(which)), None)
        if found is None:
            there = ["best", "last", *self.entries]
            if not self.entries:
                raise ConfigError(f"{folder}: the run has no checkpoint yet")
            raise ConfigError(f"{which}: no such checkpoint in {folder}{nearest(which, there)}; there are {', '.join(there)}")
        return found

    def to_json(self) -> dict[str, Any]:
        """As ``index.json`` holds it."""
        return {"version": VERSION, "checkpoints": [dataclasses.asdict(entry) for entry in self.entries.values()]}


def write_index(folder: Path, index: CheckpointIndex) -> None:
    """Replace the index of a checkpoint folder. Raises OSError."""
    write_atomic(folder / "index.json", json.dumps(index.to_json(), indent=1).encode())


def read_index(folder: Path) -> CheckpointIndex:
    """The index of a checkpoint folder; empty where there is none. Raises ConfigError where it is damaged.

    Of a newer version's, what is not known is left out.
    """
    path = folder / "index.json"
    try:
        content = json.loads(read_small(path, MAX_INDEX_BYTES))
        version = content.get("version")
        listed = [Entry(**{name: value for name, value in each.items() if name in _FIELDS}) for each in content["checkpoints"]]
        if wrong := next((each for each in listed if not each.fits()), None):
            raise ValueError(f"the entry of {str(wrong.file)[:80]!r} is damaged")
    except FileNotFoundError:
        return CheckpointIndex({})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigError(f"{path}: the list of checkpoints cannot be read: {error}") from None
    if bad := next((entry.file for entry in listed if not FILE_NAME.fullmatch(str(entry.file))), None):
        raise ConfigError(f"{path}: {bad!r} is no name of a checkpoint")
    return CheckpointIndex({entry.file: entry for entry in listed}, version if type(version) is int else VERSION)
