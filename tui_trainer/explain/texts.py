"""The explanations, from the TOML files beside this one."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

FILES = ("settings", "layers", "figures")


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one thing is."""

    topic: str
    """A setting's dotted key (``training.momentum``), ``layer.TYPE``, ``loss.NAME``, ``optimiser.NAME``, ``schedule.NAME`` or ``figure.NAME``."""
    why: str
    """One to three sentences."""
    formula: str = ""
    """As one line of Unicode, where there is one."""
    source: str = ""
    """Where the formula is from."""


@cache
def _all() -> dict[str, Explanation]:
    found: dict[str, Explanation] = {}
    for name in FILES:
        tree = tomllib.loads(files("tui_trainer.explain").joinpath(f"{name}.toml").read_text("utf-8"))
        for group, topics in tree.items():
            found |= {f"{group}.{topic}": Explanation(f"{group}.{topic}", **values) for topic, values in topics.items()}
    return found


def explain(topic: str) -> Explanation | None:
    """The explanation of a topic; of a stage's setting (``training.stages.0.momentum``) that of the setting; None where there is none."""
    parts = topic.split(".")
    if parts[:2] == ["training", "stages"] and len(parts) > 3:
        topic = f"training.{parts[3]}"
    if parts[:2] == ["data", "augment"] and len(parts) > 2:
        topic = f"augment.{parts[2]}"
    return _all().get(topic)


def topics() -> tuple[str, ...]:
    """Everything that is explained."""
    return tuple(_all())
