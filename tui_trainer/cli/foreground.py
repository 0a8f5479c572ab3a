"""A run in the foreground, or sent to the background: what ``train``, ``resume`` and ``fork`` share."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

if TYPE_CHECKING:
    from tui_trainer.config import Config
    from tui_trainer.runs import RunFolder
    from tui_trainer.runs.events import Event, RunEnded
    from tui_trainer.training.prepare import Prepared

Listener = Callable[["Event"], None]
AsJson = Annotated[bool, typer.Option("--json", help="Print the events as JSON lines, nothing else; with --quiet the run at its end.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the final report only.")]
Detach = Annotated[bool, typer.Option("--detach", help="Start it in the background, print its name and return.")]
Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="The run's name (default: a readable new one).", show_default=False)]


@dataclass(frozen=True, slots=True)
class Job:
    """What to train, and where it is kept."""

    config: "Config"
    folder: Callable[["Prepared"], "RunFolder"]
    """Makes the run's folder, or gives the one there is, once all else is known to be right. Raises ConfigError."""
    trust: bool
    resume: str | None = None
    """The checkpoint to go on from."""
    forked: bool = False
    """Whether the folder is a new fork, of which this is to be told."""


def in_foreground(job: Job, *, as_json: bool, quiet: bool) -> int:
    """Train and show it; returns the exit status. Raises ConfigError where nothing was begun."""
    return _json(job, quiet) if as_json else _shown(job, quiet)


def in_background(run: "RunFolder", *, trust: bool, quiet: bool, resume: str | None = None, verb: str = "trains") -> None:
    """Start the trainer in a session of its own; it lives on when this shell is gone."""
    from tui_trainer.runs.start import start

    start(run, trusted=trust, resume=resume)
    if quiet:
        print(run.name)
        return
    called = run.name if run.path.parent == Path("runs") else str(run.path)
    print(f"{run.name} {verb} in the background.\n  watch it  tui-trainer open {called}\n  stop it   tui-trainer stop {called}")


def _shown(job: Job, quiet: bool) -> int:
    from tui_trainer.cli.console import can_redraw, console
    from tui_trainer.cli.progress import Progress
    from tui_trainer.cli.report import print_report

    progress = Progress(sys.stdout, live=can_redraw(sys.stdout) and not quiet)
    try:
        progress.say("starting")
        run, ended = _train(job, [] if quiet else [progress], lambda what: progress.say(f"preparing the {what}"))
    finally:
        progress.close()
    print_report(console(), run, brief=ended.state != "finished")
    return _status(ended)


def _json(job: Job, quiet: bool) -> int:
    from tui_trainer.cli.console import claimed_stdout
    from tui_trainer.cli.progress import JsonLines
    from tui_trainer.cli.report import run_json

    with claimed_stdout() as stdout:
        lines = JsonLines(stdout)
        run, ended = _train(job, [] if quiet else [lines], lambda _: None)
        if quiet:
            _write_json(run_json(run), stdout)
    return _status(ended)


def _write_json(value: object, stream: TextIO) -> None:
    import json

    json.dump(value, stream, indent=2, ensure_ascii=False)
    stream.write("\n")


def _train(job: Job, listeners: Sequence[Listener], tell: Callable[[str], None]) -> "tuple[RunFolder, RunEnded]":
    """Prepare, make the run folder, train: bad input leaves no folder behind. Raises ConfigError."""
    from tui_trainer.cli.console import complain
    from tui_trainer.config import ConfigError
    from tui_trainer.runs.forks import forked_event
    from tui_trainer.runs.lock import Refused
    from tui_trainer.runs.status import read_status
    from tui_trainer.training.prepare import prepare
    from tui_trainer.training.run import train as run_training

    prepared = prepare(job.config, trusted=job.trust, progress=tell)
    run = job.folder(prepared)
    if job.forked and (forked := forked_event(run)):
        for listener in listeners:
            listener(forked)
    if job.config.training.processes > 1:
        from tui_trainer.cli.processes import follow
        from tui_trainer.runs.start import start

        del prepared
        return run, follow(run, start(run, trusted=job.trust, resume=job.resume), listeners)
    try:
        return run, run_training(prepared, run, listeners, resume=job.resume)
    except KeyboardInterrupt:
        complain(f"{run.name}: {read_status(run.path).reason or 'interrupted'}")
        raise
    except Refused:
        raise
    except ConfigError as error:  # it broke after it began: not the input's fault
        complain(f"{run.name}: {error}")
        raise typer.Exit(1) from None
    except Exception as error:  # a module of the user's own, or a fault of ours: the whole story belongs into the run's log
        import traceback

        with run.log_file.open("a", encoding="utf-8") as log:
            traceback.print_exc(file=log)
        complain(f"{run.name}: failed with {type(error).__name__}: {' '.join(str(error).split())[:300]} (all of it in {run.log_file})")
        raise typer.Exit(1) from None


def _status(ended: "RunEnded") -> int:
    if ended.state == "failed":
        from tui_trainer.cli.console import complain

        complain(ended.reason)
        return 1
    return 130 if ended.state == "stopped" else 0  # by Ctrl-C, SIGTERM or a viewer: what follows `&&` wants a finished run
