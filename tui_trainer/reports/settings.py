"""The settings of a run that are not the defaults, under the names that the forms give them."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel

from tui_trainer.config import Config, to_tree
from tui_trainer.config.base import unit
from tui_trainer.config.flat import LAYERS, STAGES, flat_settings, value_text
from tui_trainer.reports.gather import Subject


def changed_settings(subject: Subject) -> list[tuple[str, str, str, str]]:
    """(label, dotted key, value, default) of every setting that differs from its default, layers and stages left out."""
    tree = subject.compared.tree
    found = flat_settings(tree, subject.compared.config)
    usual = flat_settings(to_tree(Config()))
    rows = []
    for key, value in found.items():
        if key.startswith((f"{LAYERS}.", STAGES)) or usual.get(key) == value:
            continue
        rows.append((setting_label(key), key, value_text(value), value_text(usual.get(key))))
    return rows


def setting_label(key: str) -> str:
    """What the form calls the setting at a dotted key, with its unit; the key's end where it is none of the schema."""
    model: type[BaseModel] | None = Config
    label = key.rpartition(".")[2]
    for part in key.split("."):
        if model is None or part not in model.model_fields:
            return label
        field = model.model_fields[part]
        label = field.title or part
        measure = unit(model, part)  # type: ignore[arg-type]
        label += f" ({measure})" if measure else ""
        model = next((each for each in (field.annotation, *get_args(field.annotation)) if isinstance(each, type) and issubclass(each, BaseModel)), None)
    return label


def stage_rows(tree: Mapping[str, Any]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows of the table of stages: one a row, with the settings that any of them changes."""
    stages = tree.get("training", {}).get("stages") or []
    keys = list(dict.fromkeys(key for stage in stages for key, value in stage.items() if value is not None))
    head = ("stage", *(f">{setting_label(f'training.{key}')}" for key in keys))
    return head, [(str(number), *(value_text(stage.get(key)) for key in keys)) for number, stage in enumerate(stages, 1)]
