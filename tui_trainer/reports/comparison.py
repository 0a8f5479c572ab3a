"""Several runs beside each other: overlaid curves, figures, and the settings that differ."""

from collections.abc import Sequence

from tui_trainer.reports.charts import Line, Panel, draw_curves
from tui_trainer.reports.document import Block, Figure, Paragraph, Section, Table
from tui_trainer.reports.gather import Subject
from tui_trainer.reports.settings import setting_label
from tui_trainer.reports.style import run_look
from tui_trainer.runs.compare import compared_settings, series
from tui_trainer.runs.events import Evaluated
from tui_trainer.runs.results import SPLITS
from tui_trainer.runs.wording import count, duration, percent


def comparison(subjects: Sequence[Subject], epochs: Sequence[float]) -> Section:
    """The section that sets the runs against each other."""
    section = Section("Runs side by side")
    section.blocks += [_figures(subjects), *_curves(subjects), *_settings(subjects), *_at_epochs(subjects, epochs)]
    return section


def _figures(subjects: Sequence[Subject]) -> Table:
    splits = [split for split in SPLITS if any(split in each.outcomes for each in subjects)]
    rows = []
    for each in subjects:
        best = each.compared.best.get("validation")
        parameters = count(each.started.parameters) if each.started else ""
        rows.append((
            each.name, each.compared.state, parameters, f"{each.compared.history.epoch:.2f}", duration(each.compared.history.elapsed),
            *(percent(each.outcomes[split].accuracy if split in each.outcomes else None) for split in splits),
            f"{percent(best.accuracy)} at {best.epoch:.2f}" if best else "",
        ))  # fmt: skip
    head = ("run", "state", ">parameters", ">epochs", ">time", *(f">{split}" for split in splits), ">best validation at epoch")
    leader = _leader([each.outcomes["validation"].accuracy if "validation" in each.outcomes else -1.0 for each in subjects])
    caption = "Accuracy of all runs."
    if leader is not None:
        caption += " The run with the highest validation accuracy stands out; the test set chooses nothing."
    return Table(head, tuple(rows), caption, frozenset() if leader is None else frozenset({leader}))


def _leader(values: Sequence[float]) -> int | None:
    top = max(values)
    return values.index(top) if top >= 0 and values.count(top) == 1 else None


def _curves(subjects: Sequence[Subject]) -> list[Block]:
    split = "validation" if any(len(each.compared.history.split("validation").track) for each in subjects) else "train"
    lines: dict[str, list[Line]] = {"loss": [], "accuracy": []}
    for number, each in enumerate(subjects):
        colour, mark, style = run_look(number)
        for metric, drawn in lines.items():
            x, y = series(each.compared.history, metric, split)
            if x:
                drawn.append(Line(each.name, x, y, colour, mark, style))
    if not lines["loss"]:
        return [Paragraph("None of the runs has figures to draw.")]
    panels = [Panel(f"{split.capitalize()} loss", lines["loss"], from_zero=True), Panel(f"{split.capitalize()} accuracy", lines["accuracy"], percent=True)]
    return [Figure("side-by-side", draw_curves(panels, 3.2), f"{split.capitalize()} loss and accuracy of all runs over the epochs.", "Curves of all runs")]


def _settings(subjects: Sequence[Subject]) -> list[Block]:
    rows = [row for row in compared_settings([each.compared for each in subjects]) if row.differs]
    if not rows:
        return [Paragraph("No setting differs between the runs.")]
    head = ("setting", "key", *(f">{each.name}" for each in subjects))
    return [Table(head, tuple((setting_label(row.key), row.key, *row.texts) for row in rows), "Settings that differ; – where a run does not have it, or it has no effect there.")]


def _triple(events: Sequence[Evaluated | None]) -> str:
    return f"({', '.join(percent(event.accuracy, 1).rstrip('%') if event else '–' for event in events)})" if any(events) else ""


def _at_epochs(subjects: Sequence[Subject], epochs: Sequence[float]) -> list[Block]:
    """All runs at the chosen epochs, each cell (train, validation, test) in percent."""
    splits = [split for split in SPLITS if any(event.split == split for each in subjects for event in each.results.evaluations)]
    rows = []
    for each in subjects:
        cells = []
        for epoch in epochs:
            found = [each.results.at_epoch(split, epoch) for split in splits]
            cells.append(_triple(found))
        ends = [next((event for event in reversed(each.results.evaluations) if event.split == split), None) for split in splits]
        rows.append((each.name, *cells, _triple(ends)))
    if not any(any(row[1:]) for row in rows):
        return []
    head = ("run", *(f">epoch {epoch:.4g}" for epoch in epochs), ">last")
    return [Table(head, tuple(rows), f"Accuracy in percent as ({', '.join(splits)}) at chosen epochs, as evaluated during training: the evaluation nearest to each.")]
