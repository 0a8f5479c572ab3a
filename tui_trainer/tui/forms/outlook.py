"""What would happen if the draft were trained now: the network's table, what will run, what cannot work."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from tui_trainer.catalogue import KNOWN, data_root, find_parts
from tui_trainer.catalogue.points import FEATURES, class_names, is_points
from tui_trainer.catalogue.split import validation_count
from tui_trainer.config import Config, Data, Layer, Network, Stage, Training
from tui_trainer.network import LayerSummary, NetworkError, Shape, describe, show, walk
from tui_trainer.tui.forms.draft import Draft
from tui_trainer.tui.forms.schema import label_of
from tui_trainer.tui.forms.worked import worked_out
from tui_trainer.tui.wording import size, thousands

BYTES = 4


@dataclass(frozen=True, slots=True)
class DataView:
    """What is known of the data: input shape, number of classes, images to train on (None: not counted yet)."""

    shape: Shape
    classes: int
    images: int | None = None
    validation: int | None = None
    present: bool = True
    where: str = ""
    notes: tuple[str, ...] = ()
    download: int = 0
    """Bytes to fetch where it is not present."""


@dataclass(frozen=True, slots=True)
class NetRow:
    """One row of the network table."""

    place: str
    key: str
    name: str
    output: str = ""
    parameters: str = ""
    field: str = ""
    wrong: bool = False
    worked: tuple[tuple[str, str], ...] = ()
    """How its figures come about, by name."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to know before the start."""

    kind: Literal["ok", "warning", "wrong", "wait"]
    text: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """All of it."""

    rows: tuple[NetRow, ...]
    parameters: int
    lines: tuple[Line, ...]
    problems: dict[str, str]
    config: Config | None

    @property
    def ready(self) -> bool:
        """Whether it can be started."""
        return self.config is not None and not self.problems


def quick_view(data: Data) -> DataView | None:
    """What is known of a data set by arithmetic alone, the same as :func:`careful_view` finds; None for the user's own.

    Without counts where thinned-out classes make them depend on the labels. Raises ConfigError.
    """
    if is_points(data):
        return _points_view(data)
    known = KNOWN.get(data.dataset)
    if known is None:
        return None
    sides = (data.image_size, data.image_size) if isinstance(data.image_size, int) else data.image_size or known.shape[1:]
    shape, classes = (data.channels or known.shape[0], *sides), len(known.classes)
    if data.class_fractions:
        return DataView(shape, classes)
    held = validation_count(known.train_images, data.validation)
    left = known.train_images - held
    notes: tuple[str, ...] = ()
    if data.train_images is not None and data.train_images > left:
        notes = (f"data.train_images = {data.train_images}, but only {left} are left after the split: all are used",)
    present = known.bundled or len(find_parts(known, data_root(data.directory))) == len(known.parts)
    return DataView(shape, classes, min(left, data.train_images or left), held, present, notes=notes, download=0 if present else known.download_size)


def _points_view(data: Data) -> DataView:
    shape, classes = (len(FEATURES[data.features]), 1, 1), len(class_names(data))
    if data.class_fractions:
        return DataView(shape, classes)
    held = validation_count(data.points, data.validation)
    left = data.points - held
    notes = (f"data.train_images = {data.train_images}, but only {left} are left after the split: all are used",) if (data.train_images or 0) > left else ()
    return DataView(shape, classes, min(left, data.train_images or left), held, True, notes=notes)


def careful_view(data: Data) -> DataView:
    """What looking at the files tells: may take a second. Raises ConfigError."""
    from tui_trainer.catalogue.facts import data_facts

    facts = data_facts(data)
    known = KNOWN.get(data.dataset)
    return DataView(
        facts.shape, len(facts.classes), facts.train_images, facts.validation_images, facts.present, str(facts.where or ""), tuple(facts.notes),
        known.download_size if known and not facts.present else 0,
    )  # fmt: skip


def look_ahead(draft: Draft, view: DataView | None, data_problem: str = "") -> Outlook:
    """What the draft would do with data such as ``view`` (None: not known yet)."""
    config, problems = draft.check()
    problems = dict(problems)
    if data_problem:
        problems.setdefault(_key_of(data_problem), data_problem)
    rows, parameters, wrong = _network(draft, view)
    for key, text in wrong.items():
        if not any(known.startswith(key) for known in problems):
            problems[key] = text
    lines = [Line("wrong", _named(key, text)) for key, text in problems.items()]
    if config is not None:
        if view is not None and view.images is not None:
            for key, text in _batches(config.training, view.images):
                problems.setdefault(key, text)
                lines.append(Line("wrong", _named(key, text)))
        lines += _plan(config, view, parameters) if not problems else []
        lines += _notes(config, view)
    return Outlook(tuple(rows), parameters, tuple(lines), problems, config)


def _key_of(sentence: str) -> str:
    head = sentence.partition(":")[0].partition(" ")[0]
    return head if head.startswith("data.") else "data.dataset"


def _named(key: str, text: str) -> str:
    if key.startswith("network.layers."):
        parts = key.split(".")[2:]
        numbers = [part for part in parts if part.isdigit()]
        rest = parts[-1] if not parts[-1].isdigit() else ""
        return f"layer {'.'.join(numbers)}: {rest + ': ' if rest else ''}{text}"
    name = label_of(Config, key)
    return text if not name or text.startswith(key) else f"{name}: {text}"


def _network(draft: Draft, view: DataView | None) -> tuple[list[NetRow], int, dict[str, str]]:
    """Rows of all layers; those that cannot be worked out stand without figures, and why."""
    tree = draft.get("network")
    if not isinstance(tree, dict) or tree.get("kind", "layers") != "layers":
        return [], 0, {}
    layers = tree.get("layers", [])
    parsed: list[Any] = []
    wrong: dict[str, str] = {}
    for layer in layers:
        try:
            parsed.append(_parse(layer))
        except ValidationError:
            break
    done: list[LayerSummary] = []
    if view is not None and (parsed or not layers):
        try:
            for row in walk(parsed, view.shape, view.classes):
                done.append(row)
        except NetworkError as error:
            cut_short = len(parsed) < len(layers) and error.layer == str(len(parsed) - 1)
            wrong = {} if cut_short else error.problems
    known = {row.place: row for row in done}
    rows = [_row("input", "", known["input"])] if "input" in known else []
    for place, key, layer in places(layers):
        problem = key in wrong
        if place in known and not problem:
            rows.append(_row(place, key, known[place], worked_out(_parse(layer), known[_before(place, layer, list(known))], known[place])))
        else:
            summary = known.get(place)
            rows.append(NetRow(place, key, _name(layer), _output(summary.output) if summary else "", "", "", True if problem else not _parses(layer)))
    return rows, sum(row.parameters for row in done), wrong


def places(layers: Sequence[Any], above: str = "", key: str = "network.layers") -> Iterator[tuple[str, str, Any]]:
    """Place, dotted key and tables of every layer in the order of the network table: a block's own row after its layers."""
    for number, layer in enumerate(layers):
        place, at = f"{above}{number}", f"{key}.{number}"
        if isinstance(layer, dict) and isinstance(layer.get("layers"), list):
            yield from places(layer["layers"], f"{place}.", f"{at}.layers")
        yield place, at, layer


def _parses(layer: Any) -> bool:
    try:
        _parse(layer)
    except ValidationError:
        return False
    return True


def _parse(layer: Any) -> Layer:
    """One layer of a list. Raises ValidationError."""
    return Network.model_validate({"layers": [layer]}).layers[0]


def _name(layer: Any) -> str:
    try:
        return describe(_parse(layer))
    except ValidationError:
        return str(layer.get("type", "?")).replace("-", " ") if isinstance(layer, dict) else "?"


def _before(place: str, layer: Any, known: Sequence[str]) -> str:
    """The row of what a layer gets: the one above it, for a block that above its first layer."""
    first = place
    while isinstance(layer, dict) and isinstance(layer.get("layers"), list):
        first, layer = f"{first}.0", layer["layers"][0]
    return known[known.index(first) - 1]


def _row(place: str, key: str, row: LayerSummary, worked: tuple[tuple[str, str], ...] = ()) -> NetRow:
    field = "all" if row.receptive_field is None else str(row.receptive_field)
    return NetRow(place if place != "input" else "", key, row.name, _output(row.output), thousands(row.parameters) if row.parameters else "", field, worked=worked)


def _output(shape: Shape) -> str:
    """``16×28×28``, ``12 544``: a vector is written as a count of parameters beside it."""
    text = show(shape)
    return thousands(int(text)) if text.isdigit() else text


def _batches(training: Training, images: int) -> Iterator[tuple[str, str]]:
    sizes = [("training.batch_size", training.batch_size)]
    sizes += [(f"training.stages.{number}.batch_size", _batch(stage)) for number, stage in enumerate(training.stages) if _batch(stage)]
    for key, batch in sizes:
        if batch > images:
            yield key, f"a batch of {batch} is larger than the {thousands(images)} training images; allowed is 1 to {images}"


def _batch(stage: Stage) -> int:
    """A stage's own batch size, or 0. (Its fields are made from Recipe's, so types do not know them.)"""
    return int(getattr(stage, "batch_size", None) or 0)


def lengths(training: Training, images: int) -> tuple[int, int, float]:
    """Steps an epoch (of the first stage), steps and epochs in all."""
    parts = [(_batch(stage) or training.batch_size, stage.epochs, stage.iterations) for stage in training.stages] or [
        (training.batch_size, None if training.iterations else training.epochs, training.iterations)
    ]
    steps, epochs, first = 0, 0.0, 0
    for batch, passes, iterations in parts:
        each = max(images // batch, 1) if training.drop_last else -(-images // batch)
        count = iterations or max(1, round((passes or 0) * each))
        first, steps, epochs = first or each, steps + count, epochs + count / each
    return first, steps, epochs


def _plan(config: Config, view: DataView | None, parameters: int) -> Iterator[Line]:
    words = [f"{thousands(parameters)} parameters"] if parameters else [f"{config.network.model or config.network.source}: its size is known once it is built"]
    if view is None or view.images is None:
        yield Line("ok", ", ".join(words))
        yield Line("wait", "the images are being counted")
        return
    each, steps, epochs = lengths(config.training, view.images)
    words += [f"{thousands(each)} steps an epoch", f"{epochs:.3g} epochs", f"{thousands(steps)} steps in all"]
    yield Line("ok", ", ".join(words))
    held = f", {thousands(view.validation)} held out for validation" if view.validation else ", none held out: no validation"
    yield Line("ok", f"{thousands(view.images)} images to train on{held}")


def _notes(config: Config, view: DataView | None) -> Iterator[Line]:
    if view is None:
        return
    if not view.present:
        what = f"{config.data.dataset} is not on this machine: the trainer fetches it first" + (f" ({size(view.download)})" if view.download else "")
        yield Line("warning", what)
    for note in view.notes:
        yield Line("warning", note)
    if config.network.kind == "module":
        yield Line("warning", f"{config.network.source} is code: you are asked before it runs")
