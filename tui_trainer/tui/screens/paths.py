"""How to come back to a run, from a shell in this folder."""

import os
import shlex
from pathlib import Path


def come_back(run: Path, root: Path) -> str:
    """The command that opens a run again: by name where runs usually lie, else by path."""
    usual = Path(os.environ.get("TUI_TRAINER_RUNS_DIR") or "runs")
    named = root == usual and run.parent == root
    return f"tui-trainer open {shlex.quote(run.name if named else str(run))}"
