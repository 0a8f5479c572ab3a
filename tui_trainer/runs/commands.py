"""What viewers ask of a trainer: typed, imperative; one JSON object a line in ``commands.jsonl``."""

import dataclasses
import getpass
import json
import math
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from tui_trainer.runs.bounded import refuse_link


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait after the current step."""


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on after a pause."""


@dataclass(frozen=True, slots=True)
class OneStep:
    """Take one step, then wait."""


@dataclass(frozen=True, slots=True)
class OneEpoch:
    """Train to the end of the epoch, then wait."""


@dataclass(frozen=True, slots=True)
class SetLearningRate:
    """Use this learning rate from the next step on; a schedule goes on from it in proportion."""

    value: float


@dataclass(frozen=True, slots=True)
class SaveCheckpoint:
    """Save a checkpoint now and keep it."""


@dataclass(frozen=True, slots=True)
class StopAfterEpoch:
    """Stop at the end of the epoch."""


@dataclass(frozen=True, slots=True)
class StopNow:
    """Finish the step, save a checkpoint and stop."""


Command = Pause | Continue | OneStep | OneEpoch | SetLearningRate | SaveCheckpoint | StopAfterEpoch | StopNow
KINDS: dict[str, type[Command]] = {
    kind.__name__: kind for kind in (Pause, Continue, OneStep, OneEpoch, SetLearningRate, SaveCheckpoint, StopAfterEpoch, StopNow)
}
MAX_LINE = 10_000


@dataclass(frozen=True, slots=True)
class Request:
    """A command, who sent it and when (seconds since 1970)."""

    command: Command
    by: str
    time: float


def person() -> str:
    """Who is asking: user@host."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):
        return f"uid-{os.getuid()}@{socket.gethostname()}"


def send(run: Path, command: Command, by: str = "") -> None:
    """Leave a command in a run folder, in a person's name unless ``by`` says whose. Raises OSError where the file may not be written, or is a link to somewhere else."""
    refuse_link(run / "commands.jsonl")
    values = {"command": type(command).__name__, "by": by or person(), "time": time.time()} | dataclasses.asdict(command)
    line = (json.dumps(values, separators=(",", ":")) + "\n").encode()
    descriptor = os.open(run / "commands.jsonl", os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"  # somebody was killed in the middle of a line, which must not take this one with it
        os.write(descriptor, b"\n" + line if torn else line)
    finally:
        os.close(descriptor)


def decode(line: str | bytes) -> Request | None:
    """The request of a line; None for a command this version does not know. Raises ValueError for a damaged line."""
    if len(line) > MAX_LINE:
        raise ValueError("not a command")
    values = json.loads(line)
    if not isinstance(values, dict) or not isinstance(name := values.get("command"), str):
        raise ValueError("not a command")
    kind = KINDS.get(name)
    if kind is None:
        return None
    command: Command = SetLearningRate(_learning_rate(values.get("value"))) if kind is SetLearningRate else kind()  # type: ignore[call-arg]
    return Request(command, _name(values.get("by", "")), _time(values.get("time")))


def _name(value: object) -> str:
    """Who asks, in letters that every file and terminal takes."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(value)[:100])


def _time(value: object) -> float:
    return float(value) if isinstance(value, int | float) and abs(value) < 1e18 else 0.0


def _learning_rate(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 < value <= 1e6:
        raise ValueError(f"learning rate {value!r} is not allowed")
    return float(value)
