"""The presets that travel with the program, by name."""

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


def preset_path(source: str | Path) -> Path:
    """The file of a preset's name, or of a path to a TOML file. Raises ConfigError with the nearest name."""
    names = preset_names()
    if str(source) in names:
        return presets_dir() / f"{source}.toml"
    path = Path(source)
    if is_file(path):
        return path
    if path.suffix == ".toml" or is_folder(path):
        raise ConfigError(f"{source}: no such preset file")
    if str(source).startswith("sweeps/") and is_file(presets_dir() / f"{source}.toml"):
        raise ConfigError(f"{source}: this is a sweep of several runs, not a preset: `tui-trainer sweep {source}` trains it")
    raise ConfigError(f"{source}: no such preset or file{nearest(str(source), names)}; `tui-trainer presets list` shows them all")
