"""Where runs come from: ``lineage.json`` in a fork's folder, and the tree of a folder of runs."""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui_trainer.runs.atomic import write_atomic
from tui_trainer.runs.bounded import read_small
from tui_trainer.runs.folder import RunFolder
from tui_trainer.runs.listing import ListedRun, list_runs

FILE = "lineage.json"
MAX_BYTES = 1_000_000
MOST_ABOVE = 100
"""Deleted runs that are drawn above one that is there."""
SAME_MOMENT = 1e-3
"""Seconds: two runs of one name that were made at moments further apart are different ones."""


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A run by its name when it was forked, and by the moment it was made, which a later name does not change."""

    name: str
    created: float
    """Seconds since 1970; 0: not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Which checkpoint a run went on from, and with what other settings."""

    parent: str
    parent_path: str
    created: float
    """When the parent was made, seconds since 1970."""
    checkpoint: str
    """File in the parent's ``checkpoints/``, and under the same name in this run's."""
    sha256: str
    step: int
    epoch: float
    changes: dict[str, list[Any]]
    """Dotted keys that were changed, each with the old and the new value (None: not given)."""
    time: float
    """When the fork was made, seconds since 1970."""
    above: tuple[Ancestor, ...] = ()
    """The parent's parent, its parent, and so on, so that the tree holds where one of them was deleted."""

    @property
    def ancestors(self) -> tuple[Ancestor, ...]:
        """The parent and all above it, nearest first."""
        return (Ancestor(self.parent, self.created), *self.above)


@dataclass(slots=True)
class Node:
    """A run in the tree; one that was deleted has only its name."""

    name: str
    listed: ListedRun | None = None
    lineage: Lineage | None = None
    children: list["Node"] = field(default_factory=list)


def read_lineage(run: Path) -> Lineage | None:
    """Where a run comes from; None where it is no fork. Raises OSError, or ValueError where the file is damaged."""
    try:
        values = json.loads(read_small(run / FILE, MAX_BYTES))
    except FileNotFoundError:
        return None
    except RecursionError:
        raise ValueError(f"{run / FILE}: not a lineage") from None
    try:
        known = {each.name: values[each.name] for each in dataclasses.fields(Lineage) if each.name in values}
        known["above"] = tuple(Ancestor(str(each["name"]), float(each["created"])) for each in values.get("above", ()))
        found = Lineage(**known)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{run / FILE}: not a lineage: {error}") from None
    for name, kinds in (("parent", str), ("checkpoint", str), ("sha256", str), ("step", int), ("epoch", int | float), ("created", int | float), ("changes", dict)):
        if not isinstance(getattr(found, name), kinds):
            raise ValueError(f"{run / FILE}: {name} is not what it should be")
    return found


def write_lineage(run: Path, lineage: Lineage) -> None:
    """Write a run's lineage. Raises OSError."""
    write_atomic(run / FILE, json.dumps({"version": 1} | dataclasses.asdict(lineage), indent=1).encode())


def family_trees(root: Path) -> list[Node]:
    """All runs of ``root`` under those they were forked from, oldest first; deleted parents stand with their names alone."""
    return grow(list_runs(root))


def family_of(run: RunFolder) -> Node | None:
    """The tree that ``run`` stands in, among the runs beside it."""
    return next((tree for tree in family_trees(run.path.parent) if any(node.listed and node.listed.run.name == run.name for node in walk(tree))), None)


def walk(tree: Node) -> Iterator[Node]:
    """The node and all below it."""
    left = [tree]
    while left:
        node = left.pop()
        yield node
        left += reversed(node.children)


def grow(listed: list[ListedRun]) -> list[Node]:
    """As :func:`family_trees`, of runs that were listed already."""
    nodes = [Node(each.run.name, each, _lineage(each.run.path)) for each in sorted(listed, key=lambda each: (_created(each), each.run.name))]
    deleted: list[tuple[Ancestor, Node]] = []
    roots: list[Node] = []
    for node in nodes:
        _hang(node, node.lineage.ancestors if node.lineage else (), nodes, deleted, roots)
    return roots


def _hang(node: Node, ancestors: tuple[Ancestor, ...], nodes: list[Node], deleted: list[tuple[Ancestor, Node]], roots: list[Node]) -> None:
    """Put ``node`` under its parent; one that is not there is made up, and put under its own."""
    for place, ancestor in enumerate(ancestors):
        parent = next((each for each in nodes if each.listed and _is(ancestor, each.name, _created(each.listed))), None)
        if parent is None:
            parent = next((each for known, each in deleted if _is(ancestor, known.name, known.created)), None)
        if parent is not None:
            if any(each is parent for each in walk(node)):  # files that somebody wrote by hand can go round in a circle
                break
            parent.children.append(node)
            return
        parent = Node(ancestor.name, children=[node])
        deleted.append((ancestor, parent))
        node = parent
        if place == MOST_ABOVE:
            break
    roots.append(node)


def _is(wanted: Ancestor, name: str, created: float) -> bool:
    """By the moment it was made where that is known (a run may have been renamed), else by its name."""
    return abs(wanted.created - created) < SAME_MOMENT if wanted.created and created else wanted.name == name


def _created(each: ListedRun) -> float:
    return each.status.created if each.status else 0.0


def _lineage(run: Path) -> Lineage | None:
    try:
        return read_lineage(run)
    except (OSError, ValueError):
        return None
