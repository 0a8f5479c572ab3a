"""What came out of a run, from its events: the figures that reports, exports and comparisons start from."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tui_trainer.runs.events import Evaluated, Event, Forked, RunEnded, RunStarted, StepsTrained, decode
from tui_trainer.runs.folder import RunFolder
from tui_trainer.runs.follow import Follower

SPLITS = ("train", "validation", "test")


@dataclass(slots=True)
class Results:
    """The latest start and end of a run, and its evaluations in order of steps."""

    run: RunFolder
    started: RunStarted | None = None
    ended: RunEnded | None = None
    evaluations: list[Evaluated] = field(default_factory=list)
    """Those of the curves, in order; what a resumed run went back behind is left out."""
    finals: dict[str, Evaluated] = field(default_factory=dict)
    """The figures of the end by split, of the best checkpoint where there is one."""
    comparable_from: int = -1
    """Evaluations of this step and before measure something else: a fork changed the images or the loss there."""
    skipped: int = 0
    """Damaged lines."""

    def latest(self) -> dict[str, Evaluated]:
        """The newest figures by split: the final ones, or those of the last evaluation."""
        found: dict[str, Evaluated] = {event.split: event for event in self.evaluations} | self.finals
        return {split: found[split] for split in SPLITS if split in found}

    def best(self) -> Evaluated | None:
        """The best on validation: highest accuracy, then lowest loss."""
        judged = (event for event in self.evaluations if event.split == "validation" and event.step > self.comparable_from)
        return max(judged, key=lambda event: (event.accuracy, -event.loss), default=None)

    def at_epoch(self, split: str, epoch: float) -> Evaluated | None:
        """The evaluation of ``split`` nearest to ``epoch``, within half an epoch."""
        near = [event for event in self.evaluations if event.split == split and abs(event.epoch - epoch) <= 0.5]
        return min(near, key=lambda event: abs(event.epoch - epoch), default=None)


def read_results(run: RunFolder) -> Results:
    """The results of a run so far. Raises OSError where its events cannot be read."""
    results = Results(run)
    curve: dict[tuple[int, str], Evaluated] = {}
    follower = Follower(run.events_file, _decode_results)
    for event in follower.poll():
        match event:
            case RunStarted():
                results.started, results.ended = event, None
                results.finals = {}
                if event.resumed_at is not None:
                    curve = {place: each for place, each in curve.items() if each.step <= event.resumed_at}
            case Evaluated():
                if event.checkpoint == "last":
                    curve[event.step, event.split] = event  # the end may be evaluated twice at the same step
                if event.final:  # those of the best checkpoint, if any, come after those of the last
                    results.finals[event.split] = event
            case Forked():
                results.comparable_from = -1 if event.comparable else event.step
            case RunEnded():
                results.ended = event
    results.evaluations = list(curve.values())
    results.skipped = follower.skipped
    return results


def read_curves(run: RunFolder) -> Iterator[StepsTrained | Evaluated]:
    """The points of a run's curves in order, what a resumed run went back behind left out. Raises OSError."""
    points: list[StepsTrained | Evaluated] = []
    for event in Follower(run.events_file, decode).poll():
        match event:
            case RunStarted(resumed_at=int(step)):
                points = [point for point in points if point.step <= step]
            case StepsTrained() | Evaluated(checkpoint="last"):
                points.append(event)
    yield from points


def _decode_results(line: bytes) -> Event | None:
    """Decode but for the many events of progress, told apart by how their lines begin."""
    return None if line.startswith((b'{"event":"StepsTrained"', b'{"event":"BoundaryDrawn"')) and line.endswith(b"}") else decode(line)
