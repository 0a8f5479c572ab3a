"""What people ask of a running trainer, by command file and by signal, as a few flags that the loop looks at."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Literal

from tui_trainer.runs import RunFolder
from tui_trainer.runs.commands import Request, decode
from tui_trainer.runs.follow import Follower

STOPPING = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


@dataclass(slots=True)
class Control:
    """Flags for the loop; signals set them, the loop clears them."""

    stop: str = ""
    """Why to stop after this step; empty: go on."""
    stop_after_epoch: str = ""
    paused: bool = False
    pause_at: Literal["", "step", "epoch"] = ""
    ending: bool = False
    """The last words are being written: signals have nothing more to say."""
    save: Literal["", "requested", "hangup"] = ""
    """Why to save a checkpoint after this step and go on; empty: no need."""


def command_reader(run: RunFolder, offset: int) -> Follower[Request]:
    """Reads a run's commands from ``offset`` on: earlier ones were meant for an earlier trainer."""
    return Follower(run.commands_file, decode, offset)


@contextmanager
def signals(control: Control) -> Iterator[None]:
    """SIGINT and SIGTERM stop after the step with a checkpoint, a second one at once (KeyboardInterrupt);
    SIGHUP (the terminal is gone) saves a checkpoint, and training goes on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _frame: FrameType | None) -> None:
        if control.ending:
            return
        if control.stop:
            control.ending = True
            raise KeyboardInterrupt
        control.stop = STOPPING[signal.Signals(number)]

    def save(_number: int, _frame: FrameType | None) -> None:
        control.save = control.save or "hangup"

    handlers = {signal.SIGINT: stop, signal.SIGTERM: stop} | ({signal.SIGHUP: save} if hasattr(signal, "SIGHUP") else {})
    before = {number: signal.signal(number, handler) for number, handler in handlers.items() if signal.getsignal(number) is not signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
