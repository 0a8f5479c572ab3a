"""Points in the plane, made by formulas: worlds small enough to see what a network learns.

The formulas are those of scikit-learn's ``make_circles``, ``make_moons`` and ``make_blobs`` and of TensorFlow Playground's
exclusive or and spirals. Chance comes from MT19937 through ``RandomState``, whose streams numpy keeps as they are for
ever: the same settings give the same points with any version, on any machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_trainer.catalogue.split import split
from tui_trainer.config import Data
from tui_trainer.config.sets import POINT_SETS

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

INNER = 0.5
"""Radius of the inner circle; the outer one's is 1."""
TURNS = 1.5
"""Of each arm of the spiral."""
GAP = 0.1
"""Half the width of the empty cross between the quarters of xor."""
MARGIN = 0.06
"""Part of the points' extent that is shown beyond them on every side."""
NAMES: Mapping[str, tuple[str, str]] = {"circles": ("outer", "inner"), "moons": ("upper", "lower"), "xor": ("alike", "unlike")}
LETTERS = "ABCDEFGHIJ"
FEATURES: Mapping[str, tuple[str, ...]] = {
    "plain": ("x", "y"),
    "product": ("x", "y", "x*y"),
    "squares": ("x", "y", "x^2", "y^2"),
    "quadratic": ("x", "y", "x*y", "x^2", "y^2"),
    "sines": ("x", "y", "sin x", "sin y"),
    "all": ("x", "y", "x*y", "x^2", "y^2", "sin x", "sin y"),
}
"""What the network sees of a point, by ``data.features``; sines have the period 2."""
TITLES: Mapping[str, str] = {
    "circles": "Circles: a ring around another",
    "moons": "Moons: two half rings that hook into each other",
    "blobs": "Blobs: round heaps, as many as there are classes",
    "xor": "Exclusive or: opposite quarters belong together",
    "spirals": "Spirals: arms around each other",
}


@dataclass(frozen=True)
class Points:
    """One part of a set of points."""

    xy: "Floats"
    """Coordinates, float64 [N, 2]."""
    labels: "Ints"
    """Class numbers, int64 [N]."""


@dataclass(frozen=True)
class Extent:
    """The part of the plane that is shown."""

    left: float
    right: float
    bottom: float
    top: float

    def centres(self, columns: int, rows: int) -> "Floats":
        """Middles of the cells of a grid over it, row by row from the top: float64 [rows * columns, 2]."""
        import numpy as np

        across = self.left + (np.arange(columns) + 0.5) * (self.right - self.left) / columns
        down = self.top - (np.arange(rows) + 0.5) * (self.top - self.bottom) / rows
        return np.stack((np.tile(across, rows), np.repeat(down, columns)), 1)


def is_points(data: Data) -> bool:
    """Whether the data are points in the plane."""
    return data.dataset in POINT_SETS


def class_names(data: Data) -> tuple[str, ...]:
    """Names of the classes of a set of points."""
    return NAMES.get(data.dataset) or tuple(LETTERS[: data.classes])


def make_points(data: Data) -> tuple[Points, Points]:
    """The training part, validation not yet taken from it, and the test part, as ``data`` describes them."""
    return _made(data, data.points, 0), _made(data, data.test_points, 1)


def split_points(data: Data) -> dict[str, Points]:
    """The points by split: train, validation, test, as a run has them. Raises ConfigError as loading would."""
    train, test = make_points(data)
    chosen = split(train.labels, class_names(data), data)
    parts = {"train": chosen.train, "validation": chosen.validation}
    return {name: Points(train.xy[rows], train.labels[rows]) for name, rows in parts.items()} | {"test": test}


def features(xy: "Floats", chosen: str) -> "Floats":
    """What the network sees of points [N, 2]: float64 [N, F], a column for each of :data:`FEATURES`."""
    import numpy as np

    x, y = xy[:, 0], xy[:, 1]
    columns = {"x": x, "y": y, "x*y": x * y, "x^2": x * x, "y^2": y * y}
    columns |= {"sin x": np.sin(np.pi * x), "sin y": np.sin(np.pi * y)} if "sin x" in FEATURES[chosen] else {}
    return np.stack([columns[name] for name in FEATURES[chosen]], 1)


def extent(data: Data) -> Extent:
    """A square around all points of the set, with a margin."""
    import numpy as np

    xy = np.concatenate([part.xy for part in make_points(data)])
    low, high = xy.min(0), xy.max(0)
    middle, half = (low + high) / 2, float((high - low).max()) / 2 * (1 + 2 * MARGIN) or 1.0
    (x, y) = (float(value) for value in middle)
    return Extent(x - half, x + half, y - half, y + half)


def _made(data: Data, count: int, part: int) -> Points:
    """Evenly spread over the shape, as scikit-learn does, then moved by noise and shuffled."""
    import numpy as np

    random = np.random.RandomState(np.random.MT19937(np.random.SeedSequence([data.seed, POINT_SETS.index(data.dataset), part])))
    classes = len(class_names(data))
    labels = np.arange(count) % classes
    xy = np.empty((count, 2))
    for number in range(classes):
        members = labels == number
        xy[members] = _shape(data, number, int(members.sum()), random)
    xy += random.normal(scale=1.0, size=xy.shape) * data.noise
    order = random.permutation(count)
    return Points(xy[order], labels[order].astype(np.int64))


def _shape(data: Data, number: int, count: int, random: "np.random.RandomState") -> "Floats":
    """``count`` points of class ``number`` without noise."""
    import numpy as np

    if data.dataset == "circles":
        angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
        return np.asarray(np.stack((np.cos(angle), np.sin(angle)), 1) * (INNER if number else 1.0))
    if data.dataset == "moons":
        angle = np.linspace(0, np.pi, count)
        return np.stack((1 - np.cos(angle), 0.5 - np.sin(angle)) if number else (np.cos(angle), np.sin(angle)), 1)
    if data.dataset == "blobs":
        place = np.pi / 2 + 2 * np.pi * number / data.classes
        return np.tile((np.cos(place), np.sin(place)), (count, 1))
    if data.dataset == "xor":
        size = random.uniform(GAP, 1, size=(count, 2))
        right = random.uniform(size=count) < 0.5
        up = right if number == 0 else ~right
        return np.asarray(size * np.stack((np.where(right, 1.0, -1.0), np.where(up, 1.0, -1.0)), 1))
    along = np.linspace(0.08, 1, count)
    angle = 2 * np.pi * (TURNS * along + number / data.classes)
    return np.asarray(np.stack((np.cos(angle), np.sin(angle)), 1) * along[:, None])
