"""The report at the end of a run: ours beside the reference, mistakes by class, speed, and what to do next."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tui_trainer.cli.console import count, duration, percent, points, rate
from tui_trainer.cli.figures import figures_json, print_by_class
from tui_trainer.cli.tables import table, words
from tui_trainer.config import Config, ConfigError, Figure, Reference, to_tree
from tui_trainer.config.sets import POINT_SETS
from tui_trainer.runs.citation import citation
from tui_trainer.runs.diagnosis import diagnose
from tui_trainer.runs.events import Evaluated
from tui_trainer.runs.folder import RunFolder, runs_dir
from tui_trainer.runs.follow import damaged_lines
from tui_trainer.runs.metrics import class_names
from tui_trainer.runs.reading import read_history
from tui_trainer.runs.results import SPLITS, Results, read_results
from tui_trainer.runs.status import Status, true_status

if TYPE_CHECKING:
    from rich.console import Console

CLOSE_EPOCHS = 0.02
"""A reference measured this near to the end counts as measured at the end."""


def print_report(target: "Console", run: RunFolder, *, brief: bool = False) -> None:
    """Print how a run stands: what it is, its figures, its mistakes by class, where it lies and the next commands.

    ``brief`` leaves out the mistakes by class.

    Raises OSError where the run's files cannot be read, ValueError where its status is damaged.
    """
    (config, strange), status, results = _viewed_config(run), true_status(run.path), read_results(run)
    target.print()
    _print_heading(target, run, status, config)
    for note in filter(None, (strange, damaged_lines(results.skipped) + " in its events" if results.skipped else "")):
        target.print(note, style="yellow")
    latest = results.latest()
    if latest:
        target.print()
        _print_accuracies(target, latest, config, results)
    shown = latest.get("test") or latest.get("validation") or latest.get("train")
    if shown and results.started and not brief and any(map(any, shown.confusion)):
        target.print()
        target.print(f"{shown.split}: rows true class, columns predicted", style="dim")
        print_by_class(target, shown.confusion, class_names(results.started.classes, shown.confusion))
    _print_diagnosis(target, run)
    target.print()
    _print_next(target, run, status)


def _print_diagnosis(target: "Console", run: RunFolder) -> None:
    """What the curves show, causes before effects."""
    from rich.text import Text

    found = diagnose(read_history(run.events_file)[0])
    if found:
        target.print()
        target.print("Diagnosis", style="bold")
    styles = {"warning": "bold yellow", "note": "bold", "good": "bold green"}
    for finding in found:
        target.print(Text.assemble((finding.severity.ljust(8), styles[finding.severity]), finding.sentence))
        if finding.advice:
            target.print(Text(f"        {finding.advice}", style="dim"))


def _viewed_config(run: RunFolder) -> tuple[Config | None, str]:
    """The config as far as this version knows it, and what to say where that is not all."""
    try:
        config, unknown = run.known_config()
    except ConfigError as error:
        return None, f"{error} (its settings cannot be shown)"
    return config, f"{run.config_file}: not known to this version: {', '.join(unknown)}" if unknown else ""


def _print_heading(target: "Console", run: RunFolder, status: Status, config: Config | None) -> None:
    from rich.text import Text

    style = {"finished": "green", "failed": "bold red", "crashed": "bold red"}.get(status.state, "yellow")
    line = Text.assemble((run.name, "bold"), "  ", (status.state, style))
    done = f"{round(status.epoch, 2):g} {'epoch' if status.epoch == 1 else 'epochs'}, {count(status.step)} steps"
    line.append(f"  {words([status.preset or status.title, status.dataset, f'{count(status.parameters)} parameters'])}", style="dim")
    target.print(line)
    if status.reason and status.state != "finished":
        target.print(status.reason, style=style)
    seconds = float(status.summary.get("training_seconds", status.training_seconds))
    speed = f"{rate(status.images_per_second)} images/s" if status.images_per_second else ""
    target.print(words([done, f"trained for {duration(seconds)}", speed]), style="dim")


def _print_accuracies(target: "Console", latest: Mapping[str, Evaluated], config: Config | None, results: Results) -> None:
    reference = config.reference if config else None
    figures = [reference, *reference.also] if reference else []
    at_end: dict[str, Figure] = {figure.split: figure for figure in figures if figure.metric == "accuracy" and _is_end(figure, latest)}
    made = table("", ">accuracy", ">loss", ">images", *((">reference", ">difference") if at_end else ()))
    for split, event in latest.items():
        row = [split, percent(event.accuracy), f"{event.loss:.4f}", count(sum(map(sum, event.confusion)))]
        if figure := at_end.get(split):
            row += [percent(figure.value), f"{points(event.accuracy - figure.value)} points"]
        made.add_row(*row, style="bold" if split == "test" else "")
    target.print(made)
    notes = [_which(latest)]
    if best := results.run and _best(results):
        notes.append(best)
    target.print(words(notes), style="dim")
    if reference:
        _print_reference(target, reference, figures, at_end, results)


def _which(latest: Mapping[str, Evaluated]) -> str:
    event = next(iter(latest.values()))
    return f"of the {event.checkpoint} checkpoint" if event.final else f"at epoch {event.epoch:.4g}"


def _best(results: Results) -> str:
    best = results.best()
    return f"best validation {percent(best.accuracy)} at epoch {best.epoch:.4g}" if best else ""


def _is_end(figure: Figure, latest: Mapping[str, Evaluated]) -> bool:
    last = max((event.epoch for event in latest.values()), default=0.0)
    return figure.epoch is None or abs(figure.epoch - last) <= CLOSE_EPOCHS


def _print_reference(target: "Console", reference: Reference, figures: list[Figure], at_end: Mapping[str, Figure], results: Results) -> None:
    others = [figure for figure in figures if figure.metric == "accuracy" and figure not in at_end.values()]
    epochs = sorted({figure.epoch for figure in others if figure.epoch is not None and any(results.at_epoch(split, figure.epoch) for split in SPLITS)})
    if epochs:
        target.print()
        splits = [split for split in SPLITS if any(figure.split == split for figure in others)]
        made = table("at epoch", *(f">{split}" for split in splits for split in (split, "reference")))
        for epoch in epochs:
            row = [f"{epoch:g}"]
            for split in splits:
                ours = results.at_epoch(split, epoch)
                theirs = next((figure for figure in others if figure.split == split and figure.epoch == epoch), None)
                row += [percent(ours.accuracy if ours else None), percent(theirs.value if theirs else None)]
            made.add_row(*row)
        target.print(made)
    counts = [figure.value for figure in figures if figure.metric == "parameters"]
    parameters = results.started.parameters if results.started else 0
    target.print(
        words([
            f"reference: {citation(reference.source)}",
            *(f"{count(int(value))} parameters (ours {count(parameters)})" for value in counts),
            reference.note,
        ]),
        style="dim", soft_wrap=False,
    )  # fmt: skip


def _print_next(target: "Console", run: RunFolder, status: Status) -> None:
    usual = run.path.parent == runs_dir()
    name = run.name if usual else str(run.path)
    target.print(f"run       {run.path}", style="dim")
    if status.state in ("stopped", "failed", "crashed"):
        target.print(f"go on     tui-trainer resume {name}", style="dim")
    if status.state in ("finished", "stopped", "failed") and any(run.checkpoints.glob("*")):
        target.print(f"evaluate  tui-trainer evaluate {name} --split test", style="dim")
        if status.dataset not in POINT_SETS:
            target.print(f"predict   tui-trainer predict {name} IMAGE", style="dim")
    target.print(f"all runs  tui-trainer runs list{'' if usual else f' --runs-dir {run.path.parent}'}", style="dim")


def run_json(run: RunFolder) -> dict[str, Any]:
    """A run as ``runs show --json`` gives it. Raises as :func:`print_report`."""
    (config, strange), status, results = _viewed_config(run), true_status(run.path), read_results(run)
    classes = results.started.classes if results.started else []
    started = results.started
    return {
        "name": run.name,
        "path": str(run.path),
        "state": status.state,
        "reason": status.reason,
        "preset": status.preset,
        "title": status.title,
        "created": status.created,
        "heartbeat": status.heartbeat,
        "device": started.device if started else None,
        "threads": started.threads if started else None,
        "versions": started.versions if started else {},
        "input_shape": started.input_shape if started else None,
        "images": {"train": started.train_images, "validation": started.validation_images, "test": started.test_images} if started else {},
        "parameters": status.parameters,
        "step": status.step,
        "total_steps": status.total_steps,
        "epoch": status.epoch,
        "total_epochs": status.total_epochs,
        "images_per_second": status.images_per_second,
        "summary": status.summary,
        "latest": {split: _evaluated_json(event, classes) for split, event in results.latest().items()},
        "diagnosis": [asdict(finding) for finding in diagnose(read_history(run.events_file)[0])],
        "damaged_lines": results.skipped,
        "config": to_tree(config) if config else None,
        **({"config_problem": strange} if strange else {}),
    }


def _evaluated_json(event: Evaluated, classes: list[str]) -> dict[str, Any]:
    names = class_names(classes, event.confusion)
    where = {"step": event.step, "epoch": event.epoch, "final": event.final, "checkpoint": event.checkpoint if event.final else None}
    return {"loss": event.loss, "accuracy": event.accuracy, **where, **figures_json(event.confusion, names)}
