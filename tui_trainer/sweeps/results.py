"""The table that comes of a sweep: accuracy of train, validation and test at chosen epochs, mean and deviation over seeds."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tui_trainer.runs.results import Results, read_results
from tui_trainer.sweeps.record import SweepRecord, TrialRun

SPLITS = ("train", "validation", "test")
END = "end"
"""Stands for the final figures where the table names no epochs."""


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure over the seeds of a trial, 0..1."""

    mean: float
    deviation: float
    """Of the sample (n - 1); 0 with one seed."""
    count: int


def figure(spread: Spread | None) -> str:
    """Such as ``97.4`` or ``97.4±0.2``, in percent."""
    if spread is None:
        return "-"
    return f"{100 * spread.mean:.1f}" + (f"±{100 * spread.deviation:.1f}" if spread.count > 1 else "")


def three(figures: Sequence[str], width: int) -> str:
    """The figures of train, validation and test at one epoch, or what stands above them, each so wide."""
    return " ".join(each.rjust(width) for each in figures)


def short_label(label: str) -> str:
    """A trial's label without the groups of its settings, so that the values are in sight: ``momentum=0.5, epochs=3``; as it is, where two of them then have one name."""
    short = re.sub(r"(^|, )(training|network|data)\.", r"\1", label)
    keys = re.findall(r"(?:^|, )([\w.]+)=", short)
    return short if len(set(keys)) == len(keys) else label


Cells = dict[str, dict[str, Spread]]
"""By epoch (``end`` for the end) and split."""


@dataclass(slots=True)
class TrialRow:
    """One trial in the table."""

    label: str
    runs: tuple[str, ...]
    cells: Cells = field(default_factory=dict)
    report: dict[str, Sequence[float]] = field(default_factory=dict)
    """Epoch to the source's accuracy in percent of train, validation and test."""
    best: Spread | None = None
    """Best validation accuracy."""


def sweep_table(record: SweepRecord) -> list[TrialRow]:
    """The table as far as the runs are, in the order of the trials."""
    rows: dict[str, TrialRow] = {}
    found: dict[str, list[Results]] = {}
    for trial in record.trials:
        row = rows.setdefault(trial.label, TrialRow(trial.label, (), report=trial.report))
        row.runs += (trial.run,)
        if results := _results(record, trial):
            found.setdefault(trial.label, []).append(results)
    for label, several in found.items():
        row = rows[label]
        for epoch in map(_name, record.epochs or (math.inf,)):
            row.cells[epoch] = {split: spread for split in SPLITS if (spread := _spread([_at(each, split, epoch) for each in several]))}
        row.best = _spread([best.accuracy if (best := each.best()) else None for each in several])
    return list(rows.values())


def _results(record: SweepRecord, trial: TrialRun) -> Results | None:
    folder = record.folder(trial)
    try:
        return read_results(folder) if folder.events_file.exists() else None
    except OSError:
        return None


def _name(epoch: float) -> str:
    return END if math.isinf(epoch) else f"{epoch:g}"


def _at(results: Results, split: str, epoch: str) -> float | None:
    if epoch == END:
        newest = results.latest().get(split)
        return newest.accuracy if newest else None
    found = results.at_epoch(split, float(epoch))
    return found.accuracy if found else None


def _spread(values: Sequence[float | None]) -> Spread | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    mean = math.fsum(known) / len(known)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in known) / (len(known) - 1)) if len(known) > 1 else 0.0
    return Spread(mean, deviation, len(known))
