"""``status.json``: what a run is doing, small and replaced atomically; and whether that is still true."""

import dataclasses
import errno
import json
import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from tui_trainer.runs.atomic import write_atomic
from tui_trainer.runs.bounded import read_small

State = Literal["starting", "running", "paused", "finished", "stopped", "failed", "crashed"]
LIVE: tuple[State, ...] = ("starting", "running", "paused")
VERSION = 1
MAX_BYTES = 1_000_000
LARGEST = 1e18
HIDDEN = "hidden"
SILENT_AFTER = 60.0
"""Seconds without a heartbeat after which a trainer on another machine counts as gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a run is doing and how far it is."""

    state: State
    pid: int = 0
    """Of the trainer; where several processes train, of the one that starts them (again)."""
    pid_started: float = 0.0
    """When that process began, seconds since 1970."""
    process: str = ""
    """Tells it from a later one with the same number, also after the clock was set: see :func:`process_identity`."""
    host: str = ""
    heartbeat: float = 0.0
    """When this was written, seconds since 1970."""
    created: float = 0.0
    reason: str = ""
    dataset: str = ""
    title: str = ""
    preset: str = ""
    parameters: int = 0
    step: int = 0
    total_steps: int = 0
    epoch: float = 0.0
    total_epochs: float = 0.0
    training_seconds: float = 0.0
    images_per_second: float = 0.0
    summary: dict[str, Any] = field(default_factory=dict)
    """``{"best": {split: {"accuracy", "loss", "step", "epoch"}}, "last": {...}, "final": {...}, "training_seconds": ...}``"""
    version: int = VERSION


_FIELDS = tuple(each.name for each in dataclasses.fields(Status))
_NUMBERS = {each.name for each in dataclasses.fields(Status) if isinstance(each.default, int | float)}


def write_status(run: Path, status: Status, *, durable: bool = False) -> None:
    """Replace a run's status. Raises OSError."""
    content = json.dumps(dataclasses.asdict(status), indent=1).encode()
    try:
        write_atomic(run / "status.json", content, durable=durable)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) or not _overwrite(run / "status.json", content):
            raise


def _overwrite(path: Path, content: bytes) -> bool:
    """Where the disk has no room for a second file: write over the blocks that the first one has, if they are enough. Whether that was done."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if len(content) > 512 * os.fstat(descriptor).st_blocks:
            return False
        os.pwrite(descriptor, content, 0)
        os.ftruncate(descriptor, len(content))
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def read_status(run: Path) -> Status:
    """A run's status as it was written. Raises OSError, or ValueError where the file is damaged.

    Of a newer version's, what does not fit is left at its default, and a state that this one does not know counts as
    running for as long as its process lives, as stopped afterwards.
    """
    path = run / "status.json"
    try:
        values = json.loads(read_small(path, MAX_BYTES))
    except RecursionError:
        raise ValueError(f"{path}: not a status") from None
    if not isinstance(values, dict) or not isinstance(values.get("state"), str):
        raise ValueError(f"{path}: not a status")
    newer = type(values.get("version")) is int and values["version"] > VERSION
    known = {name: values[name] for name in _FIELDS if name in values}
    wrong = [name for name, value in known.items() if not _fits(value, name)]
    if wrong and not newer:
        raise ValueError(f"{path}: {wrong[0]} is no {_kind(wrong[0])}")
    for name in wrong:
        del known[name]
    if values["state"] in get_args(State):
        return Status(**known)
    if not newer:
        raise ValueError(f"{path}: not a status")
    status = Status(**known | {"state": "running"})
    return status if alive(status) else dataclasses.replace(status, state="stopped", reason=f"{values['state']}, as a newer version of tui-trainer calls it")


def _kind(name: str) -> str:
    return "number" if name in _NUMBERS else "text" if name != "summary" else "table of figures"


def _fits(value: Any, name: str) -> bool:
    """Whether a value read from a file is what the field of this name says: others rely on it without looking."""
    if name == "summary":
        return isinstance(value, dict) and _is_number(value.get("training_seconds", 0.0)) and all(
            isinstance(value.get(part, {}), dict) and all(map(_are_figures, value.get(part, {}).values())) for part in ("best", "last", "final")
        )
    if name in ("pid", "version"):
        return type(value) is int and 0 <= value < 2**31
    return _is_number(value) if name in _NUMBERS else isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -LARGEST < value < LARGEST


def _are_figures(value: Any) -> bool:
    """The figures of a split; a loss may be no number."""
    return isinstance(value, dict) and all(figure is None or _is_number(figure) or str(figure) == "nan" for figure in value.values())


def true_status(run: Path) -> Status:
    """A run's status, checked: a live one whose process is gone has crashed. Raises as :func:`read_status`."""
    status = read_status(run)
    if status.state not in LIVE or alive(status):
        return status
    latest = read_status(run)  # it may have ended between the two looks
    if latest.state not in LIVE:
        return latest
    return dataclasses.replace(latest, state="crashed", reason="its process is gone without a word")


def alive(status: Status) -> bool:
    """Whether the process that wrote ``status`` still runs (on another machine: whether it was heard of lately)."""
    if status.host and status.host != socket.gethostname():
        return time.time() - status.heartbeat < SILENT_AFTER
    if not status.pid:
        return time.time() - status.created < SILENT_AFTER
    if not status.process:  # an older version wrote it
        started = process_started(status.pid)
        return started is not None and abs(started - status.pid_started) < 2.0
    found = process_identity(status.pid)
    return found == status.process or (found == HIDDEN and time.time() - status.heartbeat < SILENT_AFTER)


def process_identity(pid: int | None = None) -> str:
    """What tells a process from a later one with the same number, whatever happens to the clock meanwhile.

    Empty if there is none (a zombie counts as none); ``HIDDEN`` if there is one that may not be looked at.
    """
    pid = pid or os.getpid()
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return "" if after_name[0] in "ZX" else f"{boot}:{after_name[19]}"  # field 22: start after boot, in clock ticks
    except (OSError, IndexError):
        pass
    started = process_started(pid)
    if started is not None:
        return f"{started:.0f}"
    try:
        os.kill(pid, 0)
    except PermissionError:
        return HIDDEN
    except OSError:
        return ""
    return ""


def process_started(pid: int | None = None) -> float | None:
    """When a process began, in seconds since 1970; None if there is none (a zombie counts as none)."""
    import psutil

    try:
        process = psutil.Process(pid or os.getpid())
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except (psutil.Error, ValueError, OverflowError):
        return None
