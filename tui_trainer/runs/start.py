"""Starting a trainer that outlives whoever starts it, and what can be told before anything is loaded."""

import os
import subprocess
import sys
from pathlib import Path

from tui_trainer.config.errors import ConfigError
from tui_trainer.runs.folder import RunFolder
from tui_trainer.runs.names import check_name


def start(run: RunFolder, *, trusted: bool = False) -> "subprocess.Popen[bytes]":
    """Start ``python -m tui_trainer.training RUN`` in a session of its own, its output appended to ``trainer.log``.

    Neither a closed terminal nor the end of this process touches it. ``trusted`` lets a module of the user's own run. Raises OSError where the log cannot be written.
    """
    with run.log_file.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tui_trainer.training", str(run.path.resolve()), *(["--trust"] if trusted else [])],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip


def check_place(root: Path, name: str | None = None) -> None:
    """Whether a run of this name can be made in ``root``, before time is spent on data.

    Raises ConfigError where the name is taken or not allowed, or the place cannot be written.
    """
    if name is not None and (root / check_name(name)).exists():
        raise ConfigError(f"--name {name}: there is already a run of this name in {root}")
    there = next(folder for folder in (root, *root.absolute().parents) if os.path.lexists(folder))
    if not there.is_dir():
        raise ConfigError(f"{root}: runs cannot be kept there: {there} is no folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ConfigError(f"{root}: runs cannot be kept there: {there} may not be written")
