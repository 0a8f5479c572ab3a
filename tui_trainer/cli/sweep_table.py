"""The table of a sweep at the prompt: three figures at each epoch, what its report gives beneath, and what did not come to an end."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tui_trainer.cli.console import print_json
from tui_trainer.sweeps.record import SweepRecord
from tui_trainer.sweeps.results import SPLITS, TrialRow, figure, short_label, sweep_table, three

if TYPE_CHECKING:
    from rich.console import Console

MOST_ROWS = 20
"""Of a search, the best."""
NARROWEST_LABEL = 16
GAP = 2
"""Between two epochs; between the three figures of one there is one column less."""


def print_sweep(target: "Console", record: SweepRecord, as_json: bool) -> None:
    """The table of a sweep as far as it is."""
    from dataclasses import asdict

    from tui_trainer.runs.citation import citation

    rows = sweep_table(record)
    if as_json:
        print_json({"name": record.name, "title": record.title, "source": record.source, "trials": [asdict(row) for row in rows]})
        return
    if record.title:
        target.print(record.title, style="bold")
    if record.search:
        rows.sort(key=lambda row: -(row.best.mean if row.best else -1.0))
        rows = rows[:MOST_ROWS]
    for number, moments in enumerate(_blocks(target, rows)):
        if number:
            target.print()
        _print_cells(target, rows, moments, with_best=not record.epochs)
    several = max((len(row.runs) for row in rows), default=1)
    notes = ["accuracy in %: train, validation, test"]
    notes += [f"mean ± deviation over {several} seeds"] if several > 1 else []
    notes += [f"beneath: {citation(record.source) if record.source else 'the report'}"] if any(row.report for row in rows) and record.epochs else []
    target.print(" · ".join(notes), style="dim")
    for reason, count in unfinished(record).items():
        target.print(f"{count} {reason}", style="yellow", soft_wrap=True)


def unfinished(record: SweepRecord) -> dict[str, int]:
    """How many trials ended before their end, by state and reason; pruned ones are as they should be."""
    from tui_trainer.runs.status import LIVE
    from tui_trainer.sweeps.conduct import PRUNED, Conductor, trial_state

    found: dict[str, int] = {}
    conductor = Conductor(record, 1)
    for trial in record.trials:
        state = conductor.state(trial)
        if state and trial_state(state) not in (*LIVE, "finished", PRUNED):
            told = state.state + (f": {state.reason}" if state.reason else "")
            found[told] = found.get(told, 0) + 1
    return found


def _width(rows: Sequence[TrialRow]) -> int:
    """Columns of one figure."""
    return 9 if any(len(row.runs) > 1 for row in rows) else 5


def _blocks(target: "Console", rows: Sequence[TrialRow]) -> Iterator[list[str]]:
    """The epochs in parts that fit the terminal, one table each."""
    moments = list(dict.fromkeys(moment for row in rows for moment in row.cells))
    if not moments:
        yield []
    each = 3 * _width(rows) + 2 + GAP
    label = min(max((len(short_label(row.label)) for row in rows), default=0), NARROWEST_LABEL)
    fitting = max(1, (target.width - label) // each) if target.is_terminal else len(moments)
    for first in range(0, len(moments), max(1, fitting)):
        yield moments[first : first + fitting]


def _print_cells(target: "Console", rows: Sequence[TrialRow], moments: Sequence[str], *, with_best: bool) -> None:
    from rich.text import Text

    from tui_trainer.cli.tables import print_table

    width = _width(rows)
    columns = ("trial", *(f">{moment if moment == 'end' else f'epoch {moment}'}" for moment in moments), *((">best validation",) if with_best else ()))
    splits = Text(" ".join(split.rjust(width) for split in ("train", "val", "test")), style="dim")
    lines: list[tuple[str | Text, ...]] = [("", *(splits for _ in moments), *(("",) if with_best else ()))]
    for row in rows:
        cells = [three([figure(row.cells.get(moment, {}).get(split)) for split in SPLITS], width) for moment in moments]
        lines.append((short_label(row.label) if target.is_terminal else row.label, *cells, *((figure(row.best),) if with_best else ())))
        if any(moment in row.report for moment in moments):
            given = [three([f"{value:.1f}" for value in row.report.get(moment, ())], width) for moment in moments]
            lines.append(("  report", *given, *(("",) if with_best else ())))
    print_table(target, columns, lines, flexible="trial")
