"""Trend: one line with a label, the current value and a sparkline. spark(): the sparkline as text, for tables."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tui_trainer.tui.widgets.marks import ASCII, UNICODE, glyphs
from tui_trainer.tui.widgets.painted import Line, Painted
from tui_trainer.tui.widgets.plot.axis import number

BINS = 512
"""Stretches of x kept per trend, an even number."""
UNIT = 3
"""Cells for a unit and the blank before it."""
ROUNDING = 1e-9
"""Of a level: a mean that lies between two is shown as the upper one, in whatever order its values were added."""
LEAST = 3
"""Cells of the shortest sparkline."""


def spark(values: Iterable[float], width: int, ascii: bool | None = None, low: float | None = None, high: float | None = None) -> str:
    """A sparkline of exactly ``width`` characters, growing to the right; NaN and infinite values are blanks.

    More values than characters become means of as many neighbours each. ``low`` and ``high`` are the ends of the scale
    (default: the smallest and the greatest value). ``ascii`` None: as chosen for the app.
    """
    array = np.asarray(list(values), dtype=np.float64)
    array = np.where(np.isfinite(array), array, np.nan)
    if len(array) > width > 0:
        edges = np.arange(width + 1) * len(array) // width
        array = np.array([_mean(array[start:end]) for start, end in pairwise(edges.tolist())])
    return _levels(array[:width], ascii, low, high).ljust(width)


def _levels(array: npt.NDArray[np.float64], ascii: bool | None, low: float | None, high: float | None, most: int | None = None) -> str:
    """``most`` -1 leaves the full block away: sparklines in neighbouring rows would melt into one."""
    table = glyphs() if ascii is None else ASCII if ascii else UNICODE
    levels = table.levels[:most]
    there = array[~np.isnan(array)]
    if not len(there):
        return " " * len(array)
    low = float(there.min()) if low is None else low
    high = float(there.max()) if high is None else high
    count = len(levels)
    if not high - low > 1e-9 * max(abs(high), abs(low)):  # the means of equal values differ by rounding
        return "".join(" " if math.isnan(value) else levels[count // 2 - 1] for value in array.tolist())
    share = np.clip((array - low) / (high - low), 0, 1)
    return "".join(" " if math.isnan(value) else levels[min(int(value * count + ROUNDING), count - 1)] for value in share.tolist())


def _mean(values: npt.NDArray[np.float64]) -> float:
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else math.nan


class Bins:
    """Means of a row of values over equal stretches of x from 0 on, each with its end. The end of all doubles when x passes it, so a
    picture of them grows to the right and stands still elsewhere, the same at whatever times the values came, and rows over one x are
    of one length."""

    def __init__(self, end: float = 1.0) -> None:
        """``end`` is where x ends at first."""
        self.sums = np.zeros(BINS)
        self.counts = np.zeros(BINS)
        self.there = np.zeros(BINS, dtype=bool)
        """Stretches that had a value, NaN included."""
        self.end = end
        self.used = 0
        """Stretches that x has reached."""

    def extend(self, xs: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> None:
        """More values with their x; NaN and infinite ones take their place, but no part in a mean."""
        self.reach(float(xs.max(initial=0.0)))
        places = np.maximum(np.ceil(xs / self.end * BINS).astype(np.intp) - 1, 0)
        self.there[places] = True
        finite = np.isfinite(values)
        self.sums += np.bincount(places[finite], values[finite], BINS)
        self.counts += np.bincount(places[finite], minlength=BINS)

    def reach(self, x: float) -> None:
        """x is as far as this."""
        while x > self.end:
            self._double()
        self.used = max(self.used, math.ceil(x / self.end * BINS), 1)

    def means(self, width: int, *, whole: bool = False) -> npt.NDArray[np.float64]:
        """The mean in each of ``width`` equal parts, as far as x has come (``whole``: what there is, over all of them).
        A part without a value has that of the part before, NaN where there is none."""
        total = max(self.used, 1) if whole else BINS
        edges = np.arange(width) * total // width
        sums, counts = np.add.reduceat(self.sums[:total], edges), np.add.reduceat(self.counts[:total], edges)
        there = np.logical_or.reduceat(self.there[:total], edges)
        before = np.maximum.accumulate(np.where(there, np.arange(width), 0))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(counts > 0, sums / counts, np.nan)[before][edges < self.used])

    def _double(self) -> None:
        self.end *= 2
        for array in (self.sums, self.counts, self.there):
            pairs = array.reshape(-1, 2)
            array[: BINS // 2] = pairs.any(axis=1) if array.dtype == bool else pairs.sum(axis=1)
            array[BINS // 2 :] = 0
        self.used = -(-self.used // 2)


def short(value: float, decimals: int, width: int) -> str:
    """A value with ``decimals``, with fewer where it would not fit into ``width`` cells, by its power of ten where nothing else does."""
    for fewer in range(decimals, -1, -1):
        text = number(value, fewer)
        if len(text) <= width:
            return text
    return f"{value:.1e}".replace("e+0", "e").replace("e+", "e")


def trend_line(
    label: str, value: float | None, means: Sequence[float] | npt.NDArray[np.float64], width: int, *, colour: str = "muted", mark: str = "",
    decimals: int = 3, unit: str = "", field: int = 0, digits: int = 7, low: float | None = None, high: float | None = None,
) -> Line:  # fmt: skip
    """Mark and label in ``field`` cells, value in ``digits``, unit in UNIT; the sparkline in what is left of ``width`` cells."""
    text = "-" if value is None else short(value, decimals, digits)
    sign = f"{mark} " if mark else ""
    head: list[tuple[str, str]] = [(sign, colour)] if sign else []
    head += [(label.ljust(field - len(sign)) + " ", "muted"), (text.rjust(digits), "foreground"), (f" {unit}".ljust(UNIT), "muted")]
    array = np.asarray(means, dtype=np.float64)
    if len(array):
        head.append((" " + _levels(array, None, low, high, most=-1), colour))
    return tuple(head)


def room_for(width: int, field: int, digits: int) -> int:
    """Cells that are left for the sparkline; 0 where it would be too short to say anything."""
    room = width - field - 1 - digits - UNIT - 1
    return room if room >= LEAST else 0


class Trend(Painted):
    """One line: label, current value with fixed decimals, sparkline over x. Trends of one ``field`` and width begin and end in the same columns."""

    DEFAULT_CSS = """
    Trend { height: 1; }
    """

    def __init__(
        self,
        label: str,
        *,
        colour: str = "muted",
        mark: str = "",
        decimals: int = 3,
        unit: str = "",
        field: int = 0,
        digits: int = 7,
        low: float | None = None,
        high: float | None = None,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """``mark``: a field of Glyphs such as ``train``; ``field``: cells for mark and label; ``low``, ``high``: ends of the scale."""
        super().__init__(name=name, id=id, classes=classes)
        self._label, self._colour, self._mark, self._decimals, self._unit, self._digits = label, colour, mark, decimals, unit.strip(), digits
        self._field, self._low, self._high = max(field, len(label) + (2 if mark else 0)), low, high
        self._bins = Bins()
        self._value: float | None = None
        self._over = False

    def extend(self, xs: npt.ArrayLike, values: npt.ArrayLike) -> None:
        """More values with their x, oldest first."""
        found = np.asarray(values, dtype=np.float64)
        if len(found):
            self._bins.extend(np.asarray(xs, dtype=np.float64), found)
            self.now(float(found[-1]))
            self.changed()

    def now(self, value: float) -> None:
        """The current value, where the picture takes in only some of them."""
        if value != self._value:
            self._value = value
            self.changed()

    def reach(self, x: float, *, over: bool) -> None:
        """How far x is, whether or not there is a value there; ``over``: it will not go further, and what there is fills the line."""
        before = self._bins.used, self._bins.end, self._over
        self._bins.reach(x)
        self._over = over
        if before != (self._bins.used, self._bins.end, over):
            self.changed()

    def clear(self, end: float = 1.0) -> None:
        """Forget all values; ``end`` is where x ends at first."""
        self._bins, self._value = Bins(end), None
        self.changed()

    def paint(self, width: int, height: int) -> list[Line]:
        """Textual's: see :class:`Painted`."""
        mark = str(getattr(glyphs(), self._mark, self._mark)) if self._mark else ""
        room = room_for(width, self._field, self._digits)
        means = self._bins.means(room, whole=self._over) if room else ()
        return [
            trend_line(
                self._label, self._value, means, width, colour=self._colour, mark=mark, decimals=self._decimals, unit=self._unit,
                field=self._field, digits=self._digits, low=self._low, high=self._high,
            )
        ]  # fmt: skip
