"""How the training went: curves with marks where settings changed, and the table of chosen epochs."""

from collections.abc import Sequence

from tui_trainer.config import Figure as Published
from tui_trainer.config.flat import value_text
from tui_trainer.reports.charts import Line, Panel, draw_curves
from tui_trainer.reports.document import Block, Figure, Paragraph, Table
from tui_trainer.reports.gather import Subject
from tui_trainer.reports.style import SPLIT_LOOKS
from tui_trainer.runs.compare import series
from tui_trainer.runs.diagnosis import diagnose
from tui_trainer.runs.events import Forked, LearningRateChanged, RunStarted, StageStarted, Steered
from tui_trainer.runs.history import Mark
from tui_trainer.runs.results import SPLITS
from tui_trainer.runs.wording import count, percent

STEERED = {
    "Pause": "paused", "OneStep": "one step", "OneEpoch": "one epoch", "SaveCheckpoint": "checkpoint", "StopAfterEpoch": "asked to stop after the epoch",
    "StopNow": "asked to stop",
}  # fmt: skip
MOST_MARKS = 20


def training_blocks(subject: Subject, epochs: Sequence[float]) -> list[Block]:
    """Curves of loss and accuracy, what changed on the way, and figures at chosen epochs."""
    history = subject.compared.history
    if not len(history.steps) and not history.evaluated:
        return [Paragraph("The run ended before its first figures." if not subject.live else "There are no figures yet.")]
    changed = numbered_marks(subject)
    loss, accuracy = _panels(subject, [(mark.epoch, str(number)) for number, (mark, _) in enumerate(changed, 1)])
    which = ", ".join(split for split in SPLITS if len(history.split(split).track))
    caption = f"Loss and accuracy over the epochs ({which or 'training batches'}). The faint line is the mean loss of the training batches as they were trained on."
    if changed:
        caption += " Dashed lines: " + "; ".join(f"{number} at epoch {value_text(round(mark.epoch, 2))}: {words}" for number, (mark, words) in enumerate(changed[:MOST_MARKS], 1)) + "."
    blocks: list[Block] = [Figure(f"{subject.name}-curves", draw_curves([loss, accuracy]), caption, "Curves of loss and accuracy")]
    rates = series(history, "learning_rate")
    if len(set(rates[1])) > 1:
        panel = Panel("Learning rate", [Line("", *rates, SPLIT_LOOKS["train"][0])], from_zero=True)
        norm = Panel("Gradient norm", [Line("", *series(history, "gradient_norm"), SPLIT_LOOKS["train"][0])], from_zero=True)
        blocks.append(Figure(f"{subject.name}-learning-rate", draw_curves([panel, norm], 2.1), "Learning rate and gradient norm (before clipping) over the epochs.", "Learning rate and gradient norm"))
    table = epochs_table(subject, epochs)
    blocks += [table] if table else []
    if findings := diagnose(history):
        blocks.append(Paragraph("What the curves show: " + " ".join(finding.sentence for finding in findings)))
    return blocks


def _panels(subject: Subject, marks: Sequence[tuple[float, str]]) -> tuple[Panel, Panel]:
    history = subject.compared.history
    batch = [Line("train, batches", *series(history, "loss", "batches"), SPLIT_LOOKS["train"][0], faint=True)] if len(history.steps) else []
    losses, accuracies = list(batch), []
    for split in SPLITS:
        if len(history.split(split).track):
            colour, mark, style = SPLIT_LOOKS[split]
            losses.append(Line(split, *series(history, "loss", split), colour, mark, style))
            accuracies.append(Line(split, *series(history, "accuracy", split), colour, mark, style))
    if not any(line.label == "train" for line in accuracies) and len(history.steps):
        accuracies.insert(0, Line("train, batches", *series(history, "accuracy", "batches"), SPLIT_LOOKS["train"][0], faint=True))
    return Panel("Loss", losses, marks=marks, from_zero=True), Panel("Accuracy", accuracies, percent=True, marks=marks, levels=_levels(subject))


def _levels(subject: Subject) -> list[tuple[float, str]]:
    config = subject.compared.config
    reference = config.reference if config else None
    return [(reference.value, f"reference, {reference.split}")] if reference and reference.metric == "accuracy" else []


def numbered_marks(subject: Subject) -> list[tuple[Mark, str]]:
    """What bends the curves, in words; the steering behind a changed learning rate is not said twice."""
    found: list[tuple[Mark, str]] = []
    for mark in subject.compared.history.marks:
        words = mark_words(mark)
        if words and not (found and found[-1][0].step == mark.step and found[-1][1] == words):
            found.append((mark, words))
    return found


def mark_words(mark: Mark) -> str:
    """A mark in a few words."""
    match mark.event:
        case LearningRateChanged() as event:
            return f"learning rate {event.old:.4g} → {event.new:.4g}{f' ({event.by})' if event.by else ''}"
        case StageStarted() as event:
            return f"stage {event.stage + 1}" + "".join(f", {key} {value_text(value)}" for key, value in event.settings.items() if value is not None)
        case RunStarted() as event:
            return f"resumed at step {count(event.resumed_at or 0)}"
        case Forked() as event:
            return f"forked from {event.parent} at step {count(event.step)}"
        case Steered() as event:
            return STEERED.get(event.command, "")
    return ""


def epochs_table(subject: Subject, epochs: Sequence[float]) -> Table | None:
    """Accuracy of train, validation and test at chosen epochs, the reference's beside where it gives them."""
    splits = [split for split in SPLITS if any(event.split == split for event in subject.results.evaluations)]
    config = subject.compared.config
    reference = config.reference if config else None
    published = [figure for figure in ([reference, *reference.also] if reference else []) if figure.metric == "accuracy"]
    rows = []
    for epoch in epochs:
        ours = {split: subject.results.at_epoch(split, epoch) for split in splits}
        if not any(ours.values()):
            continue
        row = [value_text(round(epoch, 2))]
        for split in splits:
            event = ours[split]
            row.append(percent(event.accuracy if event else None))
            if published:
                row.append(percent(_published(published, split, epoch, subject)))
        rows.append(tuple(row))
    if not rows:
        return None
    shown = [split for split in splits if any(figure.split == split for figure in published)] if published else []
    head, keep = ["epoch"], [0]
    for number, split in enumerate(splits):
        place = 1 + number * (2 if published else 1)
        head.append(f">{split}")
        keep.append(place)
        if split in shown:
            head.append(">reference")
            keep.append(place + 1)
    sampled = config and subject.started and config.training.evaluate_train_images < subject.started.train_images
    sample = f" (train: on a fixed sample of {count(config.training.evaluate_train_images)} images)" if config and sampled and "train" in splits else ""
    return Table(tuple(head), tuple(tuple(row[place] for place in keep) for row in rows), f"Accuracy at chosen epochs, as evaluated during training{sample}: the evaluation nearest to each.")


def _published(figures: Sequence[Published], split: str, epoch: float, subject: Subject) -> float | None:
    last = abs(subject.compared.history.epoch - epoch) <= 0.02
    return next((figure.value for figure in figures if figure.split == split and ((figure.epoch is None and last) or (figure.epoch is not None and abs(figure.epoch - epoch) <= 0.02))), None)
