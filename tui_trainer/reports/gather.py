"""Everything a report says of a run: read from its folder, and measured again with its weights where they and the data are still there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from tui_trainer.catalogue.names import shown
from tui_trainer.config import ConfigError
from tui_trainer.network.summary import LayerSummary, summarise
from tui_trainer.runs.compare import ComparedRun, read_compared
from tui_trainer.runs.events import RunStarted
from tui_trainer.runs.folder import RunFolder
from tui_trainer.runs.results import SPLITS, Results, read_results
from tui_trainer.runs.status import LIVE

if TYPE_CHECKING:
    from tui_trainer.asking.answers import Calibration, ImageList, Kernels
    from tui_trainer.inspection import Inspection

T = TypeVar("T")
Tell = Callable[[str], None]
"""Told in a few words what is being done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a report shall hold."""

    epochs: tuple[float, ...] = ()
    """Rows of the table of epochs; none: 1, 5, 10, 15 and the last."""
    checkpoint: str = ""
    """Which weights are measured; none: the run's result."""
    images: int = 40
    """Misclassified images at most."""
    measure: bool = True
    """Whether weights and data are used at all; otherwise only what the run recorded."""
    trusted: bool = False
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A split's figures."""

    split: str
    accuracy: float
    loss: float
    images: int
    confusion: tuple[tuple[int, ...], ...]
    recorded: bool
    """Told by the run when it evaluated (train: on a sample); otherwise measured now, on the whole split."""
    calibration: "Calibration | None" = None


@dataclass(slots=True)
class Subject:
    """A run as a report describes it."""

    compared: ComparedRun
    results: Results
    started: RunStarted | None
    classes: tuple[str, ...]
    layers: tuple[LayerSummary, ...] = ()
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    where: str = ""
    """Which weights the outcomes are of, such as ``checkpoint step-000051.pt of epoch 6``."""
    mistakes: "ImageList | None" = None
    kernels: "Kernels | None" = None
    notes: list[str] = field(default_factory=list)
    """What is missing and why, a sentence each."""

    @property
    def run(self) -> RunFolder:
        """Its folder."""
        return self.compared.run

    @property
    def name(self) -> str:
        """Its name."""
        return self.run.name

    @property
    def live(self) -> bool:
        """Whether it is still training."""
        return self.compared.status is not None and self.compared.status.state in LIVE

    @property
    def judged(self) -> Outcome | None:
        """The figures that count: those of the test set, else of validation, else of training."""
        return next((self.outcomes[split] for split in reversed(SPLITS) if split in self.outcomes), None)


def gather(run: RunFolder, asked: Asked, tell: Tell = lambda _: None) -> Subject:
    """All there is to say of ``run``. What cannot be read or measured becomes a note; raises OSError where its events cannot be read."""
    tell(f"{run.name}: reading")
    compared, results = read_compared(run), read_results(run)
    classes = tuple(map(shown, results.started.classes)) if results.started else ()
    subject = Subject(compared, results, results.started, classes, notes=list(compared.problems))
    subject.layers = _layers(subject, asked)
    if asked.measure:
        _measure(subject, asked, tell)
    _fill_from_record(subject, tried=asked.measure)
    return subject


def _layers(subject: Subject, asked: Asked) -> tuple[LayerSummary, ...]:
    config, started = subject.compared.config, subject.started
    if config is None or started is None:
        return ()
    shape, count = (started.input_shape[0], started.input_shape[1], started.input_shape[2]), len(started.classes)
    try:
        if config.network.kind == "layers":
            return summarise(config.network, shape, count).layers
        from tui_trainer.models import build, module_summary

        return module_summary(build(config.network, shape, count, trusted=asked.trusted), shape, count).layers
    except ConfigError as error:
        subject.notes.append(f"The layers cannot be listed: {error}")
        return ()


def _measure(subject: Subject, asked: Asked, tell: Tell) -> None:
    """Evaluate every split with the run's weights, as ``evaluate`` does, and look at what went wrong."""
    if not subject.run.checkpoints.is_dir() or not any(subject.run.checkpoints.glob("*.pt")):
        subject.notes.append("The run has no checkpoint: figures are those that it recorded, and no image could be looked at.")
        return
    from tui_trainer.asking.questions import ListImages, ShowKernels, Summarise, Weights
    from tui_trainer.inspection import Inspection

    inspection = Inspection(device=asked.device)
    weights = Weights(str(subject.run.path), asked.checkpoint, asked.trusted)
    tell(f"{subject.name}: weights")
    subject.kernels = _tried(lambda: inspection.answer(ShowKernels(weights, limit=64)), subject.notes, "No weights could be shown")
    for split in _splits(subject):
        tell(f"{subject.name}: evaluating {split}")
        _summarise(subject, inspection, Summarise(weights, split))  # type: ignore[arg-type]
    if judged := subject.judged:
        question = ListImages(weights, judged.split, limit=min(asked.images, 500)) if asked.images else None  # type: ignore[arg-type]
        subject.mistakes = _tried(lambda: inspection.answer(question), subject.notes, "No misclassified image could be shown") if question else None


def _splits(subject: Subject) -> list[str]:
    started = subject.started
    images = {"train": started.train_images, "validation": started.validation_images, "test": started.test_images} if started else {}
    return [split for split in SPLITS if images.get(split, 1)]


def _summarise(subject: Subject, inspection: "Inspection", question: Any) -> None:
    found = _tried(lambda: inspection.answer(question), subject.notes, f"The {question.split} images could not be measured again")
    if found is None:
        return
    subject.classes = subject.classes or tuple(map(shown, found.classes))
    subject.outcomes[question.split] = Outcome(question.split, found.accuracy, found.loss, found.images, found.confusion, False, found.calibration)
    subject.where = f"checkpoint {found.checkpoint.file} of epoch {found.checkpoint.epoch:.2f}"


def _tried(answer: Callable[[], T], notes: list[str], failing: str) -> T | None:
    try:
        return answer()
    except (ConfigError, OSError) as error:
        note = f"{failing}: {error}"
        if not any(str(error) in each for each in notes):
            notes.append(note)
        return None


def _fill_from_record(subject: Subject, *, tried: bool) -> None:
    """What was not measured is taken from the run's own evaluations."""
    latest = subject.results.latest()
    missing = {split: event for split, event in latest.items() if split not in subject.outcomes}
    if subject.outcomes or not missing:
        return
    for split, event in missing.items():
        matrix = tuple(map(tuple, event.confusion))
        subject.outcomes[split] = Outcome(split, event.accuracy, event.loss, sum(map(sum, matrix)), matrix, True)
    newest = max(missing.values(), key=lambda event: event.epoch)
    subject.where = f"the run's own record of epoch {newest.epoch:.2f}" + (f" ({newest.checkpoint} weights)" if newest.final else "")
    if tried and subject.live:
        subject.notes.append("The run is still training: its figures move on.")


def table_epochs(subject: Subject, asked: Asked) -> tuple[float, ...]:
    """Epochs of the table: those asked for, else 1, 5, 10, 15 as far as the run got, and its last."""
    end = round(subject.compared.history.epoch, 6)
    chosen = asked.epochs or (*(float(epoch) for epoch in (1, 5, 10, 15) if epoch < end - 0.01), *([end] if end else []))
    return tuple(sorted(set(chosen)))
