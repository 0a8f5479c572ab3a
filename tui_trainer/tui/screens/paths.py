"""How a shell in this folder names a run, and comes back to it."""

import os
import shlex
from pathlib import Path


def come_back(run: Path, root: Path) -> str:
    """The command that opens a run again."""
    return f"tui-trainer open {shlex.quote(shell_name(run, root))}"


def shell_name(run: Path, root: Path) -> str:
    """What finds a run: its name where runs usually lie, else its path."""
    usual = Path(os.environ.get("TUI_TRAINER_RUNS_DIR") or "runs")
    return run.name if root == usual and run.parent == root else str(run)
