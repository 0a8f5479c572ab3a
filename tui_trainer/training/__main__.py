"""``python -m tui_trainer.training RUN``: the trainer as a process of its own."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from tui_trainer.config import ConfigError
from tui_trainer.runs import RunFolder
from tui_trainer.runs.status import read_status, write_status


def main() -> int:
    """Train the run in the given folder. Exit status: 0 finished or stopped, 1 failed, 2 bad input, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tui_trainer.training", description="Train a run that stands in its folder.")
    parser.add_argument("run", type=Path, help="the run folder")
    parser.add_argument("--trust", action="store_true", help="let the run's own module code run")
    parser.add_argument("--resume", metavar="CHECKPOINT", help="go on from this checkpoint: last, best or a file's name")
    arguments = parser.parse_args()
    run = RunFolder(arguments.run)
    commands_from = 0 if arguments.resume is None else _size(run.commands_file)
    try:
        config = run.config()
        from tui_trainer.training.prepare import prepare
        from tui_trainer.training.run import train

        ended = train(prepare(config, trusted=arguments.trust), run, resume=arguments.resume, commands_from=commands_from)
    except ConfigError as error:
        print(f"tui-trainer: {error}", file=sys.stderr)
        mark_failed(run, str(error))
        return 2
    except KeyboardInterrupt:
        return 130
    return 130 if ended.reason == "interrupted" else {"finished": 0, "stopped": 0, "failed": 1}[ended.state]


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def mark_failed(run: RunFolder, reason: str) -> None:
    """Bad input found after the run folder was made: say so there, unless a live trainer owns it."""
    try:
        status = read_status(run.path)
        if status.state == "starting" and status.pid in (0, os.getpid()):
            write_status(run.path, replace(status, state="failed", reason=reason))
    except (OSError, ValueError):
        return


if __name__ == "__main__":
    sys.exit(main())
