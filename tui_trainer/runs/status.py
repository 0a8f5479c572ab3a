"""``status.json``: what a run is doing, small and replaced atomically; and whether that is still true."""

import dataclasses
import json
import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from tui_trainer.runs.atomic import write_atomic

State = Literal["starting", "running", "paused", "finished", "stopped", "failed", "crashed"]
LIVE: tuple[State, ...] = ("starting", "running", "paused")
SILENT_AFTER = 60.0
"""Seconds without a heartbeat after which a trainer on another machine counts as gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a run is doing and how far it is."""

    state: State
    pid: int = 0
    pid_started: float = 0.0
    """When that process began, seconds since 1970: tells it from a later one with the same number."""
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
    version: int = 1


_FIELDS = {each.name for each in dataclasses.fields(Status)}
_NUMBERS = {each.name for each in dataclasses.fields(Status) if isinstance(each.default, int | float)}


def write_status(run: Path, status: Status, *, durable: bool = False) -> None:
    """Replace a run's status. Raises OSError."""
    write_atomic(run / "status.json", json.dumps(dataclasses.asdict(status), indent=1).encode(), durable=durable)


def read_status(run: Path) -> Status:
    """A run's status as it was written. Raises OSError, or ValueError where the file is damaged."""
    values = json.loads((run / "status.json").read_bytes())
    if not isinstance(values, dict) or values.get("state") not in get_args(State):
        raise ValueError(f"{run / 'status.json'}: not a status")
    status = Status(**{name: value for name, value in values.items() if name in _FIELDS})
    if wrong := next((each.name for each in dataclasses.fields(Status) if not _fits(getattr(status, each.name), each)), None):
        raise ValueError(f"{run / 'status.json'}: {wrong} is no {_kind(wrong)}")
    return status


def _kind(name: str) -> str:
    return "number" if name in _NUMBERS else "text" if name != "summary" else "table of figures"


def _fits(value: Any, field: "dataclasses.Field[Any]") -> bool:
    """Whether a value read from a file is what the field says: others rely on it without looking."""
    if field.name == "summary":
        return isinstance(value, dict) and all(isinstance(value.get(part, {}), dict) for part in ("best", "last", "final")) and all(
            isinstance(figures, dict) for part in ("best", "last", "final") for figures in value.get(part, {}).values()
        )
    return isinstance(value, int | float) and not isinstance(value, bool) if field.name in _NUMBERS else isinstance(value, str)


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
    started = process_started(status.pid)
    return started is not None and abs(started - status.pid_started) < 2.0


def process_started(pid: int | None = None) -> float | None:
    """When a process began, in seconds since 1970; None if there is none (a zombie counts as none)."""
    import psutil

    try:
        process = psutil.Process(pid or os.getpid())
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return None
