"""The ``tui-trainer train`` (or ``fork``) command that says in a shell what a config says."""

import re
import shlex
from collections.abc import Mapping
from typing import Any

from tui_trainer.config.base import idle
from tui_trainer.config.config import Config
from tui_trainer.config.errors import ConfigError
from tui_trainer.config.files import parse_config, parse_override, to_toml, to_tree

UNSET = object()
NOT_COMPARED = ("title", "description", "reference")
FREE_TABLES = ("data.class_fractions", "network.arguments")
LENGTHS = ("training.epochs", "training.iterations", "training.stages")


def train_command(source: str, origin: Config, config: Config) -> tuple[str, str]:
    """The command that trains ``config``, said as differences from ``origin``, the preset or file ``source``; or a sentence why there is none."""
    texts, why = _overrides(source, origin, config)
    return ("", f"{why}: save as preset (^s) and train that") if why else (_command(["train", source], texts), "")


def fork_command(run: str, checkpoint: str, origin: Config, config: Config) -> tuple[str, str]:
    """The command that forks ``run`` at a checkpoint with the settings of ``config``; or a sentence why there is none."""
    texts, why = _overrides(run, origin, config)
    return ("", why) if why else (_command(["fork", run, "--from", checkpoint], texts), "")


def _command(words: list[str], texts: list[str]) -> str:
    return shlex.join(["tui-trainer", *words, *(word for text in texts for word in ("--set", text))])


def _overrides(source: str, origin: Config, config: Config) -> tuple[list[str], str]:
    """``KEY=VALUE`` for each difference; or a sentence why options cannot say it."""
    found: dict[str, Any] = {}
    before, after = to_tree(origin), to_tree(config)
    _length(origin, before)
    _length(config, after)
    _differences(before, after, "", found)
    overrides = {key: value for key, value in found.items() if not idle(config, key)}
    for key in LENGTHS:
        if overrides.get(key) is UNSET:
            del overrides[key]
    gone = [key for key, value in overrides.items() if value is UNSET]
    if gone:
        return [], f"no option takes {gone[0]} away"
    texts = [f"{key}={_value(value)}" for key, value in overrides.items()]
    try:
        again = parse_config(_as_read(origin), source, dict(map(parse_override, texts)))
    except ConfigError:
        again = None
    if again is None or not _same(again, config):
        return [], "this cannot be said in options"
    return texts, ""


def _as_read(config: Config) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(to_toml(config))


def _length(config: Config, tree: dict[str, Any]) -> None:
    training = tree["training"]
    if config.training.iterations or config.training.stages:
        training.pop("epochs", None)
    if not training.get("stages"):
        training.pop("stages", None)


def _same(one: Config, other: Config) -> bool:
    left, right = ({key: value for key, value in to_tree(config).items() if key not in NOT_COMPARED} for config in (one, other))
    found: dict[str, Any] = {}
    _differences(left, right, "", found)
    return all(idle(other, key) for key in found)


def _differences(before: Any, after: Any, key: str, found: dict[str, Any]) -> None:
    """Collect what to set, key by key; a list of another length as a whole."""
    if before == after or key in NOT_COMPARED:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping) and key not in FREE_TABLES and before.get("type") == after.get("type"):
        for name in dict.fromkeys((*after, *before)):
            _differences(before.get(name, UNSET), after.get(name, UNSET), f"{key}.{name}" if key else name, found)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after) and key == "network.layers":
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            _differences(one, other, f"{key}.{number}", found)
    else:
        found[key] = after


def _value(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z/.~][\w./~ -]*", value) and parse_override(f"k={value}")[1] == value:
        return value
    return inline(value)


def inline(value: Any) -> str:
    """A value as TOML in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(str(key))} = {inline(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(inline, value)) + "]"
    return repr(value)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[\w-]+", key) else inline(key)
