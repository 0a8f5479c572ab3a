"""One run in sections: what it is, its network, its settings, how it went, what it gets wrong and what it has learnt."""

import math
from collections.abc import Sequence

from tui_trainer.catalogue.points import Extent, class_names, is_points, split_points
from tui_trainer.config import ConfigError
from tui_trainer.config.flat import value_text
from tui_trainer.network import show
from tui_trainer.reports.boundary import draw_boundary
from tui_trainer.reports.charts import draw_confusion, draw_reliability
from tui_trainer.reports.document import Block, Code, Figure, Gallery, Note, Paragraph, Section, Table, Tile
from tui_trainer.reports.gather import Outcome, Subject
from tui_trainer.reports.pictures import png_of
from tui_trainer.reports.settings import changed_settings, setting_label, stage_rows
from tui_trainer.reports.training import training_blocks
from tui_trainer.runs.boundary import unpack
from tui_trainer.runs.calibration import verdict
from tui_trainer.runs.citation import citation
from tui_trainer.runs.metrics import confused_pairs, macro_mean, per_class
from tui_trainer.runs.results import SPLITS
from tui_trainer.runs.wording import count, duration, percent, points, rate

MATRIX_CLASSES = 30
"""Classes up to which the matrix is also a table."""
SHOWN_PAIRS = 12


def run_sections(subject: Subject, epochs: Sequence[float], level: int = 2) -> list[Section]:
    """All sections of a run; those with nothing to say are left out."""
    sections = [
        Section("Abstract", abstract(subject), level),
        Section("Architecture", architecture(subject), level),
        Section("Settings", settings(subject), level),
        Section("Where it comes from", lineage(subject), level),
        Section("Training", training_blocks(subject, epochs), level),
        Section("Results", results(subject), level),
        Section("Decision boundary", plane(subject), level),
        Section("Misclassified images", mistakes(subject), level),
        Section("What the first layer has learnt", kernels(subject), level),
    ]
    return [section for section in sections if not section.empty]


def abstract(subject: Subject) -> list[Block]:
    """The facts in a paragraph, and what to know before relying on them."""
    blocks: list[Block] = [Paragraph(" ".join(filter(None, (_trained(subject), _reached(subject), _held_against(subject)))))]
    config = subject.compared.config
    if config and config.description:
        blocks.append(Paragraph(config.description))
    return blocks + [Note(note) for note in subject.notes]


def _trained(subject: Subject) -> str:
    started, status, config, history = subject.started, subject.compared.status, subject.compared.config, subject.compared.history
    state = {"finished": "finished", "stopped": "was stopped", "failed": "failed", "crashed": "ended without a word"}.get(subject.compared.state, "")
    if started is None:
        return f"The run {subject.name} {state or 'has not taken a step yet'}: it recorded no training."
    preset = f" (preset {status.preset})" if status and status.preset else ""
    images = ", ".join(f"{count(number)} for {use}" for number, use in ((started.train_images, "training"), (started.validation_images, "validation"), (started.test_images, "testing")) if number)
    sentence = (
        f"The run {subject.name}{preset} trained a network of {count(started.parameters)} parameters on {started.dataset}: images of {show(tuple(started.input_shape))} "
        f"in {len(started.classes)} classes, {images}. "
    )
    if config:
        training = config.training
        sentence += f"It minimised {training.loss} with {training.optimiser}, learning rate {value_text(training.learning_rate)}, {training.batch_size} images a step"
        sentence += f", in {len(training.stages)} stages. " if training.stages else ". "
    done = f"{value_text(round(history.epoch, 2))} of {value_text(round(started.total_epochs, 2))} epochs ({count(history.newest.step if history.newest else 0)} steps)"
    took = f"{duration(history.elapsed)} of training on {started.device_name or started.device}"
    if subject.live:
        return sentence + f"It is still training: {done} so far, {took}."
    reason = f" ({status.reason})" if status and status.reason and status.state != "finished" else ""
    return sentence + f"It {state or 'ended'} after {done}, {took}{reason}."


def _reached(subject: Subject) -> str:
    judged = subject.judged
    if judged is None:
        return ""
    low, high = wilson(judged.accuracy, judged.images)
    named = {"test": "the test set", "validation": "the validation set", "train": "the training images"}[judged.split]
    return f"On {named} ({count(judged.images)} images) it reaches an accuracy of {percent(judged.accuracy)} (95 % interval {percent(low)} to {percent(high)}), measured with {subject.where}."


def _held_against(subject: Subject) -> str:
    config, judged = subject.compared.config, subject.judged
    reference = config.reference if config else None
    if reference is None or judged is None or reference.metric != "accuracy" or reference.split != judged.split:
        return ""
    return f"The reference ({citation(reference.source)}) gives {percent(reference.value)}: a difference of {points(judged.accuracy - reference.value)} points."


def wilson(share: float, images: int, z: float = 1.96) -> tuple[float, float]:
    """The interval in which an accuracy lies with 95 % probability (Wilson, 1927); 0..1."""
    if not images:
        return 0.0, 1.0
    centre = share + z * z / (2 * images)
    reach = z * math.sqrt(share * (1 - share) / images + z * z / (4 * images * images))
    return max(0.0, (centre - reach) / (1 + z * z / images)), min(1.0, (centre + reach) / (1 + z * z / images))


def architecture(subject: Subject) -> list[Block]:
    """The layers with shapes, parameters and receptive fields."""
    if not subject.layers:
        return []
    total = sum(layer.parameters for layer in subject.layers)
    rows = [
        (layer.place, layer.name, show(layer.output), count(layer.parameters) if layer.parameters else "", str(layer.jump or ""), "all" if layer.receptive_field is None else str(layer.receptive_field))
        for layer in subject.layers
    ]
    rows.append(("", "total", "", count(total), "", ""))
    adds = sum(layer.multiply_adds for layer in subject.layers)
    blocks: list[Block] = [
        Table(
            ("", "layer", ">output", ">parameters", ">jump", ">receptive field"), tuple(rows),
            "The network from input to logits. Jump and receptive field are in pixels of the input: how far neighbouring values are apart, and how much each of them sees.",
            frozenset({len(rows) - 1}),
        )
    ]  # fmt: skip
    if adds:
        blocks.append(Paragraph(f"One image takes {count(adds)} multiplications."))
    return blocks


def settings(subject: Subject) -> list[Block]:
    """What was set other than the defaults; all settings are in the appendix."""
    rows = changed_settings(subject)
    blocks: list[Block] = []
    if rows:
        blocks.append(Table(("setting", "key", ">value", ">default"), tuple(rows), "Settings that differ from the defaults. The appendix has all of them."))
    else:
        blocks.append(Paragraph("All settings are the defaults."))
    head, stages = stage_rows(subject.compared.tree)
    if stages:
        blocks.append(Table(head, tuple(stages), "Stages of the training; what a stage leaves out stays as in the settings above."))
    return blocks


def lineage(subject: Subject) -> list[Block]:
    """The run that it was forked from, the checkpoint, and what was changed."""
    from tui_trainer.runs.lineage import read_lineage

    try:
        found = read_lineage(subject.run.path)
    except (OSError, ValueError) as error:
        return [Note(f"Where the run comes from cannot be read: {error}")]
    if found is None:
        return []
    above = "".join(f", itself a fork of {ancestor.name}" for ancestor in found.above)
    blocks: list[Block] = [
        Paragraph(f"The run was forked from {found.parent} at its checkpoint {found.checkpoint}, step {count(found.step)} of epoch {found.epoch:.2f}{above}. Its curves begin with those of {found.parent} up to there.")
    ]
    rows = tuple((setting_label(key), key, *map(value_text, [*values, None, None][:2])) for key, values in found.changes.items())
    return [*blocks, Table(("setting", "key", ">before", ">after"), rows, "What the fork changed.")] if rows else blocks


def results(subject: Subject) -> list[Block]:
    """Figures of all splits beside the reference, the confusion matrix, figures per class, the most confused pairs, calibration."""
    judged = subject.judged
    if judged is None:
        return [Paragraph("Nothing was evaluated.")]
    blocks: list[Block] = [_outcomes(subject)]
    if not any(map(any, judged.confusion)):
        return blocks
    names = _class_names(subject, judged)
    where = f"{judged.split} images"
    blocks.append(Figure(f"{subject.name}-confusion", draw_confusion(judged.confusion, names), f"Confusion matrix of the {where}: shaded by the share of each true class; mistakes in orange.", f"Confusion matrix of {len(names)} classes"))
    if len(names) <= MATRIX_CLASSES:
        blocks.append(_matrix(judged, names))
    blocks += [_per_class(judged, names), *_pairs(judged, names)]
    if judged.calibration:
        calibration = judged.calibration
        blocks.append(Paragraph(
            f"Calibration: the expected calibration error over {len(calibration.bins)} bins is {calibration.ece:.4f} (largest {calibration.mce:.4f}). "
            f"The mean confidence is {percent(calibration.confidence)} at an accuracy of {percent(judged.accuracy)}: on the whole the network is {verdict(calibration.confidence, judged.accuracy)}."
        ))  # fmt: skip
        blocks.append(Figure(f"{subject.name}-calibration", draw_reliability(calibration), f"Reliability of the probabilities on the {where}: bars are accuracy by confidence, on the dashed line the network would be exactly as sure as it is right.", "Reliability diagram"))
    return blocks


def _outcomes(subject: Subject) -> Table:
    config = subject.compared.config
    reference = config.reference if config else None
    figures = [reference, *reference.also] if reference else []
    ended = subject.compared.history.epoch
    theirs = {figure.split: figure.value for figure in reversed(figures) if figure.metric == "accuracy" and (figure.epoch is None or abs(figure.epoch - ended) <= 0.02)}
    rows = []
    for split in SPLITS:
        if split not in subject.outcomes:
            continue
        each = subject.outcomes[split]
        low, high = wilson(each.accuracy, each.images)
        row = [split, count(each.images), f"{each.loss:.4f}", percent(each.accuracy), f"{percent(low)} to {percent(high)}"]
        if theirs:
            row += [percent(theirs[split]), points(each.accuracy - theirs[split])] if split in theirs else ["", ""]
        rows.append(tuple(row))
    head = ("split", ">images", ">loss", ">accuracy", ">95 % interval", *((">reference", ">difference") if theirs else ()))
    recorded = any(each.recorded for each in subject.outcomes.values())
    train = subject.outcomes.get("train")
    sampled = train and subject.started and train.images < subject.started.train_images
    how = "As the run recorded them" + (f", train on {count(train.images)} of its images" if train and sampled else "") if recorded else "Measured on the whole splits"
    source = f" Reference: {citation(reference.source)}{'; ' + reference.note if reference.note else ''}. Differences are in percentage points." if reference and theirs else ""
    return Table(head, tuple(rows), f"Loss and accuracy. {how}, with {subject.where}.{source}", frozenset({len(rows) - 1}))


def _class_names(subject: Subject, outcome: Outcome) -> list[str]:
    names = list(subject.classes)
    return names if len(names) == len(outcome.confusion) else [str(number) for number in range(len(outcome.confusion))]


def _matrix(outcome: Outcome, names: Sequence[str]) -> Table:
    rows = tuple((name, *(str(images) if images else "·" for images in row)) for name, row in zip(names, outcome.confusion, strict=True))
    return Table(("true \\ predicted", *(f">{name}" for name in names)), rows, f"The same in numbers: {outcome.split} images, rows true class, columns predicted class.", matrix=True)


def _per_class(outcome: Outcome, names: Sequence[str]) -> Table:
    figures = per_class(outcome.confusion)
    rows: list[tuple[str, ...]] = [(name, f"{each.precision:.4f}", f"{each.recall:.4f}", f"{each.f1:.4f}", count(each.support), count(each.misclassified)) for name, each in zip(names, figures, strict=True)]
    whole = sum(each.support for each in figures) or 1
    wrong = count(sum(each.misclassified for each in figures))
    macro = [f"{macro_mean(figures, name):.4f}" for name in ("precision", "recall", "f1")]
    weighted = [f"{sum(getattr(each, name) * each.support for each in figures) / whole:.4f}" for name in ("precision", "recall", "f1")]
    rows += [("macro mean", *macro, count(sum(each.support for each in figures)), wrong), ("weighted mean", *weighted, count(sum(each.support for each in figures)), wrong)]
    return Table(
        ("class", ">precision", ">recall", ">F1", ">support", ">wrong"), tuple(rows),
        "Precision TP / (TP + FP), recall TP / (TP + FN) and their harmonic mean F1. The macro mean counts every class the same, the weighted mean every image.",
        frozenset({len(rows) - 2, len(rows) - 1}),
    )  # fmt: skip


def _pairs(outcome: Outcome, names: Sequence[str]) -> list[Block]:
    pairs = confused_pairs(outcome.confusion)[:SHOWN_PAIRS]
    if not pairs:
        return [Paragraph(f"Not one of the {count(outcome.images)} {outcome.split} images is misclassified.")]
    supports = [sum(row) for row in outcome.confusion]
    rows = tuple((names[true], names[called], count(times), percent(times / supports[true])) for true, called, times in pairs)
    return [Table(("true class", "taken for", ">images", ">of the class"), rows, "The most frequent confusions.")]


def plane(subject: Subject) -> list[Block]:
    """The boundary that the run told last, where the data are points."""
    drawn, config = subject.compared.history.boundary, subject.compared.config
    if drawn is None or config is None or not is_points(config.data):
        return []
    try:
        field, points = unpack(drawn.cells, drawn.columns, drawn.rows), split_points(config.data)
    except (ValueError, ConfigError) as error:
        return [Note(f"The decision boundary cannot be drawn: {error}")]
    figure = draw_boundary(field, Extent(drawn.left, drawn.right, drawn.bottom, drawn.top), points, class_names(config.data))
    caption = f"What the network makes of the plane at step {count(drawn.step)}: the colour of the winning class, deeper the surer it is. Full marks are trained on, hollow ones are held out or test points."
    return [Figure(f"{subject.name}-boundary", figure, caption, "Decision boundary")]


def mistakes(subject: Subject) -> list[Block]:
    """Images that are misclassified, the worst first; points in the plane are no pictures."""
    found = subject.mistakes if subject.compared.history.boundary is None else None
    if found is None or not found.images:
        return []
    names = subject.classes
    tiles = tuple(
        Tile(png_of(each.picture), (f"{names[each.true]} → {names[each.predicted]}", f"{percent(each.probabilities[each.predicted], 1)} · {percent(each.probabilities[each.true], 1)}", f"#{each.index}"))
        for each in found.images
    )
    shown = f"The worst {len(tiles)} of {count(found.total)}" if found.total > len(tiles) else f"All {count(found.total)}"
    caption = f"{shown} misclassified {found.split} images, the least probable true class first: true → predicted class, the probabilities of the predicted and of the true class, and the image's number in its split."
    return [Gallery(f"{subject.name}-misclassified", tiles, caption, "Misclassified images")]


def kernels(subject: Subject) -> list[Block]:
    """The first layer's weights as pictures."""
    found = subject.kernels if subject.compared.history.boundary is None else None
    if found is None or not found.kernels:
        return []
    tiles = tuple(Tile(png_of(each.picture), (str(each.unit) if each.channel is None else f"{each.unit}·{each.channel}",)) for each in found.kernels)
    more = f" The first {len(tiles)} of {count(found.total)}." if found.total > len(tiles) else ""
    colours = "" if found.kernels[0].picture.channels == 3 else " Blue is positive, orange negative, white zero."
    caption = f"Weights of layer {found.layer} ({found.name}): {found.note.rstrip('.')}. The strongest colour is {found.largest:.3g}.{colours}{more}"
    return [Gallery(f"{subject.name}-kernels", tiles, caption, "Weights as pictures", side=64)]


def machine(subject: Subject) -> list[Block]:
    """Time, machine and versions."""
    import time

    started, status, history = subject.started, subject.compared.status, subject.compared.history
    if started is None:
        return []
    ended = subject.results.ended
    speed = ended.images_per_second if ended else status.images_per_second if status else 0.0
    rows = [
        ("run", subject.name),
        ("begun", time.strftime("%Y-%m-%d %H:%M", time.localtime(status.created)) if status and status.created else ""),
        ("training", f"{duration(history.elapsed)}, evaluation included"),
        ("start", duration(started.start_seconds) if started.start_seconds else ""),
        ("speed", f"{rate(speed)} images/s" if speed else ""),
        ("device", f"{started.device} ({started.device_name or started.device}), {started.precision}, {started.threads} {'thread' if started.threads == 1 else 'threads'}"),
        ("host", started.host),
        ("versions", ", ".join(f"{name} {version}" for name, version in started.versions.items())),
    ]
    return [Table(("", ""), tuple((name, value) for name, value in rows if value), "Time and machine.")]


def again(subject: Subject, file: str) -> list[Block]:
    """The commands that train, evaluate and report it again; ``file`` is the config beside the report."""
    import shlex

    name = shlex.quote(f"{subject.name}-again")
    lines = [f"tui-trainer train {shlex.quote(file)} --name {name}"]
    if short := preset_command(subject):
        lines += ["# the same from the preset:", f"{short} --name {name}"]
    lines += [f"tui-trainer evaluate {name} --split test", f"tui-trainer report {name} --out {shlex.quote(f'report-{subject.name}-again')}"]
    return [Code("\n".join(lines), "sh")]


def preset_command(subject: Subject) -> str:
    """The command that trains this from its preset; empty where there is none (a preset that is gone or has changed)."""
    from tui_trainer.config import ConfigError, load_config
    from tui_trainer.config.command import train_command

    config, status = subject.compared.config, subject.compared.status
    if config is None or status is None or not status.preset:
        return ""
    try:
        return train_command(status.preset, load_config(status.preset), config)[0]
    except ConfigError:
        return ""
