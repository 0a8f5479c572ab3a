"""A curve of any length in bounded memory: recent points whole, older ones as minimum and maximum of ever longer stretches.

Level 0 holds the newest points as they came. Where a level is full, its older half moves up, two neighbours becoming
one entry: level k holds entries of 2**k points. Each level keeps at least half its capacity of the points it ever took,
so that n points need about log2(n / CAPACITY) levels, and the whole history is never drawn from fewer than
CAPACITY / 2 entries. Appending costs O(1) on average. No minimum and no maximum is ever lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

CAPACITY = 2048

Array = npt.NDArray[np.float64]

X, LOW, HIGH, FIRST, LAST = range(5)
_FIELDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """Stretches of a curve in the order of x, arrays of one length; NaN where a stretch has no finite value.

    Equal only to itself: a history gives the same object as long as nothing is added.
    """

    x: Array
    """Where a stretch begins."""
    low: Array
    high: Array
    first: Array
    last: Array
    kept: dict[object, Any] = field(default_factory=dict)
    """What was made of them last; it goes when they go."""


class History:
    """The points of one curve. x must be finite and not fall: a smaller x forgets what lay beyond it (a resumed run)."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        """``capacity``: entries per level, an even number."""
        self._capacity = capacity
        self._levels = [np.empty((_FIELDS, capacity))]
        self._sizes = [0]
        self._counted = 0
        self._whole: Entries | None = None

    def __len__(self) -> int:
        """Points taken and not forgotten (after forgetting inside a merged stretch: an estimate)."""
        return self._counted

    @property
    def memory(self) -> int:
        """Bytes held."""
        return sum(level.nbytes for level in self._levels)

    @property
    def newest(self) -> tuple[float, float] | None:
        """x and y of the last point, y as it was given or NaN; None where there is none."""
        for level, size in zip(self._levels, self._sizes, strict=True):
            if size:
                return float(level[X, size - 1]), float(level[LAST, size - 1])
        return None

    def add(self, x: float, y: float) -> None:
        """One point. Infinite values count as NaN: a gap."""
        size = self._sizes[0]
        level = self._levels[0]
        if size and x < level[X, size - 1]:
            self.forget(x)
            size = self._sizes[0]
        if size == self._capacity:
            self._promote(0)
            size = self._sizes[0]
        level[X, size] = x
        level[1:, size] = y if np.isfinite(y) else np.nan
        self._sizes[0] = size + 1
        self._counted += 1
        self._whole = None

    def extend(self, xs: Iterable[float], ys: Iterable[float]) -> None:
        """Many points. Raises ValueError where there are not as many x as y."""
        x, y = _array(xs), _array(ys)
        if x.shape != y.shape:
            raise ValueError(f"{len(x)} values of x, but {len(y)} of y")
        newest = self.newest
        if (len(x) > 1 and (np.diff(x) < 0).any()) or (newest is not None and len(x) and x[0] < newest[0]):
            for each_x, each_y in zip(x.tolist(), y.tolist(), strict=True):
                self.add(each_x, each_y)
            return
        y = np.where(np.isfinite(y), y, np.nan)
        start = 0
        while start < len(x):
            if self._sizes[0] == self._capacity:
                self._promote(0)
            size = self._sizes[0]
            count = min(self._capacity - size, len(x) - start)
            self._levels[0][X, size : size + count] = x[start : start + count]
            self._levels[0][1:, size : size + count] = y[start : start + count]
            self._sizes[0] += count
            start += count
        self._counted += len(x)
        self._whole = None

    def clear(self) -> None:
        """Forget everything."""
        self.__init__(self._capacity)  # type: ignore[misc]

    def forget(self, beyond: float) -> None:
        """Forget what lies beyond x; a stretch that reaches across goes as a whole only if it begins there."""
        for number, level in enumerate(self._levels):
            size = self._sizes[number]
            kept = int(np.searchsorted(level[X, :size], beyond, side="right"))
            self._counted -= (size - kept) << number
            self._sizes[number] = kept
        self._whole = None

    def entries(self) -> Entries:
        """The whole history, oldest first. The arrays are the history's own: do not write to them."""
        if self._whole is None:
            parts = [level[:, :size] for level, size in zip(self._levels, self._sizes, strict=True) if size]
            joined = np.concatenate(parts[::-1], axis=1) if parts else np.empty((_FIELDS, 0))
            self._whole = Entries(*joined)
        return self._whole

    def _promote(self, number: int) -> None:
        """Move the older half of a level up, pairwise."""
        if number + 1 == len(self._levels):
            self._levels.append(np.empty((_FIELDS, self._capacity)))
            self._sizes.append(0)
        half = self._capacity // 2 & ~1
        if self._sizes[number + 1] + half // 2 > self._capacity:
            self._promote(number + 1)
        level, above, size = self._levels[number], self._levels[number + 1], self._sizes[number + 1]
        old, new = level[:, :half], above[:, size : size + half // 2]
        new[X] = old[X, ::2]
        new[LOW] = np.fmin(old[LOW, ::2], old[LOW, 1::2])
        new[HIGH] = np.fmax(old[HIGH, ::2], old[HIGH, 1::2])
        new[FIRST] = np.where(np.isnan(old[FIRST, ::2]), old[FIRST, 1::2], old[FIRST, ::2])
        new[LAST] = np.where(np.isnan(old[LAST, 1::2]), old[LAST, ::2], old[LAST, 1::2])
        self._sizes[number + 1] += half // 2
        self._sizes[number] -= half
        level[:, : self._capacity - half] = level[:, half:].copy()


def _array(values: Iterable[float]) -> Array:
    return np.asarray(values if isinstance(values, np.ndarray) else list(values), dtype=np.float64)
