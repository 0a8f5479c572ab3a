"""The run folder: where it is, making one, finding one; the config's schema is imported where a config is read or written."""

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui_trainer.config.errors import ConfigError, nearest
from tui_trainer.config.paths import given_path, is_file
from tui_trainer.runs.names import check_name, new_name
from tui_trainer.runs.status import Status, write_status

if TYPE_CHECKING:
    from tui_trainer.config import Config

MAX_TRIES = 1000


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run's folder and the files in it."""

    path: Path

    @property
    def name(self) -> str:
        """The run's name: its folder's."""
        return self.path.name

    @property
    def config_file(self) -> Path:
        """What was asked, complete."""
        return self.path / "config.toml"

    @property
    def events_file(self) -> Path:
        """What happened."""
        return self.path / "events.jsonl"

    @property
    def commands_file(self) -> Path:
        """What viewers ask."""
        return self.path / "commands.jsonl"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def log_file(self) -> Path:
        """What the trainer's process printed."""
        return self.path / "trainer.log"

    def config(self) -> "Config":
        """The run's config, for training on. Raises ConfigError."""
        from tui_trainer.config import load_config

        try:
            return load_config(self.config_file)
        except ConfigError as error:
            if error.problems and all(found.startswith("unknown") for found in error.problems.values()):
                raise ConfigError(f"{error}; a newer version of tui-trainer seems to have made this run, and is needed to train it", error.problems) from None
            raise

    def known_config(self) -> tuple["Config", list[str]]:
        """The run's config for looking at it, and the keys that a newer version wrote, which are left out. Raises ConfigError."""
        from tui_trainer.config import load_known

        return load_known(self.config_file)


def runs_dir(given: str | Path | None = None) -> Path:
    """Where runs lie: ``given``, else TUI_TRAINER_RUNS_DIR, else ./runs."""
    return Path(given or os.environ.get("TUI_TRAINER_RUNS_DIR") or "runs")


def create_run(config: "Config", root: Path, name: str | None = None, preset: str = "") -> RunFolder:
    """A new run folder that holds ``config``, in state starting.

    Raises ConfigError where the name is taken or not allowed, or the place cannot be written; then there is no folder.
    """
    from tui_trainer.config import to_toml

    name = check_name(name) if name else None
    try:
        root.mkdir(parents=True, exist_ok=True)
        path = _make_folder(root, name)
    except OSError as error:
        raise ConfigError(f"{error.filename or root}: the run folder cannot be made: {error.strerror}") from None
    try:
        (path / "checkpoints").mkdir()
        (path / "config.toml").write_text(to_toml(anchored(config)), "utf-8")
        for file in ("events.jsonl", "commands.jsonl"):
            (path / file).touch()
        now = time.time()
        status = Status(state="starting", created=now, heartbeat=now, dataset=config.data.dataset, title=config.title, preset=preset)
        write_status(path, status)
    except OSError as error:
        shutil.rmtree(path, ignore_errors=True)
        raise ConfigError(f"{error.filename or root}: the run folder cannot be made: {error.strerror}") from None
    return RunFolder(path)


def anchored(config: "Config") -> "Config":
    """The config with whole paths, so that the run can be evaluated and run again from any directory."""
    data, network = config.data, config.network
    if data.directory:
        data = data.model_copy(update={"directory": str(given_path(data.directory).absolute())})
    if network.source:
        network = network.model_copy(update={"source": str(given_path(network.source).absolute())})
    return config.model_copy(update={"data": data, "network": network})


def _make_folder(root: Path, name: str | None) -> Path:
    for _ in range(MAX_TRIES):
        path = root / (name or new_name())
        try:
            path.mkdir()
        except FileExistsError:
            if name:
                raise ConfigError(f"--name {name}: there is already a run of this name in {root}") from None
            continue
        return path
    raise ConfigError(f"{root}: no free name found for a new run; give one with --name")


def run_entries(root: Path) -> list["os.DirEntry[str]"]:
    """The folders of all runs in ``root``, in any order."""
    try:
        return [entry for entry in os.scandir(root) if entry.is_dir() and not entry.name.startswith(".") and os.path.exists(f"{entry.path}/config.toml")]  # noqa: PTH110
    except OSError:
        return []


def run_names(root: Path) -> list[str]:
    """The names of all runs in ``root``, sorted."""
    return sorted(entry.name for entry in run_entries(root))


def find_run(name: str, root: Path) -> RunFolder:
    """The run of this name in ``root``, or at this path. Raises ConfigError with the nearest name."""
    for path in (root / name, Path(name)):
        if is_file(path / "config.toml"):
            return RunFolder(path.resolve() if path.name in ("", ".", "..") else path)
    raise ConfigError(f"{name}: no such run in {root}{nearest(name, run_names(root))}; `tui-trainer runs list` shows them all")
