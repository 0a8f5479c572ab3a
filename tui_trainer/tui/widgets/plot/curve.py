"""From the stretches of a curve to the dots of a picture, in time that grows with the picture's width alone."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tui_trainer.tui.widgets.plot.axis import Range
from tui_trainer.tui.widgets.plot.history import Array, Entries

Rows = npt.NDArray[np.int64]
NOWHERE = -(2**20)
"""A row far outside of every picture: this column shows nothing."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What a curve does in each column of dots that has points, arrays of one length; NaN: a gap."""

    index: Rows
    """Column numbers, rising; one before and one after the picture may be there, as the line leads to them."""
    low: Array
    high: Array
    first: Array
    last: Array


def position(x: Array | float, span: Range, width: int) -> Array | float:
    """Where x lies in columns of dots: the middle of column 0 is ``span.low``, that of the last column ``span.high``."""
    return (x - span.low) / span.span * (width - 1)


def columns(entries: Entries, span: Range, width: int) -> Columns:
    """Minimum, maximum, first and last value of every column of dots. No extreme within ``span`` is lost."""
    start = max(int(np.searchsorted(entries.x, span.low, side="left")) - 1, 0)
    end = int(np.searchsorted(entries.x, span.high, side="right")) + 1
    x = entries.x[start:end]
    if not len(x):
        nothing = np.empty(0)
        return Columns(np.empty(0, dtype=np.int64), nothing, nothing, nothing, nothing)
    column = np.floor(np.asarray(position(x, span, width)) + 0.5).astype(np.int64)
    begins = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    ends = np.append(begins[1:], len(column)) - 1
    return Columns(
        index=column[begins],
        low=np.fmin.reduceat(entries.low[start:end], begins),
        high=np.fmax.reduceat(entries.high[start:end], begins),
        first=entries.first[start:end][begins],
        last=entries.last[start:end][ends],
    )


def extremes(entries: Entries, span: Range, *, positive: bool = False) -> tuple[float, float] | None:
    """Lowest and highest finite value between both ends (``positive``: above 0); None where there is none."""
    start, end = np.searchsorted(entries.x, span.low, side="left"), np.searchsorted(entries.x, span.high, side="right")
    low, high = entries.low[start:end], entries.high[start:end]
    if positive:
        low = np.where(low > 0, low, np.where(high > 0, high, np.nan))
    if not len(low):
        return None
    least, most = float(np.fmin.reduce(low)), float(np.fmax.reduce(high))
    return None if np.isnan(least) else (least, most)


def rows(values: Array, span: Range, height: int, *, log: bool) -> Array:
    """Rows of dots from the top, not rounded; NaN where there is nothing to show."""
    if log:
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = np.log10(span.low), np.log10(span.high)
            values = np.where(values > 0, np.log10(values), np.nan)
    else:
        low, high = span.low, span.high
    return np.asarray((high - values) / (high - low) * (height - 1))


def trace(found: Columns, span: Range, width: int, height: int, *, log: bool = False) -> tuple[Rows, Rows]:
    """Top and bottom row of dots of the curve in each of ``width`` columns; NOWHERE where it shows nothing.

    Columns with points are filled from minimum to maximum; between them runs a straight line, and neighbours are
    joined half and half, so that a line is one dot thick and without holes.
    """
    top = np.full(width, NOWHERE, dtype=np.int64)
    bottom = top.copy()
    index = found.index
    if not len(index):
        return top, bottom
    high, low = rows(found.high, span, height, log=log), rows(found.low, span, height, log=log)
    if log:  # zero and below are no place on this axis: a column that has both shows what is above
        low = np.where(np.isnan(low), high, low)
    first, last = rows(found.first, span, height, log=log), rows(found.last, span, height, log=log)
    inside = (index >= 0) & (index < width) & ~np.isnan(high)
    top[index[inside]] = np.floor(high[inside] + 0.5)
    bottom[index[inside]] = np.floor(low[inside] + 0.5)
    between = np.arange(max(int(index[0]), 0), min(int(index[-1]), width - 1) + 1)
    after = np.searchsorted(index, between)
    between, after = between[index[after] != between], after[index[after] != between]
    if len(between):
        left, right = index[after - 1], index[after]
        along = last[after - 1] + (between - left) / (right - left) * (first[after] - last[after - 1])
        there = ~np.isnan(along)
        top[between[there]] = bottom[between[there]] = np.floor(along[there] + 0.5)
    _join(top, bottom, _broken(found, width))
    return top, bottom


def _broken(found: Columns, width: int) -> npt.NDArray[np.bool_]:
    """For each column but the last: whether the curve has a gap between it and the next one."""
    broken = np.zeros(max(width - 1, 0), dtype=bool)
    ends, starts = found.index[np.isnan(found.last)], found.index[np.isnan(found.first)] - 1
    for places in (ends, starts):
        broken[places[(places >= 0) & (places < width - 1)]] = True
    return broken


def _join(top: Rows, bottom: Rows, broken: npt.NDArray[np.bool_]) -> None:
    """Lengthen columns towards their neighbours until they touch, in place."""
    here, there = slice(0, -1), slice(1, None)
    shown = (top[here] != NOWHERE) & (top[there] != NOWHERE) & ~broken
    fall = np.where(shown, np.maximum(top[there] - bottom[here] - 1, 0), 0)
    rise = np.where(shown, np.maximum(top[here] - bottom[there] - 1, 0), 0)
    down, up = bottom.copy(), top.copy()
    down[here] = np.maximum(down[here], bottom[here] + fall // 2)
    up[there] = np.minimum(up[there], top[there] - (fall - fall // 2))
    up[here] = np.minimum(up[here], top[here] - rise // 2)
    down[there] = np.maximum(down[there], bottom[there] + (rise - rise // 2))
    top[:], bottom[:] = up, down


def nearest(entries: Entries, x: float) -> tuple[float, float] | None:
    """The point nearest to x, (x, value); None before the curve and, behind its end, beyond where its next point would be."""
    end = len(entries.x) - 1
    if end < 0 or x < entries.x[0]:
        return None
    if x > entries.x[end] and end and x > 2 * entries.x[end] - entries.x[end - 1]:
        return None
    after = min(int(np.searchsorted(entries.x, x)), end)
    before = max(after - 1, 0)
    chosen = before if x - entries.x[before] < entries.x[after] - x else after
    return float(entries.x[chosen]), float(entries.last[chosen])
