"""How to come back to a run, from any shell in this folder."""

import shlex
from pathlib import Path

from tui_trainer.runs.folder import runs_dir


def come_back(run: Path) -> str:
    """The command that opens a run again: by name where it lies in the usual place, else by path."""
    usual = runs_dir().resolve() == run.parent.resolve()
    return f"tui-trainer open {shlex.quote(run.name if usual else str(run))}"
