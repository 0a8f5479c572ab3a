"""What a run has done so far, held in bounded memory however long it runs, and read from disk in one quick pass.

A run of an hour has a million events of 230 bytes. ``event`` is the first key of each line, so kinds are told
apart without parsing, and of the steps only every k-th is decoded: enough for any screen.
"""

import json
import os
from array import array
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tui_trainer.runs.bounded import open_regular
from tui_trainer.runs.events import (
    BoundaryDrawn,
    CheckpointSaved,
    Continued,
    EpochEnded,
    Evaluated,
    Event,
    Forked,
    LearningRateChanged,
    Paused,
    RunEnded,
    RunStarted,
    StageStarted,
    Steered,
    StepsTrained,
    UnitsMeasured,
    Warned,
    decode,
)
from tui_trainer.runs.lines import BLOCK, Lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

POINTS = 16_384
READ_POINTS = 8_192
"""Of a long run so many, and up to twice as many, are read: chosen by decoding one step in so many, which takes most of the time."""
RECENT = 2_048
MATRICES = 4
"""Newest evaluations of a split that are kept whole: what a resumed run may go back behind."""
KEPT_EVENTS = 1_000
STEP_LINE = b'{"event":"StepsTrained"'
BOUNDARY_LINE = b'{"event":"BoundaryDrawn"'
START_LINE = b'{"event":"RunStarted"'
TELLING = (10, 13, 22)
"""Where a line of StepsTrained has an S, a p and a quotation mark: no other kind has all of them there."""
LARGEST = 2.0**62
END_OF_LINE = ord("\n")
AT_ONCE = 512
"""Lines of steps that are decoded together."""
STEP_BYTES = 230
"""About the length of a line of StepsTrained."""
STEP_COLUMNS = ("step", "epoch", "elapsed", "loss", "accuracy", "learning_rate", "gradient_norm", "images_per_second", "memory_bytes")
WHOLE, PLACES = ("step", "memory_bytes"), ("time", "epoch", "elapsed")
KINDS = {"time": {int, float}} | {name: {int} if name in WHOLE else {int, float} if name in PLACES else {int, float, type(None)} for name in STEP_COLUMNS}
"""What the values of a step may be in JSON; a figure may be none."""
EVALUATION_COLUMNS = ("step", "epoch", "elapsed", "loss", "accuracy")


class Track:
    """Columns of numbers of one kind of event. Over ``limit`` points every second one goes, and from then on every second one comes in."""

    def __init__(self, columns: Sequence[str], limit: int = POINTS, *, newest_only: bool = False) -> None:
        self.columns: dict[str, array[float]] = {name: array("d") for name in columns}
        self.limit = limit
        self.newest_only = newest_only
        self.stride = 1
        self.seen = 0
        """Events so far, those left out too."""
        self.cuts = 0
        """How often earlier points were taken back: whoever draws them has to begin anew."""
        self._waiting = 0

    def __len__(self) -> int:
        return len(self.columns["step"])

    def __getitem__(self, name: str) -> "array[float]":
        return self.columns[name]

    def append(self, event: object) -> None:
        """Take in one event that has these columns as attributes."""
        self.seen += 1
        self._waiting += 1
        if self._waiting < self.stride:
            return
        self._waiting = 0
        for name, column in self.columns.items():
            column.append(getattr(event, name))
        if len(self) >= 2 * self.limit:
            self._thin()

    def extend(self, columns: Mapping[str, "NDArray[np.float64]"]) -> None:
        """Take in these values of its columns, all of them."""
        self.seen += len(columns["step"])
        for name, column in self.columns.items():
            column.frombytes(columns[name].tobytes())
        if len(self) >= 2 * self.limit:
            self._thin()

    def _thin(self) -> None:
        if not self.newest_only:
            self.stride *= 2
        for name, column in self.columns.items():
            self.columns[name] = column[-self.limit :] if self.newest_only else column[1::2]

    def cut_after(self, step: int) -> None:
        """Forget what a resumed run takes again: all points after ``step``."""
        self.cuts += 1
        steps = self.columns["step"]
        keep = len(steps)
        while keep and steps[keep - 1] > step:
            keep -= 1
        for column in self.columns.values():
            del column[keep:]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that bends the curves: where, what, and the event behind it."""

    step: int
    epoch: float
    event: Event


@dataclass(slots=True)
class Splits:
    """Evaluations of one split: their curve, and the newest two whole (with confusion matrix)."""

    track: Track = field(default_factory=lambda: Track(EVALUATION_COLUMNS))
    whole: deque[Evaluated] = field(default_factory=lambda: deque(maxlen=MATRICES))
    """The newest ones with their matrices, oldest first."""
    bests: list[Evaluated] = field(default_factory=list)
    """Those that were the best so far, without their matrices."""
    final: dict[str, Evaluated] = field(default_factory=dict)
    """Figures of the end, by checkpoint (best, last)."""

    @property
    def newest(self) -> Evaluated | None:
        """The last evaluation, whole."""
        return self.whole[-1] if self.whole else None

    @property
    def before(self) -> Evaluated | None:
        """The one before the newest, whole."""
        return self.whole[-2] if len(self.whole) > 1 else None

    @property
    def best(self) -> Evaluated | None:
        """Of validation: the one marked best. Without its matrix."""
        return self.bests[-1] if self.bests else None

    def cut_after(self, step: int) -> None:
        """Forget what a resumed run takes again."""
        self.track.cut_after(step)
        self.bests = [event for event in self.bests if event.step <= step]
        self.whole = deque((event for event in self.whole if event.step <= step), maxlen=MATRICES)
        self.final = {}


class History:
    """The state of all curves, tables and panels. Feed it events in order."""

    def __init__(self) -> None:
        self.started: RunStarted | None = None
        self.ended: RunEnded | None = None
        self.paused = False
        self.steps = Track(STEP_COLUMNS)
        self.recent = Track(STEP_COLUMNS, RECENT, newest_only=True)
        self.newest: StepsTrained | None = None
        self.evaluated: dict[str, Splits] = {}
        self.boundary: BoundaryDrawn | None = None
        """The newest one, of data that are points in the plane."""
        self.units: deque[UnitsMeasured] = deque(maxlen=KEPT_EVENTS)
        self.marks: list[Mark] = []
        self.events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self.count = 0
        self.damaged = 0

    def observe(self, event: Event) -> None:
        """Take in one event."""
        self.count += 1
        match event:
            case StepsTrained():
                self.newest = event
                self.steps.append(event)
                self.recent.append(event)
                return
            case BoundaryDrawn():
                self.boundary = event
                return
            case UnitsMeasured():
                self.units.append(event)
                return
            case Evaluated():
                whole, event = event, replace(event, confusion=[])
                self._evaluated(whole, event)
            case RunStarted():
                self._started(event)
            case RunEnded():
                self.ended, self.paused = event, False
            case Paused():
                self.paused = True
            case Continued():
                self.paused = False
            case LearningRateChanged() | Steered():
                self.marks.append(Mark(event.step, event.epoch, event))
            case Forked():
                self.marks.append(Mark(event.step, event.epoch, event))
                if not event.comparable:
                    for split in self.evaluated.values():
                        split.bests = []
            case StageStarted() if event.stage > 0 and not self._known(event):
                self.marks.append(Mark(event.step, event.epoch, event))
        self.events.append(event)

    def _started(self, event: RunStarted) -> None:
        self.started, self.ended, self.paused = event, None, False
        if event.resumed_at is None:
            return
        for track in (self.steps, self.recent):
            track.cut_after(event.resumed_at)
        for split in self.evaluated.values():
            split.cut_after(event.resumed_at)
        if self.newest and self.newest.step > event.resumed_at:
            self.newest = _newest(self.steps, event.time)
        if self.boundary and self.boundary.step > event.resumed_at:
            self.boundary = None
        self.units = deque((each for each in self.units if each.step <= event.resumed_at), maxlen=KEPT_EVENTS)
        self.marks = [mark for mark in self.marks if mark.step <= event.resumed_at]
        if not any(isinstance(mark.event, Forked) and mark.step == event.resumed_at for mark in self.marks):
            self.marks.append(Mark(event.resumed_at, self.epoch, event))

    def _known(self, event: StageStarted) -> bool:
        """Whether the beginning of this stage was told already, by a trainer that ended there."""
        return any(isinstance(mark.event, StageStarted) and mark.event.stage == event.stage for mark in self.marks)

    def _evaluated(self, whole: Evaluated, event: Evaluated) -> None:
        """``event`` is ``whole`` without its matrix."""
        split = self.evaluated.setdefault(event.split, Splits())
        steps = split.track["step"]
        again = bool(steps) and steps[-1] >= event.step
        if event.final:
            split.final[event.checkpoint] = whole
        if event.checkpoint == "best" or again:
            return  # of other weights, or measured already: no point of the curve
        split.track.append(event)
        if event.best or (event.split == "validation" and (split.best is None or event.accuracy > split.best.accuracy)):
            split.bests.append(event)
        split.whole.append(whole)

    def split(self, name: str) -> Splits:
        """The evaluations of a split (empty ones where there are none)."""
        return self.evaluated.get(name) or Splits()

    @property
    def epoch(self) -> float:
        """Passes over the training set so far."""
        return self.newest.epoch if self.newest else 0.0

    @property
    def elapsed(self) -> float:
        """Training clock of the newest event, seconds."""
        last = self.events[-1].elapsed if self.events else 0.0
        return max(self.newest.elapsed if self.newest else 0.0, last)


def _newest(steps: Track, time: float) -> StepsTrained | None:
    """The last step that is kept, as an event."""
    if not len(steps):
        return None
    values = {name: steps[name][-1] for name in STEP_COLUMNS}
    return StepsTrained(**{**values, "step": int(values["step"]), "memory_bytes": int(values["memory_bytes"]), "time": time})  # type: ignore[arg-type]


def read_history(path: Path) -> tuple[History, int]:
    """The history that ``events.jsonl`` at ``path`` tells, and the offset from which to follow it on.

    A file that is not there is an empty history. A torn last line is left for the follower.
    Raises OSError where it cannot be read or is no ordinary file.
    """
    history = History()
    try:
        size = os.stat(path).st_size  # noqa: PTH116
    except FileNotFoundError:
        return history, 0
    every = max(1, size // STEP_BYTES // READ_POINTS)
    history.steps.stride = every
    seen, drawn, newest, boundary = 0, 0, b"", b""
    steps: list[bytes] = []
    reader, marks = Lines(path), np.empty(BLOCK, np.bool_)
    for block in reader.wholes():
        if len(block) > len(marks):
            marks = np.empty(len(block), np.bool_)
        starts, ends, trained = _lines(block, marks)
        numbers = seen + np.cumsum(trained)
        seen = int(numbers[-1])
        last = int(trained.nonzero()[0][-1]) if trained.any() else -1
        if last >= 0:
            newest = bytes(block[starts[last] : ends[last]])
        for number in np.flatnonzero(~trained | (numbers % every == 0)).tolist():
            line = bytes(block[starts[number] : ends[number]])
            if trained[number]:
                steps.append(line)
                if len(steps) >= AT_ONCE:
                    _take_steps(history, steps)
            elif line.startswith(BOUNDARY_LINE):
                drawn += 1
                boundary = line
            elif line:
                if line.startswith(START_LINE):
                    _take_steps(history, steps)
                    _take_boundary(history, boundary)
                    boundary = b""
                    newest = newest if last > number else b""  # it may be taken again
                _take(history, line)
    _take_steps(history, steps)
    history.steps.seen, history.steps._waiting = seen, seen % every
    history.damaged += reader.overlong
    history.count += seen - seen // every + drawn
    _take_boundary(history, boundary)
    if newest and seen % every:
        _take_newest(history, newest)
    history.recent = _tail(path, size)
    return history, reader.offset


def _lines(block: memoryview, marks: "NDArray[np.bool_]") -> tuple["NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.bool_]"]:
    """Where the lines of a block begin and end, and which of them are steps: told by three of their characters. ``marks`` is room to work in."""
    characters = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(np.equal(characters, END_OF_LINE, out=marks[: len(block)]))
    starts = np.concatenate((ends[:0], [0], ends[:-1] + 1))
    trained = ends - starts > len(STEP_LINE)
    for place in TELLING:
        trained &= characters[np.minimum(starts + place, len(block) - 1)] == STEP_LINE[place]
    return starts, ends, trained


def _take_steps(history: History, lines: list[bytes]) -> None:
    """Take in lines of steps, in one go where all of them are sound, and empty the list."""
    columns = _columns(lines)
    if columns is None:
        for line in lines:
            history.steps._waiting = history.steps.stride
            _take(history, line)
    elif lines:
        history.count += len(lines)
        history.steps.extend(columns)
        history.newest = _newest(history.steps, float(columns["time"][-1]))
    lines.clear()


def _columns(lines: list[bytes]) -> "dict[str, NDArray[np.float64]] | None":
    """The values of lines of steps; None where one of them may be none, which :func:`decode` will tell."""
    try:
        rows = json.loads(b"[" + b",".join(lines) + b"]")
        if len(rows) != len(lines) or any(row["event"] != StepsTrained.__name__ for row in rows):
            return None
        values = {name: [row[name] for row in rows] for name in KINDS}
        columns = {name: np.array(column, np.float64) for name, column in values.items()}
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError):
        return None
    right = all(set(map(type, column)) <= KINDS[name] for name, column in values.items())
    return columns if right and all((np.abs(columns[name]) < LARGEST).all() for name in (*WHOLE, *PLACES)) else None


def _take(history: History, line: bytes) -> None:
    try:
        event = decode(line)
    except (ValueError, RecursionError):
        history.damaged += 1
        return
    if event is not None:
        history.observe(event)


def _take_newest(history: History, line: bytes) -> None:
    event = _decoded(line)
    if isinstance(event, StepsTrained):
        history.newest = event


def _take_boundary(history: History, line: bytes) -> None:
    try:
        event = decode(line) if line else None
    except (ValueError, RecursionError):
        history.damaged += 1
        return
    if isinstance(event, BoundaryDrawn):
        history.boundary = event


def _tail(path: Path, size: int) -> Track:
    """Every step of the file's end, not only each k-th."""
    recent = Track(STEP_COLUMNS, RECENT, newest_only=True)
    with open_regular(path) as file:
        file.seek(max(0, size - RECENT * STEP_BYTES))
        lines = file.read(RECENT * STEP_BYTES).split(b"\n")
    steps: list[bytes] = []
    for line in lines[1 if size > RECENT * STEP_BYTES else 0 : -1]:
        if line.startswith(STEP_LINE):
            steps.append(line)
        elif line.startswith(START_LINE):
            _extend(recent, steps)
            event = _decoded(line)
            if isinstance(event, RunStarted) and event.resumed_at is not None:
                recent.cut_after(event.resumed_at)
    _extend(recent, steps)
    return recent


def _extend(track: Track, lines: list[bytes]) -> None:
    """Take in lines of steps, those that are sound, and empty the list."""
    columns = _columns(lines)
    if columns is not None:
        track.extend(columns)
    else:
        for event in map(_decoded, lines):
            if isinstance(event, StepsTrained):
                track.append(event)
    lines.clear()


def _decoded(line: bytes) -> Event | None:
    try:
        return decode(line)
    except (ValueError, RecursionError):
        return None


__all__ = ["CheckpointSaved", "EpochEnded", "History", "Mark", "Splits", "Track", "Warned", "read_history"]
