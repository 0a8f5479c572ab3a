"""``tui-trainer baseline``: what a network has to beat."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tui_trainer.cli import completion
from tui_trainer.cli.options import DataDir, Dataset, Json, RunsDir, Set, Source, asked_config

if TYPE_CHECKING:
    from rich.console import Console

    from tui_trainer.config import Config, Reference
    from tui_trainer.lab.baseline import Fitted
    from tui_trainer.runs.baselines import BaselineResult
    from tui_trainer.training.evaluation import Evaluation


def baseline(
    source: Source,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="NAME", help="svc-linear, svc-poly, svc-rbf, logistic, knn or forest (default: the preset's, else svc-rbf).",
            show_default=False, autocompletion=completion.baselines,
        ),
    ] = None,
    sets: Set = [],  # noqa: B006 - typer reads it, nobody changes it
    dataset: Dataset = None,
    data_dir: DataDir = None,
    split: Annotated[str, typer.Option("--split", metavar="NAME", help="train, validation or test.", autocompletion=completion.splits)] = "test",
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of the forest.", show_default=False)] = None,
    runs_dir: RunsDir = None,
    record: Annotated[bool, typer.Option("--record/--no-record", help="Keep the figures in baselines.jsonl beside the runs.")] = True,
    boundary: Annotated[str | None, typer.Option("--boundary", metavar="FILE.png", help="Draw the plane as it sees it, for points.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Fit a scikit-learn classifier to a preset's data.

    Measures it as a run is measured. Settings: --set baseline.c=10, baseline.degree, baseline.gamma,
    baseline.neighbours, baseline.trees; images as the preset's network gets them. Where the preset is about a
    baseline, what its source reports stands beside ours.
    """
    from tui_trainer.cli.console import claimed_stdout
    from tui_trainer.cli.evaluate import SPLITS
    from tui_trainer.config import ConfigError
    from tui_trainer.config.errors import nearest
    from tui_trainer.config.sets import POINT_SETS
    from tui_trainer.runs.baselines import baseline_result

    if split not in SPLITS:
        raise ConfigError(f"--split {split}: no such split{nearest(split, SPLITS)}; allowed is {', '.join(SPLITS)}")
    config = _config(source, model, sets, dataset, data_dir, seed)
    if boundary is not None and config.data.dataset not in POINT_SETS:
        raise ConfigError(f"--boundary {boundary}: {config.data.dataset} are images; only points in the plane ({', '.join(POINT_SETS)}) have a boundary to draw")
    with claimed_stdout() as stdout:
        from tui_trainer.lab.baseline import called, fit, load, measure, sources

        data = load(config)
        if not len(sources(data)[split]):
            raise ConfigError(f"--split {split}: the data has no {split} {called(config.data)}")
        _say_it_takes_long(config, len(data.train))
        fitted = fit(config, data)
        measured = {name: measure(fitted, name) for name in dict.fromkeys((split, "validation", "test")) if len(sources(data)[name])}
        accuracy, confusion = ({name: getattr(found, what) for name, found in measured.items()} for what in ("accuracy", "confusion"))
        result = baseline_result(config, source, data.classes, len(data.train), fitted.fit_seconds, accuracy, confusion)
        if record:
            _record(runs_dir, result)
        if boundary is not None:
            _draw(fitted, config, result.model, measured[split], boundary)
        if as_json:
            _write_json(stdout, result, measured[split])
        else:
            _print(stdout, result, measured[split], called(config.data), _reference(source, config))


def _draw(fitted: "Fitted", config: "Config", model: str, found: "Evaluation", path: str) -> None:
    from pathlib import Path

    from tui_trainer.catalogue.points import extent, split_points
    from tui_trainer.cli.console import percent
    from tui_trainer.config import ConfigError
    from tui_trainer.lab.baseline import boundary
    from tui_trainer.reports.boundary import CELLS, boundary_png

    title = f"{model}: {found.split} accuracy {percent(found.accuracy)}"
    picture = boundary_png(boundary(fitted, config.data, CELLS), extent(config.data), split_points(config.data), fitted.data.classes, title)
    try:
        Path(path).expanduser().write_bytes(picture)
    except OSError as error:
        raise ConfigError(f"--boundary {path}: cannot be written: {error.strerror}") from None


def _config(source: str, model: str | None, sets: list[str], dataset: str | None, data_dir: str | None, seed: int | None) -> "Config":
    """The config with a baseline in it: the one asked for, the preset's, or the usual one. Raises ConfigError."""
    from tui_trainer.config import ConfigError
    from tui_trainer.config.errors import nearest
    from tui_trainer.runs.folder import anchored

    names = completion.baselines("")
    if model is not None and model not in names:
        raise ConfigError(f"--model {model}: no such baseline{nearest(model, names)}; allowed is {', '.join(names)}")
    asked = [f"baseline.model={model}"] if model else []
    on_cpu = {"training": {"device": "cpu"}}
    config = asked_config(source, [*asked, *sets], dataset, data_dir, on_cpu, seed=seed)
    if config.baseline is None:
        config = asked_config(source, sets, dataset, data_dir, on_cpu | {"baseline": {"model": "svc-rbf"}}, seed=seed)
    return anchored(config)


def _say_it_takes_long(config: "Config", images: int) -> None:
    from tui_trainer.lab.baseline import MANY, called

    name = config.baseline.model if config.baseline else ""
    if images > MANY and name.startswith("svc") and sys.stderr.isatty():
        print(f"fitting {name} to {images} {called(config.data)} takes minutes; --set data.train_images=10000 is quicker", file=sys.stderr, flush=True)


def _record(given: str | None, result: "BaselineResult") -> None:
    from tui_trainer.cli.console import complain
    from tui_trainer.runs.baselines import FILE, add_baseline
    from tui_trainer.runs.folder import runs_dir

    root = runs_dir(given)
    try:
        add_baseline(root, result)
    except OSError as error:
        complain(f"{root / FILE}: the figures could not be kept: {error.strerror}")


def _write_json(stream: object, result: "BaselineResult", found: "Evaluation") -> None:
    import json

    from tui_trainer.cli.figures import figures_json

    head = {"model": result.model, "settings": result.settings, "split": found.split, "loss": None, "accuracy": found.accuracy, "images": found.images}
    more = {"seconds": found.seconds, "fit_seconds": result.fit_seconds, "train_images": result.train_images, "accuracies": result.accuracy}
    print(json.dumps(head | more | figures_json(found.confusion, found.classes), indent=2, ensure_ascii=False), file=stream)  # type: ignore[call-overload]


def _reference(source: str, config: "Config") -> "Reference | None":
    """What the preset holds its baseline against; None where another model was asked for, or the figure is that of its network."""
    from tui_trainer.config import load_config

    own = load_config(source).baseline
    return config.reference if own and config.baseline and own.model == config.baseline.model else None


def _print_reference(target: "Console", reference: "Reference", result: "BaselineResult") -> None:
    """Ours beside theirs, as a run's report has it."""
    from tui_trainer.cli.console import percent, points
    from tui_trainer.cli.tables import table, words
    from tui_trainer.runs.citation import citation

    made = table("", ">accuracy", ">reference", ">difference")
    for figure in (reference, *reference.also):
        ours = result.accuracy.get(figure.split)
        if figure.metric == "accuracy" and ours is not None:
            made.add_row(figure.split, percent(ours), percent(figure.value), f"{points(ours - figure.value)} points")
    if made.row_count:
        target.print(made)
    target.print(words([f"reference: {citation(reference.source)}", reference.note]), style="dim", soft_wrap=False)


def _print(stream: object, result: "BaselineResult", found: "Evaluation", things: str, reference: "Reference | None") -> None:
    from tui_trainer.cli.console import console, count, duration, percent
    from tui_trainer.cli.figures import print_by_class
    from tui_trainer.cli.tables import words

    target = console(stream)  # type: ignore[arg-type]
    chosen = ", ".join(f"{name} {value}" for name, value in _applying(result).items())
    fitted = f"fitted to {count(result.train_images)} {things} in {duration(result.fit_seconds)}"
    target.print(words([result.model, chosen, fitted, f"{count(found.images)} {found.split} {things} in {duration(found.seconds)}"]), style="dim")
    others = "".join(f"   {name} {percent(share)}" for name, share in result.accuracy.items() if name != found.split)
    target.print(f"{found.split} accuracy {percent(found.accuracy)}{others}", style="bold")
    if reference:
        _print_reference(target, reference, result)
    target.print()
    target.print("rows true class, columns predicted", style="dim")
    print_by_class(target, found.confusion, found.classes)


def _applying(result: "BaselineResult") -> dict[str, object]:
    """The settings that have an effect, but for the model's name."""
    from tui_trainer.config import applies
    from tui_trainer.config.baseline import Baseline

    settings = Baseline.model_validate(result.settings)
    return {name: value for name, value in result.settings.items() if name != "model" and applies(settings, name)}
