"""What a sweep consists of, as a file beside its runs: enough to go on with it, from any terminal.

``RUNS/.sweeps/NAME.json`` lists every trial with its whole config; the runs themselves are ordinary run folders. A search
appends trials as it thinks of them.
"""

import fcntl
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tui_trainer.config import Config, ConfigError, parse_config, to_tree
from tui_trainer.config.sweep import Planned
from tui_trainer.runs import RunFolder
from tui_trainer.runs.atomic import write_atomic
from tui_trainer.runs.bounded import read_small
from tui_trainer.runs.names import check_name

VERSION = 1
PLACE = ".sweeps"
LARGEST = 100_000_000
"""Bytes of a record: 10 000 trials have about a tenth of it."""


@dataclass(frozen=True, slots=True)
class TrialRun:
    """One run of a sweep."""

    run: str
    """Name of its folder."""
    label: str
    """Of the trial; runs with other seeds share it."""
    settings: dict[str, Any]
    """What sets it apart: dotted key to value."""
    seed: int
    config: dict[str, Any]
    """As tables."""
    report: dict[str, Sequence[float]] = field(default_factory=dict)
    """Epoch to the source's accuracy in percent of train, validation and test."""

    def parsed(self) -> Config:
        """The config. Raises ConfigError."""
        return parse_config(self.config, self.run)


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """A sweep and its runs so far."""

    name: str
    root: Path
    """Where the runs lie."""
    title: str = ""
    source: str = ""
    """Report that it is held against."""
    preset: str = ""
    """What it was asked for as."""
    epochs: tuple[float, ...] = ()
    search: dict[str, Any] = field(default_factory=dict)
    """The search's settings, where it is one."""
    trials: tuple[TrialRun, ...] = ()

    @property
    def path(self) -> Path:
        """The record's file."""
        return record_path(self.root, self.name)

    def folder(self, trial: TrialRun) -> RunFolder:
        """The trial's run folder, which may not be there yet."""
        return RunFolder(self.root / trial.run)

    def save(self) -> None:
        """Write the record. Raises OSError."""
        values = {key: value for key, value in asdict(self).items() if key != "root"} | {"version": VERSION}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self.path, json.dumps(values, indent=1).encode())


def record_path(root: Path, name: str) -> Path:
    """Where the record of a sweep lies."""
    return root / PLACE / f"{name}.json"


def free_name(root: Path, stem: str) -> str:
    """Such as ``tricks-2``: the stem with the next number that neither a sweep nor runs have."""
    return next(name for number in range(1, 100_000) if not record_path(root, name := stem if number == 1 else f"{stem}-{number}").exists() and not (root / f"{name}.001").exists())


def create_sweep(root: Path, name: str, planned: Sequence[Planned], **facts: Any) -> SweepRecord:
    """A new record whose runs are named after the sweep. Raises ConfigError where the name is taken, OSError where it cannot be written."""
    check_name(name)
    if record_path(root, name).exists():
        raise ConfigError(f"--name {name}: there is already a sweep of this name in {root}; `tui-trainer sweep --go-on {name}` goes on with it")
    record = SweepRecord(name, root, trials=tuple(trial_run(name, number, each) for number, each in enumerate(planned, 1)), **facts)
    if taken := next(root.glob(f"{name}.[0-9][0-9][0-9]*"), None):
        raise ConfigError(f"--name {name}: there are already runs of this name in {root}: {taken.name}")
    record.save()
    return record


def append_trials(record: SweepRecord, trials: Sequence[TrialRun]) -> SweepRecord:
    """The record with more trials, those that others added meanwhile included. Raises OSError, ConfigError."""
    with record.path.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        there = read_sweep_record(record.root, record.name)
        grown = replace(there, trials=(*there.trials, *trials))
        grown.save()
    return grown


def trial_run(sweep: str, number: int, planned: Planned) -> TrialRun:
    """The ``number``-th run of a sweep."""
    report: dict[str, Sequence[float]] = dict(planned.report)
    return TrialRun(f"{sweep}.{number:03d}", planned.label, _plain(planned.settings), planned.seed, to_tree(planned.config), report)


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value if isinstance(value, bool | int | float | str) else str(value) for key, value in settings.items()}


def read_sweep_record(root: Path, name: str) -> SweepRecord:
    """The record of a sweep. Raises ConfigError where there is none, or it is damaged."""
    path = record_path(root, check_name(name))
    try:
        values = json.loads(read_small(path, LARGEST))
        trials = tuple(TrialRun(**{key: each[key] for key in ("run", "label", "settings", "seed", "config", "report")}) for each in values["trials"])
        for trial in trials:
            check_name(trial.run)
        return SweepRecord(
            check_name(values["name"]), root, values["title"], values["source"], values["preset"], tuple(values["epochs"]), dict(values["search"]), trials
        )
    except FileNotFoundError:
        there = sorted(each.stem for each in (root / PLACE).glob("*.json")) if (root / PLACE).is_dir() else []
        raise ConfigError(f"{name}: no such sweep in {root}" + (f"; there are {', '.join(there)}" if there else "")) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None


def sweep_records(root: Path) -> list[SweepRecord]:
    """All sweeps of a runs folder that can be read, newest first."""
    try:
        paths = sorted((root / PLACE).glob("*.json"), key=lambda path: -path.stat().st_mtime)
    except OSError:
        return []
    found = []
    for path in paths:
        try:
            found.append(read_sweep_record(root, path.stem))
        except ConfigError:
            continue
    return found
