"""What the forms hold: tables of plain values, right or wrong, with every earlier state to go back to."""

import copy
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_trainer.config import Config, ConfigError, load_config, parse_config
from tui_trainer.config.command import train_command
from tui_trainer.config.files import read_tree
from tui_trainer.config.presets import preset_path
from tui_trainer.tui.forms.schema import MISSING

if TYPE_CHECKING:
    from tui_trainer.tui.forms.outlook import Outlook

Tree = dict[str, Any]
MAX_UNDO = 200


class Draft:
    """The config that is being written. ``source`` is the preset or file that it began as."""

    locked = ""
    """Why the network cannot be changed; empty where it can."""

    def __init__(self, source: str, tree: Tree | None = None) -> None:
        self.source = source
        self.origin: Tree = to_tree_of(source) if tree is None else tree
        self.tree: Tree = copy.deepcopy(self.origin)
        self._before: list[Tree] = []
        self._last_key = ""

    def get(self, key: str) -> Any:
        """The value at a dotted key, or MISSING."""
        return lookup(self.tree, key)

    def set(self, key: str, value: Any) -> None:
        """Set (or with MISSING take out) the value at a dotted key. Typing in one field is one step to undo."""
        if self.get(key) == value and type(self.get(key)) is type(value):
            return
        if key != self._last_key:
            self._remember()
        self._last_key = key
        *way, last = key.split(".")
        node: Any = self.tree
        for part in way:
            node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
        if isinstance(node, list):
            node[int(last)] = value
        elif value is MISSING:
            node.pop(last, None)
        else:
            node[last] = value
            self._one_length(key, last, node)

    def _one_length(self, key: str, last: str, node: Tree) -> None:
        if not key.startswith("training."):
            return
        others = {"epochs": ("iterations", "stages"), "iterations": ("epochs", "stages"), "stages": ("epochs", "iterations")}.get(last, ())
        for other in others:
            node.pop(other, None)

    def replace(self, key: str, value: Any) -> None:
        """As :meth:`set`, but always a step of its own to undo."""
        self._last_key = ""
        self.set(key, value)
        self._last_key = ""

    def _remember(self) -> None:
        self._before.append(copy.deepcopy(self.tree))
        del self._before[:-MAX_UNDO]

    def undo(self) -> bool:
        """Take back the last change; whether there was one."""
        if not self._before:
            return False
        self.tree, self._last_key = self._before.pop(), ""
        return True

    def reset(self) -> None:
        """Back to the source; undo brings the changes back."""
        if self.touched:
            self._remember()
        self.tree, self._last_key = copy.deepcopy(self.origin), ""

    def check(self) -> tuple[Config | None, dict[str, str]]:
        """The config, or what is wrong by dotted key."""
        try:
            return parse_config(self.tree, "this form"), {}
        except ConfigError as error:
            return None, error.problems or {"": str(error)}

    def changed(self, key: str, default: Any = MISSING) -> bool:
        """Whether the value at a dotted key differs from the source's; ``default`` is what holds where it is not given."""
        return bool(_same_kind(self.get(key), default) != _same_kind(lookup(self.origin, key), default))

    def before(self, key: str) -> Any:
        """The value at a dotted key as the source has it, or MISSING."""
        return lookup(self.origin, key)

    @property
    def about(self) -> str:
        """What the source is, in a few words."""
        title = self.get("title")
        return title if isinstance(title, str) else ""

    @property
    def touched(self) -> bool:
        """Whether anything differs from the source; a setting that is given as what holds anyway does not."""
        if same(self.tree, self.origin):
            return False
        config, _ = self.check()
        return config is None or config != self._origin_config

    @cached_property
    def _origin_config(self) -> Config:
        return parse_config(self.origin, self.source)

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._before)

    def judged(self, outlook: "Outlook") -> "Outlook":
        """The outlook, with what this kind of draft adds to it."""
        return outlook

    def command(self) -> tuple[str, str]:
        """The shell command that trains the same, or a sentence that says why there is none."""
        try:
            origin, config = parse_config(self.origin, self.source), parse_config(self.tree, "this form")
        except ConfigError:
            return "", "correct what is marked, then the command stands here"
        return train_command(self.source, origin, config)


def same(one: Tree, other: Tree) -> bool:
    """Whether two drafts say the same: a group without a setting is as good as none, in any order of the keys."""
    return bool(_given(one) == _given(other))


def _given(node: Any) -> Any:
    """Tables without empty ones in them, lists as lists."""
    if isinstance(node, Mapping):
        return {name: inner for name, value in node.items() if (inner := _given(value)) != {}}
    return [_given(each) for each in node] if isinstance(node, list | tuple) else node


def _same_kind(value: Any, default: Any) -> Any:
    chosen = default if value is MISSING else value
    return list(chosen) if isinstance(chosen, tuple) else None if chosen is MISSING else chosen


def to_tree_of(source: str) -> Tree:
    """The tables of a preset or file, checked. Raises ConfigError."""
    load_config(source)
    return read_tree(preset_path(source))


def tree_of_run(file: Path) -> Tree:
    """The tables of a run's config. Raises ConfigError."""
    load_config(file)
    return read_tree(file)


def lookup(tree: Any, key: str) -> Any:
    """The value at a dotted key of nested tables and lists, or MISSING."""
    node = tree
    for part in key.split("."):
        if isinstance(node, Mapping) and part in node:
            node = node[part]
        elif isinstance(node, Sequence) and not isinstance(node, str) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            return MISSING
    return node
