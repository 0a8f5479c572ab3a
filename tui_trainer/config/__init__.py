"""What a run is: one schema from which presets, forms, command-line options and run records all come.

The names below are imported when they are first used: pydantic and the schema take 0.2 s and 20 MB, which the app does
without while it follows a run.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui_trainer.config.base import Settings, applies
    from tui_trainer.config.config import Config, Figure, Reference
    from tui_trainer.config.data import Augmentation, Data
    from tui_trainer.config.errors import ConfigError
    from tui_trainer.config.files import load_config, load_known, parse_config, parse_override, save_config, to_toml, to_tree
    from tui_trainer.config.network import Layer, Network
    from tui_trainer.config.presets import own_preset_names, preset_names, preset_path, presets_dir
    from tui_trainer.config.training import Recipe, Stage, Training

_HOMES = {
    "base": ("Settings", "applies"),
    "config": ("Config", "Figure", "Reference"),
    "data": ("Augmentation", "Data"),
    "errors": ("ConfigError",),
    "files": ("load_config", "load_known", "parse_config", "parse_override", "save_config", "to_toml", "to_tree"),
    "network": ("Layer", "Network"),
    "presets": ("own_preset_names", "preset_names", "preset_path", "presets_dir"),
    "training": ("Recipe", "Stage", "Training"),
}
__all__ = [
    "Augmentation", "Config", "ConfigError", "Data", "Figure", "Layer", "Network", "Recipe", "Reference", "Settings", "Stage", "Training",
    "applies", "load_config", "load_known", "own_preset_names", "parse_config", "parse_override", "preset_names", "preset_path", "presets_dir", "save_config", "to_toml", "to_tree",
]


def __getattr__(name: str) -> Any:
    home = next((home for home, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
