"""Runs under those they were forked from: the order of the table, and the lines before the names."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tui_trainer.runs.lineage import Lineage, Node, read_lineage, walk


def branches(trees: Sequence[Node], *, live: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """Each run's name and the lines before it; families with a live run first, then the newest. Deleted runs leave only their children's lines."""
    order = sorted(trees, key=lambda tree: (not any(node.name in live for node in walk(tree)), -max(_created(node) for node in walk(tree))))
    return [pair for tree in order for pair in _below(tree, "", "")]


def _below(node: Node, before: str, under: str) -> Iterator[tuple[str, str]]:
    if node.listed is not None:
        yield node.name, before
    for child in node.children:
        last = child is node.children[-1]
        yield from _below(child, under + ("└ " if last else "├ "), under + ("  " if last else "│ "))


def _created(node: Node) -> float:
    return node.listed.status.created if node.listed and node.listed.status else 0.0


def origin(run: Path) -> str:
    """Where a run was forked from and what it changed, in a line; empty where it is no fork."""
    try:
        lineage = read_lineage(run)
    except (OSError, ValueError):
        return "a fork; its lineage.json cannot be read"
    return f"fork of {lineage.parent} at epoch {lineage.epoch:.4g}{_changed(lineage)}" if lineage else ""


def _changed(lineage: Lineage) -> str:
    from tui_trainer.tui.forms.schema import show  # and with it the config's schema, which only forks need here

    changed = [f"{key.rpartition('.')[2].replace('_', ' ')} {show(old) or 'none'} → {show(new) or 'none'}" for key, (old, new) in lineage.changes.items()]
    return f": {', '.join(changed)}" if changed else ""
