"""Paths as people write them: looking at one never raises, however long, odd or out of reach it is."""

import os
from pathlib import Path


def given_path(text: str | Path) -> Path:
    """The path with ``~`` and ``~user`` put in full; of a user that is not there, as it was written."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - pathlib's raises RuntimeError for an unknown user


def is_file(path: str | Path) -> bool:
    """Whether there is a file; no where the system refuses the name, or to look."""
    return os.path.isfile(path)  # noqa: PTH113 - pathlib's raises OSError for a name that is too long


def is_folder(path: str | Path) -> bool:
    """Whether there is a folder; no where the system refuses the name, or to look."""
    return os.path.isdir(path)  # noqa: PTH112
