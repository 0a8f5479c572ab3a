"""Starting the processes of a run on this machine, and starting them again when one is lost: PyTorch's launcher, from within."""

import os
import signal
import sys
import time
from types import FrameType
from typing import Literal

import psutil

from tui_trainer.runs import RunFolder
from tui_trainer.runs.commands import SaveCheckpoint, send
from tui_trainer.runs.events import RunEnded
from tui_trainer.runs.lock import only_trainer
from tui_trainer.runs.status import LIVE, read_status
from tui_trainer.training.opening import opening
from tui_trainer.training.recorder import Recorder

RESTARTS = 3
"""How often all processes are started again after one was lost."""


def launch(run: RunFolder, processes: int, resume: str | None, *, trusted: bool) -> int:
    """Train the run in so many processes; returns the exit status. Raises ConfigError where another trainer is at work on it.

    SIGINT and SIGTERM are passed on to the processes, which finish the step and save a checkpoint; at SIGHUP they save one and go on.
    """
    with opening(run):  # the first process holds the run from then on; status shows this one, whose end is the run's
        from torch.distributed.elastic.multiprocessing import SignalException
        from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
        from torch.distributed.run import get_args_parser
        from torch.distributed.run import run as run_launcher
    if sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # all on this machine: whether its name can be looked up does not matter
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # each process sets its own number; this keeps the launcher from warning of it
    signal.signal(signal.SIGHUP, lambda number, frame: _save(run, number, frame))
    more = [*(["--resume", resume] if resume else []), *(["--trust"] if trusted else [])]
    options = (f"--nproc-per-node={processes}", f"--max-restarts={RESTARTS}", "--signals-to-handle=SIGTERM,SIGINT")
    signalled = None
    try:
        run_launcher(  # type: ignore[no-untyped-call]
            get_args_parser().parse_args(
                ["--standalone", *options, "--module", "tui_trainer.training", str(run.path), *more]
            )
        )
    except SignalException as error:
        signalled = error.sigval
    except ChildFailedError:
        pass  # why is in the run folder, or nowhere
    state = _record_the_lost(run, stopped=signalled is not None)
    return 130 if signalled == signal.SIGINT else 1 if state == "failed" else 0


def _save(run: RunFolder, _number: int, _frame: FrameType | None) -> None:
    try:
        send(run.path, SaveCheckpoint())
    except OSError:
        return


def _record_the_lost(run: RunFolder, *, stopped: bool) -> str:
    """The run's state now that all processes are gone; where none of them could say why, this does."""
    for child in psutil.Process().children(recursive=True):  # a second signal ends the launcher's patience: none may be left
        child.kill()
    status = read_status(run.path)
    if status.state not in LIVE:
        return status.state
    with only_trainer(run):
        recorder = Recorder(run)
        began = status.step == 0 and not status.training_seconds
        state: Literal["stopped", "failed"] = "stopped" if stopped else "failed"
        lost = f"its processes were lost {RESTARTS + 1} times (killed, perhaps for want of memory)"
        reason = "stopped before the first step" if stopped and began else "stopped at once" if stopped else lost
        recorder.tell(
            RunEnded(
                time=time.time(), elapsed=status.training_seconds, state=state, reason=reason, step=status.step, epoch=status.epoch, images_per_second=0.0
            )
        )
        recorder.close()
    return state
