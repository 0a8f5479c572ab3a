"""Settings as one list of dotted keys: what comparisons and reports show beside each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tui_trainer.config.base import Settings, idle

NOT_COMPARED = ("title", "description", "baseline", "reference")
"""What a run is called and held against is no setting of it."""
ABSENT = "–"
"""Stands for a setting that a run does not have, or that has no effect in it."""
LAYERS = "network.layers"
STAGES = "training.stages."
"""A stage inherits what it leaves out: whether a setting of it has an effect is not told by its siblings alone."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting in several runs."""

    key: str
    """Dotted, such as ``training.learning_rate`` or ``network.layers.2.units``."""
    values: tuple[Any, ...]
    """In the order of the runs; None where a run does not have it or it has no effect there."""

    @property
    def differs(self) -> bool:
        """Whether not all runs have the same."""
        return any(value != self.values[0] for value in self.values)

    @property
    def texts(self) -> tuple[str, ...]:
        """The values as people read them."""
        return tuple(map(value_text, self.values))


def compare_settings(trees: Sequence[Mapping[str, Any]], configs: Sequence[Settings | None] = ()) -> list[SettingRow]:
    """All settings of several runs: first those that differ, then those that are the same, each in the order of the schema.

    ``trees`` are the configs as tables (:func:`to_tree`, or what a ``config.toml`` holds); where ``configs`` gives the validated
    config of a tree, settings that have no effect in it count as absent. Layers are compared one by one where all runs have
    the same kinds of layers, else as a whole.
    """
    flats = [flat_settings(tree, config) for tree, config in zip(trees, configs or [None] * len(trees), strict=True)]
    kinds = [[kind for key, kind in flat.items() if key.startswith(f"{LAYERS}.") and key.endswith(".type")] for flat in flats]
    if any(each != kinds[0] for each in kinds):
        flats = [_layers_whole(flat, tree) for flat, tree in zip(flats, trees, strict=True)]
    keys = dict.fromkeys(key for flat in (*map(flat_settings, trees), *flats) for key in flat)
    rows = [SettingRow(key, tuple(flat.get(key) for flat in flats)) for key in keys if any(key in flat for flat in flats)]
    return sorted(rows, key=lambda row: not row.differs)


def flat_settings(tree: Mapping[str, Any], config: Settings | None = None) -> dict[str, Any]:
    """Dotted key to value; settings of the file that say nothing here, or without effect in ``config``, are left out."""
    found = {key: value for name, node in tree.items() if name not in NOT_COMPARED for key, value in _leaves(node, name)}
    if any(key.startswith(("training.iterations", STAGES)) for key in found):
        found.pop("training.epochs", None)
    return {key: value for key, value in found.items() if value is not None and (config is None or key.startswith(STAGES) or not idle(config, key))}


def _leaves(node: Any, key: str) -> list[tuple[str, Any]]:
    if isinstance(node, Mapping):
        return [leaf for name, value in node.items() for leaf in _leaves(value, f"{key}.{name}")]
    if isinstance(node, list | tuple) and node and all(isinstance(each, Mapping) for each in node):
        return [leaf for number, value in enumerate(node) for leaf in _leaves(value, f"{key}.{number}")]
    return [] if isinstance(node, list | tuple) and not node else [(key, node)]


def _layers_whole(flat: Mapping[str, Any], tree: Mapping[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for key, value in flat.items():
        if not key.startswith(f"{LAYERS}."):
            whole[key] = value
        elif LAYERS not in whole:
            whole[LAYERS] = " ".join(map(_layer_text, tree["network"]["layers"]))
    return whole


def _layer_text(layer: Mapping[str, Any]) -> str:
    size = next((layer[name] for name in ("units", "channels", "size", "probability") if name in layer), "")
    return f"{layer.get('type', '?')}{f'-{size}' if size != '' else ''}"


def value_text(value: Any) -> str:
    """A value as people read it: ``0.001``, ``true``, ``0.9, 0.999``; a dash for none."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(value_text, value))
    return str(value)
