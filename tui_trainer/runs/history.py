"""What a run has done so far, held in bounded memory however long it runs."""

from array import array
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tui_trainer.runs.events import (
    BoundaryDrawn,
    Continued,
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
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POINTS = 16_384
RECENT = 2_048
MATRICES = 4
"""Newest evaluations of a split that are kept whole: what a resumed run may go back behind."""
KEPT_EVENTS = 1_000
STEP_COLUMNS = ("step", "epoch", "elapsed", "loss", "accuracy", "learning_rate", "gradient_norm", "images_per_second", "memory_bytes")
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
            self.newest = newest_of(self.steps, event.time)
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


def newest_of(steps: Track, time: float) -> StepsTrained | None:
    """The last step that is kept, as an event."""
    if not len(steps):
        return None
    values = {name: steps[name][-1] for name in STEP_COLUMNS}
    return StepsTrained(**{**values, "step": int(values["step"]), "memory_bytes": int(values["memory_bytes"]), "time": time})  # type: ignore[arg-type]
