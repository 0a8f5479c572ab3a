"""What the commands of ``inspect`` share: their options, and finding the network, the class and the image that are asked for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from tui_trainer.cli import completion

if TYPE_CHECKING:
    from tui_trainer.asking.questions import Image, Weights
    from tui_trainer.inspection import Inspection

SPLITS = ("train", "validation", "test")
Split = Annotated[str, typer.Option("--split", metavar="NAME", help="train, validation or test.", autocompletion=completion.splits)]
Sort = Annotated[
    str, typer.Option("--sort", metavar="HOW", help="Worst first by loss or confidence, or as they lie by index.", autocompletion=completion.sorts)
]
Out = Annotated[str | None, typer.Option("--out", metavar="FILE", help="Write the pictures into this PNG file, too.", show_default=False)]
Layer = Annotated[str, typer.Option("--layer", metavar="PLACE", help="Only this layer, by its number in the network's table.", show_default=False)]
Index = Annotated[int, typer.Option("--index", metavar="N", help="Which image of the split.", min=0)]
File = Annotated[str | None, typer.Option("--image", metavar="FILE", help="A picture file instead.", show_default=False)]


def one_of(option: str, value: str, allowed: Sequence[str]) -> str:
    """``value``, where it is allowed. Raises ConfigError."""
    from tui_trainer.config import ConfigError
    from tui_trainer.config.errors import nearest

    if value not in allowed:
        raise ConfigError(f"{option} {value}: not known{nearest(value, allowed)}; allowed is {', '.join(allowed)}")
    return value


def class_number(option: str, value: str | None, classes: Sequence[str]) -> int | None:
    """The number of a class given by name, in letters of either case, or by number; None where none was given. Raises ConfigError."""
    if value is None:
        return None
    if value not in classes and value.isdecimal() and int(value) < len(classes):
        return int(value)
    alike = [number for number, name in enumerate(classes) if name.casefold() == value.casefold()]
    if value not in classes and len(alike) == 1:
        return alike[0]
    return list(classes).index(one_of(option, value, classes))


def image_asked(split: str, index: int, file: str | None) -> "Image":
    """The image of the options. Raises ConfigError."""
    from tui_trainer.asking.questions import FromFile, FromSplit

    return FromFile(file) if file is not None else FromSplit(one_of("--split", split, SPLITS), index)  # type: ignore[arg-type]


def weights_asked(run: str, checkpoint: str | None, root: str | None, trust: bool) -> "Weights":
    """The network of the options. Raises ConfigError."""
    from tui_trainer.asking.questions import Weights
    from tui_trainer.runs import find_run, runs_dir

    return Weights(str(find_run(run, runs_dir(root)).path), checkpoint or "", trust)


@contextmanager
def inspecting(device: str | None, as_json: bool) -> Iterator["Inspection"]:
    """Who answers; with ``as_json`` nothing else reaches standard output meanwhile, whatever a person's own module prints."""
    from contextlib import nullcontext

    from tui_trainer.cli.console import claimed_stdout

    with claimed_stdout() if as_json else nullcontext():
        from tui_trainer.inspection import Inspection

        yield Inspection(device or "auto")
