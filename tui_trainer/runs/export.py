"""A run's curves for other programs: CSV, JSON, and event files for TensorBoard."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from tui_trainer.runs.events import Evaluated, StepsTrained
from tui_trainer.runs.folder import RunFolder
from tui_trainer.runs.results import SPLITS, read_curves

STEP_FIELDS = ("loss", "accuracy", "learning_rate", "gradient_norm", "images_per_second", "memory_bytes")
COLUMNS = (
    "run", "step", "epoch", "seconds",
    *(f"{split}_{figure}" for split in SPLITS for figure in ("loss", "accuracy")),
    "batch_loss", "batch_accuracy", *STEP_FIELDS[2:],
)  # fmt: skip


def export_csv(runs: Sequence[RunFolder], file: TextIO) -> int:
    """Write one row for each step that something is known of; what was not measured there is empty.

    ``seconds`` is the training clock, accuracies are 0..1; ``batch_*`` are of the training batches themselves.
    Returns the number of rows. Raises OSError.
    """
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    count = 0
    for run in runs:
        rows: dict[int, dict[str, object]] = {}
        for point in read_curves(run):
            row = rows.setdefault(point.step, {"run": run.name, "step": point.step, "epoch": point.epoch, "seconds": point.elapsed})
            row.update(_row(point))
        writer.writerows(rows[step] for step in sorted(rows))
        count += len(rows)
    return count


def _row(point: StepsTrained | Evaluated) -> dict[str, object]:
    if isinstance(point, Evaluated):
        return {f"{point.split}_loss": point.loss, f"{point.split}_accuracy": point.accuracy}
    return {f"batch_{name}" if name in ("loss", "accuracy") else name: getattr(point, name) for name in STEP_FIELDS}


def curves_json(run: RunFolder) -> dict[str, object]:
    """All points of a run's curves by split, and of its training steps: columns of equal length, accuracies 0..1; NaN becomes null. Raises OSError."""
    steps: dict[str, list[float | None]] = {name: [] for name in ("step", "epoch", "seconds", *STEP_FIELDS)}
    splits: dict[str, dict[str, list[float | None]]] = {}
    for point in read_curves(run):
        columns = steps if isinstance(point, StepsTrained) else splits.setdefault(point.split, {name: [] for name in ("step", "epoch", "seconds", "loss", "accuracy")})
        for name, column in columns.items():
            value = getattr(point, "elapsed" if name == "seconds" else name)
            column.append(value if math.isfinite(value) else None)
    return {**splits, "steps": steps}


def export_tensorboard(run: RunFolder, folder: Path) -> int:
    """Write a TensorBoard event file for a run into ``folder``; returns the number of values.

    Tags are ``accuracy/SPLIT``, ``loss/SPLIT`` and those of the steps under ``step/``. Uses TensorBoard's own writer,
    without torch or TensorFlow. Raises OSError.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    folder.mkdir(parents=True, exist_ok=True)
    writer = EventFileWriter(str(folder))
    count = 0
    try:
        for point in read_curves(run):
            values = [Summary.Value(tag=tag, simple_value=value) for tag, value in _tags(point)]
            writer.add_event(Event(wall_time=point.time, step=point.step, summary=Summary(value=values)))
            count += len(values)
    finally:
        writer.close()
    return count


def _tags(point: StepsTrained | Evaluated) -> list[tuple[str, float]]:
    if isinstance(point, Evaluated):
        return [(f"accuracy/{point.split}", point.accuracy), (f"loss/{point.split}", point.loss)]
    return [(f"step/{name}", float(getattr(point, name))) for name in STEP_FIELDS]
