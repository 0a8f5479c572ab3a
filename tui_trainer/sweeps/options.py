"""What the command line says of a grid and of a search's space."""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from tui_trainer.config import Config, ConfigError, parse_override
from tui_trainer.config.files import apply_overrides, parse_config
from tui_trainer.config.sweep import Search, Space, refuse_repeats


def parse_space(text: str) -> tuple[str, Space]:
    """``KEY=LOW:HIGH``, ``KEY=log:LOW:HIGH``, ``KEY=int:LOW:HIGH`` or ``KEY=a,b,c``. Raises ConfigError."""
    key, _, value = text.partition("=")
    usage = f"--space {text}: write KEY=LOW:HIGH, KEY=log:LOW:HIGH, KEY=int:LOW:HIGH or KEY=a,b,c"
    if not value:
        raise ConfigError(usage)
    if ":" not in value:
        return key, Space(choices=parse_values(text, "--space")[1])
    *kinds, low, high = value.split(":")
    if not set(kinds) <= {"log", "int"}:
        raise ConfigError(usage)
    try:
        return key, Space(low=float(low), high=float(high), log="log" in kinds, integer="int" in kinds)
    except ValidationError as error:
        raise ConfigError(f"{usage}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None
    except ValueError:
        raise ConfigError(usage) from None


def parse_values(text: str, option: str = "--grid") -> tuple[str, tuple[Any, ...]]:
    """``KEY=a,b,c`` as a key and TOML values; commas inside brackets and quotes do not part. Raises ConfigError."""
    key, value = parse_override(text, option)
    values = tuple(value) if isinstance(value, list) else _parts(key, value) if isinstance(value, str) else (value,)
    refuse_repeats(values, f"{option} {text}")
    return key, values


def _parts(key: str, text: str) -> tuple[Any, ...]:
    try:
        return tuple(tomllib.loads(f"v = [{text}]")["v"])
    except ValueError:
        return tuple(parse_override(f"{key}={part}")[1] for part in text.split(","))


def check_search(search: Search, base: Mapping[str, Any], where: str) -> list[tuple[str, Config]]:
    """The base and the ends of each space as named configs. Raises ConfigError where nothing is to be searched, nothing can be judged by, or the ends of a space are no values of its key."""
    if not search.space:
        raise ConfigError("--search: say where to look, such as --space training.learning_rate=log:0.001:1")
    found = [(where, parse_config(base, where))]
    if not found[0][1].data.validation:
        raise ConfigError("data.validation: a search needs validation images to judge by")
    for key, space in search.space.items():
        for value in space.choices or (space.low, space.high):
            end = int(value) if space.integer and value is not None else value
            found.append((f"--space {key}={end}", parse_config(apply_overrides(base, {key: end}), f"--space {key}")))
    return found


def several(values: Sequence[str], option: str) -> dict[str, tuple[Any, ...]]:
    """All ``KEY=a,b,c`` of an option. Raises ConfigError for one without values or given twice."""
    found: dict[str, tuple[Any, ...]] = {}
    for text in values:
        key, each = parse_values(text, option)
        if not each or key in found:
            raise ConfigError(f"{option} {text}: " + ("given twice" if key in found else "there are no values"))
        found[key] = each
    return found
