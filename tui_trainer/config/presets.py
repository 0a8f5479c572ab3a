"""Presets by name: those that travel with the program, and a user's own."""

import os
import re
from functools import cache
from pathlib import Path

from tui_trainer.config.errors import ConfigError, nearest
from tui_trainer.config.paths import is_file, is_folder


@cache
def presets_dir() -> Path:
    """Where the presets lie: inside the installed package, or beside it in a clone."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "presets"
    return installed if installed.is_dir() else package.parent / "presets"


def preset_names() -> list[str]:
    """All presets' names, sorted; one in a folder is ``folder/name``. Sweeps are apart: see :mod:`tui_trainer.config.sweep`."""
    root = presets_dir()
    found = (path.relative_to(root) for path in root.rglob("*.toml"))
    return sorted(path.with_suffix("").as_posix() for path in found if path.parts[0] != "sweeps")


def own_presets_dir() -> Path:
    """Where a user's own presets lie: beside the app's settings."""
    if folder := os.environ.get("TUI_TRAINER_CONFIG_DIR"):
        return Path(folder) / "presets"
    from platformdirs import user_config_dir

    return Path(user_config_dir("tui-trainer")) / "presets"


def own_preset_names() -> list[str]:
    """The user's own presets, sorted; one that is called as one of the program's is found by its path only."""
    root = own_presets_dir()
    try:
        found = [path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.toml")]
    except OSError:
        return []
    return sorted(set(found) - set(preset_names()))


def wrong_preset_name(name: str) -> str:
    """Why an own preset cannot be called so; empty where it can."""
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,99}", name):
        return "a name is of letters, digits, '-', '_' and '.'"
    return f"{name} travels with the program: choose another name" if name in preset_names() else ""


def preset_path(source: str | Path) -> Path:
    """The file of a preset's name, the program's or the user's own, or of a path to a TOML file. Raises ConfigError with the nearest name."""
    names = preset_names()
    if str(source) in names:
        return presets_dir() / f"{source}.toml"
    own = own_preset_names()
    if str(source) in own:
        return own_presets_dir() / f"{source}.toml"
    path = Path(source)
    if is_file(path):
        return path
    if path.suffix == ".toml" or is_folder(path):
        raise ConfigError(f"{source}: no such preset file")
    if str(source).startswith("sweeps/") and is_file(presets_dir() / f"{source}.toml"):
        raise ConfigError(f"{source}: this is a sweep of several runs, not a preset: `tui-trainer sweep {source}` trains it")
    raise ConfigError(f"{source}: no such preset or file{nearest(str(source), [*names, *own])}; `tui-trainer presets list` shows them all")
