"""``tui-trainer runs``: what was trained, and taking it elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui_trainer.cli import completion
from tui_trainer.cli.compare import Runs, compare
from tui_trainer.cli.options import Json, Run, RunsDir
from tui_trainer.cli.tree import tree

if TYPE_CHECKING:
    from tui_trainer.runs import RunFolder
    from tui_trainer.runs.listing import ListedRun

app = typer.Typer(help="List, show, compare and export runs.", no_args_is_help=True)
app.command("compare")(compare)
app.command("tree")(tree)
FORMATS = ("csv", "json", "tensorboard", "safetensors")
STYLES = {"running": "green", "starting": "green", "paused": "yellow", "stopped": "yellow", "failed": "red", "crashed": "red"}


@app.command("list")
def list_all(runs_dir: RunsDir = None, as_json: Json = False) -> None:
    """List all runs, live ones first, with best and last validation accuracy."""
    from tui_trainer.cli.console import console, print_json
    from tui_trainer.cli.tables import print_table
    from tui_trainer.runs import runs_dir as runs_root
    from tui_trainer.runs.listing import list_runs

    root = runs_root(runs_dir)
    listed = list_runs(root)
    if as_json:
        print_json([_listed_json(each) for each in listed])
        return
    target = console()
    if not listed:
        target.print(f"There are no runs in {root} yet. A first one: tui-trainer train digits-mlp")
        return
    columns = ("run", "state", "preset", "data", ">best", ">last", ">epoch", ">parameters", ">time", ">age")
    print_table(target, columns, map(_listed_row, listed), flexible="preset", droppable=("parameters", "data", "last", "epoch", "time", "preset"))


@app.command()
def show(run: Run, runs_dir: RunsDir = None, as_json: Json = False) -> None:
    """Show how a run stands: figures beside the reference, mistakes by class, speed."""
    from tui_trainer.cli.console import console, print_json
    from tui_trainer.cli.report import print_report, run_json

    found = _find(run, runs_dir)
    try:
        if as_json:
            print_json(run_json(found))
        else:
            print_report(console(), found)
    except ValueError as error:
        from tui_trainer.config import ConfigError

        raise ConfigError(f"{found.path}: damaged: {error}") from None


@app.command()
def export(
    runs: Runs,
    kind: Annotated[str, typer.Option("--format", "-f", metavar="csv|json|tensorboard|safetensors", help="What to write.", autocompletion=completion.formats)] = "csv",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="PATH", help="CSV or JSON file (default: standard output), TensorBoard folder (default: ./tensorboard), or folder for weights (default: .).", show_default=False),
    ] = None,
    runs_dir: RunsDir = None,
) -> None:
    """Export curves as CSV, one row a step; settings, curves and results as JSON; event files for TensorBoard, one folder a run; weights as safetensors."""
    from tui_trainer.config import ConfigError
    from tui_trainer.config.errors import nearest

    found = [_find(run, runs_dir) for run in dict.fromkeys(runs)]
    if kind == "csv":
        _export_csv(found, out)
    elif kind == "json":
        _export_json(found, out)
    elif kind == "tensorboard":
        _export_tensorboard(found, out or Path("tensorboard"))
    elif kind == "safetensors":
        _export_weights(found, out or Path())
    else:
        raise ConfigError(f"--format {kind}: no such format{nearest(kind, FORMATS)}; allowed is {', '.join(FORMATS)}")


def _export_csv(found: "list[RunFolder]", out: Path | None) -> None:
    from tui_trainer.runs.export import export_csv

    if out is None or str(out) == "-":
        export_csv(found, sys.stdout)
        return
    with _writing(out), out.open("w", encoding="utf-8", newline="") as file:
        rows = export_csv(found, file)
    print(f"{out}: {rows} rows")


def _export_json(found: "list[RunFolder]", out: Path | None) -> None:
    from tui_trainer.cli.console import print_json
    from tui_trainer.cli.report import run_json
    from tui_trainer.runs.export import curves_json

    runs = [run_json(run) | {"curves": curves_json(run)} for run in found]
    if out is None or str(out) == "-":
        print_json({"runs": runs})
        return
    import json

    with _writing(out):
        out.write_text(json.dumps({"runs": runs}, ensure_ascii=False) + "\n", "utf-8")
    print(f"{out}: {len(runs)} {'run' if len(runs) == 1 else 'runs'}")


def _export_tensorboard(found: "list[RunFolder]", out: Path) -> None:
    from tui_trainer.runs.export import export_tensorboard

    for run in found:
        with _writing(out):
            values = export_tensorboard(run, out / run.name)
        print(f"{out / run.name}: {values} values")
    print(f"look at them with: tensorboard --logdir {out}")


def _export_weights(found: "list[RunFolder]", out: Path) -> None:
    from tui_trainer.training.export import export_weights

    for run in found:
        path = out / f"{run.name}.safetensors"
        with _writing(out):
            tensors = export_weights(run, path)
        print(f"{path}: {tensors} tensors")


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    """Turn a place that is not there or may not be written into a sentence; no space stays an OSError."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError, FileExistsError) as error:
        from tui_trainer.config import ConfigError

        raise ConfigError(f"--out {out}: cannot be written: {error.strerror}") from None


def _find(run: str, runs_dir: str | None) -> "RunFolder":
    from tui_trainer.runs import find_run
    from tui_trainer.runs import runs_dir as runs_root

    return find_run(run, runs_root(runs_dir))


def validation(each: "ListedRun", which: str) -> float | None:
    """Validation accuracy, 0..1, ``best`` or ``last``, where it is known."""
    figures = each.status.summary.get(which) if each.status else None
    found = figures.get("validation") if isinstance(figures, dict) else None
    accuracy = found.get("accuracy") if isinstance(found, dict) else None
    return float(accuracy) if isinstance(accuracy, int | float) else None


def _listed_row(each: "ListedRun") -> list[Any]:
    from rich.text import Text

    from tui_trainer.cli.console import age, count, duration, percent

    status = each.status
    if status is None:
        return [each.run.name, Text("damaged", style="red"), each.problem, *[""] * 7]
    epoch = f"{round(status.epoch, 1):,g}/{round(status.total_epochs, 1):,g}".replace(",", " ") if status.total_epochs else ""
    return [
        each.run.name, Text(status.state, style=STYLES.get(status.state, "")), status.preset, status.dataset,
        percent(validation(each, "best")), percent(validation(each, "last")), epoch,
        count(status.parameters) if status.parameters else "", duration(status.training_seconds), age(each.newest),
    ]  # fmt: skip


def _listed_json(each: "ListedRun") -> dict[str, object]:
    status = each.status
    if status is None:
        return {"name": each.run.name, "path": str(each.run.path), "state": "damaged", "reason": each.problem}
    return {
        "name": each.run.name, "path": str(each.run.path), "state": status.state, "reason": status.reason, "live": each.live,
        "preset": status.preset, "title": status.title, "dataset": status.dataset, "parameters": status.parameters,
        "step": status.step, "total_steps": status.total_steps, "epoch": status.epoch, "total_epochs": status.total_epochs,
        "training_seconds": status.training_seconds, "images_per_second": status.images_per_second,
        "created": status.created, "heartbeat": status.heartbeat, "summary": status.summary,
    }  # fmt: skip
