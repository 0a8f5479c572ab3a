"""What differs between two configs, and what of a run's state outlives a change: the rules of a fork."""

from collections.abc import Mapping
from typing import Any

from tui_trainer.config.config import Config
from tui_trainer.config.data import Data
from tui_trainer.config.files import length_tree
from tui_trainer.config.training import Recipe, Training

LOSS_KEYS = ("loss", "label_smoothing", "class_weights", "focal_gamma")
RATE_KEYS = ("learning_rate", "schedule", "decay", "decay_every", "peak_at", "start_factor", "final_factor", "warmup")
READING_KEYS = ("directory", "storage", "workers")
"""How images are read; which images they are only where they are a person's own."""
PIXEL_KEYS = ("normalise", "zca_epsilon")
OWN_FILES = ("folder", "npz")


def changes(old: Config, new: Config) -> dict[str, list[Any]]:
    """Dotted keys whose values differ, each with the old and the new one; None where it is not given."""
    before, after = _flat(length_tree(old)), _flat(length_tree(new))
    return {key: [before.get(key), after.get(key)] for key in {**before, **after} if before.get(key) != after.get(key)}


def _flat(node: Any, prefix: str = "") -> dict[str, Any]:
    """Every value by its dotted key; tables in lists are counted from 0, an empty table or list is a value."""
    if isinstance(node, list) and node and all(isinstance(value, Mapping) for value in node):
        node = {str(number): value for number, value in enumerate(node)}
    if not isinstance(node, Mapping) or (not node and prefix):
        return {prefix: node}
    return {key: value for name, child in node.items() for key, value in _flat(child, f"{prefix}.{name}" if prefix else name).items()}


def recipe_at(training: Training, stage: int) -> Recipe:
    """The settings in force in stage ``stage`` (from 0; without stages there is one)."""
    base = training.model_dump(include=set(Recipe.model_fields))
    if training.stages:
        base |= training.stages[stage].model_dump(exclude_none=True, exclude={"epochs", "iterations"})
    return Recipe(**base)


def differ(old: Recipe, new: Recipe, keys: tuple[str, ...]) -> bool:
    """Whether two recipes differ in any of ``keys``."""
    return any(getattr(old, key) != getattr(new, key) for key in keys)


def same_images(old: Data, new: Data) -> bool:
    """Whether both train on the same images, so that a pass over them can go on; how their pixels are changed does not matter."""
    left_out = {"augment", *PIXEL_KEYS, *(READING_KEYS if new.dataset not in OWN_FILES else READING_KEYS[1:])}
    return old.model_dump(exclude=left_out) == new.model_dump(exclude=left_out)


def same_order(old: Config, new: Config) -> bool:
    """Whether a pass over the data goes on in the same order."""
    return same_images(old.data, new.data) and (old.training.seed, old.training.shuffle) == (new.training.seed, new.training.shuffle)


def same_pixels(old: Data, new: Data) -> bool:
    """Whether the normalisation that was fitted still holds."""
    return same_images(old, new) and all(getattr(old, key) == getattr(new, key) for key in PIXEL_KEYS)


def comparable(old: Config, new: Config, stage: int, new_stage: int) -> bool:
    """Whether figures before and after the change measure the same: the best so far stays the one to beat."""
    same_loss = not differ(recipe_at(old.training, stage), recipe_at(new.training, new_stage), LOSS_KEYS)
    return same_loss and same_pixels(old.data, new.data) and old.training.test_shifts == new.training.test_shifts
