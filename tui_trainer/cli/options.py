"""Options that several commands share, and the config that they ask for together."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui_trainer.cli import completion

if TYPE_CHECKING:
    from tui_trainer.config import Config

Source = Annotated[
    str, typer.Argument(metavar="PRESET|FILE", help="A preset's name, or a TOML file like one.", show_default=False, autocompletion=completion.presets)
]
Set = Annotated[
    list[str],
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a setting, such as training.momentum=0.9; may be repeated.", show_default=False,
        autocompletion=completion.settings,
    ),
]
Dataset = Annotated[
    str | None, typer.Option("--dataset", metavar="NAME", help="Use these images instead.", show_default=False, autocompletion=completion.datasets)
]
DataDir = Annotated[
    str | None, typer.Option("--data-dir", metavar="PATH", help="Where the images lie: a folder, or the .npz file.", show_default=False)
]
RunsDir = Annotated[
    str | None, typer.Option("--runs-dir", metavar="DIR", help="Where runs lie (default: TUI_TRAINER_RUNS_DIR, else ./runs).", show_default=False)
]
Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's name or folder.", show_default=False, autocompletion=completion.runs)]
Device = Annotated[
    str | None,
    typer.Option("--device", metavar="NAME", help="auto, cpu, cuda or mps.", show_default=False, autocompletion=completion.devices),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Trust = Annotated[bool, typer.Option("--trust", help="Allow the code of the module that the network names to run; remembered until its file changes.")]
Checkpoint = Annotated[
    str | None,
    typer.Option(
        "--checkpoint", metavar="best|last|FILE", help="Which weights (default: the run's result).", show_default=False, autocompletion=completion.checkpoints
    ),
]


def asked_config(
    source: str,
    sets: Sequence[str] = (),
    dataset: str | None = None,
    data_dir: str | None = None,
    under: Mapping[str, Any] | None = None,
    **more: Any,
) -> "Config":
    """The config of ``source`` with the command line's changes on top; ``--set`` has the last word.

    ``more`` are values of ``training``, None where not given; ``under`` are tables that the command itself lays over the preset's,
    of which errors do not speak as if they had been asked for. A preset's directory and counts belong to its data set: where
    ``dataset`` names another, the one goes and the count of held-out images becomes the share that it was. Raises ConfigError.
    """
    from tui_trainer.config import parse_config, parse_override, preset_path
    from tui_trainer.config.files import merge, read_tree

    tree = read_tree(preset_path(source))
    if dataset is not None:
        tree = _for_dataset(tree, dataset)
    if under:
        parse_config(tree, source)  # where the preset itself is wrong, that is what is said
        tree = merge(tree, under)
    given = {"data.dataset": dataset, "data.directory": data_dir} | {f"training.{key}": value for key, value in more.items()}
    overrides = {key: value for key, value in given.items() if value is not None}
    return parse_config(tree, source, overrides | dict(map(parse_override, sets)))


def _for_dataset(tree: Mapping[str, Any], dataset: str) -> dict[str, Any]:
    """The preset's tables for another data set: without its directory, its count of held-out images as a share."""
    from tui_trainer.catalogue import KNOWN

    data = tree.get("data")
    if not isinstance(data, Mapping) or data.get("dataset", "digits") == dataset:
        return dict(tree)
    changed = {key: value for key, value in data.items() if key != "directory"}
    held_out, known = changed.get("validation"), KNOWN.get(str(data.get("dataset", "digits")))
    if isinstance(held_out, int | float) and held_out >= 1 and known:
        changed["validation"] = round(held_out / known.train_images, 4)
    return {**tree, "data": changed}
