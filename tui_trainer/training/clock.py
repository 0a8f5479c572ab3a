"""The training clock, and how much of it went into training steps."""

import time


class Clock:
    """Seconds since training began, pauses left out; ``training`` is the part spent on steps, evaluation and saving left out."""

    def __init__(self) -> None:
        self.earlier = 0.0
        """Seconds of the run's earlier processes."""
        self.training = 0.0
        self.images = 0
        self._began: float | None = None
        self._steps_began: float | None = None

    def begin(self) -> None:
        """The first step is about to be taken, or a pause ends."""
        self._began = time.perf_counter()

    def halt(self) -> None:
        """A pause begins."""
        self.earlier, self._began = self.elapsed(), None

    def elapsed(self) -> float:
        """The training clock in seconds."""
        return self.earlier + (time.perf_counter() - self._began if self._began is not None else 0.0)

    def steps_begin(self) -> None:
        """Training steps follow."""
        self._steps_began = time.perf_counter()

    def steps_end(self, images: int) -> float:
        """So many images were trained on since :meth:`steps_begin`; returns the seconds it took."""
        seconds = time.perf_counter() - self._steps_began if self._steps_began is not None else 0.0
        self.training += seconds
        self.images += images
        self._steps_began = None
        return seconds

    def images_per_second(self) -> float:
        """Training images over the time spent training on them, over the whole run."""
        return self.images / self.training if self.training else 0.0
