"""Writing checkpoints beside the training: encoding, checksum and disk take longer than it may stand still."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tui_trainer.runs.checkpoints import CheckpointIndex, Entry
from tui_trainer.training.checkpoints import save_checkpoint


class Saver:
    """Writes one checkpoint at a time on a thread of its own. Whoever asks hears of it once it is whole and on disk."""

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder, self.keep = folder, keep
        self._thread = ThreadPoolExecutor(1, "checkpoint")
        self._writing: Future[None] | None = None
        self.index: CheckpointIndex | None = None
        """The list of checkpoints as it was written last; None before it is known. No one else writes it."""

    def begin(self, state: dict[str, Any], entry: Entry, before: Callable[[], None]) -> None:
        """Write ``state``, which nobody changes any more, after ``before``. The one begun earlier must be done."""
        assert self._writing is None
        self._writing = self._thread.submit(self._write, state, entry, before)

    def done(self, *, wait: bool) -> bool:
        """Whether what was begun is written (then it is told only once). Raises what writing it raised."""
        if self._writing is None or not (wait or self._writing.done()):
            return False
        writing, self._writing = self._writing, None
        writing.result()
        return True

    def finish(self) -> None:
        """Wait for what is being written, whatever becomes of it: nobody is left to hear."""
        self._thread.shutdown()

    def _write(self, state: dict[str, Any], entry: Entry, before: Callable[[], None]) -> None:
        before()
        self.index = save_checkpoint(self.folder, state, entry, self.keep, self.index)
