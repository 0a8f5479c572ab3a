"""``inspect errors``, ``classes``, ``calibration`` and ``pair``: what a network gets wrong on a whole split."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tui_trainer.cli import completion
from tui_trainer.cli.inspecting.asked import SPLITS, Out, Sort, Split, class_number, inspecting, one_of, weights_asked
from tui_trainer.cli.inspecting.heads import head_json, print_head
from tui_trainer.cli.options import Checkpoint, Device, Json, Run, RunsDir, Trust
from tui_trainer.runs.calibration import BINS, verdict

if TYPE_CHECKING:
    from tui_trainer.asking.answers import Calibration

SORTS = ("loss", "confidence", "index")
KINDS = ("first", "second", "both", "neither")
BAR = 30


def errors(
    run: Run,
    split: Split = "test",
    true: Annotated[str | None, typer.Option("--true", metavar="CLASS", help="Only images of this class.", show_default=False)] = None,
    predicted: Annotated[str | None, typer.Option("--predicted", metavar="CLASS", help="Only images taken for this class.", show_default=False)] = None,
    sort: Sort = "loss",
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="How many.", min=1, max=500)] = 12,
    everything: Annotated[bool, typer.Option("--all", help="Right ones, too.")] = False,
    out: Out = None,
    checkpoint: Checkpoint = None,
    device: Device = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    trust: Trust = False,
) -> None:
    """List the images that a run gets wrong, worst first, and draw them on a terminal."""
    from tui_trainer.asking.questions import ListImages, Open
    from tui_trainer.cli.console import console, count, percent, print_json
    from tui_trainer.cli.inspecting.gallery import print_tiles
    from tui_trainer.cli.inspecting.sheet import Group, sheet_path, write_sheet
    from tui_trainer.cli.tables import print_table
    from tui_trainer.config import ConfigError

    one_of("--split", split, SPLITS)
    one_of("--sort", sort, SORTS)
    out = sheet_path(out)
    weights = weights_asked(run, checkpoint, runs_dir, trust)
    with inspecting(device, as_json) as inspection:
        opened = inspection.answer(Open(weights))
        names = opened.classes
        truth, called = class_number("--true", true, names), class_number("--predicted", predicted, names)
        if truth is not None and truth == called and not everything:
            raise ConfigError(f"--true {true} --predicted {predicted}: these images are right, and right ones are listed with --all only")
        asked = ListImages(
            weights, split, truth, called,  # type: ignore[arg-type]
            "all" if everything else "errors", sort, limit=limit,  # type: ignore[arg-type]
        )  # fmt: skip
        found = inspection.answer(asked)
    what = f"{count(found.total)} {'images' if everything else 'errors'} on {split}, {len(found.images)} shown, {_sorted(sort)}"
    tiles = [
        (image.picture, [f"{names[image.true]} taken for {names[image.predicted]}", f"{percent(max(image.probabilities), 1)} #{image.index}"])
        for image in found.images
    ]
    written = write_sheet([Group(f"{opened.run}: {what}", tiles)], out) if out and tiles else None
    if as_json:
        images = [
            {
                "index": image.index,
                "true": names[image.true],
                "predicted": names[image.predicted],
                "loss": image.loss,
                "probabilities": dict(zip(names, image.probabilities, strict=True)),
            }
            for image in found.images
        ]
        print_json({**head_json(opened.run, found.checkpoint, split), "total": found.total, "images": images})
        return
    target = console()
    print_head(opened.run, found.checkpoint, what)
    if target.is_terminal:
        print_tiles(target, tiles)
    else:
        rows = [
            (
                str(image.index),
                names[image.true],
                names[image.predicted],
                percent(max(image.probabilities), 1),
                percent(image.probabilities[image.true], 1),
                f"{image.loss:.4f}",
            )
            for image in found.images
        ]
        print_table(target, (">index", "true", "taken for", ">probability", ">of the true", ">loss"), rows)
    if out:
        target.print(f"pictures  {written or 'none: there is no such image'}", style="dim")


def classes(
    run: Run, split: Split = "test", checkpoint: Checkpoint = None, device: Device = None, runs_dir: RunsDir = None, as_json: Json = False, trust: Trust = False
) -> None:
    """Precision, recall and F1 of every class, their means, and what is confused most."""
    from tui_trainer.asking.questions import Summarise
    from tui_trainer.cli.console import console, count, percent, print_json
    from tui_trainer.cli.tables import print_table

    one_of("--split", split, SPLITS)
    weights = weights_asked(run, checkpoint, runs_dir, trust)
    with inspecting(device, as_json) as inspection:
        found = inspection.answer(Summarise(weights, split))  # type: ignore[arg-type]
    if as_json:
        print_json({"run": run, **dataclasses.asdict(found)})
        return
    target = console()
    print_head(run, found.checkpoint, f"{split} accuracy {percent(found.accuracy)} of {count(found.images)} images, loss {found.loss:.4f}")
    rows = [(row.name, count(row.support), count(row.wrong), f"{row.precision:.4f}", f"{row.recall:.4f}", f"{row.f1:.4f}") for row in found.per_class]
    for name, mean in (("macro mean", found.macro), ("weighted mean", found.weighted)):
        rows.append((name, "", "", f"{mean.precision:.4f}", f"{mean.recall:.4f}", f"{mean.f1:.4f}"))
    print_table(target, ("class", ">images", ">wrong", ">precision", ">recall", ">F1"), rows, flexible="class")
    if found.pairs:
        target.print()
        pairs = [(found.classes[pair.true], found.classes[pair.predicted], count(pair.images), percent(pair.share, 1)) for pair in found.pairs[:12]]
        print_table(target, ("true", "taken for", ">images", ">of the class"), pairs)


def calibration(
    run: Run,
    split: Split = "test",
    bins: Annotated[int, typer.Option("--bins", metavar="N", help="Equally wide bins of the reliability diagram.", min=1, max=100)] = BINS,
    checkpoint: Checkpoint = None,
    device: Device = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    trust: Trust = False,
) -> None:
    """Whether a run is as sure as it is right: reliability diagram and expected calibration error."""
    from tui_trainer.asking.questions import Summarise
    from tui_trainer.cli.console import console, percent, points, print_json

    one_of("--split", split, SPLITS)
    weights = weights_asked(run, checkpoint, runs_dir, trust)
    with inspecting(device, as_json) as inspection:
        found = inspection.answer(Summarise(weights, split, bins))  # type: ignore[arg-type]
    told = found.calibration
    if as_json:
        print_json(
            {**head_json(run, found.checkpoint, split), "images": found.images, "accuracy": found.accuracy, "nll": found.nll, **dataclasses.asdict(told)}
        )
        return
    target = console()
    print_head(
        run, found.checkpoint, f"{split}: expected calibration error {percent(told.ece)}, largest {percent(told.mce)}, negative log-likelihood {found.nll:.4f}"
    )
    target.print(
        f"mean confidence {percent(told.confidence)}, accuracy {percent(found.accuracy)}: "
        f"{points(told.confidence - found.accuracy)} points, {verdict(told.confidence, found.accuracy)}"
    )
    target.print()
    _print_bins(told)


def _print_bins(told: "Calibration") -> None:
    """The diagram: a bar of the accuracy in each bin, and where its mean confidence lies."""
    from rich.text import Text

    from tui_trainer.cli.console import console, count, percent
    from tui_trainer.cli.tables import bar, print_table

    rows: list[Sequence[Text | str]] = []
    for each in told.bins:
        if not each.images:
            continue
        drawn = f"{bar(each.accuracy, 1, BAR):{BAR + 1}}"
        mark = min(BAR, round(each.confidence * BAR))
        line = Text(drawn[:mark] + "│" + drawn[mark + 1 :])
        rows.append((f"{each.low:.2f} to {each.high:.2f}", count(each.images), percent(each.confidence, 1), percent(each.accuracy, 1), line))
    print_table(console(), (">confidence", ">images", ">mean", ">accuracy", "bar: accuracy, │: confidence"), rows)


def pair(
    run: Run,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The run to compare it with.", show_default=False, autocompletion=completion.runs)],
    split: Split = "test",
    show: Annotated[
        str,
        typer.Option(
            "--show", metavar="WHICH", help="Images that only the first gets right, only the second, both or neither.", autocompletion=completion.pair_kinds
        ),
    ] = "first",
    sort: Sort = "loss",
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="How many.", min=1, max=500)] = 12,
    out: Out = None,
    checkpoint: Checkpoint = None,
    device: Device = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    trust: Trust = False,
) -> None:
    """Compare two runs image by image: what one gets right and the other wrong."""
    from tui_trainer.asking.questions import Compare
    from tui_trainer.cli.console import console, count, print_json
    from tui_trainer.cli.inspecting.gallery import print_tiles
    from tui_trainer.cli.inspecting.sheet import Group, sheet_path, write_sheet
    from tui_trainer.cli.tables import print_table

    one_of("--split", split, SPLITS)
    one_of("--show", show, KINDS)
    one_of("--sort", sort, SORTS)
    out = sheet_path(out)
    both = [weights_asked(each, checkpoint, runs_dir, trust) for each in (run, other)]
    with inspecting(device, as_json) as inspection:
        found = inspection.answer(Compare(both[0], both[1], split, show, sort, limit=limit))  # type: ignore[arg-type]
    names = found.classes
    kinds = {"first": f"only {run} gets right", "second": f"only {other} gets right", "both": "both get right", "neither": "neither gets right"}
    what = f"{count(found.total)} {split} images that {kinds[show]}, {len(found.images)} shown, {_sorted(sort)}"
    tiles = [(image.picture, [f"{names[image.true]} #{image.index}", f"{names[image.first]} | {names[image.second]}"]) for image in found.images]
    written = write_sheet([Group(f"{run} | {other}: {what}", tiles)], out) if out and tiles else None
    if as_json:
        images = [
            {
                "index": image.index, "true": names[image.true], "first": names[image.first], "second": names[image.second],
                "first_probabilities": dict(zip(names, image.first_probabilities, strict=True)),
                "second_probabilities": dict(zip(names, image.second_probabilities, strict=True)),
            }
            for image in found.images
        ]  # fmt: skip
        counts = {"both": found.both, "only_first": found.only_first, "only_second": found.only_second, "neither": found.neither, "p_value": found.p_value}
        heads = {"first": {"run": run, "checkpoint": found.first.file}, "second": {"run": other, "checkpoint": found.second.file}}
        print_json({**heads, "split": split, **counts, "show": show, "total": found.total, "images": images})
        return
    target = console()
    print_table(
        target, (split, f">{other} right", f">{other} wrong"),
        [(f"{run} right", count(found.both), count(found.only_first)), (f"{run} wrong", count(found.only_second), count(found.neither))],
    )  # fmt: skip
    target.print(f"McNemar's exact test: p = {found.p_value:.3g}", style="dim")
    target.print()
    target.print(what, style="dim")
    if target.is_terminal:
        print_tiles(target, tiles)
    else:
        print_table(
            target, (">index", "true", run, other), [(str(image.index), names[image.true], names[image.first], names[image.second]) for image in found.images]
        )
    if out:
        target.print(f"pictures  {written or 'none: there is no such image'}", style="dim")


def _sorted(sort: str) -> str:
    return {"loss": "worst first by loss", "confidence": "surest first", "index": "as they lie"}[sort]
