"""``inspect kernels``, ``features``, ``saliency`` and ``histograms``: what a network has learnt, and what it makes of one image."""

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from tui_trainer.cli.inspecting.asked import File, Index, Layer, Out, Split, class_number, image_asked, inspecting, one_of, weights_asked
from tui_trainer.cli.options import Checkpoint, Device, Json, Run, RunsDir, Trust

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui_trainer.asking.answers import Features, LayerHistograms, Saliency
    from tui_trainer.asking.picture import Picture

STEPS = "▁▂▃▄▅▆▇█"
Limit = Annotated[int, typer.Option("--limit", metavar="N", help="Pictures at most (of each layer).", min=1, max=1024)]


def kernels(
    run: Run,
    layer: Layer = "",
    scale: Annotated[str, typer.Option("--scale", metavar="HOW", help="One brightness for all (common), or the largest of each (each).")] = "common",
    limit: Limit = 64,
    out: Out = None,
    checkpoint: Checkpoint = None,
    device: Device = None,
    runs_dir: RunsDir = None,
    trust: Trust = False,
) -> None:
    """Show a layer's weights as pictures: convolution kernels, dense weights in the image's shape (default: the first layer)."""
    from tui_trainer.asking.questions import ShowKernels
    from tui_trainer.cli.console import console
    from tui_trainer.cli.inspecting.gallery import signs

    one_of("--scale", scale, ("common", "each"))
    weights = weights_asked(run, checkpoint, runs_dir, trust)
    with inspecting(device, False) as inspection:
        found = inspection.answer(ShowKernels(weights, layer, scale, limit=limit))  # type: ignore[arg-type]
    target = console()
    shown = "" if len(found.kernels) == found.total else f", the first {len(found.kernels)} shown"
    target.print(f"layer {found.layer}, {found.name}: {found.note}{shown}", style="bold")
    positive, negative = signs(target)
    target.print(
        f"{positive} positive, {negative} negative, full at {found.largest:.3g}; layers: {', '.join(each.place for each in found.layers)}", style="dim"
    )
    target.print()
    named = [(each.picture, [f"{each.unit}" if each.channel is None else f"{each.unit} of {each.channel}"]) for each in found.kernels]
    _show(named, out)


def features(
    run: Run,
    split: Split = "test",
    index: Index = 0,
    image: File = None,
    layer: Layer = "",
    limit: Limit = 16,
    out: Out = None,
    checkpoint: Checkpoint = None,
    device: Device = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    trust: Trust = False,
) -> None:
    """Show what every layer makes of one image."""
    from tui_trainer.asking.questions import Open, ShowFeatures
    from tui_trainer.cli.console import console, print_json
    from tui_trainer.cli.inspecting.gallery import print_tiles, write_sheet

    asked, weights = image_asked(split, index, image), weights_asked(run, checkpoint, runs_dir, trust)
    with inspecting(device, as_json) as inspection:
        names = inspection.answer(Open(weights)).classes
        found = inspection.answer(ShowFeatures(weights, asked, layer, limit))
    written = write_sheet([each for one in found.layers for each in one.maps], out) if out else None
    if as_json:
        layers = [
            {"place": each.place, "name": each.name, "shape": each.shape, "low": each.low, "high": each.high, "zeros": each.zeros, "values": each.values}
            for each in found.layers
        ]
        print_json(
            {"probabilities": dict(zip(names, found.probabilities, strict=True)), "true": None if found.true is None else names[found.true], "layers": layers}
        )
        return
    target = console()
    target.print(_verdict(found, names), style="bold")
    print_tiles(target, [(found.input, ["input"])])
    for each in found.layers:
        target.print(f"{each.place:>4} {each.name}  {'×'.join(map(str, each.shape))}  {each.low:.3g} to {each.high:.3g}, {each.zeros:.0%} zero", style="dim")
        print_tiles(target, [(picture, [str(number)]) for number, picture in enumerate(each.maps)], side=28)
        if each.values and target.is_terminal:
            room = target.width - 1
            target.print(_line(each.values[:room]) + ("…" if len(each.values) > room else ""))
    if written:
        target.print(f"pictures  {written}", style="dim")


def saliency(
    run: Run,
    split: Split = "test",
    index: Index = 0,
    image: File = None,
    target_class: Annotated[str | None, typer.Option("--class", metavar="CLASS", help="Whose logit (default: the winner's).", show_default=False)] = None,
    out: Out = None,
    checkpoint: Checkpoint = None,
    device: Device = None,
    runs_dir: RunsDir = None,
    trust: Trust = False,
) -> None:
    """Show which pixels of an image decide: the gradient of the winning logit."""
    from tui_trainer.asking.questions import Open, ShowSaliency
    from tui_trainer.cli.console import console
    from tui_trainer.cli.inspecting.gallery import signs

    asked, weights = image_asked(split, index, image), weights_asked(run, checkpoint, runs_dir, trust)
    with inspecting(device, False) as inspection:
        names = inspection.answer(Open(weights)).classes
        found = inspection.answer(ShowSaliency(weights, asked, class_number("--class", target_class, names)))
    target = console()
    target.print(_verdict(found, names), style="bold")
    positive, negative = signs(target)
    target.print(f"gradient of the logit of {names[found.target]}; {positive}: brighter pixels would raise it, {negative}: lower it", style="dim")
    target.print()
    _show([(found.input, ["image"]), (found.magnitude, ["size"]), (found.signed, ["sign"])], out)


def histograms(
    run: Run,
    split: Split = "validation",
    images: Annotated[int, typer.Option("--images", metavar="N", help="Images that the activations are of.", min=1, max=4096)] = 256,
    bins: Annotated[int, typer.Option("--bins", metavar="N", help="Bins of each histogram.", min=2, max=400)] = 40,
    device: Device = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    trust: Trust = False,
) -> None:
    """Show how weights and activations are distributed at every checkpoint, and the share of dead ReLUs."""
    from tui_trainer.asking.questions import ShowHistograms
    from tui_trainer.cli.console import console, print_json

    one_of("--split", split, ("train", "validation", "test"))
    weights = weights_asked(run, None, runs_dir, trust)
    with inspecting(device, as_json) as inspection:
        found = inspection.answer(ShowHistograms(weights, split, images, bins))  # type: ignore[arg-type]
    if as_json:
        print_json({"run": run, **dataclasses.asdict(found)})
        return
    target = console()
    target.print("weights", style="bold")
    _print_histograms(found.weights)
    target.print()
    target.print(f"activations of {found.images} {found.split} images", style="bold")
    _print_histograms(found.activations)


def _print_histograms(layers: "tuple[LayerHistograms, ...]") -> None:
    from tui_trainer.cli.console import console, percent
    from tui_trainer.cli.tables import print_table

    rows = []
    for layer in layers:
        for number, point in enumerate(layer.checkpoints):
            name = f"{layer.place} {layer.name}" if not number else ""
            dead = "" if point.dead is None else percent(point.dead, 1)
            rows.append(
                (name, f"{point.epoch:.2f}", f"{point.mean:.4f}", f"{point.deviation:.4f}", dead, f"{layer.low:.3g} to {layer.high:.3g}", _line(point.counts))
            )
    print_table(console(), ("layer", ">epoch", ">mean", ">deviation", ">dead", ">range", "histogram"), rows, flexible="layer", droppable=("range",))


def _line(values: "Sequence[float]") -> str:
    """One character a value, from the least of 0 and all of them to the largest."""
    low, high = min(0.0, *values), max(0.0, *values)
    span = (high - low) or 1.0
    return "".join(STEPS[min(len(STEPS) - 1, int((value - low) / span * len(STEPS)))] for value in values)


def _verdict(found: "Features | Saliency", names: "Sequence[str]") -> str:
    from tui_trainer.cli.console import percent

    best = max(range(len(names)), key=lambda number: found.probabilities[number])
    taken = f"taken for {names[best]}, {percent(found.probabilities[best], 1)}"
    return taken if found.true is None else f"{names[found.true]}, {taken}"


def _show(pictures: "Sequence[tuple[Picture, Sequence[str]]]", out: str | None) -> None:
    """Draw them on a terminal, write them where that was asked for, and say how where neither happens."""
    from tui_trainer.cli.console import console
    from tui_trainer.cli.inspecting.gallery import print_tiles, write_sheet

    target = console()
    print_tiles(target, pictures)
    if out:
        target.print(f"pictures  {write_sheet([picture for picture, _ in pictures], out)}", style="dim")
    elif not target.is_terminal:
        target.print("pictures are drawn on a terminal; --out FILE writes them as PNG", style="dim")
