"""Trend: one line with a label, the current value and a sparkline. spark(): the sparkline as text, for tables."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tui_trainer.tui.widgets.marks import ASCII, UNICODE, glyphs
from tui_trainer.tui.widgets.painted import Line, Painted, width_of

BINS = 512
"""Values kept per trend, an even number; with more, two neighbours become their mean."""
FLAT = 0.02
"""A change of less than this share of the range counts as none."""


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


def _levels(array: npt.NDArray[np.float64], ascii: bool | None, low: float | None, high: float | None) -> str:
    table = glyphs() if ascii is None else ASCII if ascii else UNICODE
    there = array[~np.isnan(array)]
    if not len(there):
        return " " * len(array)
    low = float(there.min()) if low is None else low
    high = float(there.max()) if high is None else high
    count = len(table.levels)
    if not high - low > 1e-9 * max(abs(high), abs(low)):  # the means of equal values differ by rounding
        return "".join(" " if math.isnan(value) else table.levels[count // 2 - 1] for value in array.tolist())
    share = np.clip((array - low) / (high - low), 0, 1)
    return "".join(" " if math.isnan(value) else table.levels[min(int(value * count), count - 1)] for value in share.tolist())


def _mean(values: npt.NDArray[np.float64]) -> float:
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else math.nan


class Bins:
    """Means of ever longer stretches of a row of values, at most BINS of them, the stretches counted from the start:
    so a picture of them grows at its end and stands still elsewhere."""

    def __init__(self) -> None:
        self.sums = np.zeros(BINS)
        self.counts = np.zeros(BINS)
        self.used = 0
        self.stride = 1
        self.taken = 0

    def add(self, value: float) -> None:
        """One more value; NaN and infinite ones take their place, but no part in a mean."""
        place = self.taken // self.stride
        if place == BINS:
            self._halve()
            place = self.taken // self.stride
        if math.isfinite(value):
            self.sums[place] += value
            self.counts[place] += 1
        self.taken += 1
        self.used = place + 1

    def means(self, most: int) -> npt.NDArray[np.float64]:
        """At most ``most`` means of equal stretches; the last one may still grow. Stretches grow by doubling: seldom."""
        together = 1
        while together * max(most, 1) < self.used:
            together *= 2
        size = -(-self.used // together) * together
        sums, counts = np.zeros(size), np.zeros(size)
        sums[: self.used], counts[: self.used] = self.sums[: self.used], self.counts[: self.used]
        sums, counts = sums.reshape(-1, together).sum(axis=1), counts.reshape(-1, together).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(counts > 0, sums / counts, np.nan)

    def _halve(self) -> None:
        for array in (self.sums, self.counts):
            array[: BINS // 2] = array.reshape(-1, 2).sum(axis=1)
            array[BINS // 2 :] = 0
        self.used //= 2
        self.stride *= 2


def trend_line(
    label: str, value: float | None, means: Sequence[float] | npt.NDArray[np.float64], width: int, *, colour: str = "muted", mark: str = "",
    decimals: int = 3, unit: str = "", digits: int = 6, arrow: bool = False, low: float | None = None, high: float | None = None,
) -> Line:  # fmt: skip
    """Mark, label, value and unit, then the sparkline in what is left of ``width`` cells (where that is 3 or more)."""
    text = "-" if value is None else f"{value:.{decimals}f}"
    head: list[tuple[str, str]] = [(f"{mark} ", colour)] if mark else []
    head += [(f"{label} ", "muted"), (text.rjust(digits), "foreground")]
    if unit:
        head.append((f" {unit.strip()}", "muted"))
    if arrow:
        head.append((f" {direction(means)}", "muted"))
    room = width - sum(width_of(part) for part, _ in head) - 1
    if room >= 3:
        array = np.asarray(means, dtype=np.float64)
        head.append((" " + _levels(array[-room:], None, low, high), colour))
    return tuple(head)


def direction(means: Sequence[float] | npt.NDArray[np.float64]) -> str:
    """Up, down or flat: the last quarter of a row of means against the quarter before."""
    there = np.asarray(means, dtype=np.float64)
    there = there[~np.isnan(there)]
    quarter = len(there) // 4
    if not quarter:
        return glyphs().flat
    change = float(there[-quarter:].mean() - there[-2 * quarter : -quarter].mean())
    if abs(change) <= FLAT * float(there.max() - there.min()):
        return glyphs().flat
    return glyphs().up if change > 0 else glyphs().down


class Trend(Painted):
    """One line: label, current value with fixed decimals, sparkline over all values so far."""

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
        digits: int = 6,
        arrow: bool = False,
        low: float | None = None,
        high: float | None = None,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """``mark``: a field of Glyphs such as ``train``; ``digits``: least width of the value; ``low``, ``high``: ends of the scale."""
        super().__init__(name=name, id=id, classes=classes)
        self._label, self._colour, self._mark, self._decimals, self._unit, self._digits = label, colour, mark, decimals, unit, digits
        self._arrow, self._low, self._high = arrow, low, high
        self._bins = Bins()
        self._value: float | None = None
        self._wide = digits

    def add(self, value: float) -> None:
        """One more value. Cheaper and calmer than :meth:`show`: what is drawn already stands still."""
        self.extend((value,))

    def extend(self, values: Iterable[float]) -> None:
        """More values, oldest first."""
        value = None
        for value in values:
            self._bins.add(value)
        if value is not None:
            self.now(value)
            self.changed()

    def now(self, value: float) -> None:
        """The current value, where the picture takes in only some of them."""
        if value != self._value:
            self._value = value
            self._wide = max(self._wide, len(f"{value:.{self._decimals}f}"))  # wider once, not back: the sparkline does not jump
            self.changed()

    def show(self, values: Sequence[float]) -> None:
        """All values anew; the last one is the current one."""
        self._bins, self._value = Bins(), None
        self.extend(values)
        self.changed()

    def clear(self) -> None:
        """Forget all values."""
        self._bins, self._value, self._wide = Bins(), None, self._digits
        self.changed()

    def paint(self, width: int, height: int) -> list[Line]:
        """Textual's: see :class:`Painted`."""
        mark = str(getattr(glyphs(), self._mark, self._mark)) if self._mark else ""
        room = width - width_of(self._label) - self._wide - 2 - (2 if mark else 0) - (len(self._unit.strip()) + 1 if self._unit else 0) - 2 * self._arrow
        return [
            trend_line(
                self._label, self._value, self._bins.means(max(room, 1)), width, colour=self._colour, mark=mark, decimals=self._decimals,
                unit=self._unit, digits=self._wide, arrow=self._arrow, low=self._low, high=self._high,
            )
        ]  # fmt: skip
