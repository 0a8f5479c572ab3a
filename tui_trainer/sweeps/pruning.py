"""Which trials of a search are stopped early: those behind the others at the same share of their length.

Optuna's median pruner compares with trials that are over, and so stops nobody while all train side by side.
"""

import math
import statistics
from collections.abc import Iterable, Mapping

WHOLE = 1000
"""Progress of a trial that is at its end."""
MARKS = (WHOLE // 8, WHOLE // 4, WHOLE // 2)
"""Where trials are compared: at each of these about half of them end."""
FEWEST = 3
"""Others that must have come as far, before anybody is stopped."""
Course = Mapping[int, float]
"""Progress in 0..WHOLE to accuracy or loss."""


def progress(step: int, total_steps: int) -> int:
    """How far a trial is, in thousandths of its length: trials of other batch sizes or lengths compare by it."""
    return min(WHOLE, round(WHOLE * step / max(1, total_steps)))


def is_behind(own: Course, others: Iterable[Course], *, higher: bool) -> bool:
    """Whether a trial's best so far at the last mark that it passed is below the median of all that came there, running, stopped and finished ones.

    ``higher``: whether more is better.
    """
    passed = [mark for mark in MARKS if own and max(own) >= mark]
    if not passed or max(own) >= WHOLE:
        return False
    mine = _best_until(own, passed[-1], higher)
    theirs = [_best_until(other, passed[-1], higher) for other in others if other and max(other) >= passed[-1]]
    return len(theirs) >= FEWEST and mine < statistics.median(theirs)


def _best_until(course: Course, mark: int, higher: bool) -> float:
    """The best score (more is better) up to the first evaluation at or past ``mark``; one that is no number is the worst."""
    there = min(place for place in course if place >= mark)
    values = [value if higher else -value for place, value in course.items() if place <= there]
    return max((value for value in values if not math.isnan(value)), default=-math.inf)
