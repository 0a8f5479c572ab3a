"""A preset of a user's own as a file: what it extends, and what differs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from tui_trainer.config.base import idle
from tui_trainer.config.config import Config
from tui_trainer.config.effective import effective_toml
from tui_trainer.config.errors import ConfigError
from tui_trainer.config.files import length_tree, load_config, merge, parse_config, parse_toml, read_tree
from tui_trainer.config.presets import preset_names, preset_path

GONE = object()


def own_preset_toml(config: Config, source: str, title: str = "") -> str:
    """``config`` as a preset called ``title``: the shipped preset behind ``source`` and the difference, or all settings where that cannot say it.

    Words about the base are not taken along.
    """
    config = config.model_copy(update={"title": title, "description": ""})
    base = shipped_base(source)
    return (_extending(config, base) if base else "") or effective_toml(config)


def shipped_base(source: str) -> str:
    """The shipped preset that a preset or file is, or extends; empty where there is none."""
    if source in preset_names():
        return source
    try:
        path = preset_path(source)
        base = parse_toml(path.read_text("utf-8"), str(path)).get("extends")
    except (OSError, ValueError, ConfigError):
        return ""
    return base if isinstance(base, str) and base in preset_names() and not (path.parent / base).is_file() else ""


def _extending(config: Config, base: str) -> str:
    origin = load_config(base)
    over = _difference(length_tree(origin), length_tree(config), "", config)
    if not isinstance(over, dict):
        return ""
    try:
        again = parse_config(merge(read_tree(preset_path(base)), over), base)
    except ConfigError:
        return ""
    if _in_force(length_tree(again), "", again) != _in_force(length_tree(config), "", config):  # what the base gives and this does not
        return ""
    head = {"extends": base} | {name: over.pop(name) for name in ("title", "description") if name in over}
    return tomli_w.dumps(head | over)


def _difference(before: Any, after: Any, key: str, config: Config) -> Any:
    """The tables to lay over ``before``; GONE where nothing is to be said."""
    if before == after:
        return {} if not key else GONE
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return after
    found = {}
    for name, value in after.items():
        inner = f"{key}.{name}" if key else name
        if not idle(config, inner) and (over := _difference(before.get(name, GONE), value, inner, config)) is not GONE:
            found[name] = over
    return found if found or not key else GONE


def _in_force(node: Any, key: str, config: Config) -> Any:
    """The tables without what has no effect."""
    if not isinstance(node, Mapping):
        return node
    inner = ((name, f"{key}.{name}" if key else name, value) for name, value in node.items())
    return {name: _in_force(value, at, config) for name, at, value in inner if not idle(config, at)}


def save_own_preset(config: Config, source: str, path: Path, title: str = "") -> None:
    """Write it. Raises OSError."""
    text = own_preset_toml(config, source, title)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
