"""A small picture of each run's validation accuracy, for the table of runs: read once for a run that has ended."""

import os
import re
from functools import lru_cache
from pathlib import Path

from tui_trainer.tui.widgets.sparkline import spark

WIDTH = 10
TOP = 1.15
"""Of the scale, where 1 is every image right: the highest block stays empty, so that neighbouring rows do not run into one shape."""
MAX_BYTES = 2_000_000
"""Of a longer log only the end is looked at."""
VALIDATION = re.compile(rb'^\{"event":"Evaluated"[^\n]*?"split":"validation"[^\n]*?"accuracy":([0-9.e-]+)', re.MULTILINE)


def accuracy_spark(run: Path, state: str) -> str:
    """``WIDTH`` characters on one scale for all runs, 0 to 100 %; empty where there are not two evaluations yet."""
    try:
        stat = os.stat(run / "events.jsonl")  # noqa: PTH116
    except OSError:
        return ""
    return _spark(run, stat.st_size if state not in ("running", "starting", "paused") else stat.st_size // 4096)


@lru_cache(maxsize=4096)
def _spark(run: Path, stamp: int) -> str:
    try:
        with open(run / "events.jsonl", "rb") as file:  # noqa: PTH123
            file.seek(max(0, os.fstat(file.fileno()).st_size - MAX_BYTES))
            values = [float(value) for value in VALIDATION.findall(file.read())]
    except (OSError, ValueError):
        return ""
    return spark(values, WIDTH, low=0.0, high=TOP) if len(values) > 1 else ""
