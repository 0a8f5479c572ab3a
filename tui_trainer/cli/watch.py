"""``open``: the app. ``watch``: the same run as plain lines, for where the app cannot be."""

import sys
import time
from dataclasses import dataclass
from typing import Annotated

import typer

from tui_trainer.cli import completion
from tui_trainer.cli.options import Run, RunsDir

LOOK_EVERY = 0.2
MaybeRun = Annotated[
    str | None, typer.Argument(metavar="[RUN]", help="A run's name or folder (default: the newest one at work).", show_default=False, autocompletion=completion.runs)
]
Fps = Annotated[float | None, typer.Option("--fps", metavar="N", help="At most so many redraws a second (default: 30).", show_default=False, min=0.2, max=120)]
Ascii = Annotated[bool, typer.Option("--ascii", help="Draw with ASCII characters only (by itself where the locale is not UTF-8).")]


@dataclass(frozen=True, slots=True)
class Before:
    """What was asked for before the command: ``tui-trainer --ascii open``."""

    fps: float | None = None
    ascii: bool = False


def open_run(context: typer.Context, run: MaybeRun = None, fps: Fps = None, ascii: Ascii = False, runs_dir: RunsDir = None) -> None:
    """Open the app on a run: watch it and take the wheel. Leaving the app leaves the run going."""
    from tui_trainer.tui.start import open_app

    before = context.obj if isinstance(context.obj, Before) else Before()
    raise typer.Exit(open_app(run, runs_dir, fps=before.fps if fps is None else fps, ascii=ascii or before.ascii))


def watch(run: Run, runs_dir: RunsDir = None) -> None:
    """Follow a run as plain lines until it ends; Ctrl-C leaves it going. Exit status: 0, or 1 where the run failed."""
    from tui_trainer.cli.progress import Progress
    from tui_trainer.config import ConfigError
    from tui_trainer.runs.events import RunEnded, decode
    from tui_trainer.runs.folder import find_run
    from tui_trainer.runs.folder import runs_dir as runs_root
    from tui_trainer.runs.follow import Follower
    from tui_trainer.runs.status import LIVE, true_status

    found = find_run(run, runs_root(runs_dir))
    lines = Progress(sys.stdout, live=False)
    events = Follower(found.events_file, decode)
    ended: RunEnded | None = None
    try:
        while True:
            try:
                status = true_status(found.path)  # before the events: the last ones come before the state that ends it
            except (OSError, ValueError, TypeError):
                raise ConfigError(f"{found.path / 'status.json'} cannot be read: it is missing or damaged") from None
            for event in events.poll():
                lines(event)
                ended = event if isinstance(event, RunEnded) else None
            if status.state not in LIVE:
                break
            sys.stdout.flush()
            time.sleep(LOOK_EVERY)
    except KeyboardInterrupt:
        lines.close()
        print(f"{found.name} goes on; stop it with: tui-trainer stop {found.name}")
        raise typer.Exit(0) from None
    lines.close()
    state, reason = (ended.state, ended.reason) if ended else (status.state, status.reason)
    print(f"{found.name} {state}" + (f": {reason}" if reason else ""))
    raise typer.Exit(1 if state in ("failed", "crashed") else 0)
