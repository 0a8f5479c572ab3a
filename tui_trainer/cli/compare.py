"""``tui-trainer runs compare``: several runs beside each other, and what was set differently."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui_trainer.cli import completion
from tui_trainer.cli.options import Json, RunsDir

if TYPE_CHECKING:
    from rich.console import Console

    from tui_trainer.config.flat import SettingRow
    from tui_trainer.runs.compare import ComparedRun

Runs = Annotated[list[str], typer.Argument(metavar="RUN...", help="Names or folders of runs.", show_default=False, autocompletion=completion.runs)]
WIDEST_VALUES = (28, 16, 12)
"""Columns of a value in the table of settings, the first with which it fits; a longer one is shown on lines of its own."""


def compare(
    runs: Runs,
    all_settings: Annotated[bool, typer.Option("--all", help="Show the settings that are the same, too.")] = False,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Compare runs: best and last figures, and the settings that differ."""
    from tui_trainer.cli.console import console, print_json
    from tui_trainer.runs import find_run
    from tui_trainer.runs import runs_dir as runs_root
    from tui_trainer.runs.compare import compared_settings, read_compared

    found = [read_compared(find_run(name, runs_root(runs_dir))) for name in dict.fromkeys(runs)]
    rows = compared_settings(found)
    if as_json:
        print_json(comparison_json(found, rows))
        return
    target = console()
    target.print()
    _print_figures(target, found)
    _print_settings(target, found, rows, all_settings)
    for each in found:
        for problem in each.problems:
            target.print(f"{each.name}: {problem}", style="yellow")


def comparison_json(found: "Sequence[ComparedRun]", rows: "Sequence[SettingRow]") -> dict[str, Any]:
    """The comparison as JSON: figures per run, settings by dotted key with a value per run. Shares are 0..1, times in seconds."""
    return {
        "runs": [
            {
                "name": each.name, "path": str(each.run.path), "state": each.state, "problems": list(each.problems),
                "preset": each.status.preset if each.status else None, "title": each.status.title if each.status else None,
                "dataset": each.status.dataset if each.status else None, "parameters": each.status.parameters if each.status else None,
                "epoch": each.history.epoch, "training_seconds": each.history.elapsed,
                "best": {split: dataclasses.asdict(figures) for split, figures in each.best.items()},
                "last": {split: dataclasses.asdict(figures) for split, figures in each.last.items()},
            }
            for each in found
        ],
        "settings_that_differ": {row.key: list(row.values) for row in rows if row.differs},
        "settings_alike": {row.key: row.values[0] for row in rows if not row.differs},
    }  # fmt: skip


def _print_figures(target: "Console", found: "Sequence[ComparedRun]") -> None:
    from rich.text import Text

    from tui_trainer.cli.console import count, duration, percent
    from tui_trainer.cli.runs import STYLES
    from tui_trainer.cli.tables import print_table
    from tui_trainer.runs.results import SPLITS

    splits = [split for split in SPLITS if any(split in each.last for each in found)]
    leading = _leader([each.best["validation"].accuracy if "validation" in each.best else None for each in found])
    rows: list[list[str | Text]] = []
    for number, each in enumerate(found, 1):
        best = each.best.get("validation")
        mark = Text(percent(best.accuracy), style="bold" if number - 1 == leading else "") if best else Text()
        last = [percent(each.last[split].accuracy) if split in each.last else "" for split in splits]
        parameters = each.status.parameters if each.status else 0
        rows.append([
            Text(str(number), style="dim"), each.name, Text(each.state, style=STYLES.get(each.state, "")), mark, f"{best.epoch:.2f}" if best else "", *last,
            f"{each.history.epoch:.2f}", count(parameters) if parameters else "", duration(each.history.elapsed),
        ])  # fmt: skip
    columns = ("", "run", "state", ">best val", ">at epoch", *(f">{'val' if split == 'validation' else split}" for split in splits), ">epochs", ">parameters", ">time")
    print_table(target, columns, rows, flexible="run", droppable=("epochs", "parameters", "state", "at epoch", "time"))
    target.print("best val: highest validation accuracy; train, val, test: the newest figures", style="dim")


def _leader(values: Sequence[float | None]) -> int | None:
    """The place of the one highest value; None where there is no such one."""
    known = [value for value in values if value is not None]
    top = max(known, default=None)
    return values.index(top) if top is not None and len(values) > 1 and known.count(top) == 1 else None


def _print_settings(target: "Console", found: "Sequence[ComparedRun]", rows: "Sequence[SettingRow]", everything: bool) -> None:
    from tui_trainer.cli.tables import print_table

    differing = [row for row in rows if row.differs]
    alike = [row for row in rows if not row.differs]
    target.print()
    if len(found) > 1 and not differing:
        target.print("No setting differs.", style="dim")
    if differing:
        _print_differing(target, found, differing)
    if everything:
        target.print()
        print_table(target, ("the same in all" if len(found) > 1 else "setting", "value"), [(row.key, row.texts[0]) for row in alike], flexible="value")
    elif alike:
        same = f"{len(alike)} settings are the same in all" if len(found) > 1 else f"{len(alike)} settings"
        target.print(f"{same} (--all shows them)", style="dim")


def _print_differing(target: "Console", found: "Sequence[ComparedRun]", rows: "Sequence[SettingRow]") -> None:
    """A column for each run, under its name, or its number where the names do not fit; where even that does not, a line for each value."""
    from tui_trainer.cli.console import layout_width
    from tui_trainer.cli.tables import GAP, print_table

    room = layout_width(target)
    names, numbers = [each.name for each in found], [str(number) for number, _ in enumerate(found, 1)]
    short: list[SettingRow] = []
    for heads, widest in itertools.product((names, numbers), WIDEST_VALUES):
        short = [row for row in rows if max(map(len, row.texts)) <= widest]
        first = max([len("setting that differs"), *(len(row.key) for row in short)])
        widths = [max([len(head), *(len(row.texts[place]) for row in short)]) for place, head in enumerate(heads)]
        if short and first + sum(widths) + GAP * len(widths) <= room:
            print_table(target, ("setting that differs", *(f">{head}" for head in heads)), [(row.key, *row.texts) for row in short])
            break
    else:
        short = []
    for row in rows:
        if row in short:
            continue
        target.print(row.key, style="dim")
        for text in dict.fromkeys(row.texts):
            who = ", ".join(each.name for each, value in zip(found, row.texts, strict=True) if value == text)
            target.print(f"  {who}: {text}", soft_wrap=False)
