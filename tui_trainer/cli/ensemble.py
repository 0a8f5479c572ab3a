"""``tui-trainer ensemble``: several runs as one."""

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tui_trainer.cli import completion
from tui_trainer.cli.options import Checkpoint, Device, Json, RunsDir, Trust

if TYPE_CHECKING:
    from tui_trainer.lab.ensemble import Ensemble
    from tui_trainer.runs import RunFolder

WIDEST = 12
"""Members up to which the table of pairs is shown."""


def ensemble(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Names of runs, or patterns such as 'member-*'.", show_default=False, autocompletion=completion.runs)
    ],
    split: Annotated[str, typer.Option("--split", metavar="NAME", help="train, validation or test.", autocompletion=completion.splits)] = "test",
    vote: Annotated[bool, typer.Option("--vote", help="Count votes instead of averaging probabilities.")] = False,
    checkpoint: Checkpoint = None,
    device: Device = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    trust: Trust = False,
) -> None:
    """Measure several runs as one.

    Averages their probabilities, or counts their votes. Of each member: its accuracy alone, that of the others
    without it, how many points it adds to theirs, and the share of images that it calls otherwise than another
    member does (differs: the mean over the others).
    """
    import contextlib

    from tui_trainer.cli.console import claimed_stdout
    from tui_trainer.cli.evaluate import SPLITS
    from tui_trainer.config import ConfigError
    from tui_trainer.config.errors import nearest

    if split not in SPLITS:
        raise ConfigError(f"--split {split}: no such split{nearest(split, SPLITS)}; allowed is {', '.join(SPLITS)}")
    folders = _folders(runs, runs_dir)
    if len(folders) < 2:
        raise ConfigError(f"ensemble: only {folders[0].name} is named; an ensemble takes at least two runs")
    with claimed_stdout() if as_json else contextlib.nullcontext():
        from tui_trainer.lab.ensemble import evaluate_ensemble
        from tui_trainer.training.inference import load_trained

        members = [load_trained(folder, checkpoint, device=device or "auto", trusted=trust) for folder in folders]
        found = evaluate_ensemble(members, split, vote=vote)
    if as_json:
        _print_json(found, vote)
    else:
        _print(found, vote)


def _folders(names: list[str], root: str | None) -> "list[RunFolder]":
    """The runs of these names and patterns, each once, in the order given. Raises ConfigError."""
    from fnmatch import fnmatch

    from tui_trainer.config import ConfigError
    from tui_trainer.runs import find_run, runs_dir
    from tui_trainer.runs.folder import run_names

    place = runs_dir(root)
    found: dict[str, RunFolder] = {}
    for name in names:
        matching = [each for each in run_names(place) if fnmatch(each, name)] if any(letter in name for letter in "*?[") else [name]
        if not matching:
            raise ConfigError(f"{name}: no run in {place} has such a name; `tui-trainer runs list` shows them all")
        for each in matching:
            folder = find_run(each, place)
            found.setdefault(str(folder.path.resolve()), folder)
    return list(found.values())


def _print_json(found: "Ensemble", vote: bool) -> None:
    from tui_trainer.cli.console import print_json
    from tui_trainer.cli.figures import figures_json

    whole = found.evaluation
    loss = None if math.isnan(whole.loss) else whole.loss
    members = [{key: None if isinstance(value, float) and math.isnan(value) else value for key, value in asdict(member).items()} for member in found.members]
    head = {"members": members, "pooling": "vote" if vote else "mean", "split": whole.split, "loss": loss, "accuracy": whole.accuracy}
    print_json(head | {"images": whole.images, "seconds": whole.seconds, "disagreements": found.disagreements} | figures_json(whole.confusion, whole.classes))


def _print(found: "Ensemble", vote: bool) -> None:
    from tui_trainer.cli.console import console, count, duration, percent, points
    from tui_trainer.cli.figures import print_by_class
    from tui_trainer.cli.tables import print_table, words

    target, whole = console(), found.evaluation
    how = "votes counted" if vote else "probabilities averaged"
    target.print(words([f"{len(found.members)} members", how, f"{count(whole.images)} {whole.split} images in {duration(whole.seconds)}"]), style="dim")
    loss = "" if math.isnan(whole.loss) else f"   loss {whole.loss:.4f}"
    best = max(found.members, key=lambda member: member.accuracy)
    target.print(f"{whole.split} accuracy {percent(whole.accuracy)}{loss}", style="bold")
    target.print(_beside(whole.accuracy - best.accuracy, best.name), style="dim")
    target.print()
    rows = [
        (each.name, percent(each.accuracy), percent(each.without), points(whole.accuracy - each.without), percent(each.disagreement)) for each in found.members
    ]
    print_table(target, ("member", ">alone", ">without it", ">adds", ">differs"), rows, flexible="member")
    target.print("adds: points that it brings to all the others; differs: images that it calls otherwise than another member, on average", style="dim")
    if 2 < len(found.members) <= WIDEST:
        target.print()
        target.print("images that two members call differently", style="dim")
        heads = [str(place + 1) for place in range(len(found.members))]
        pairs = [
            (f"{head} {member.name}", *(percent(share, 1) if other != place else "·" for other, share in enumerate(row)))
            for place, (head, member, row) in enumerate(zip(heads, found.members, found.disagreements, strict=True))
        ]
        print_table(target, ("", *(f">{head}" for head in heads)), pairs, flexible="")
    target.print()
    target.print("rows true class, columns predicted", style="dim")
    print_by_class(target, whole.confusion, whole.classes)


def _beside(gain: float, best: str) -> str:
    apart = f"{100 * abs(gain):.2f}"
    if float(apart) == 0:
        return f"as good as its best member, {best}"
    return f"{apart} points {'above' if gain > 0 else 'below'} its best member, {best}"
