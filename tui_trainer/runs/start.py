"""Starting a trainer that outlives whoever starts it, and what can be told before anything is loaded."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tui_trainer.config.errors import ConfigError
from tui_trainer.runs.folder import RunFolder
from tui_trainer.runs.names import check_name
from tui_trainer.runs.status import LIVE, Status, process_identity, process_started, read_status, true_status, write_status
from tui_trainer.runs.versions import refuse_newer


def start(run: RunFolder, *, trusted: bool = False, resume: str | None = None) -> "subprocess.Popen[bytes]":
    """Start ``python -m tui_trainer.training RUN`` in a session of its own, its output appended to ``trainer.log``.

    Neither a closed terminal nor the end of this process touches it. ``trusted`` lets a module of the user's own run.
    ``resume`` names the checkpoint to go on from: last, best or a file's name (a fork's folder is started with ``last``);
    the run counts as starting from then on. Raises OSError where the log cannot be written.
    """
    more = [*(["--trust"] if trusted else []), *(["--resume", resume] if resume else [])]
    process = _start("tui_trainer.training", [run], more)
    if resume:
        _mark_starting(run, process.pid)
    return process


def start_together(runs: Sequence[RunFolder], *, resume: bool = False) -> "subprocess.Popen[bytes]":
    """Start one process for runs that train in one batched step (see :mod:`tui_trainer.config.together`), as :func:`start` does for one.

    What the process prints goes to the first run's ``trainer.log``. Raises OSError where it cannot be written.
    """
    process = _start("tui_trainer.lab.together", runs, ["--resume"] if resume else [])
    if resume:
        for run in runs:
            _mark_starting(run, process.pid)
    return process


def _start(module: str, runs: Sequence[RunFolder], options: Sequence[str]) -> "subprocess.Popen[bytes]":
    with runs[0].log_file.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", module, *(str(run.path.resolve()) for run in runs), *options],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip


def make_only(run: RunFolder) -> RunFolder:
    """Leave a new run to be started later, by other means. Raises OSError."""
    write_status(run.path, replace(read_status(run.path), state="stopped", reason="not started yet"))
    return run


def _mark_starting(run: RunFolder, pid: int) -> None:
    """Show at once that a run goes on: its trainer takes seconds to load before it can say so itself."""
    with contextlib.suppress(OSError, ValueError):
        status = replace(read_status(run.path), state="starting", reason="", pid=pid, pid_started=process_started(pid) or 0.0, process=process_identity(pid), host=socket.gethostname())
        write_status(run.path, status)


def refuse_resume(run: RunFolder) -> None:
    """Raises ConfigError where nothing can be gone on with: a trainer is at work, the run is finished, or a newer version made it."""
    refuse_newer(run.path)
    try:
        status = true_status(run.path)
    except (OSError, ValueError, TypeError):
        return  # the trainer writes it anew
    if status.state in LIVE:
        raise ConfigError(f"{run.name} is {status.state}: another trainer is at work on it; watch it with `tui-trainer open {run.name}`")
    if status.state == "finished":
        raise ConfigError(f"{run.name} is finished ({_how(status)}): fork it with {_longer(run, status)} to train on")


def _how(status: Status) -> str:
    return status.reason or f"{status.step} steps, {status.epoch:.4g} epochs"


def _longer(run: RunFolder, status: Status) -> str:
    """The setting that would leave something to train, as an example."""
    training = run.config().training
    if status.reason.startswith("early stopping"):
        return f"--set training.early_stopping={2 * (training.early_stopping or 1)}"
    if training.stages:
        return "more training.stages"
    if training.iterations:
        return f"--set training.iterations={2 * training.iterations}"
    return f"--set training.epochs={2 * training.epochs:g}"


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
