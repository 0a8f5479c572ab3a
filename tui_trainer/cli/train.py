"""``tui-trainer train``: one run from start to end."""

from pathlib import Path
from typing import Annotated

import typer

from tui_trainer.cli.foreground import AsJson, Detach, Job, Name, Quiet, in_background, in_foreground
from tui_trainer.cli.options import DataDir, Dataset, Device, RunsDir, Set, Source, Trust, asked_config


def train(
    source: Source,
    sets: Set = [],  # noqa: B006 - typer reads it, nobody changes it
    dataset: Dataset = None,
    data_dir: DataDir = None,
    epochs: Annotated[float | None, typer.Option("--epochs", metavar="N", help="Passes over the training set.", show_default=False)] = None,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of weights, order and augmentation.", show_default=False)] = None,
    device: Device = None,
    processes: Annotated[int | None, typer.Option("--processes", metavar="N", help="Train in so many processes, a GPU each.", show_default=False)] = None,
    runs_dir: RunsDir = None,
    name: Name = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    detach: Detach = False,
    no_start: Annotated[bool, typer.Option("--no-start", help="Make the run's folder only and print it: for torchrun.")] = False,
    trust: Trust = False,
) -> None:
    """Train a preset or a TOML file.

    Ctrl-C once finishes the step and saves a checkpoint, twice stops at once.
    Exit status: 0 finished, 1 failed, 2 bad input, 130 interrupted.
    """
    from tui_trainer.runs.folder import create_run
    from tui_trainer.runs.folder import runs_dir as runs_root
    from tui_trainer.runs.start import check_place, make_only

    config = asked_config(source, sets, dataset, data_dir, epochs=epochs, seed=seed, device=device, processes=processes)
    root = runs_root(runs_dir)
    check_place(root, name)
    preset = _preset_name(source)
    if no_start:
        print(make_only(create_run(config, root, name, preset)).path)
        return
    if detach:
        in_background(create_run(config, root, name, preset), trust=trust, quiet=quiet)
        return
    job = Job(config, lambda _: create_run(config, root, name, preset), trust)
    raise typer.Exit(in_foreground(job, as_json=as_json, quiet=quiet))


def _preset_name(source: str) -> str:
    from tui_trainer.config import preset_names

    return source if source in preset_names() else Path(source).stem
