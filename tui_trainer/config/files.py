"""Configs as TOML: reading with ``extends`` and overrides, writing whole."""

import re
import stat
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from tui_trainer.config.base import Settings, applies, conditions
from tui_trainer.config.config import Config
from tui_trainer.config.errors import ConfigError
from tui_trainer.config.paths import is_file
from tui_trainer.config.presets import preset_path
from tui_trainer.config.problems import explain

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_NESTING = 200
"""Tables and lists inside each other; what walks through them calls itself for each."""
_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
DEEP_KEY = re.compile(rf"(?<![\w-]){_PART}(?:[ \t]*\.[ \t]*{_PART}){{{MAX_NESTING}}}")
"""A dotted key of more parts: the time to read one grows by the square of their number."""
REPLACES = {"epochs": ("iterations",), "iterations": ("epochs",), "stages": ("epochs", "iterations")}
"""Ways to give the length of a training: a later one takes the place of an earlier one."""


def load_config(source: str | Path, overrides: Mapping[str, Any] | None = None) -> Config:
    """The config of a preset's name or a file's path, with ``overrides`` (dotted key to value) on top.

    Raises ConfigError where the file is missing, damaged or wrong.
    """
    path = preset_path(source)
    return parse_config(read_tree(path), str(path), overrides)


def parse_config(tree: Mapping[str, Any], where: str, overrides: Mapping[str, Any] | None = None) -> Config:
    """The config that ``tree`` describes; ``where`` stands in errors. Raises ConfigError."""
    overrides = dict(overrides or {})
    config = _validate(tree, where)
    if not overrides:
        return config
    changed = _validate(apply_overrides(tree, overrides), f"{where} with {', '.join(describe_overrides(overrides))}")
    for key in overrides:
        _refuse_idle(changed, key)
    return changed


def _validate(tree: Mapping[str, Any], where: str) -> Config:
    _refuse_deep(tree, where)
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise explain(Config, error, where) from None
    except RecursionError:
        raise ConfigError(f"{where}: nested too deeply") from None


def load_known(path: Path) -> tuple[Config, list[str]]:
    """The config of a file that a newer version may have written, and the keys in it that this one does not know and leaves out.

    Raises ConfigError where anything else is wrong, a value that this version does not know among it.
    """
    tree = _copy(read_tree(path))
    unknown: list[str] = []
    while True:
        try:
            return Config.model_validate(tree), unknown
        except ValidationError as error:
            problem = explain(Config, error, str(path))
            strange = [each["loc"] for each in error.errors() if each["type"] == "extra_forbidden"]
            if len(strange) < error.error_count() or not all(_remove(tree, place) for place in strange):
                raise problem from None
            unknown += problem.problems


def _remove(tree: Any, place: Sequence[int | str]) -> bool:
    """Take the key at a pydantic location away; whether it was there. The tags that pydantic adds for unions are passed over."""
    node = tree
    for part in place[:-1]:
        if isinstance(node, dict):
            node = node.get(part, node)
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            node = node[part]
    return isinstance(node, dict) and node.pop(place[-1], None) is not None


def _refuse_deep(tree: Mapping[str, Any], where: str) -> None:
    level: list[Any] = [tree]
    for _ in range(MAX_NESTING):
        inner = (value for node in level for value in (node.values() if isinstance(node, Mapping) else node))
        level = [value for value in inner if isinstance(value, Mapping | list)]
        if not level:
            return
    raise ConfigError(f"{where}: nested too deeply: allowed are {MAX_NESTING} tables and lists inside each other")


def read_tree(path: Path, depth: int = 0) -> dict[str, Any]:
    """The tables of a TOML file, merged over those of the preset it ``extends``. Raises ConfigError."""
    if depth > MAX_DEPTH:
        raise ConfigError(f"{path}: extends: the presets extend each other in a circle")
    try:
        found = path.stat()
        if found.st_size > MAX_BYTES:
            raise ConfigError(f"{path}: larger than {MAX_BYTES} bytes: this is no preset")
        if not stat.S_ISREG(found.st_mode):
            raise ConfigError(f"{path}: cannot be read: it is no ordinary file")
        tree = parse_toml(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    _refuse_deep(tree, str(path))
    base = tree.pop("extends", None)
    if base is None:
        return tree
    if not isinstance(base, str):
        raise ConfigError(f"{path}: extends: {base!r} is not allowed; allowed is the name or path of a preset")
    beside = path.parent / base
    return merge(read_tree(beside if is_file(beside) else preset_path(base), depth + 1), tree)


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """The tables of a TOML text; ``where`` stands in errors. Raises ConfigError."""
    if DEEP_KEY.search(text):
        raise ConfigError(f"{where}: nested too deeply: allowed are {MAX_NESTING} tables and lists inside each other")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a plain ValueError
        raise ConfigError(f"{where}: not valid TOML: {error}") from None


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``over`` laid on ``base``: tables are merged, everything else (lists too) is replaced."""
    merged = dict(base)
    for key, value in over.items():
        merged[key] = merge(merged[key], value) if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping) else value
    for key in (key for key, value in over.items() if value):  # no stages are no length
        for replaced in REPLACES.get(key, ()):
            if replaced not in over:
                merged.pop(replaced, None)
    return merged


def parse_override(text: str, option: str = "--set") -> tuple[str, Any]:
    """``KEY=VALUE`` of an option as a dotted key and a TOML value; what is no TOML value is a string. Raises ConfigError."""
    key, equals, value = text.partition("=")
    key = key.strip()
    if not equals or not re.fullmatch(r"[A-Za-z0-9_\-]+(\.[A-Za-z0-9_\-]+)*", key):
        raise ConfigError(f"{option} {text}: write KEY=VALUE with a dotted key, such as training.momentum=0.9")
    try:
        return key, tomllib.loads(f"value = {value.strip()}")["value"]
    except (ValueError, RecursionError):
        return key, value.strip()


def apply_overrides(tree: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of ``tree`` with each dotted key set; numbers count list items from 0. Raises ConfigError."""
    changed: dict[str, Any] = _copy(tree)
    for key, value in overrides.items():
        parts = key.split(".")
        node: Any = changed
        for depth, part in enumerate(parts[:-1]):
            node = _child(node, part, key, ".".join(parts[: depth + 1]))
        if isinstance(node, list):
            node[_index(node, parts[-1], key)] = value
        elif isinstance(node, dict):
            node[parts[-1]] = value
            for replaced in REPLACES.get(parts[-1], ()) if value else ():  # no stages are no length
                if f"{key.rpartition('.')[0]}.{replaced}" not in overrides:
                    node.pop(replaced, None)
        else:
            raise ConfigError(f"--set {key}: {'.'.join(parts[:-1])} is no table")
    return changed


def _copy(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: _copy(value) for key, value in node.items()}
    return [_copy(value) for value in node] if isinstance(node, list | tuple) else node


def _child(node: Any, part: str, key: str, so_far: str) -> Any:
    if isinstance(node, list):
        return node[_index(node, part, key)]
    if isinstance(node, dict):
        return node.setdefault(part, {})
    raise ConfigError(f"--set {key}: {so_far} is no table")


def _index(node: list[Any], part: str, key: str) -> int:
    if not node:
        raise ConfigError(f"--set {key}: the list is empty, so there is no item {part}; give it whole")
    if not part.isdigit() or int(part) >= len(node):
        raise ConfigError(f"--set {key}: {part} is no item of a list of {len(node)}; allowed is 0 to {len(node) - 1}")
    return int(part)


def _refuse_idle(config: Config, key: str) -> None:
    """Refuse a setting that has no effect, rather than let a person believe that it had one."""
    node: Any = config
    for part in key.split("."):
        if isinstance(node, Settings) and not applies(node, part):
            wanted = " and ".join(f"{name} = {' or '.join(map(str, values))}" for name, values in conditions(type(node), part).items())
            raise ConfigError(f"--set {key}: has no effect here; it applies with {wanted}")
        node = node[int(part)] if isinstance(node, tuple) else node.get(part) if isinstance(node, dict) else getattr(node, part)


def to_tree(config: Config) -> dict[str, Any]:
    """The config as plain tables, complete but for settings that stand for "not given"."""
    return config.model_dump(mode="json", exclude_none=True)


def to_toml(config: Config) -> str:
    """The config as TOML text that :func:`load_config` reads back to an equal config."""
    return tomli_w.dumps(length_tree(config))


def length_tree(config: Config) -> dict[str, Any]:
    """As :func:`to_tree`, with the one setting that gives the length: epochs, iterations or stages."""
    tree = to_tree(config)
    for group, other in (("iterations", "epochs"), ("stages", "epochs")):
        if tree["training"].get(group):
            tree["training"].pop(other, None)
    return tree


def save_config(config: Config, path: Path) -> None:
    """Write the config to ``path``. Raises OSError."""
    path.write_text(to_toml(config), "utf-8")


def _toml(value: Any) -> str:
    return " ".join(tomli_w.dumps({"v": value}).removeprefix("v = ").split()) if not isinstance(value, dict) else str(value)


def describe_overrides(overrides: Mapping[str, Any]) -> Iterable[str]:
    """Each override as the ``KEY=VALUE`` that the command line takes."""
    return (f"{key}={_toml(value)}" for key, value in overrides.items())
