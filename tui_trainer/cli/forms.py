"""``tui-trainer four-forms``: one training written four times, side by side."""

import sys
from typing import Annotated

import typer

from tui_trainer.cli.options import DataDir, Dataset, Json, Set, Source, asked_config

ROUNDING = 1e-6
"""Relative difference up to which curves in double precision are the same."""


def four_forms(
    source: Source,
    sets: Set = [],  # noqa: B006 - typer reads it, nobody changes it
    dataset: Dataset = None,
    data_dir: DataDir = None,
    epochs: Annotated[int, typer.Option("--epochs", metavar="N", help="Passes over the training set.", min=1, max=10_000)] = 5,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of weights, order and dropout.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Train a dense network in four forms and compare.

    By hand, autograd on tensors, nn.Module, torch.optim: from one seed they give the same curve.
    Exit status: 0 they agree, 1 they do not.
    """
    from tui_trainer.cli.console import can_redraw, claimed_stdout, clip, console
    from tui_trainer.cli.tables import print_table

    config = asked_config(source, sets, dataset, data_dir, {"training": {"device": "cpu"}}, seed=seed)
    live = can_redraw(sys.stderr) and not as_json

    def say(name: str, done: int, total: int) -> None:
        sys.stderr.write("\r\x1b[2K" + (clip(f"  {name}: {done} of {total} epochs") if done < total else ""))
        sys.stderr.flush()

    with claimed_stdout() as stdout:
        from tui_trainer.lab.forms import four_forms as train_all
        from tui_trainer.training.prepare import prepare

        found = train_all(prepare(config), epochs, say if live else None)
        agree = found.largest <= ROUNDING
        if as_json:
            import json

            curves = {name: [row[place] for row in found.losses] for place, name in enumerate(found.names)}
            json.dump({"agree": agree, "losses": curves, "largest_relative_difference": found.largest, "largest_weight_difference": found.weights}, stdout, indent=2)
            stdout.write("\n")
            raise typer.Exit(0 if agree else 1)
        target = console(stdout)
        rows = [
            (str(number + 1), *(f"{loss:.8f}" for loss in row), f"{(max(row) - min(row)) / max(map(abs, row)):.1e}") for number, row in enumerate(found.losses)
        ]
        target.print("mean training loss of each epoch, double precision", style="dim")
        print_table(target, (">epoch", *(f">{name}" for name in found.names), ">difference"), rows, flexible="")
        said = "the four forms agree" if agree else "THE FORMS DIFFER"
        target.print(f"{said}: losses within {found.largest:.1e} of each other, weights within {found.weights:.1e}", style="green" if agree else "red bold")
    raise typer.Exit(0 if agree else 1)
