"""Figures as SVG: curves, confusion matrix, reliability diagram. Letters are drawn as paths, so that they look alike everywhere."""

import contextlib
import io
import logging
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui_trainer.reports.style import GRID, INK, QUIET, TRAIN, VALIDATION
from tui_trainer.runs.metrics import Confusion

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tui_trainer.asking.answers import Calibration

POINTS = 400
"""Of a line at most: more than that is not seen, and makes the page large."""
FEW = 30
"""Points up to which each gets its mark."""
NUMBERED_CLASSES = 26
"""Classes up to which the counts stand in the cells of the matrix."""
LONGEST_NAME = 14
UPRIGHT_COUNTS = 8
"""Bars up to which the counts above them have room side by side."""


@dataclass(frozen=True, slots=True)
class Line:
    """One curve."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    colour: str
    mark: str = ""
    style: str = "-"
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes."""

    title: str
    lines: Sequence[Line]
    x_label: str = "epoch"
    percent: bool = False
    """Values are shares, drawn in percent."""
    marks: Sequence[tuple[float, str]] = ()
    """Vertical lines with a short label: where a setting changed."""
    levels: Sequence[tuple[float, str]] = ()
    """Horizontal lines with a label: figures to hold against."""
    from_zero: bool = False


@contextlib.contextmanager
def drawing(width: float, height: float, panels: int = 1) -> "Iterator[tuple[Figure, Sequence[Axes]]]":
    """An empty figure of so many inches with axes beside each other, in the report's looks."""
    import matplotlib

    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    settings: Any = {
        "svg.fonttype": "path", "svg.hashsalt": "tui-trainer", "text.parse_math": False, "font.size": 9, "font.family": "DejaVu Sans", "text.color": INK,
        "axes.edgecolor": QUIET, "axes.labelcolor": INK, "axes.titlecolor": INK, "axes.titlesize": 10, "axes.titlelocation": "left",
        "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8, "xtick.color": QUIET, "ytick.color": QUIET, "xtick.labelcolor": INK,
        "ytick.labelcolor": INK, "grid.color": GRID, "grid.linewidth": 0.6, "axes.grid": True, "axes.axisbelow": True, "legend.frameon": False,
        "legend.fontsize": 8, "axes.unicode_minus": True,
    }  # fmt: skip
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the font lacks is a box in the figure; the table has it
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, list(figure.subplots(1, panels, squeeze=False)[0])


def svg_of(figure: "Figure") -> str:
    """The figure, without what differs from day to day."""
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return text.getvalue()


def thinned(x: Sequence[float], y: Sequence[float], limit: int = POINTS) -> tuple[list[float], list[float]]:
    """At most ``limit`` points, each the mean of its neighbours; what is not finite is left out."""
    points = [(a, b) for a, b in zip(x, y, strict=True) if math.isfinite(a) and math.isfinite(b)]
    size = math.ceil(len(points) / limit) if points else 1
    groups = [points[first : first + size] for first in range(0, len(points), size)]
    return [sum(a for a, _ in group) / len(group) for group in groups], [sum(b for _, b in group) / len(group) for group in groups]


def draw_curves(panels: Sequence[Panel], height: float = 2.9) -> str:
    """Curves beside each other, as SVG."""
    with drawing(7.6 if len(panels) > 1 else 5.2, height, len(panels)) as (figure, axes):
        for panel, place in zip(panels, axes, strict=True):
            _panel(panel, place)
        return svg_of(figure)


def _panel(panel: Panel, axes: "Axes") -> None:
    scale = 100.0 if panel.percent else 1.0
    for line in panel.lines:
        x, y = thinned(line.x, line.y)
        values = [value * scale for value in y]
        every = max(1, len(x) // FEW + 1) if len(x) > FEW else 1
        axes.plot(
            x, values, line.style, color=line.colour, marker=line.mark or None, markevery=every, markersize=4, linewidth=0.8 if line.faint else 1.4,
            alpha=0.45 if line.faint else 1.0, label=line.label, markerfacecolor="none" if line.mark in ("s", "D") else line.colour,
        )  # fmt: skip
    for value, label in panel.levels:
        axes.axhline(value * scale, color=QUIET, linewidth=0.9, linestyle=(0, (1, 2)), label=label)
    for place, label in panel.marks:
        axes.axvline(place, color=QUIET, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.annotate(label, (place, 1.0), xycoords=("data", "axes fraction"), xytext=(2, -1), textcoords="offset points", fontsize=7, color=INK, va="top")
    axes.set_title(panel.title)
    axes.set_xlabel(panel.x_label)
    if panel.lines:
        axes.set_xlim(left=0)
    if panel.percent:
        low = min((value for line in panel.lines for value in line.y if math.isfinite(value) and not line.faint), default=0.0) * 100
        top = min(100.0, max((value for line in panel.lines for value in line.y if math.isfinite(value)), default=1.0) * 100 + 2)
        axes.set_ylim(max(0.0, min(low - 3, top - 2)), max(top, low + 1) + 0.5)
        axes.set_ylabel("%", rotation=0, labelpad=8)
    elif panel.from_zero:
        axes.set_ylim(bottom=0)
    if any(line.label for line in panel.lines) or panel.levels:
        axes.legend(loc="best")


def draw_confusion(confusion: Confusion, classes: Sequence[str]) -> str:
    """The confusion matrix, shaded by the share of each true class, as SVG."""
    from matplotlib.patches import Rectangle

    count = len(classes)
    side = min(7.2, max(3.4, 0.42 * count + 1.4))
    names = [_short(name) for name in classes]
    numbered = count <= NUMBERED_CLASSES
    with drawing(side + 0.3, side) as (figure, [axes]):
        for true, row in enumerate(confusion):
            whole = sum(row) or 1
            for called, images in enumerate(row):
                if not images:
                    continue
                share = images / whole
                colour, strength = (TRAIN, 0.08 + 0.55 * share) if true == called else (VALIDATION, 0.12 + 0.8 * share**0.5)
                axes.add_patch(Rectangle((called - 0.5, true - 0.5), 1, 1, facecolor=colour, alpha=min(strength, 0.9), linewidth=0))
                if numbered:
                    axes.text(called, true, str(images), ha="center", va="center", fontsize=8 if count <= 12 else 6)
        axes.set_xlim(-0.5, count - 0.5)
        axes.set_ylim(count - 0.5, -0.5)
        axes.set_aspect("equal")
        axes.grid(visible=False)
        ticks = range(count) if numbered else range(0, count, math.ceil(count / 20))
        axes.set_xticks(list(ticks), [names[tick] for tick in ticks], rotation=0 if max(map(len, names), default=0) <= 3 else 60, ha="center" if max(map(len, names), default=0) <= 3 else "right")
        axes.set_yticks(list(ticks), [names[tick] for tick in ticks])
        axes.set_xlabel("predicted class")
        axes.set_ylabel("true class")
        return svg_of(figure)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def draw_reliability(calibration: "Calibration") -> str:
    """Accuracy over confidence by bin, beside how many images each bin holds, as SVG."""
    filled = [each for each in calibration.bins if each.images]
    with drawing(7.6, 3.2, 2) as (figure, [left, right]):
        left.plot([0, 1], [0, 1], color=QUIET, linewidth=0.9, linestyle=(0, (4, 3)), label="as sure as right")
        left.bar([each.low for each in filled], [each.accuracy for each in filled], [each.high - each.low for each in filled], align="edge", color=TRAIN, alpha=0.35, edgecolor=TRAIN)
        left.plot([each.confidence for each in filled], [each.accuracy for each in filled], "-", color=VALIDATION, marker="s", markersize=4, markerfacecolor="none", label="this network")
        left.set_xlim(0, 1)
        left.set_ylim(0, 1.02)
        left.set_title("Reliability")
        left.set_xlabel("confidence (highest probability)")
        left.set_ylabel("accuracy")
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=2)
        counted = right.bar([each.low for each in filled], [each.images for each in filled], [each.high - each.low for each in filled], align="edge", color=TRAIN, alpha=0.35, edgecolor=TRAIN)
        right.set_xlim(0, 1)
        right.set_yscale("log")
        right.bar_label(counted, [f"{each.images:,}".replace(",", " ") for each in filled], fontsize=6.5, rotation=90 if len(filled) > UPRIGHT_COUNTS else 0, padding=2)
        right.margins(y=0.22)
        right.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        right.yaxis.set_minor_formatter(lambda value, _: "")
        right.set_title("Images by confidence (logarithmic)")
        right.set_xlabel("confidence")
        return svg_of(figure)
