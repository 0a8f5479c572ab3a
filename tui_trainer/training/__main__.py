"""``python -m tui_trainer.training RUN``: the trainer as a process of its own, or as one of several that torchrun starts."""

import argparse
import os
import signal
import sys
from pathlib import Path

from tui_trainer.config import ConfigError
from tui_trainer.runs import RunFolder
from tui_trainer.runs.checkpoints import read_index
from tui_trainer.runs.events import RunEnded
from tui_trainer.runs.start import refuse_resume
from tui_trainer.runs.status import read_status
from tui_trainer.training.opening import MachineFailed, Terminated, opening

STATUSES = {"finished": 0, "stopped": 0, "failed": 1}


def main() -> int:
    """Train the run in the given folder. Exit status: 0 finished or stopped, 1 failed, 2 bad input, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tui_trainer.training", description="Train a run that stands in its folder.")
    parser.add_argument("run", type=Path, help="the run folder")
    parser.add_argument("--trust", action="store_true", help="let the run's own module code run")
    parser.add_argument("--resume", metavar="CHECKPOINT", help="go on from this checkpoint: last, best or a file's name (a run that has checkpoints goes on from the last in any case)")
    arguments = parser.parse_args()
    run = RunFolder(arguments.run)
    launched = "WORLD_SIZE" in os.environ
    restarted = int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0
    if restarted and (state := _state(run)) in STATUSES:
        return STATUSES[state]  # it ended with a word, and that stands
    resume = "last" if restarted or (not arguments.resume and _has_checkpoint(run)) else arguments.resume  # never over what was trained
    try:
        if not launched and not arguments.resume and _state(run) == "finished":
            refuse_resume(run)
        ended = _train(run, resume, arguments.trust, int(os.environ["WORLD_SIZE"]) if launched else None)
    except ConfigError as error:
        print(f"tui-trainer: {error}", file=sys.stderr)
        return 2
    except MachineFailed as error:
        print(f"tui-trainer: {error}", file=sys.stderr)
        return 1
    except Terminated as stopped:
        return 130 if stopped.reason == "interrupted" else 0
    except KeyboardInterrupt:
        return 130
    return ended if isinstance(ended, int) else 130 if ended.reason == "interrupted" else STATUSES[ended.state]


def _train(run: RunFolder, resume: str | None, trust: bool, world: int | None) -> RunEnded | int:
    """Train alone, as one of ``world`` processes, or start so many as the run asks for; its last event, or its exit status."""
    commands_from = 0 if resume is None else _size(run.commands_file)
    if world is None and (processes := _processes(run)) > 1:
        from tui_trainer.training.launch import launch

        return launch(run, processes, resume, trusted=trust)
    if world is not None and world > 1:
        from tui_trainer.training.worker import work

        return work(run, run.config(), resume, trusted=trust, commands_from=commands_from)
    with opening(run):
        from tui_trainer.training.prepare import prepare
        from tui_trainer.training.run import train

        return train(prepare(run.config(), trusted=trust), run, resume=resume, commands_from=commands_from)


def _processes(run: RunFolder) -> int:
    try:
        return run.config().training.processes
    except ConfigError:
        return 1  # what is wrong with it is said where the run is opened


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _state(run: RunFolder) -> str:
    try:
        return read_status(run.path).state
    except (OSError, ValueError):
        return ""


def _has_checkpoint(run: RunFolder) -> bool:
    try:
        return read_index(run.checkpoints).last is not None
    except ConfigError:
        return True  # what is wrong with it is said where it is loaded


if __name__ == "__main__":
    status = main()
    for number in (signal.SIGINT, signal.SIGTERM):  # all is written: a second one must not change how it ended
        signal.signal(number, signal.SIG_IGN)
    sys.exit(status)
