"""A sweep as a process of its own, which outlives whoever started it: starting it, whether it is at work, stopping it.

``RUNS/.sweeps/NAME.process`` names the process that conducts the sweep, ``NAME.log`` holds what one in the background printed.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tui_trainer.runs.atomic import write_atomic
from tui_trainer.runs.bounded import read_small
from tui_trainer.runs.commands import StopNow, send
from tui_trainer.runs.names import check_name
from tui_trainer.runs.status import LIVE, process_identity, true_status
from tui_trainer.sweeps.record import PLACE, SweepRecord

LARGEST = 10_000


def log_path(root: Path, name: str) -> Path:
    """What a sweep in the background printed."""
    return root / PLACE / f"{name}.log"


def _process_path(root: Path, name: str) -> Path:
    return root / PLACE / f"{name}.process"


def start_detached(root: Path, name: str, arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Run ``tui-trainer sweep ARGUMENTS`` in a session of its own, with its output in the log. Raises OSError, ConfigError."""
    check_name(name)
    log_path(root, name).parent.mkdir(parents=True, exist_ok=True)
    with log_path(root, name).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tui_trainer", "sweep", *arguments, "--runs-dir", str(root)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip


@contextlib.contextmanager
def conducting(record: SweepRecord) -> Iterator[None]:
    """Say that this process conducts the sweep, while it does."""
    path = _process_path(record.root, record.name)
    with contextlib.suppress(OSError):
        write_atomic(path, json.dumps({"pid": os.getpid(), "process": process_identity(), "host": socket.gethostname()}).encode())
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


def conductor(root: Path, name: str) -> int | None:
    """The process that conducts the sweep on this machine; None where there is none."""
    try:
        values = json.loads(read_small(_process_path(root, name), LARGEST))
        pid, process, host = int(values["pid"]), values["process"], values["host"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pid if host == socket.gethostname() and process and process_identity(pid) == process else None


def stop_sweep(record: SweepRecord) -> int:
    """Start nothing else, and ask the trials at work to save a checkpoint and stop; how many were asked. Raises OSError."""
    if pid := conductor(record.root, record.name):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    asked = 0
    for trial in record.trials:
        folder = record.folder(trial)
        try:
            live = true_status(folder.path).state in LIVE
        except (OSError, ValueError, TypeError):
            continue
        if live:
            send(folder.path, StopNow())
            asked += 1
    return asked
