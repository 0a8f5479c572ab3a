"""``tui-trainer runs tree``: which run was forked from which, where, and with what changed."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui_trainer.cli import completion
from tui_trainer.cli.options import Json, RunsDir

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

    from tui_trainer.runs.lineage import Node

MaybeRun = Annotated[
    str | None, typer.Argument(metavar="[RUN]", help="Only the tree that this run stands in (default: all).", show_default=False, autocompletion=completion.runs)
]
MAX_VALUE = 60
"""Characters of a changed value that are shown."""


def tree(run: MaybeRun = None, runs_dir: RunsDir = None, as_json: Json = False) -> None:
    """Show which runs were forked from which, where, and with what changed."""
    from tui_trainer.cli.console import console, print_json
    from tui_trainer.runs.folder import find_run
    from tui_trainer.runs.folder import runs_dir as runs_root
    from tui_trainer.runs.lineage import family_of, family_trees

    root = runs_root(runs_dir)
    if run is None:
        trees = family_trees(root)
    else:
        family = family_of(find_run(run, root))
        trees = [family] if family else []
    if as_json:
        print_json([_json(each) for each in trees])
        return
    target = console()
    if not trees:
        target.print(f"There are no runs in {root} yet. A first one: tui-trainer train digits-mlp")
    for each in trees:
        target.print(_drawn(each))


def _drawn(node: "Node") -> "Tree":
    from rich.tree import Tree

    made = Tree(_label(node), guide_style="dim")
    _grow(made, node)
    return made


def _grow(branch: "Tree", node: "Node") -> None:
    for child in node.children:
        _grow(branch.add(_label(child)), child)


def _label(node: "Node") -> "Text":
    from rich.text import Text

    from tui_trainer.cli.console import count, percent
    from tui_trainer.cli.runs import STYLES
    from tui_trainer.cli.tables import words

    line = Text(node.name, style="bold")
    status = node.listed.status if node.listed else None
    if node.listed is None:
        return line.append("  deleted", style="dim not bold")
    if status is None:
        return line.append(f"  damaged: {node.listed.problem}", style="red not bold")
    line.append(f"  {status.state}", style=f"{STYLES.get(status.state, '')} not bold".strip())
    best = _best(node)
    place = f"epoch {round(status.epoch, 2):g}, step {count(status.step)}"
    line.append("  " + words([place, f"best validation {percent(best)}" if best is not None else "", "" if node.lineage else status.preset]), style="not bold")
    if node.lineage:
        changed = ", ".join(f"{key.removeprefix('training.')} {_value(old)} -> {_value(new)}" for key, (old, new) in node.lineage.changes.items())
        line.append(f"\nfrom step {count(node.lineage.step)}, epoch {node.lineage.epoch:.4g}: {changed or 'nothing changed'}", style="dim not bold")
    return line


def _value(value: Any) -> str:
    text = "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 3] + "..."


def _best(node: "Node") -> float | None:
    from tui_trainer.cli.runs import validation

    return validation(node.listed, "best") if node.listed else None


def _json(node: "Node") -> dict[str, Any]:
    status, lineage = (node.listed.status if node.listed else None), node.lineage
    forked = {"checkpoint": lineage.checkpoint, "step": lineage.step, "epoch": lineage.epoch, "changes": lineage.changes} if lineage else None
    return {
        "name": node.name,
        "path": str(node.listed.run.path) if node.listed else None,
        "state": "deleted" if node.listed is None else status.state if status else "damaged",
        "step": status.step if status else None,
        "epoch": status.epoch if status else None,
        "best_validation_accuracy": _best(node),
        "forked": forked,
        "children": [_json(child) for child in node.children],
    }
