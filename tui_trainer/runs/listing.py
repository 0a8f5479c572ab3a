"""All runs of a folder, quickly: one small file is read per run."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tui_trainer.runs.folder import RunFolder, run_entries
from tui_trainer.runs.status import LIVE, Status, true_status

SETTLED = 2.0
"""Seconds after which a file that changes again has another time of change, however coarse the file system's clock is."""


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


class Listing:
    """The runs of a folder, looked at again and again: where neither status nor folder changed nothing is read again, but for live runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[str, tuple[tuple[int, int] | None, ListedRun]] = {}

    def look(self) -> list[ListedRun]:
        """Every run: live ones first, then the one last heard of; damaged ones at the end. What did not change is the same object."""
        known, self._known = self._known, {}
        for name, stamp in _stamps(self.root):
            before = known.get(name)
            fresh = before is None or stamp is None or before[0] != stamp or before[1].live or before[1].status is None
            self._known[name] = (stamp, _listed(RunFolder(self.root / name))) if fresh or before is None else before
        return sorted((listed for _, listed in self._known.values()), key=lambda each: (not each.live, -each.newest, each.run.name))


def list_runs(root: Path) -> list[ListedRun]:
    """Every run in ``root``: live ones first, then the one last heard of; damaged ones at the end."""
    return Listing(root).look()


def newest_live_run(root: Path) -> Path | None:
    """The run that began last among those at work in ``root``, if there is one."""
    live = [(each.status.created, each.run.path) for each in list_runs(root) if each.status is not None and each.live]
    return max(live, default=(0.0, None))[1]


def _stamps(root: Path) -> Iterator[tuple[str, tuple[int, int] | None]]:
    """Each run's name, and when its folder (a file in it came or went) and its status changed; None where that is just now."""
    now = time.time()
    for entry in run_entries(root):
        try:
            folder = entry.stat().st_mtime_ns
        except OSError:
            continue  # gone this moment
        try:
            status = os.stat(f"{entry.path}/status.json").st_mtime_ns  # noqa: PTH116
        except OSError:
            status = 0
        stamp = folder, status
        yield entry.name, stamp if now - max(stamp) / 1e9 > SETTLED else None


def _listed(run: RunFolder) -> ListedRun:
    try:
        return ListedRun(run, true_status(run.path))
    except FileNotFoundError:
        return ListedRun(run, None, "it has no status.json")
    except OSError as error:
        return ListedRun(run, None, f"its status.json cannot be read: {os.strerror(error.errno or 0)}")
    except (ValueError, TypeError):
        return ListedRun(run, None, "its status.json is damaged")
