"""``inspect kernels``, ``features``, ``saliency`` and ``histograms``: what a network has learnt, and what it makes of one image."""

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui_trainer.cli.inspecting.asked import File, Index, Layer, Out, Split, class_number, image_asked, inspecting, one_of, weights_asked
from tui_trainer.cli.inspecting.heads import image_json, image_words, map_json, print_head, rounded
from tui_trainer.cli.options import Checkpoint, Device, Json, Run, RunsDir, Trust

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui_trainer.asking.answers import FeatureLayer, LayerHistograms
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
    as_json: Json = False,
    trust: Trust = False,
) -> None:
    """Show a layer's weights as pictures: convolution kernels, dense weights in the image's shape (default: the first layer)."""
    from tui_trainer.asking.questions import Open, ShowKernels
    from tui_trainer.cli.console import console, print_json
    from tui_trainer.cli.inspecting.gallery import signs
    from tui_trainer.cli.inspecting.sheet import Group, sheet_path, write_sheet

    one_of("--scale", scale, ("common", "each"))
    out, weights = sheet_path(out), weights_asked(run, checkpoint, runs_dir, trust)
    with inspecting(device, as_json) as inspection:
        opened = inspection.answer(Open(weights))
        found = inspection.answer(ShowKernels(weights, layer, scale, limit=limit))  # type: ignore[arg-type]
    shown = "" if len(found.kernels) == found.total else f", the first {len(found.kernels)} shown"
    what = f"layer {found.layer}, {found.name}: {found.note}{shown}"
    named = [(each.picture, [f"{each.unit}" if each.channel is None else f"{each.unit} of {each.channel}"]) for each in found.kernels]
    written = write_sheet([Group(f"{opened.run}: {what}", named)], out) if out else None
    if as_json:
        pictures = [{"unit": each.unit, "channel": each.channel, "values": map_json(each.picture)} for each in found.kernels]
        where = {
            "run": opened.run,
            "checkpoint": opened.checkpoint.file,
            "layer": found.layer,
            "name": found.name,
            "layers": [each.place for each in found.layers],
        }
        print_json({**where, "largest": rounded(found.largest), "total": found.total, "kernels": pictures})
        return
    target = console()
    print_head(opened.run, opened.checkpoint, what)
    positive, negative = signs(target)
    target.print(
        f"{positive} positive, {negative} negative, full at {found.largest:.3g}; layers: {', '.join(each.place for each in found.layers)}", style="dim"
    )
    target.print()
    _show(named, written)


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
    from tui_trainer.cli.inspecting.gallery import print_tiles
    from tui_trainer.cli.inspecting.sheet import Group, sheet_path, write_sheet

    out, place = sheet_path(out), (split, index, image)
    asked, weights = image_asked(*place), weights_asked(run, checkpoint, runs_dir, trust)
    with inspecting(device, as_json) as inspection:
        opened = inspection.answer(Open(weights))
        found = inspection.answer(ShowFeatures(weights, asked, layer, limit))
    names, what = opened.classes, image_words(place, found, opened.classes)
    groups = [Group(f"{each.place} {_layer_words(each)}", [(picture, [str(number)]) for number, picture in enumerate(each.maps)]) for each in found.layers]
    written = write_sheet([Group(f"{opened.run}: {what}", [(found.input, ["input"])]), *groups], out) if out else None
    if as_json:
        print_json({**image_json(opened.run, opened.checkpoint, place, found, names), "layers": [_layer_json(each) for each in found.layers]})
        return
    target = console()
    print_head(opened.run, opened.checkpoint, what)
    print_tiles(target, [(found.input, ["input"])])
    for each, group in zip(found.layers, groups, strict=True):
        target.print(f"{each.place:>4} {_layer_words(each)}", style="dim")
        print_tiles(target, group.tiles, side=28)
        if each.values and target.is_terminal:
            room = target.width - 1
            target.print(_line(each.values[:room]) + ("…" if len(each.values) > room else ""))
    if written:
        target.print(f"pictures  {written}", style="dim")


def _layer_words(layer: "FeatureLayer") -> str:
    some = f", {len(layer.maps)} of {layer.total} maps" if 0 < len(layer.maps) < layer.total else ""
    return f"{layer.name}  {'×'.join(map(str, layer.shape))}  {layer.low:.3g} to {layer.high:.3g}, {layer.zeros:.0%} zero{some}"


def _layer_json(layer: "FeatureLayer") -> dict[str, Any]:
    """A layer's activations: one map for each channel as rows of numbers (``--limit`` of them), or the values of a vector."""
    facts = {
        "place": layer.place,
        "name": layer.name,
        "shape": layer.shape,
        "low": rounded(layer.low),
        "high": rounded(layer.high),
        "zeros": rounded(layer.zeros),
    }
    return {**facts, "maps_in_all": layer.total, "maps": [map_json(each) for each in layer.maps], "values": list(map(rounded, layer.values))}


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
    as_json: Json = False,
    trust: Trust = False,
) -> None:
    """Show which pixels of an image decide: the gradient of the winning logit."""
    from tui_trainer.asking.questions import Open, ShowSaliency
    from tui_trainer.cli.console import console, print_json
    from tui_trainer.cli.inspecting.gallery import signs
    from tui_trainer.cli.inspecting.sheet import Group, sheet_path, write_sheet

    out, place = sheet_path(out), (split, index, image)
    asked, weights = image_asked(*place), weights_asked(run, checkpoint, runs_dir, trust)
    with inspecting(device, as_json) as inspection:
        opened = inspection.answer(Open(weights))
        names = opened.classes
        found = inspection.answer(ShowSaliency(weights, asked, class_number("--class", target_class, names)))
    what = image_words(place, found, names)
    named = [(found.input, ["image"]), (found.magnitude, ["size"]), (found.signed, ["sign"])]
    written = write_sheet([Group(f"{opened.run}: {what}; gradient of the logit of {names[found.target]}", named)], out) if out else None
    if as_json:
        maps = {"magnitude": map_json(found.magnitude), "signed": map_json(found.signed)}
        print_json({**image_json(opened.run, opened.checkpoint, place, found, names), "class": names[found.target], **maps})
        return
    target = console()
    print_head(opened.run, opened.checkpoint, what)
    positive, negative = signs(target)
    target.print(f"gradient of the logit of {names[found.target]}; {positive}: brighter pixels would raise it, {negative}: lower it", style="dim")
    target.print()
    _show(named, written)


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
    target.print(f"activations of {found.images} {found.split} images, without the zeros of ReLUs", style="bold")
    _print_histograms(found.activations)


def _print_histograms(layers: "tuple[LayerHistograms, ...]") -> None:
    from tui_trainer.cli.console import console, percent
    from tui_trainer.cli.tables import print_table

    rows = []
    for layer in layers:
        for number, point in enumerate(layer.checkpoints):
            name = f"{layer.place} {layer.name}" if not number else ""
            dead, zeros = ("" if value is None else percent(value, 1) for value in (point.dead, point.zeros))
            rows.append(
                (
                    name,
                    f"{point.epoch:.2f}",
                    f"{point.mean:.4f}",
                    f"{point.deviation:.4f}",
                    dead,
                    zeros,
                    f"{layer.low:.3g} to {layer.high:.3g}",
                    _line(point.counts),
                )
            )
    print_table(
        console(), ("layer", ">epoch", ">mean", ">deviation", ">dead", ">zeros", ">range", "histogram"), rows, flexible="layer", droppable=("range", "zeros")
    )


def _line(values: "Sequence[float]") -> str:
    """One character a value, from the least of 0 and all of them to the largest."""
    low, high = min(0.0, *values), max(0.0, *values)
    span = (high - low) or 1.0
    return "".join(STEPS[min(len(STEPS) - 1, int((value - low) / span * len(STEPS)))] for value in values)


def _show(pictures: "Sequence[tuple[Picture, Sequence[str]]]", written: str | None) -> None:
    """Draw them on a terminal, say where they were written, and how that is asked for where neither happens."""
    from tui_trainer.cli.console import console
    from tui_trainer.cli.inspecting.gallery import print_tiles

    target = console()
    print_tiles(target, pictures)
    if written:
        target.print(f"pictures  {written}", style="dim")
    elif not target.is_terminal:
        target.print("pictures are drawn on a terminal; --out FILE writes them as PNG", style="dim")
