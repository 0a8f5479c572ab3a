"""``tui-trainer gradcheck``: are the gradients right?"""

import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui_trainer.cli import completion
from tui_trainer.cli.options import DataDir, Dataset, Json, Set, Trust, asked_config

if TYPE_CHECKING:
    from tui_trainer.lab.gradcheck import Checked

EXACT = 1e-9
"""Largest difference allowed between a closed form and autograd or the extrapolated quotients."""


def gradcheck(
    source: Annotated[str, typer.Argument(metavar="[PRESET|FILE]", help="A preset's name, or a TOML file like one.", show_default=False, autocompletion=completion.presets)] = "",
    sets: Set = [],  # noqa: B006 - typer reads it, nobody changes it
    dataset: Dataset = None,
    data_dir: DataDir = None,
    images: Annotated[int, typer.Option("--images", metavar="N", help="Training images that the loss is taken over.", min=1, max=100_000)] = 50,
    epsilon: Annotated[float, typer.Option("--epsilon", metavar="E", help="How far a weight is moved either way.")] = 0.01,
    tolerance: Annotated[float, typer.Option("--tolerance", metavar="T", help="Largest absolute difference that passes; it may be no more than 0.1 % of the gradient either.")] = 1e-7,
    weights: Annotated[int | None, typer.Option("--weights", metavar="N", help="Check N weights of each tensor, drawn at random (default: all).", min=1, show_default=False)] = None,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of the weights and of the choice of images.", show_default=False)] = None,
    losses: Annotated[bool, typer.Option("--losses", help="Check the closed form of every loss instead; needs no preset.")] = False,
    as_json: Json = False,
    trust: Trust = False,
) -> None:
    """Check gradients against difference quotients.

    Every weight is moved by E up and down in double precision; the slope of the loss between, extrapolated
    to E = 0, is held against autograd's gradient and, for dense networks, against the one by hand.
    They agree where they differ by at most T and by at most 0.1 % (of 10 T where gradients are smaller).
    Exit status: 0 all agree, 1 some do not.
    """
    from tui_trainer.config import ConfigError

    if losses:
        raise typer.Exit(_check_losses(seed or 0, images, as_json))
    if not source:
        raise ConfigError("gradcheck: name a preset or a file, such as tui-trainer gradcheck digits-mlp, or give --losses")
    for name, value in (("--epsilon", epsilon), ("--tolerance", tolerance)):
        if not 0 < value <= 1:
            raise ConfigError(f"{name} {value:g} is out of range; allowed is more than 0 and at most 1")
    config = asked_config(source, sets, dataset, data_dir, {"training": {"device": "cpu"}}, seed=seed)
    from tui_trainer.cli.console import can_redraw, claimed_stdout
    from tui_trainer.lab.gradcheck import LEAST, SHARE, check
    from tui_trainer.training.prepare import prepare

    with claimed_stdout() as stdout:
        prepared = prepare(config, trusted=trust)
        if images > len(prepared.data.train):
            raise ConfigError(f"--images {images}: there are {len(prepared.data.train)} training images; allowed is 1 to {len(prepared.data.train)}")
        progress = Bar(sys.stderr) if can_redraw(sys.stderr) and not as_json else None
        began = time.perf_counter()
        try:
            checked = check(prepared, images, epsilon, tolerance, weights, progress)
        finally:
            if progress:
                progress.close()
        seconds = time.perf_counter() - began
        wrong = max(sum(each.agreements[way].wrong for each in checked) for way in range(len(checked[0].agreements)))
        if as_json:
            import json

            head = {"passed": not wrong, "images": images, "epsilon": epsilon, "tolerance": tolerance, "share": SHARE, "least": LEAST * tolerance, "seconds": seconds}
            json.dump(head | {"tensors": [asdict(each) for each in checked]}, stdout, indent=2)
            stdout.write("\n")
        else:
            _print(stdout, checked, wrong, f"{images} images, epsilon {epsilon:g}, double precision", tolerance, seconds)
    raise typer.Exit(1 if wrong else 0)


class Bar:
    """One line of progress on a terminal, drawn five times a second."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.began, self.drawn_at = stream, time.monotonic(), 0.0

    def __call__(self, done: int, total: int) -> None:
        """So many weights of all are checked."""
        from tui_trainer.cli.console import clip, clock, count

        now = time.monotonic()
        if now - self.drawn_at < 0.2:
            return
        self.drawn_at = now
        share, left = done / total, (now - self.began) * (total - done) / done
        line = f"  {'━' * round(20 * share)}{'─' * (20 - round(20 * share))}  {count(done)} of {count(total)} weights  {clock(left)} left"
        hint = "  (--weights 200 checks a sample)" if left > 120 else ""
        self.stream.write(f"\r\x1b[2K{clip(line + hint)}")
        self.stream.flush()

    def close(self) -> None:
        """Take the line away."""
        self.stream.write("\r\x1b[2K")
        self.stream.flush()


def _print(stream: Any, checked: "list[Checked]", wrong: int, how: str, tolerance: float, seconds: float) -> None:
    from rich.text import Text

    from tui_trainer.cli.console import console, count, duration
    from tui_trainer.cli.tables import print_table
    from tui_trainer.lab.gradcheck import LEAST, SHARE

    target = console(stream)
    rows = []
    for each in checked:
        for number, found in enumerate(each.agreements):
            head = (each.layer, f"{each.name} {'×'.join(map(str, each.shape))}", count(each.weights)) if not number else ("", "", "")
            shown = Text(f"{found.largest:.1e}", style="red bold" if found.wrong else "")
            kinks = count(each.kinks) if each.kinks and not number else ""
            rows.append((*head, found.way, shown, f"{found.relative:.1e}", ", ".join(map(str, found.where)), "-" if found.central is None else f"{found.central:.1e}", kinks))
    columns = ("layer", "tensor", ">weights", "gradient", ">largest", ">relative", "where", ">at epsilon", ">kinks")
    target.print(how, style="dim")
    print_table(target, columns, rows, flexible="tensor", droppable=("kinks", "where"))
    least = f"{LEAST * tolerance:g}"
    notes = [
        "largest: |quotient extrapolated to 0 - gradient|; at epsilon: the plain central difference, off by O(epsilon^2)",
        f"relative: the difference over the gradient, or over {least} where that is more",
        "kinks: weights that took a shorter epsilon, as ReLU or max-pooling has a kink within it" if any(each.kinks for each in checked) else "",
    ]
    for note in filter(None, notes):
        target.print(note, style="dim")
    total, size = sum(each.weights for each in checked), sum(each.size for each in checked)
    of_all = f"all {count(total)}" if total == size else f"{count(total)} of {count(size)}"
    rule = f"within {tolerance:g} and {SHARE:.1%} of the gradient".replace("%", " %")
    if wrong:
        target.print(f"FAILED: {count(wrong)} of {count(total)} weights checked are not {rule} ({duration(seconds)})", style="red bold")
    else:
        target.print(f"passed: {of_all} weights {rule} ({duration(seconds)})", style="green")


def _check_losses(seed: int, images: int, as_json: bool) -> int:
    from rich.text import Text

    from tui_trainer.cli.console import claimed_stdout, console, print_json
    from tui_trainer.cli.tables import print_table
    from tui_trainer.lab.losscheck import check_losses

    with claimed_stdout():
        forms = check_losses(seed, min(images, 200))
    wrong = [form for form in forms if not max(form.autograd, form.quotients) <= EXACT]
    if as_json:
        print_json({"passed": not wrong, "tolerance": EXACT, "forms": [asdict(form) for form in forms]})
        return 1 if wrong else 0
    target = console()
    rows: list[list[str | Text]] = [
        [form.name, form.derivative, form.formula, *(Text(f"{value:.1e}", style="red bold" if form in wrong else "") for value in (form.autograd, form.quotients))]
        for form in forms
    ]
    print_table(target, ("loss", "", "closed form", ">autograd", ">quotients"), rows, flexible="closed form")
    target.print("y softmax of the logits z, J its Jacobian; t target, q smoothed; c true class; w class weights; g gamma; B images", style="dim")
    said = f"FAILED: {', '.join(form.name for form in wrong)}" if wrong else f"passed: all {len(forms)} closed forms within {EXACT:g}"
    target.print(said, style="red bold" if wrong else "green")
    return 1 if wrong else 0
