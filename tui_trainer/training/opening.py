"""From the process's start to the first step: whose run it is, that it is starting, and what becomes of it if it never gets there.

Nothing here imports torch: a trainer that is stopped, or finds no memory, while it still loads says so.
"""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import FrameType

from tui_trainer.config import ConfigError
from tui_trainer.runs import RunFolder
from tui_trainer.runs.lock import Refused, only_trainer
from tui_trainer.runs.status import Status, process_identity, process_started, read_status, write_status
from tui_trainer.runs.versions import refuse_newer
from tui_trainer.training.failures import machine_failure


class Terminated(BaseException):
    """Somebody asked to stop before the first step; ``reason`` is interrupted or terminated."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MachineFailed(Exception):
    """The machine could not go on; says why, in a line."""


@contextmanager
def opening(run: RunFolder) -> Iterator[None]:
    """Hold the run, show that it is starting, and tell why where it ends before it says so itself.

    Raises Refused where the run cannot be trained here (then it is as it was), Terminated at SIGTERM and SIGINT,
    MachineFailed where memory or disk are at an end, and whatever is raised inside.
    """
    with only_trainer(run):
        before = _status(run)
        try:
            refuse_newer(run.path)
        except ConfigError as error:
            raise Refused(str(error)) from None
        try:
            run.config()
            if before:
                _show_starting(run, before)
            with _stoppable():
                yield
        except Terminated as stopped:
            _tell(run, "stopped", f"{stopped.reason} before the first step")
            raise
        except ConfigError as error:
            if before and before.state != "starting":
                _put_back(run, before)
            else:
                _tell(run, "failed", str(error))
            raise
        except Exception as error:
            refused = machine_failure(error)
            _tell(run, "failed", refused or f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")
            if refused:
                raise MachineFailed(refused) from error
            raise


def _status(run: RunFolder) -> Status | None:
    try:
        return read_status(run.path)
    except (OSError, ValueError):
        return None


def _show_starting(run: RunFolder, before: Status) -> None:
    mine = {"pid": os.getpid(), "pid_started": process_started() or 0.0, "process": process_identity(), "host": socket.gethostname()}
    write_status(run.path, replace(before, state="starting", reason="", **mine))  # type: ignore[arg-type]


def mark_failed(run: RunFolder, reason: str, keeper: int = 0) -> None:
    """Bad input found after a run folder was made: say so there, unless another trainer has it by now.

    ``keeper`` is the process that started this one as one of several.
    """
    status = _status(run)
    if status and status.pid in (0, os.getpid(), keeper):
        _tell(run, "failed", reason)


def _tell(run: RunFolder, state: str, reason: str) -> None:
    """Note how it ended, unless the run could say so itself."""
    status = _status(run) or Status(state="starting", created=run.config_file.stat().st_mtime if run.config_file.exists() else 0.0)
    if status.state == "starting":
        with suppress(OSError):
            write_status(run.path, replace(status, state=state, reason=reason))  # type: ignore[arg-type]


def _put_back(run: RunFolder, before: Status) -> None:
    status = _status(run)
    if status and status.state == "starting":
        with suppress(OSError):
            write_status(run.path, before)


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGINT and SIGTERM end the loading with Terminated; a terminal that goes away does not."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise Terminated("interrupted" if number == signal.SIGINT else "terminated")

    handlers = {signal.SIGINT: stop, signal.SIGTERM: stop, signal.SIGHUP: lambda _number, _frame: None}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items() if signal.getsignal(number) is not signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
