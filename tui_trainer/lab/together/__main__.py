"""``python -m tui_trainer.lab.together RUN...``: the trainer of several runs as a process of its own."""

import argparse
import sys
from pathlib import Path

from tui_trainer.config import ConfigError
from tui_trainer.config.together import groups
from tui_trainer.runs import RunFolder
from tui_trainer.runs.events import RunEnded
from tui_trainer.training.opening import mark_failed


def main() -> int:
    """Train the runs in the given folders, which must fit each other. Exit status: 0 all finished or stopped, 1 one failed, 2 bad input, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tui_trainer.lab.together", description="Train several runs of small dense networks in one batched step.")
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="a run folder")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint of each")
    arguments = parser.parse_args()
    runs = [RunFolder(path) for path in arguments.runs]
    try:
        configs = [run.config() for run in runs]
        if len(groups(configs)) > 1:
            raise ConfigError("these runs cannot train together: dense networks can that differ in seed, learning rate, momentum and weight decay alone")
        from tui_trainer.lab.together import prepare_together, train_together

        ends = train_together(prepare_together(configs, runs), ["last" if arguments.resume else None] * len(runs), commands_from=None if arguments.resume else 0)
    except ConfigError as error:
        print(f"tui-trainer: {error}", file=sys.stderr)
        for run in runs:
            mark_failed(run, str(error))
        return 2
    except KeyboardInterrupt:
        return 130
    if any(isinstance(end, RunEnded) and end.reason in ("interrupted", "terminated") for end in ends):
        return 130
    return 0 if all(isinstance(end, RunEnded) and end.state != "failed" for end in ends) else 1


if __name__ == "__main__":
    sys.exit(main())
