"""Axes: ticks at 1, 2 or 5 times a power of ten, ranges that end on ticks and do not dance, labels of one width."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

SHRINK_BELOW = 0.4
"""A range is narrowed only where the data need less than this share of it."""
FLOOR = 1e-12
"""Smallest value a logarithmic axis shows."""


@dataclass(frozen=True, slots=True)
class Range:
    """Both ends of an axis, low < high."""

    low: float
    high: float

    @property
    def span(self) -> float:
        """From end to end."""
        return self.high - self.low


def nice_step(span: float, count: int) -> float:
    """The smallest of 1, 2, 5 times a power of ten that divides ``span`` into at most ``count`` steps."""
    least = span / max(count, 1)
    if not least > 0 or not math.isfinite(least):
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    for factor in (1, 2, 5, 10):
        if factor * power >= least * (1 - 1e-9):
            return factor * power
    return 10 * power  # pragma: no cover - rounding at a power of ten


def ticks(low: float, high: float, count: int) -> list[float]:
    """At most ``count`` + 1 multiples of a nice step within both ends."""
    step = nice_step(high - low, count)
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    decimals = decimals_of(step)
    return [round(number * step, decimals) + 0.0 for number in range(first, last + 1)]


def log_ticks(low: float, high: float, count: int) -> list[float]:
    """Powers of ten within both ends, every so many that there are at most ``count`` + 1; 1, 2, 5 times where few powers fit."""
    lowest, highest = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        found = [f * 10.0**power for power in range(lowest - 1, highest + 1) for f in factors]
        found = [value for value in found if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if len(found) <= count + 1:
            return [float(f"{value:.6g}") for value in found]
    stride = math.ceil(len(found) / max(count + 1, 1))
    return [float(f"{value:.6g}") for value in found[::stride]]


def decimals_of(step: float) -> int:
    """Decimals that tell multiples of a nice step apart: 0.05 has 2, 20 has 0."""
    return max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0


def fit(low: float, high: float, *, now: Range | None, least: float | None = None, most: float | None = None, count: int = 4) -> Range:
    """The range of a linear axis for data from ``low`` to ``high``: both ends on ticks, and ``now`` as long as it will do.

    ``least`` and ``most`` are ends that the axis never passes (an accuracy does not exceed 100). The present range
    stays while the data lie within and a fresh one would not be narrower than SHRINK_BELOW of it: so an axis does not dance.
    """
    smallest, largest = low, high
    if high - low < 1e-9 * max(abs(low), abs(high), 1e-3):
        pad = max(abs(high) * 0.1, 1e-3)
        low, high = low - pad, high + pad
    step = nice_step(high - low, count)
    start, end = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    if least is not None:
        start = max(start, least)
    if most is not None:
        end = min(end, most)
    if not end > start:  # all data on a limit
        start, end = (end - step, end) if most is not None and end >= most else (start, start + step)
    decimals = decimals_of(step) + 2
    found = Range(round(start, decimals), round(end, decimals))
    if now is not None and now.low <= smallest and largest <= now.high and found.span > SHRINK_BELOW * now.span:
        return now
    return found


def fit_log(low: float, high: float, *, now: Range | None) -> Range:
    """The range of a logarithmic axis for positive data, both ends at 1, 2 or 5 times a power of ten; as sticky as :func:`fit`."""
    low, high = max(low, FLOOR), max(high, FLOOR)
    found = Range(_log_end(low, up=False), _log_end(high, up=True))
    if found.span <= 0:
        found = Range(_log_end(low / 2, up=False), _log_end(high * 2, up=True))
    fits = now is not None and now.low <= low and high <= now.high
    if now is not None and fits and math.log(found.high / found.low) > SHRINK_BELOW * math.log(now.high / now.low):
        return now
    return found


def _log_end(value: float, *, up: bool) -> float:
    power = 10.0 ** math.floor(math.log10(value) + 1e-9)
    ends = [factor * power for factor in (1, 2, 5, 10)]
    if up:
        return float(f"{next(end for end in ends if end >= value * (1 - 1e-9)):.6g}")
    return float(f"{next(end for end in reversed(ends) if end <= value * (1 + 1e-9)):.6g}")


def grow(last: float, *, now: Range | None, start: float = 0.0, count: int = 5) -> Range:
    """The range of an axis without a planned end: room to grow by at least a quarter, so that it changes seldom."""
    if now is not None and now.low == start and start <= last <= now.high:
        return now
    span = max(last - start, 1e-9) * 1.25
    step = nice_step(span, count)
    return Range(start, start + math.ceil(span / step - 1e-9) * step)


CLOSEST = 2
"""Cells between two ticks at least."""
LONELY = 0.2
"""Two ticks are as bad as so much of the height left empty."""


def even(y: Range, most: float, step: float, height: int, high: int) -> tuple[Range, list[float]] | None:
    """``y`` with another upper end, not below ``most``, and ticks on it that lie equally many cells apart.

    They are ``step`` apart, or the next finer or coarser one, whichever leaves least of the height empty.
    ``height`` cells of ``high`` dots each. None where there is no room for two ticks.
    """
    dots = height * high - 1
    found: list[tuple[float, int, Range, list[float]]] = []
    for each in (step, nice_step(step / 2.5, 1), nice_step(step * 1.01, 1)):
        apart = math.floor(dots * each / (most - y.low) / high + 1e-6)
        if apart < CLOSEST:
            continue
        end = y.low + dots * each / (apart * high)
        first, last = math.ceil(y.low / each - 1e-6), math.floor(end / each + 1e-6)
        if last > first:
            decimals = decimals_of(each)
            ticks = [round(place * each, decimals) + 0.0 for place in range(first, last + 1)]
            found.append(((end - most) / (most - y.low) + LONELY * (len(ticks) < 3), len(found), Range(y.low, end), ticks))
    return min(found, key=lambda each: each[:2])[2:] if found else None


def even_decades(y: Range, most: float, height: int, high: int) -> tuple[Range, list[float]] | None:
    """As :func:`even` on a logarithmic axis: ticks at powers of ten; None where there are less than two."""
    low, span = math.log10(y.low), math.log10(most / y.low)
    dots = height * high - 1
    found: list[tuple[float, int, Range, list[float]]] = []
    for each in range(1, 1 + max(1, math.ceil(span))):
        apart = math.floor(dots * each / span / high + 1e-6)
        if apart < CLOSEST:
            continue
        end = low + dots * each / (apart * high)
        first, last = math.ceil(low - 1e-9), math.floor(end + 1e-9)
        if last - first >= each and end < 300:
            ticks = [float(f"{10.0**power:.6g}") for power in range(first, last + 1, each)]
            found.append(((end - low - span) / span + LONELY * (len(ticks) < 3), each, Range(y.low, 10.0**end), ticks))
    return min(found, key=lambda each: each[:2])[2:] if found else None


def number(value: float, decimals: int, width: int = 0) -> str:
    """A value with fixed decimals, pushed to the right; what has more than six digits before the point by its power of ten, NaN and infinite by name."""
    if math.isnan(value):
        text = "nan"
    elif math.isinf(value):
        text = "inf" if value > 0 else "-inf"
    elif abs(value) >= 999_999.5:
        text = f"{value:.3e}".replace("e+0", "e").replace("e+", "e")
    else:
        text = f"{value:.{decimals}f}"
    return text.rjust(width)


def label(value: float, decimals: int) -> str:
    """A tick's label: fixed decimals, thousands shortened, great and tiny values by power of ten."""
    size = abs(value)
    if size >= 1e6:
        digits, _, power = f"{value:.3e}".partition("e")
        return f"{float(digits):g}e{int(power)}"
    if size >= 1e4:
        return f"{value / 1e3:.6g}k"
    if decimals > 5:
        return f"{value:.0e}".replace("e-0", "e-").replace("e+00", "") if value else "0"
    return f"{value:.{decimals}f}"


def labels(values: Sequence[float], *, log: bool = False) -> list[str]:
    """Labels of ticks, all with as many decimals as the closest pair needs (on a logarithmic axis each as many as it needs)."""
    if log:
        return [label(value, 0 if value >= 1 else decimals_of(10 ** math.floor(math.log10(value) + 1e-9))) for value in values]
    steps = [b - a for a, b in pairwise(values)]
    decimals = decimals_of(float(f"{min(steps):.6g}")) if steps else 0
    return [label(value, decimals) for value in values]
