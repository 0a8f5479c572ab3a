"""Long work draws breath between its chunks: it tells how far it is, lets quick questions in, and learns that nobody waits any more."""

import contextlib
from collections.abc import Callable

Breathe = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much (0: unknown). May answer other questions, and may raise
GivenUp."""


class GivenUp(Exception):
    """Nobody waits for the answer that is being worked on: what a breath raises to end the work."""


def no_breath(what: str, done: int, total: int) -> None:
    """For callers that wait."""


def patient(breathe: Breathe) -> Breathe:
    """The same for work that is worth finishing, for the next question will need it."""

    def breath(what: str, done: int, total: int) -> None:
        with contextlib.suppress(GivenUp):
            breathe(what, done, total)

    return breath
