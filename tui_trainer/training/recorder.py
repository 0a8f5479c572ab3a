"""The run folder as a listener: appends events, keeps the status true."""

import os
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tui_trainer.runs import RunFolder
from tui_trainer.runs.events import Continued, Evaluated, Event, Paused, RunEnded, RunStarted, StepsTrained, encode
from tui_trainer.runs.results import read_results
from tui_trainer.runs.status import Status, process_identity, process_started, read_status, write_status

Listener = Callable[[Event], None]
HEARTBEAT = 1.0
"""Seconds between two statuses while nothing else changes."""


class Recorder:
    """Writes a run's events and status; other listeners hear the events too."""

    def __init__(self, run: RunFolder, listeners: Sequence[Listener] = (), keeper: int = 0) -> None:
        """``keeper``: the process whose end is the run's, where it is not this one but one that would start this one again."""
        self.run = run
        self.listeners = list(listeners)
        self.status = replace(
            _status_before(run),
            state="starting",
            reason="",
            pid=keeper or os.getpid(),
            pid_started=process_started(keeper or None) or 0.0,
            process=process_identity(keeper or None),
            host=socket.gethostname(),
        )
        self.descriptor = os.open(run.events_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        self.written = 0.0
        self.best: dict[str, Any] = self.status.summary.get("best", {})  # until it is known where the run goes on
        self.last: dict[str, Any] = self.status.summary.get("last", {})
        self.final: dict[str, Any] = self.status.summary.get("final", {})
        self._mend_torn_line()
        self.write_status()

    def recall(self, step: int, epoch: float) -> None:
        """Take up the figures that earlier trainers of the run told up to ``step``, where it goes on."""
        self.status = replace(self.status, step=step, epoch=epoch)
        self.best, self.last, self.final = {}, {}, {}
        results = read_results(self.run)
        for event in results.evaluations:
            if results.comparable_from < event.step <= step:
                self._note_figures(replace(event, final=False))

    def _mend_torn_line(self) -> None:
        """End a line that a killed trainer left torn, so that the next one is not lost with it."""
        with self.run.events_file.open("rb") as file:
            if file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) is not None and file.read(1) != b"\n":
                os.write(self.descriptor, b"\n")

    def tell(self, event: Event) -> None:
        """Append the event, pass it on, and bring the status up to date. Raises OSError where it cannot be written."""
        self._append(encode(event).encode())
        for listener in tuple(self.listeners):
            try:
                listener(event)
            except (OSError, UnicodeError):  # its terminal or pipe is gone, or cannot write such letters: that is no reason to stop training
                self.listeners.remove(listener)
        self._note(event)

    def _append(self, line: bytes) -> None:
        """Write a whole line; where there is no room for all of it, nothing stays of it."""
        size = os.fstat(self.descriptor).st_size
        try:
            _write_all(self.descriptor, line)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self.descriptor, size)
            raise OSError(error.errno, error.strerror, str(self.run.events_file)) from None

    def _note(self, event: Event) -> None:
        status = replace(self.status, training_seconds=event.elapsed)
        match event:
            case RunStarted():
                status = replace(
                    status, state="running", parameters=event.parameters, total_steps=event.total_steps, total_epochs=event.total_epochs, dataset=event.dataset
                )
            case StepsTrained():
                status = replace(status, step=event.step, epoch=event.epoch)
            case Evaluated():
                self._note_figures(event)
                status = replace(status, step=event.step, epoch=event.epoch)
            case Paused():
                status = replace(status, state="paused", step=event.step, epoch=event.epoch)
            case Continued():
                status = replace(status, state="running")
            case RunEnded():
                status = replace(
                    status, state=event.state, reason=event.reason, step=event.step, epoch=event.epoch, images_per_second=event.images_per_second
                )
        changed = status.state != self.status.state
        self.status = status
        if changed or time.monotonic() - self.written > HEARTBEAT:
            self.write_status(durable=isinstance(event, RunEnded))

    def _note_figures(self, event: Evaluated) -> None:
        figures = {"accuracy": event.accuracy, "loss": event.loss, "step": event.step, "epoch": event.epoch}
        if event.checkpoint == "last":
            self.last[event.split] = figures
        if event.best:
            self.best = {split: last for split, last in self.last.items() if last["step"] == event.step}
        elif self.best and event.checkpoint == "last" and all(best["step"] == event.step for best in self.best.values()):
            self.best[event.split] = figures
        if event.final:
            self.final[event.split] = figures

    def beat(self) -> None:
        """Show that the trainer lives, when nothing else has for a while."""
        if time.monotonic() - self.written > HEARTBEAT:
            self.write_status()

    def write_status(self, *, durable: bool = False) -> None:
        """Write the status as it is now."""
        self.written = time.monotonic()
        summary = {"best": self.best, "last": self.last, "final": self.final, "training_seconds": self.status.training_seconds}
        self.status = replace(self.status, heartbeat=time.time(), summary=summary)
        write_status(self.run.path, self.status, durable=durable)

    def sync(self) -> None:
        """Make the events so far durable."""
        os.fsync(self.descriptor)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self.descriptor)


def _status_before(run: RunFolder) -> Status:
    """The status that the run has; a new one where it is lost or damaged."""
    try:
        return read_status(run.path)
    except (OSError, ValueError, TypeError):
        return Status(state="starting", created=time.time())


def _write_all(descriptor: int, line: bytes) -> None:
    written = os.write(descriptor, line)
    while written < len(line):
        written += os.write(descriptor, line[written:])


class Silent(Recorder):
    """In place of a recorder in the processes that leave writing to the first one."""

    def __init__(self) -> None:
        self.status = Status(state="starting")
        self.last: dict[str, Any] = {}

    def tell(self, event: Event) -> None:
        """Nothing."""

    def recall(self, step: int, epoch: float) -> None:
        """Nothing."""

    def beat(self) -> None:
        """Nothing."""

    def write_status(self, *, durable: bool = False) -> None:
        """Nothing."""

    def sync(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""
