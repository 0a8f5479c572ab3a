"""All runs of a folder, quickly: one small file is read per run."""

import os
from dataclasses import dataclass
from pathlib import Path

from tui_trainer.runs.folder import RunFolder, run_names
from tui_trainer.runs.status import LIVE, Status, true_status


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run and what it is doing; ``problem`` says why where ``status`` could not be read."""

    run: RunFolder
    status: Status | None
    problem: str = ""

    @property
    def live(self) -> bool:
        """Whether a trainer works on it now."""
        return self.status is not None and self.status.state in LIVE

    @property
    def newest(self) -> float:
        """When it was last heard of, seconds since 1970."""
        return max(self.status.heartbeat, self.status.created) if self.status else 0.0


def list_runs(root: Path) -> list[ListedRun]:
    """Every run in ``root``: live ones first, then the one last heard of; damaged ones at the end."""
    listed = [_listed(RunFolder(root / name)) for name in run_names(root)]
    return sorted(listed, key=lambda each: (not each.live, -each.newest, each.run.name))


def _listed(run: RunFolder) -> ListedRun:
    try:
        return ListedRun(run, true_status(run.path))
    except FileNotFoundError:
        return ListedRun(run, None, "it has no status.json")
    except OSError as error:
        return ListedRun(run, None, f"its status.json cannot be read: {os.strerror(error.errno or 0)}")
    except (ValueError, TypeError):
        return ListedRun(run, None, "its status.json is damaged")
