"""``tui-trainer find-lr``: which learning rate to begin with."""

import math
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui_trainer.cli.options import DataDir, Dataset, Device, Set, Source, Trust, asked_config

if TYPE_CHECKING:
    from tui_trainer.lab.rate_test import NoSuggestion, Suggestion, Tried

HEIGHT = 12
LEVELS = " ▁▂▃▄▅▆▇█"
PLAIN_LEVELS = "  ..::##@"


def find_lr(
    source: Source,
    sets: Set = [],  # noqa: B006 - typer reads it, nobody changes it
    dataset: Dataset = None,
    data_dir: DataDir = None,
    first: Annotated[float, typer.Option("--from", metavar="LR", help="The first learning rate.")] = 1e-6,
    last: Annotated[float, typer.Option("--to", metavar="LR", help="The last, where the loss does not diverge before.")] = 10.0,
    steps: Annotated[int, typer.Option("--steps", metavar="N", help="Steps between them.", min=20, max=100_000)] = 200,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of weights and order.", show_default=False)] = None,
    device: Device = None,
    out: Annotated[str | None, typer.Option("--out", metavar="FILE", help="Also write the curve as CSV.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines: a point each step, the suggestion at the end.")] = False,
    trust: Trust = False,
) -> None:
    """Find a learning rate: a range test.

    Trains from the start while the learning rate rises from step to step, until the loss diverges, and
    suggests one from the curve. Makes no run.
    """
    from tui_trainer.config import ConfigError

    if not 0 < first < last <= 1e6:
        raise ConfigError(f"--from {first:g} --to {last:g}: allowed is 0 < from < to <= 1e6")
    config = asked_config(source, sets, dataset, data_dir, seed=seed, device=device)
    from tui_trainer.cli.console import can_redraw, claimed_stdout
    from tui_trainer.lab.rate_test import NoSuggestion, range_test, suggest
    from tui_trainer.training.prepare import prepare

    with claimed_stdout() as stdout:
        prepared = prepare(config, trusted=trust)
        tried: list[Tried] = []
        live = can_redraw(sys.stderr) and not as_json
        for point in range_test(prepared, first, last, steps):
            tried.append(point)
            if as_json:
                _write_json(stdout, "tried", asdict(point))
            elif live:
                _say(f"  step {point.step + 1} of {steps}  lr {point.learning_rate:.2g}  loss {point.smoothed:.4f}")
        if live:
            _say("")
        found = suggest(tried, steps)
        if out:
            _write_csv(out, tried)
        if as_json:
            _write_json(stdout, "suggested", {"learning_rate": None if isinstance(found, NoSuggestion) else found.learning_rate, **asdict(found)})
        else:
            _print(stdout, tried, found, source)
    raise typer.Exit(1 if isinstance(found, NoSuggestion) else 0)


def _say(text: str) -> None:
    from tui_trainer.cli.console import clip

    sys.stderr.write(f"\r\x1b[2K{clip(text) if text else ''}")
    sys.stderr.flush()


def _write_json(stream: Any, kind: str, values: dict[str, Any]) -> None:
    import json

    finite = {key: value if not isinstance(value, float) or math.isfinite(value) else None for key, value in values.items()}
    stream.write(json.dumps({"type": kind, **finite}) + "\n")
    stream.flush()


def _write_csv(out: str, tried: "list[Tried]") -> None:
    from pathlib import Path

    rows = "".join(f"{each.step},{each.learning_rate!r},{each.loss!r},{each.smoothed!r}\n" for each in tried)
    Path(out).write_text("step,learning_rate,loss,smoothed\n" + rows, "utf-8")


def _print(stream: Any, tried: "list[Tried]", found: "Suggestion | NoSuggestion", source: str) -> None:
    from tui_trainer.cli.console import console, layout_width
    from tui_trainer.lab.rate_test import NoSuggestion

    target = console(stream)
    utf8 = stream.encoding.lower().replace("-", "") == "utf8" and sys.stdout.encoding.lower().replace("-", "") == "utf8"
    marks = {} if isinstance(found, NoSuggestion) else {found.steepest: "s", found.tenth_of_minimum: "t", found.lowest_at: "m"}
    for line in chart(tried, marks, min(layout_width(target), 100) - 10, LEVELS if utf8 else PLAIN_LEVELS):
        target.print(line)
    if isinstance(found, NoSuggestion):
        target.print(found.reason, style="yellow")
        return
    ended = f"; it diverged at {found.diverged_at:.2g}" if found.diverged_at else ""
    target.print(f"s  the loss falls fastest at {found.steepest:.2g}")
    target.print(f"m  it is lowest ({found.lowest:.4f}) at {found.lowest_at:.2g}{ended}")
    target.print(f"t  a tenth of that is {found.tenth_of_minimum:.2g}")
    other = "cautious" if found.tenth_of_minimum < found.steepest else "bold"
    target.print(f"suggested: {found.learning_rate:g}, where it falls fastest; t is the {other} choice", style="bold")
    target.print(f"  tui-trainer train {source} --set training.learning_rate={found.learning_rate:g}")


def chart(tried: "list[Tried]", marks: dict[float, str], width: int, levels: str) -> list[str]:
    """The averaged loss over the learning rate (log scale) as lines of text: an axis, columns of ``levels``, marks beneath."""
    shown = [each for each in tried if math.isfinite(each.smoothed)]
    if not shown:
        return []
    lowest, start = min(each.smoothed for each in shown), shown[0].smoothed
    top = max(1.25 * start, lowest + 1e-12)  # where it diverges, how far does not matter
    low, high = math.log10(shown[0].learning_rate), math.log10(max(each.learning_rate for each in shown))

    def column(rate: float) -> int:
        return min(width - 1, max(0, round((math.log10(rate) - low) / max(high - low, 1e-12) * (width - 1))))

    heights: list[float | None] = [None] * width
    for each in shown:
        heights[column(each.learning_rate)] = min(1.0, (each.smoothed - lowest) / (top - lowest))
    for place in range(1, width):
        if heights[place] is None:
            heights[place] = heights[place - 1]
    eighths = [1 + round((height or 0.0) * (8 * HEIGHT - 1)) for height in heights]
    lines = []
    for row in range(HEIGHT - 1, -1, -1):
        value = lowest + (top - lowest) * (row + 0.5) / HEIGHT
        label = f"{value:8.3g} " if row % 3 == 1 else " " * 9
        lines.append(label + "".join(levels[min(8, max(0, filled - 8 * row))] for filled in eighths).rstrip())
    beneath = [" "] * width
    for rate, mark in marks.items():
        beneath[column(rate)] = mark
    ticks = [" "] * (width + 8)
    for exponent in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1):
        text, place = f"1e{exponent}", column(10.0**exponent)
        if all(letter == " " for letter in ticks[max(0, place - 1) : place + len(text) + 1]) and place + len(text) <= width + 8:
            ticks[place : place + len(text)] = text
    return [*lines, " " * 9 + "".join(beneath).rstrip(), " " * 9 + "".join(ticks).rstrip() + "  learning rate"]
