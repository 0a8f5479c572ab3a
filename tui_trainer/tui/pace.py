"""How often to look at a run: as often as asked, but for no more than a small part of a processor that trains."""

import time
from collections.abc import Callable

SHARE = 0.03
"""Of one processor. Where all of them train, what the app takes is missing to every one: they wait for each other."""


class Pace:
    """Asked at every tick of a timer; leaves out every second one where a look, and what is drawn after it, costs too much."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, spent: Callable[[], float] = time.process_time) -> None:
        """``clock`` and ``spent`` give seconds gone, and seconds of processor time that this process took."""
        self._clock, self._spent = clock, spent
        self._then = clock(), spent()
        self._left_out = False

    def due(self) -> bool:
        """Whether to look now."""
        now = self._clock(), self._spent()
        dear = now[1] - self._then[1] > SHARE * (now[0] - self._then[0])
        self._left_out = dear and not self._left_out
        if not self._left_out:
            self._then = now
        return not self._left_out
