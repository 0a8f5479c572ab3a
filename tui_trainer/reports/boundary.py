"""The decision boundary of a classifier of points in the plane as a figure: the field, and the points it learnt from or is judged on."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tui_trainer.catalogue.points import Extent, Points
from tui_trainer.pictures.field import resized, shades
from tui_trainer.reports.charts import drawing, svg_of
from tui_trainer.reports.style import INK, QUIET, RUN_COLOURS, SPLIT_LOOKS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tui_trainer.runs.boundary import Field

WHITE, EDGE = (255, 255, 255), "#ffffff"
CELLS = 240
"""Of the field each way as it is drawn."""
MOST_POINTS = 600
"""Of a split: more than that hides the field."""
DOTS_PER_INCH = 160


def draw_boundary(field: "Field", plane: Extent, points: Mapping[str, Points], classes: Sequence[str]) -> str:
    """As SVG: the winning class's colour in every place, deeper the surer; points by split, full where they are trained on."""
    with drawing(4.6, 4.3) as (figure, [axes]):
        _paint(axes, field, plane, points, classes)
        return svg_of(figure)


def boundary_png(field: "Field", plane: Extent, points: Mapping[str, Points], classes: Sequence[str], title: str = "") -> bytes:
    """The same as PNG on white."""
    with drawing(4.6, 4.3) as (figure, [axes]):
        _paint(axes, field, plane, points, classes)
        axes.set_title(title)
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
        return file.getvalue()


def _paint(axes: "Axes", field: "Field", plane: Extent, points: Mapping[str, Points], classes: Sequence[str]) -> None:
    ours = [(int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)) for colour in RUN_COLOURS]
    pixels = shades(*resized(field.winner, field.sureness, CELLS, CELLS), ours, WHITE)
    axes.imshow(pixels, extent=(plane.left, plane.right, plane.bottom, plane.top), interpolation="bilinear")
    axes.grid(visible=False)
    points = {split: part for split, part in points.items() if len(part.labels)}
    for split, part in points.items():
        mark = SPLIT_LOOKS[split][1]
        xy, labels = part.xy[:MOST_POINTS], part.labels[:MOST_POINTS]
        for number in range(len(classes)):
            members = xy[labels == number]
            colour = RUN_COLOURS[number % len(RUN_COLOURS)]
            looks: dict[str, Any] = {"s": 14, "marker": mark, "linewidths": 0.8, "edgecolors": EDGE if split == "train" else colour, "facecolors": colour if split == "train" else "none"}
            axes.scatter(members[:, 0], members[:, 1], **looks)
    for number, name in enumerate(classes):
        axes.scatter([], [], s=28, color=RUN_COLOURS[number % len(RUN_COLOURS)], label=name)
    for split in points:
        axes.scatter([], [], s=20, marker=SPLIT_LOOKS[split][1], edgecolors=INK, facecolors=QUIET if split == "train" else "none", label=split)
    axes.set_xlim(plane.left, plane.right)
    axes.set_ylim(plane.bottom, plane.top)
    axes.set_xlabel("x")
    axes.set_ylabel("y", rotation=0)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=len(classes) + len(points))
