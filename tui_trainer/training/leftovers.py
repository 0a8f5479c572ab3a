"""What a killed trainer left lying about: files that it wrote aside and never put in place, and checkpoints that no list names."""

import contextlib
import re
from pathlib import Path

from tui_trainer.config import ConfigError
from tui_trainer.runs.checkpoints import FILE_NAME, read_index

ASIDE = re.compile(r"\.[A-Za-z0-9._-]+\.[0-9a-f]{8}")


def sweep(run: Path, checkpoints: Path) -> None:
    """Delete leftovers, as far as that is allowed. Only for who holds the run's lock."""
    with contextlib.suppress(OSError):
        for folder in (run, checkpoints):
            for path in folder.iterdir():
                if ASIDE.fullmatch(path.name) and path.is_file():
                    path.unlink()
    with contextlib.suppress(OSError, ConfigError):
        listed = read_index(checkpoints).entries
        for path in checkpoints.iterdir() if listed else ():
            if FILE_NAME.fullmatch(path.name) and path.name not in listed:
                path.unlink()
