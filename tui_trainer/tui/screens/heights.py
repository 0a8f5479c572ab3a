"""How Train divides the rows of a terminal among its parts: the curves first, the rest as far as it has something to say."""

from typing import NamedTuple

CURVES = 10
"""Least rows of a chart: eight, and its border."""
GOOD_CURVES = 12
"""Rows at which curves read well; only then matrix and diagnosis grow."""
OUTCOME, DIAGNOSIS, BOTTOM = 4, 3, 6
"""Least rows of the others: two lines, one line, four lines, and their borders."""
SOME_BOTTOM = 10
"""Rows at which a matrix of ten classes is nearly whole."""
MOST_DIAGNOSIS = 8


class Needs(NamedTuple):
    """Rows that each part would fill, borders included; 0 for what is not there."""

    outcome: int
    diagnosis: int
    bottom: int
    charts: int = 1
    """Charts above each other."""


class Heights(NamedTuple):
    """Rows of each part."""

    curves: int
    outcome: int
    diagnosis: int
    bottom: int


def divide(room: int, needs: Needs) -> Heights:
    """Everybody gets the least, then what is left goes by turns, first to how it ended and to the matrix, at last to the curves."""
    outcome, diagnosis, bottom = min(needs.outcome, OUTCOME), min(needs.diagnosis, DIAGNOSIS), min(needs.bottom, BOTTOM)
    least = CURVES if needs.charts == 1 else needs.charts * (CURVES - 2)
    good = GOOD_CURVES if needs.charts == 1 else needs.charts * CURVES
    curves = min(least, max(room - outcome - diagnosis - bottom, 0))
    spare = max(room - curves - outcome - diagnosis - bottom, 0)

    def more(has: int, goal: int) -> int:
        nonlocal spare
        given = min(max(goal - has, 0), spare)
        spare -= given
        return has + given

    outcome = more(outcome, needs.outcome)
    bottom = more(bottom, min(needs.bottom, SOME_BOTTOM))
    curves = more(curves, good)
    diagnosis = more(diagnosis, min(needs.diagnosis, DIAGNOSIS + 1))
    bottom = more(bottom, needs.bottom)
    diagnosis = more(diagnosis, min(needs.diagnosis, MOST_DIAGNOSIS))
    return Heights(curves + spare, outcome, diagnosis, bottom)
