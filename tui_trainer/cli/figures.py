"""How a network does by class: confusion matrix, mistakes, precision, recall and F1."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui_trainer.cli.console import count, layout_width
from tui_trainer.cli.tables import bar, side_by_side, table
from tui_trainer.runs.metrics import ClassFigures, Confusion, confused_pairs, macro_mean, per_class, weighted_mean

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WIDEST_MATRIX = 20
"""Classes up to which the whole matrix is shown; above, the most frequent confusions."""
SHOWN_PAIRS = 12
SHOWN_CLASSES = 20
NAME_WIDTH = 14
GAP = 4


def print_by_class(target: "Console", confusion: Confusion, classes: Sequence[str]) -> None:
    """Print both tables, beside each other where there is room."""
    figures = per_class(confusion)
    left = _matrix(confusion, classes) if len(classes) <= WIDEST_MATRIX else _pairs(confusion, classes, figures)
    right = _by_class(figures, classes)
    room = layout_width(target)
    widths = [target.measure(block).maximum for block in (left, right)]
    if widths[0] > room and target.is_terminal:
        left = _pairs(confusion, classes, figures)
    if sum(widths) + GAP <= room:
        target.print(side_by_side(left, right, GAP))
    else:
        target.print(left)
        target.print()
        target.print(right)


def figures_json(confusion: Confusion, classes: Sequence[str]) -> dict[str, object]:
    """Figures by class and their unweighted (macro) and weighted means, as JSON takes them; shares are 0..1."""
    figures = per_class(confusion)
    return {
        "classes": list(classes),
        "confusion": [list(row) for row in confusion],
        "misclassified": {name: each.misclassified for name, each in zip(classes, figures, strict=True)},
        **{figure: {name: getattr(each, figure) for name, each in zip(classes, figures, strict=True)} for figure in ("precision", "recall", "f1")},
        "macro": {figure: macro_mean(figures, figure) for figure in ("precision", "recall", "f1")},
        "weighted": {figure: weighted_mean(figures, figure) for figure in ("precision", "recall", "f1")},
    }


def _matrix(confusion: Confusion, classes: Sequence[str]) -> "RenderableType":
    """Counts, rows true class, columns predicted class; zeros are dots so that mistakes stand out."""
    from rich.text import Text

    widest = max((len(str(value)) for row in confusion for value in row), default=1)
    names = [_short(name) for name in classes]
    heads = [name if len(name) <= widest else str(number) for number, name in enumerate(names)]
    numbered = any(head != name for head, name in zip(heads, names, strict=True))
    width = max(widest, *map(len, heads))
    labels = [f"{number} {name}" if numbered else name for number, name in enumerate(names)]
    margin = max(map(len, [*labels, "true"]))
    lines = Text(f"{'true':<{margin}} " + "".join(f" {head:>{width}}" for head in heads), style="dim", no_wrap=True)
    for number, row in enumerate(confusion):
        lines.append("\n")
        lines.append(f"{labels[number]:<{margin}} ", style="dim")
        for called, value in enumerate(row):
            style = "dim" if not value else "green" if called == number else "red"
            lines.append(f" {value or '·':>{width}}", style=style)
    return lines


def _pairs(confusion: Confusion, classes: Sequence[str], figures: Sequence[ClassFigures]) -> "RenderableType":
    """The most frequent mistakes, for more classes than a matrix can show."""
    made = table("true", "taken for", ">times", ">of")
    for true, called, times in confused_pairs(confusion)[:SHOWN_PAIRS]:
        made.add_row(_short(classes[true]), _short(classes[called]), count(times), count(figures[true].support))
    return made


def _by_class(figures: Sequence[ClassFigures], classes: Sequence[str]) -> "RenderableType":
    from rich.text import Text

    made = table("class", ">images", ">wrong", "", ">precision", ">recall", ">F1")
    order = range(len(figures))
    if len(figures) > SHOWN_CLASSES:
        order = sorted(order, key=lambda number: figures[number].recall)[:SHOWN_CLASSES]  # type: ignore[assignment]
    most = max((each.misclassified for each in figures), default=0)
    for number in order:
        each = figures[number]
        drawn = bar(each.misclassified, most, 8)
        made.add_row(
            _short(classes[number]), count(each.support), count(each.misclassified), Text(f"{drawn:8}", style="red"),
            f"{each.precision:.3f}", f"{each.recall:.3f}", f"{each.f1:.3f}",
        )  # fmt: skip
    totals = [f"{macro_mean(figures, name):.3f}" for name in ("precision", "recall", "f1")]
    name = "all" if len(figures) <= SHOWN_CLASSES else f"all {len(figures)}"
    made.add_row(name, count(sum(each.support for each in figures)), count(sum(each.misclassified for each in figures)), "", *totals, style="bold")
    return made


def _short(name: str) -> str:
    return name if len(name) <= NAME_WIDTH else name[: NAME_WIDTH - 1] + "…"
