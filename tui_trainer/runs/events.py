"""What happened in a run: typed, frozen, past tense; one JSON object a line in ``events.jsonl``.

``event`` is always the first key, so that a reader can tell kinds apart without parsing a line.
Fields that a newer version added are ignored; kinds it added are skipped.
"""

import dataclasses
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events carry."""

    time: float
    """Wall clock, seconds since 1970."""
    elapsed: float
    """Training clock in seconds: evaluation included, start-up and pauses excluded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """The trainer is ready and takes its first step, anew or again."""

    name: str
    host: str
    pid: int
    device: str
    device_name: str
    threads: int
    precision: str
    versions: dict[str, str]
    dataset: str
    classes: list[str]
    input_shape: list[int]
    """Channels, height, width."""
    train_images: int
    validation_images: int
    test_images: int
    parameters: int
    batch_size: int
    steps_per_epoch: int
    """Of the first stage."""
    total_steps: int
    total_epochs: float
    resumed_at: int | None = None
    """The step of the checkpoint it went on from, or 0 where it began again; what was told of later steps counts no more."""
    start_seconds: float = 0.0
    """From process start to the first step."""
    processes: int = 1
    """That train it together; ``batch_size`` is over all of them, ``threads`` of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStarted(Event):
    """A stage began; ``settings`` are those that it changes."""

    step: int
    epoch: float
    stage: int
    """Counted from 0."""
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepsTrained(Event):
    """Progress since the last such event, at most about ten a second."""

    step: int
    """Steps taken so far."""
    epoch: float
    """Passes over the training set so far."""
    loss: float
    """Mean over the batches since the last such event."""
    accuracy: float
    """Of the newest batch, 0..1, before its update."""
    learning_rate: float
    gradient_norm: float
    """L2 norm over all weights at the newest step, before clipping."""
    images_per_second: float
    """Training images over the time spent training on them, since the last such event."""
    memory_bytes: int
    """Resident memory of the process, or allocated memory of its GPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated(Event):
    """The network was tried on a whole split (train: on a fixed sample)."""

    step: int
    epoch: float
    split: Split
    loss: float
    accuracy: float
    """0..1"""
    confusion: list[list[int]]
    """Counts, rows true class, columns predicted class."""
    seconds: float
    best: bool = False
    """Whether this is the best validation accuracy so far (ties: lower loss)."""
    final: bool = False
    """Whether these are the figures of the end, of the checkpoint named ``checkpoint``."""
    checkpoint: Literal["best", "last"] = "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryDrawn(Event):
    """What the network makes of a grid over the plane, for data that are points; at most four a second."""

    step: int
    epoch: float
    left: float
    right: float
    """Extent of the grid in x."""
    bottom: float
    top: float
    """Extent in y."""
    columns: int
    rows: int
    cells: str
    """Winning class and its probability a cell, from the top row; see :mod:`tui_trainer.runs.boundary`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochEnded(Event):
    """One more pass over the training set is complete."""

    step: int
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsMeasured(Event):
    """How many ReLUs were dead: 0 for every one of a fixed sample of training images."""

    step: int
    epoch: float
    images: int
    """In the sample."""
    dead: dict[str, float]
    """Share of dead units, 0..1, by the ReLU's place in the network; a unit is a channel where the output is an image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningRateChanged(Event):
    """Not by its schedule's formula: a person or a plateau changed it."""

    step: int
    epoch: float
    old: float
    new: float
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSaved(Event):
    """A checkpoint is whole and on disk."""

    step: int
    epoch: float
    file: str
    """Name in ``checkpoints/``."""
    reason: str
    """best, epoch, interval, requested, settings, hangup, interrupted or end"""
    seconds: float
    """How long training stood still for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steered(Event):
    """A command took effect; ``command`` is its class name."""

    step: int
    epoch: float
    command: str
    value: float | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(Event):
    """The trainer waits."""

    step: int
    epoch: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Continued(Event):
    """The trainer goes on."""

    step: int
    epoch: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forked(Event):
    """Here a run went on from another's checkpoint; the events before are the other's."""

    step: int
    epoch: float
    parent: str
    checkpoint: str
    """File in the parent's ``checkpoints/``."""
    changes: dict[str, list[Any]]
    """Dotted keys that were changed, each with the old and the new value (None: not given)."""
    comparable: bool = True
    """Whether figures before and after measure the same (same images, same loss), so that the best so far counts on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Event):
    """Something a person should know; training goes on."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(Event):
    """The trainer stopped."""

    state: Literal["finished", "stopped", "failed"]
    reason: str
    step: int
    epoch: float
    images_per_second: float
    """Over the whole run: training images over the time spent training on them."""


KINDS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        RunStarted, StageStarted, StepsTrained, Evaluated, BoundaryDrawn, EpochEnded, UnitsMeasured, LearningRateChanged, CheckpointSaved,
        Steered, Paused, Continued, Forked, Warned, RunEnded,
    )
}
_PLACES = {"time", "elapsed", "epoch"}
"""Where on its axes an event stands: a number always, while a figure may be none."""
_FIELDS = {kind: tuple(field.name for field in dataclasses.fields(kind)) for kind in KINDS.values()}
_FIGURES = {kind: {field.name for field in dataclasses.fields(kind) if field.type is float} - _PLACES for kind in KINDS.values()}
_LARGEST = 2**62


def _is_int(value: Any) -> bool:
    return type(value) is int and -_LARGEST < value < _LARGEST


def _is_number(value: Any) -> bool:
    return type(value) is float or _is_int(value)


def _is_finite(value: Any) -> bool:
    return _is_number(value) and math.isfinite(value)


def _is_matrix(value: Any) -> bool:
    """Whether these are counts, as many rows as columns."""
    if not isinstance(value, list) or not all(type(row) is list and len(row) == len(value) for row in value):
        return False
    counts = [count for row in value for count in row]
    return not counts or (set(map(type, counts)) == {int} and min(counts) >= 0 and max(counts) < _LARGEST)


_FITS: dict[Any, Callable[[Any], bool]] = {
    str: lambda value: type(value) is str,
    bool: lambda value: type(value) is bool,
    int: _is_int,
    float: _is_number,
    int | None: lambda value: value is None or _is_int(value),
    float | None: lambda value: value is None or _is_number(value),
    list[str]: lambda value: isinstance(value, list) and all(type(each) is str for each in value),
    list[int]: lambda value: isinstance(value, list) and all(map(_is_int, value)),
    list[list[int]]: _is_matrix,
    dict[str, float]: lambda value: isinstance(value, dict) and all(map(_is_number, value.values())),
    dict[str, str]: lambda value: isinstance(value, dict) and all(type(each) is str for each in value.values()),
    dict[str, Any]: lambda value: isinstance(value, dict),
    dict[str, list[Any]]: lambda value: isinstance(value, dict) and all(isinstance(each, list) and len(each) == 2 for each in value.values()),
}


def _check(field: "dataclasses.Field[Any]") -> Callable[[Any], bool]:
    return _is_finite if field.name in _PLACES else _FITS[str if get_origin(field.type) is Literal else field.type]


_CHECKS = {kind: tuple((field.name, _check(field)) for field in dataclasses.fields(kind)) for kind in KINDS.values()}
_WORDS = {kind: {field.name: get_args(field.type) for field in dataclasses.fields(kind) if get_origin(field.type) is Literal} for kind in KINDS.values()}


def encode(event: Event) -> str:
    """The event as one line of JSON, newline included; a figure that is not finite becomes null."""
    values = {"event": type(event).__name__} | {name: getattr(event, name) for name in _FIELDS[type(event)]}
    try:
        return json.dumps(values, separators=(",", ":"), allow_nan=False) + "\n"
    except ValueError:  # JSON has no NaN and no infinity
        finite = {name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in values.items()}
        return json.dumps(finite, separators=(",", ":")) + "\n"


def decode(line: str | bytes) -> Event | None:
    """The event of a line; None for a kind this version does not know. Raises ValueError for a damaged line."""
    values = json.loads(line if isinstance(line, str) else line.decode())  # of bytes it would guess the encoding first
    if not isinstance(values, dict) or not isinstance(name := values.get("event"), str):
        raise ValueError("not an event")
    kind = KINDS.get(name)
    if kind is None:
        return None
    figures = _FIGURES[kind]
    try:
        event = kind(**{name: math.nan if values[name] is None and name in figures else values[name] for name in _FIELDS[kind] if name in values})
    except TypeError as error:
        raise ValueError(str(error)) from None
    for name, fits in _CHECKS[kind]:
        if not fits(getattr(event, name)):
            raise ValueError(f"{name} of {kind.__name__} is none")
    if any(getattr(event, name) not in allowed for name, allowed in _WORDS[kind].items()):
        return None  # a newer version's word
    return event
