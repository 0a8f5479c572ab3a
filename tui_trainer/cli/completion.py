"""What the shell offers after Tab: presets, runs, keys and values of settings. Quick and without torch."""

from collections.abc import Iterable, Iterator
from typing import Any, get_args, get_origin

import typer


def presets(incomplete: str) -> list[str]:
    """Names of presets; files are the shell's own business."""
    from tui_trainer.config.presets import own_preset_names, preset_names

    return _starting([*own_preset_names(), *preset_names()], incomplete)


def sweeps(incomplete: str) -> list[str]:
    """Names of sweeps and presets."""
    from tui_trainer.config.presets import own_preset_names, preset_names
    from tui_trainer.config.sweep import sweep_names

    return _starting([*sweep_names(), *own_preset_names(), *preset_names()], incomplete)


def sweep_names(incomplete: str) -> list[str]:
    """Names of sweeps in the usual place."""
    from tui_trainer.runs.folder import runs_dir
    from tui_trainer.sweeps import sweep_records

    return _starting([record.name for record in sweep_records(runs_dir())], incomplete)


def runs(incomplete: str) -> list[str]:
    """Names of runs in the usual place."""
    from tui_trainer.runs.folder import run_names, runs_dir

    return _starting(run_names(runs_dir()), incomplete)


def settings(incomplete: str) -> list[str]:
    """``KEY=`` of every setting; after the ``=`` its values, where they can be listed."""
    from tui_trainer.config import Config

    key, equals, _ = incomplete.partition("=")
    if not equals:
        return _starting([f"{name}=" for name, _ in keys(Config)], incomplete)
    values = next((allowed(annotation) for name, annotation in keys(Config) if name == key), [])
    return _starting([f"{key}={value}" for value in values], incomplete)


def datasets(incomplete: str) -> list[str]:
    """Names of data sets."""
    from tui_trainer.config.data import DatasetName

    return _starting(allowed(DatasetName), incomplete)


def devices(incomplete: str) -> list[str]:
    """Names of devices."""
    from tui_trainer.config import Training

    return _starting(allowed(Training.model_fields["device"].annotation), incomplete)


def splits(incomplete: str) -> list[str]:
    """Names of splits."""
    return _starting(["train", "validation", "test"], incomplete)


def baselines(incomplete: str) -> list[str]:
    """Names of scikit-learn's classifiers."""
    from tui_trainer.config.baseline import BaselineModel

    return _starting(allowed(BaselineModel), incomplete)


def checkpoints(incomplete: str) -> list[str]:
    """Which checkpoints there always are."""
    return _starting(["best", "last"], incomplete)


def sorts(incomplete: str) -> list[str]:
    """In which order images can be listed."""
    return _starting(["loss", "confidence", "index"], incomplete)


def pair_kinds(incomplete: str) -> list[str]:
    """Which images of two runs can be listed."""
    return _starting(["first", "second", "both", "neither"], incomplete)


def checkpoints_of_run(context: typer.Context, incomplete: str) -> list[str]:
    """Checkpoints of the run that the line names before."""
    from tui_trainer.config import ConfigError
    from tui_trainer.runs.checkpoints import read_index
    from tui_trainer.runs.folder import find_run, runs_dir

    named = context.params.get("run") or next((word for word in context.args if not word.startswith("-")), "")  # a line that is not whole is not parsed
    try:
        run = find_run(str(named), runs_dir(context.params.get("runs_dir")))
        files = list(read_index(run.checkpoints).entries)
    except ConfigError:
        files = []
    return _starting(["best", "last", *files], incomplete)


def formats(incomplete: str) -> list[str]:
    """What runs can be exported to."""
    return _starting(["csv", "json", "tensorboard", "safetensors"], incomplete)


def keys(model: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """All dotted keys of a settings model that hold one value, with their types; lists of tables are left out."""
    from tui_trainer.config import Settings

    for name, field in model.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, Settings):
            yield from keys(annotation, f"{prefix}{name}.")
        elif name not in ("reference", "layers", "stages"):
            yield f"{prefix}{name}", annotation


def allowed(annotation: Any) -> list[str]:
    """The values that a type lists: those of its literals, and true and false."""
    from typing import Literal

    if annotation is bool:
        return ["true", "false"]
    if get_origin(annotation) is Literal:
        return [str(value) for value in get_args(annotation)]
    return [value for part in get_args(annotation) for value in allowed(part)]


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
