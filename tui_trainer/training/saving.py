"""Writing checkpoints beside the training: encoding, checksum and disk take longer than it may stand still."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui_trainer.runs.checkpoints import Entry
from tui_trainer.training.checkpoints import prune, save_checkpoint


class Saver:
    """Writes one checkpoint at a time on a thread of its own. Whoever asks hears of it once it is whole and on disk."""

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder, self.keep = folder, keep
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def begin(self, state: dict[str, Any], entry: Entry, before: Callable[[], None]) -> None:
        """Write ``state``, which nobody changes any more, after ``before``. The one begun earlier must be done."""
        assert self._thread is None
        self._thread = threading.Thread(target=self._write, args=(state, entry, before), name="checkpoint")
        self._thread.start()

    def done(self, *, wait: bool) -> bool:
        """Whether what was begun is written (then it is told only once). Raises what writing it raised."""
        if self._thread is None or (not wait and self._thread.is_alive()):
            return False
        self._thread.join()
        self._thread = None
        if error := self._error:
            self._error = None
            raise error
        return True

    def finish(self) -> None:
        """Wait for what is being written, whatever becomes of it: nobody is left to hear."""
        if self._thread is not None:
            self._thread.join()

    def _write(self, state: dict[str, Any], entry: Entry, before: Callable[[], None]) -> None:
        try:
            before()
            save_checkpoint(self.folder, state, entry)
            prune(self.folder, self.keep)
        except BaseException as error:  # it is raised where training can act on it
            self._error = error
