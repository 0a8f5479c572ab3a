"""A config without what has no effect in it: what people are shown, where the run folder keeps all."""

from collections.abc import Mapping
from typing import Any

import tomli_w

from tui_trainer.config.base import Settings, applies
from tui_trainer.config.changes import recipe_at
from tui_trainer.config.config import Config
from tui_trainer.config.files import length_tree
from tui_trainer.config.training import Recipe, Stage, Training


def effective_toml(config: Config) -> str:
    """The config as TOML that ``train`` takes and that trains the same; settings without effect (of points where images are trained on) are left out."""
    return tomli_w.dumps(_effective(config, length_tree(config)))


def _effective(settings: Settings, tree: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _part(getattr(settings, name), value) for name, value in tree.items() if value not in ({}, []) and _in_effect(settings, name)}


def _part(setting: Any, value: Any) -> Any:
    """A setting's value in the tree; groups, and layers in their list, without what has no effect in them."""
    if isinstance(setting, Stage):
        return value
    if isinstance(setting, Settings):
        return _effective(setting, value)
    if isinstance(setting, tuple):
        return [_part(each, part) for each, part in zip(setting, value, strict=True)]
    return value


def _in_effect(settings: Settings, name: str) -> bool:
    """Whether it has an effect here, or in a stage, which inherits what it leaves out."""
    if applies(settings, name):
        return True
    return isinstance(settings, Training) and name in Recipe.model_fields and any(applies(recipe_at(settings, number), name) for number, _ in enumerate(settings.stages))
