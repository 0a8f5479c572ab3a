"""A run folder, followed: its history and status as they are now, and the commands that still wait for an answer."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tui_trainer.runs.bounded import open_regular
from tui_trainer.runs.commands import Command, Continue, OneEpoch, OneStep, Pause, SaveCheckpoint, SetLearningRate, StopAfterEpoch, StopNow, send
from tui_trainer.runs.events import CheckpointSaved, Continued, Event, LearningRateChanged, Paused, RunEnded, Steered, decode
from tui_trainer.runs.follow import Follower
from tui_trainer.runs.history import History
from tui_trainer.runs.reading import read_history
from tui_trainer.runs.status import LIVE, Status, true_status

STATUS_EVERY = 1.0
"""Seconds between looks at the status and at the process behind it."""
LOG_BYTES = 16_000


@dataclass(frozen=True, slots=True)
class Pending:
    """A command that was sent and has not shown an effect yet."""

    command: Command
    sent: float


class Feed:
    """One run as the screens see it. :meth:`poll` takes in what is new; nothing here draws."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self.history = History()
        self.status: Status | None = None
        self.problem = ""
        """Why the folder cannot be followed, as a sentence."""
        self.pending: list[Pending] = []
        self.loaded = False
        self._follower: Follower[Event] | None = None
        self._damaged_before = 0
        self._looked = 0.0
        self._stamp = 0
        self._now = clock

    @property
    def name(self) -> str:
        """The run's name."""
        return self.path.name

    @property
    def state(self) -> str:
        """What the run is doing; the newest event counts more than a status written a moment ago."""
        if self.status is None:
            return "missing"
        if self.history.ended is not None and self.status.state in (*LIVE, "crashed"):
            return self.history.ended.state
        if self.status.state in ("running", "paused"):
            return "paused" if self.history.paused else "running"
        return self.status.state

    @property
    def live(self) -> bool:
        """Whether a trainer is at work, so that it can be steered."""
        return self.state in LIVE

    def load(self) -> None:
        """Read all there is so far (up to a second for a million events: call it off the event loop)."""
        self._look(force=True)
        try:
            self.history, offset = read_history(self.path / "events.jsonl")
        except OSError as error:
            self.problem = f"{self.path / 'events.jsonl'} cannot be read: {error.strerror}"
            offset = 0
        self._follower = Follower(self.path / "events.jsonl", decode, offset)
        self._damaged_before = self.history.damaged
        self.loaded = True

    def poll(self) -> bool:
        """Whether anything is new since the last look."""
        if self._follower is None:
            return False
        changed = self._look()
        try:
            for event in self._follower.poll():
                self.history.observe(event)
                self._acknowledge(event)
                changed = True
            damaged = self._damaged_before + self._follower.skipped
            changed = changed or damaged != self.history.damaged
            self.history.damaged = damaged
        except OSError as error:
            changed = self._fail(f"{self.path / 'events.jsonl'} cannot be read: {error.strerror}") or changed
        if changed and not self.live and self.pending:
            self.pending.clear()
        return changed

    def _look(self, *, force: bool = False) -> bool:
        now = self._now()
        if not force and now - self._looked < STATUS_EVERY:
            return False
        self._looked = now
        before = self.status, self.problem
        try:
            stamp = os.stat(self.path / "status.json").st_mtime_ns  # noqa: PTH116
            if stamp != self._stamp or self.status is None or self.status.state in LIVE:
                self.status, self._stamp, self.problem = true_status(self.path), stamp, ""
        except FileNotFoundError:
            self.status = None
            self.problem = f"{self.path}: the run's folder is gone"
        except (OSError, ValueError, TypeError) as error:
            self.problem = f"{self.path / 'status.json'} cannot be read: {error}"
        return self._visible(before[0]) != self._visible(self.status) or before[1] != self.problem

    @staticmethod
    def _visible(status: Status | None) -> tuple[object, ...]:
        """What of a status a screen shows, its heartbeat not among it."""
        return (status.state, status.reason, status.summary, status.pid) if status else ()

    def _fail(self, problem: str) -> bool:
        changed, self.problem = problem != self.problem, problem
        return changed

    def send(self, command: Command) -> str:
        """Leave a command for the trainer. Returns a sentence where that fails, else an empty string."""
        try:
            send(self.path, command)
        except PermissionError:
            return f"{self.path / 'commands.jsonl'} may not be written by you: a run obeys only those who may write its folder"
        except OSError as error:
            return f"{self.path / 'commands.jsonl'} cannot be written: {error.strerror}"
        self.pending = [each for each in self.pending if type(each.command) is not type(command)]
        self.pending.append(Pending(command, self._now()))
        return ""

    def _acknowledge(self, event: Event) -> None:
        match event:
            case RunEnded():
                done: tuple[type, ...] = (Pause, Continue, OneStep, OneEpoch, SetLearningRate, SaveCheckpoint, StopAfterEpoch, StopNow)
            case Steered():
                done = tuple(kind for kind in (Pause, Continue, OneStep, OneEpoch, SetLearningRate, SaveCheckpoint, StopAfterEpoch, StopNow) if kind.__name__ == event.command)
            case Paused():
                done = (Pause,)
            case Continued():
                done = (Continue,)
            case LearningRateChanged():
                done = (SetLearningRate,)
            case CheckpointSaved(reason="requested"):
                done = (SaveCheckpoint,)
            case _:
                return
        self.pending = [each for each in self.pending if not isinstance(each.command, done)]

    def log_tail(self) -> str:
        """The end of what the trainer's process printed."""
        try:
            with open_regular(self.path / "trainer.log") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - LOG_BYTES))
                return file.read().decode("utf-8", "replace")
        except OSError:
            return ""
