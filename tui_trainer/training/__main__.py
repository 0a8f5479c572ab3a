"""``python -m tui_trainer.training RUN``: the trainer as a process of its own."""

import argparse
import sys
from pathlib import Path

from tui_trainer.config import ConfigError
from tui_trainer.runs import RunFolder
from tui_trainer.training.opening import MachineFailed, Terminated, opening


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
        with opening(run):
            from tui_trainer.training.prepare import prepare
            from tui_trainer.training.run import train

            ended = train(prepare(run.config(), trusted=arguments.trust), run, resume=arguments.resume, commands_from=commands_from)
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
    return 130 if ended.reason == "interrupted" else {"finished": 0, "stopped": 0, "failed": 1}[ended.state]


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


if __name__ == "__main__":
    sys.exit(main())
