"""Looking after runs: notes, other names, away with them. Only runs that have ended are renamed or deleted."""

import os
import secrets
import shutil
from pathlib import Path

from tui_trainer.config.errors import ConfigError
from tui_trainer.runs.bounded import open_regular
from tui_trainer.runs.names import check_name
from tui_trainer.runs.status import LIVE, true_status

MAX_NOTE = 500


def read_note(run: Path) -> str:
    """The line that a person wrote about a run; empty where there is none."""
    try:
        with open_regular(run / "note.txt") as file:
            return file.read(4 * MAX_NOTE).decode("utf-8", "replace").strip()[:MAX_NOTE]
    except OSError:
        return ""


def write_note(run: Path, note: str) -> None:
    """Keep a line about a run; an empty one takes it away. Raises ConfigError."""
    from tui_trainer.runs.atomic import write_atomic

    file = run / "note.txt"
    try:
        if note.strip():
            write_atomic(file, " ".join(note.split())[:MAX_NOTE].encode())
        else:
            file.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}") from None


def rename_run(run: Path, name: str) -> Path:
    """Give an ended run another name; returns its new folder. Raises ConfigError."""
    refuse_live(run, "renamed")
    target = run.with_name(check_name(name))
    if os.path.lexists(target):
        raise ConfigError(f"there is already a run {name} in {run.parent}")
    try:
        run.rename(target)
    except OSError as error:
        raise ConfigError(f"{run} cannot be renamed: {error.strerror}") from None
    return target


def delete_run(run: Path) -> None:
    """Delete an ended run's folder with all that is in it. Raises ConfigError."""
    refuse_live(run, "deleted")
    if not (run / "config.toml").is_file():
        raise ConfigError(f"{run} is no run folder: it has no config.toml")
    aside = run.with_name(f".{run.name}.{secrets.token_hex(4)}.deleted")
    try:
        run.rename(aside)  # gone from every list at once, even if deleting takes long or breaks off
        shutil.rmtree(aside)
    except OSError as error:
        raise ConfigError(f"{run} cannot be deleted: {error.strerror}") from None


def refuse_live(run: Path, what: str) -> None:
    """Raises ConfigError where a trainer works on the run."""
    try:
        state = true_status(run).state
    except (OSError, ValueError, TypeError):
        return
    if state in LIVE:
        raise ConfigError(f"{run.name} is {state}: it can be {what} once it has ended")
