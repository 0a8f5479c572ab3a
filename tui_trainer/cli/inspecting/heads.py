"""What stands above every answer of ``inspect``: which run, which weights, which images; and numbers of pictures as JSON takes them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui_trainer.asking.answers import CheckpointInfo, Features, Saliency
    from tui_trainer.asking.picture import Picture

DIGITS = 4
"""Significant digits of a number in JSON that comes from a picture, which holds 255 levels."""


def head_json(run: str, checkpoint: "CheckpointInfo", split: str) -> dict[str, Any]:
    """Run, checkpoint and split."""
    return {"run": run, "checkpoint": checkpoint.file, "split": split}


def print_head(run: str, checkpoint: "CheckpointInfo", what: str) -> None:
    """Two lines and an empty one."""
    from tui_trainer.cli.console import console

    target = console()
    target.print(f"{run} · checkpoint {checkpoint.file} of epoch {checkpoint.epoch:.2f}", style="dim")
    target.print(what, style="bold")
    target.print()


def image_json(
    run: str, checkpoint: "CheckpointInfo", asked: tuple[str, int, str | None], found: "Features | Saliency", names: Sequence[str]
) -> dict[str, Any]:
    """The head of an answer on one image; ``asked`` are its split, its place there, and the file that it is taken from instead."""
    split, index, file = asked
    return {
        **head_json(run, checkpoint, "" if file else split), "index": None if file else index, "image": file,
        "true": None if found.true is None else names[found.true], "predicted": names[winner(found)],
        "probabilities": dict(zip(names, map(rounded, found.probabilities), strict=True)),
    }  # fmt: skip


def image_words(asked: tuple[str, int, str | None], found: "Features | Saliency", names: Sequence[str]) -> str:
    """The image, its class and what it was taken for."""
    from tui_trainer.cli.console import percent

    split, index, file = asked
    best = winner(found)
    taken = f"taken for {names[best]}, {percent(found.probabilities[best], 1)}"
    return f"{file}: {taken}" if file else f"{split} image {index}: " + (taken if found.true is None else f"{names[found.true]}, {taken}")


def winner(found: "Features | Saliency") -> int:
    """The class with the highest probability."""
    return max(range(len(found.probabilities)), key=lambda number: found.probabilities[number])


def map_json(picture: "Picture") -> list[Any]:
    """The numbers behind a picture: rows of numbers, or of red, green and blue."""
    nested: list[Any] = picture.values().tolist()
    return [[[rounded(part) for part in cell] if isinstance(cell, list) else rounded(cell) for cell in row] for row in nested]


def rounded(value: float) -> float:
    """As many digits as mean something."""
    return float(f"{value:.{DIGITS}g}")
