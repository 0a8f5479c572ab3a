"""A run of several processes in the foreground: they train in the background, and this one follows their events."""

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_trainer.runs import RunFolder
    from tui_trainer.runs.events import Event, RunEnded

LOOK_EVERY = 0.1


def follow(run: "RunFolder", process: "subprocess.Popen[bytes]", listeners: Sequence[Callable[["Event"], None]]) -> "RunEnded":
    """Pass a run's new events on until the process that trains it has ended; returns the last one.

    Ctrl-C is passed on: once finishes the step and saves a checkpoint, twice stops at once (KeyboardInterrupt). So are SIGTERM,
    which ends the run as once does, and SIGHUP, at which it saves a checkpoint and goes on.
    """
    passed_on = {number: signal.signal(number, lambda number, _: process.send_signal(number)) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        return _followed(run, process, listeners)
    finally:
        for number, before in passed_on.items():
            signal.signal(number, before)


def _followed(run: "RunFolder", process: "subprocess.Popen[bytes]", listeners: Sequence[Callable[["Event"], None]]) -> "RunEnded":
    from tui_trainer.runs.events import RunEnded, decode
    from tui_trainer.runs.follow import Follower
    from tui_trainer.runs.status import read_status

    events = Follower(run.events_file, decode, run.events_file.stat().st_size)
    ended: RunEnded | None = None
    interrupted, hearing = False, list(listeners)
    while True:
        try:
            over = process.poll() is not None  # before the events: the last ones come before the end
            for event in events.poll():
                ended = event if isinstance(event, RunEnded) else ended
                for listener in tuple(hearing):
                    try:
                        listener(event)
                    except (OSError, UnicodeError):  # its terminal or pipe is gone
                        hearing.remove(listener)
            if over:
                break
            time.sleep(LOOK_EVERY)
        except KeyboardInterrupt:
            if interrupted:
                _interrupt_all(process)
                raise
            interrupted = True
            process.send_signal(signal.SIGINT)
    if ended:
        return ended
    status = read_status(run.path)
    reason = status.reason or f"its process ended without a word (what it printed is in {run.log_file})"
    return RunEnded(time=time.time(), elapsed=status.training_seconds, state="failed", reason=reason, step=status.step, epoch=status.epoch, images_per_second=0.0)


def _interrupt_all(process: "subprocess.Popen[bytes]") -> None:
    """The second Ctrl-C, to the processes themselves: the launcher waits for them patiently."""
    import psutil

    try:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.send_signal(signal.SIGINT)
    except psutil.Error:
        return
    process.wait()
