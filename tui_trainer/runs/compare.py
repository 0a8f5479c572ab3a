"""Several runs beside each other: their curves on one axis, best and last figures, and the settings that differ."""

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tui_trainer.config import Config, ConfigError, to_tree
from tui_trainer.config.flat import SettingRow, compare_settings
from tui_trainer.runs.events import Evaluated
from tui_trainer.runs.folder import RunFolder
from tui_trainer.runs.history import History, Track
from tui_trainer.runs.reading import read_history
from tui_trainer.runs.results import SPLITS
from tui_trainer.runs.status import Status, true_status

Axis = Literal["epoch", "step", "time"]
AXES: dict[Axis, str] = {"epoch": "epoch", "step": "step", "time": "elapsed"}
"""What a curve is drawn over, and the column that holds it: passes over the training set, steps, seconds of the training clock."""
MEASURED = ("loss", "accuracy")
"""Metrics of a split; every other is of the training steps: learning_rate, gradient_norm, images_per_second, memory_bytes."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one split gave at one moment."""

    accuracy: float
    """0..1"""
    loss: float
    step: int
    epoch: float
    elapsed: float
    """Seconds of the training clock."""


@dataclass(slots=True)
class ComparedRun:
    """A run as comparisons and reports look at it. Nothing of it need be whole: a run of another version still has curves."""

    run: RunFolder
    history: History
    status: Status | None
    config: Config | None
    tree: dict[str, Any]
    """The config as tables; what could be read of it where it does not fit this version."""
    problems: tuple[str, ...] = ()
    """What could not be read, a sentence each."""
    best: dict[str, Figures] = field(default_factory=dict)
    """By split: validation where it was best (ties: lower loss), the others at that same moment. Nothing is chosen by the test set."""
    last: dict[str, Figures] = field(default_factory=dict)
    """By split: the newest figures, of the last weights."""

    @property
    def name(self) -> str:
        """The run's name."""
        return self.run.name

    @property
    def state(self) -> str:
        """What it is doing; ``damaged`` where that cannot be told."""
        return self.status.state if self.status else "damaged"


def read_compared(run: RunFolder) -> ComparedRun:
    """A run with its curves so far. Reads what is there and says what is not; raises OSError where its events cannot be read."""
    history, _ = read_history(run.events_file)
    problems = [f"{history.damaged} damaged lines of events.jsonl are left out"] if history.damaged else []
    config: Config | None = None
    tree: dict[str, Any] = {}
    try:
        config = run.config()
        tree = to_tree(config)
    except ConfigError as error:
        problems.append(str(error))
        tree = _raw_tree(run)
    status: Status | None = None
    try:
        status = true_status(run.path)
    except (OSError, ValueError, TypeError):
        problems.append("its status.json cannot be read")
    return ComparedRun(run, history, status, config, tree, tuple(problems), best_figures(history), last_figures(history))


def _raw_tree(run: RunFolder) -> dict[str, Any]:
    try:
        return tomllib.loads(run.config_file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}


def compared_settings(runs: Sequence[ComparedRun]) -> list[SettingRow]:
    """All settings of the runs, one row each with a value per run, those that differ first."""
    return compare_settings([each.tree for each in runs], [each.config for each in runs])


def series(history: History, metric: str, split: str = "validation", axis: Axis = "epoch") -> tuple[list[float], list[float]]:
    """One curve of a run: places on ``axis`` and values there (accuracy 0..1), as far as it got; NaN is left out.

    ``batches`` are the training batches themselves; ``train`` falls back on them where no training images are evaluated.
    Raises KeyError for an unknown metric.
    """
    track = history.split(split).track if metric in MEASURED and split != "batches" else history.steps
    if split == "train" and len(track) < 2:
        track = history.steps
    pairs = zip(track[AXES[axis]], track[metric], strict=True)
    kept = [(x, y) for x, y in pairs if math.isfinite(x) and math.isfinite(y)]
    return [x for x, _ in kept], [y for _, y in kept]


def last_figures(history: History) -> dict[str, Figures]:
    """The newest figures of each split, of the last weights."""
    found = {}
    for split in SPLITS:
        each = history.split(split)
        if final := each.final.get("last"):
            found[split] = _of_event(final)
        elif len(each.track):
            found[split] = _of_track(each.track, len(each.track) - 1)
    return found


def best_figures(history: History) -> dict[str, Figures]:
    """The figures where validation accuracy was highest (ties: lower loss); other splits where they were measured at that step."""
    validation = history.split("validation").track
    if not len(validation):
        return {}
    place = max(range(len(validation)), key=lambda number: (validation["accuracy"][number], -validation["loss"][number]))
    found = {"validation": _of_track(validation, place)}
    step = found["validation"].step
    for split in ("train", "test"):
        each = history.split(split)
        final = each.final.get("best")
        if final and final.step == step:
            found[split] = _of_event(final)
            continue
        steps = each.track["step"]
        near = next((number for number in reversed(range(len(steps))) if steps[number] == step), None)
        if near is not None:
            found[split] = _of_track(each.track, near)
    return {split: found[split] for split in SPLITS if split in found}


def _of_track(track: Track, place: int) -> Figures:
    return Figures(track["accuracy"][place], track["loss"][place], int(track["step"][place]), track["epoch"][place], track["elapsed"][place])


def _of_event(event: Evaluated) -> Figures:
    return Figures(event.accuracy, event.loss, event.step, event.epoch, event.elapsed)
