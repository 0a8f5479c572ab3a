"""What a run is: one schema from which presets, forms, command-line options and run records all come."""

from tui_trainer.config.base import Settings, applies
from tui_trainer.config.config import Config, Figure, Reference
from tui_trainer.config.data import Augmentation, Data
from tui_trainer.config.errors import ConfigError
from tui_trainer.config.files import load_config, load_known, parse_config, parse_override, save_config, to_toml, to_tree
from tui_trainer.config.network import Layer, Network
from tui_trainer.config.presets import own_preset_names, preset_names, preset_path, presets_dir
from tui_trainer.config.training import Recipe, Stage, Training

__all__ = [
    "Augmentation", "Config", "ConfigError", "Data", "Figure", "Layer", "Network", "Recipe", "Reference", "Settings", "Stage", "Training",
    "applies", "load_config", "load_known", "own_preset_names", "parse_config", "parse_override", "preset_names", "preset_path", "presets_dir", "save_config", "to_toml", "to_tree",
]
