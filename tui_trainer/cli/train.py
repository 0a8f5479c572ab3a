"""``tui-trainer train``: one run from start to end, in the foreground."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from tui_trainer.cli.options import DataDir, Dataset, Device, RunsDir, Set, Source, Trust, asked_config

if TYPE_CHECKING:
    from tui_trainer.config import Config
    from tui_trainer.runs import RunFolder
    from tui_trainer.runs.events import Event, RunEnded

Listener = Callable[["Event"], None]


def train(
    source: Source,
    sets: Set = [],  # noqa: B006 - typer reads it, nobody changes it
    dataset: Dataset = None,
    data_dir: DataDir = None,
    epochs: Annotated[float | None, typer.Option("--epochs", metavar="N", help="Passes over the training set.", show_default=False)] = None,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of weights, order and augmentation.", show_default=False)] = None,
    device: Device = None,
    runs_dir: RunsDir = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="The run's name (default: a readable new one).", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the events as JSON lines, nothing else; with --quiet the run at its end.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the final report only.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Start it in the background, print its name and return.")] = False,
    trust: Trust = False,
) -> None:
    """Train a preset or a TOML file.

    Ctrl-C once finishes the step and saves a checkpoint, twice stops at once.
    Exit status: 0 finished, 1 failed, 2 bad input, 130 interrupted.
    """
    from tui_trainer.runs.folder import runs_dir as runs_root
    from tui_trainer.runs.start import check_place

    config = asked_config(source, sets, dataset, data_dir, epochs=epochs, seed=seed, device=device)
    root = runs_root(runs_dir)
    check_place(root, name)
    preset = _preset_name(source)
    if detach:
        _detach(config, root, name, preset, quiet, trust)
        return
    if as_json:
        raise typer.Exit(_train_json(config, root, name, preset, quiet, trust))
    raise typer.Exit(_train_shown(config, root, name, preset, quiet, trust))


def _preset_name(source: str) -> str:
    from tui_trainer.config import preset_names

    return source if source in preset_names() else Path(source).stem


def _detach(config: "Config", root: Path, name: str | None, preset: str, quiet: bool, trust: bool) -> None:
    """Start the trainer in a session of its own; it lives on when this shell is gone."""
    from tui_trainer.runs.folder import create_run
    from tui_trainer.runs.start import start

    run = create_run(config, root, name, preset)
    start(run, trusted=trust)
    if quiet:
        print(run.name)
        return
    called = run.name if root == Path("runs") else str(run.path)
    print(f"{run.name} trains in the background.\n  watch it  tui-trainer open {called}\n  stop it   tui-trainer stop {called}")


def _train_shown(config: "Config", root: Path, name: str | None, preset: str, quiet: bool, trust: bool) -> int:
    from tui_trainer.cli.console import can_redraw, console
    from tui_trainer.cli.progress import Progress
    from tui_trainer.cli.report import print_report

    progress = Progress(sys.stdout, live=can_redraw(sys.stdout) and not quiet)
    try:
        progress.say("starting")
        run, ended = _train(config, root, name, preset, trust, [] if quiet else [progress], lambda what: progress.say(f"preparing the {what}"))
    finally:
        progress.close()
    print_report(console(), run, brief=ended.state != "finished")
    return _status(ended)


def _train_json(config: "Config", root: Path, name: str | None, preset: str, quiet: bool, trust: bool) -> int:
    from tui_trainer.cli.console import claimed_stdout
    from tui_trainer.cli.progress import JsonLines
    from tui_trainer.cli.report import run_json

    with claimed_stdout() as stdout:
        lines = JsonLines(stdout)
        run, ended = _train(config, root, name, preset, trust, [] if quiet else [lines], lambda _: None)
        if quiet:
            _write_json(run_json(run), stdout)
    return _status(ended)


def _write_json(value: object, stream: TextIO) -> None:
    import json

    json.dump(value, stream, indent=2, ensure_ascii=False)
    stream.write("\n")


def _train(
    config: "Config", root: Path, name: str | None, preset: str, trust: bool, listeners: list[Listener], tell: Callable[[str], None]
) -> "tuple[RunFolder, RunEnded]":
    """Prepare, make the run folder, train: bad input leaves no folder behind. Raises ConfigError."""
    from tui_trainer.cli.console import complain
    from tui_trainer.config import ConfigError
    from tui_trainer.runs.folder import create_run
    from tui_trainer.runs.status import read_status
    from tui_trainer.training.prepare import prepare
    from tui_trainer.training.run import train as run_training

    prepared = prepare(config, trusted=trust, progress=tell)
    run = create_run(config, root, name, preset)
    try:
        return run, run_training(prepared, run, listeners)
    except KeyboardInterrupt:
        complain(f"{run.name}: {read_status(run.path).reason or 'interrupted'}")
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
