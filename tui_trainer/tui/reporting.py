"""Writing a report in the background: a process of its own, as on the command line, so that the app stays free of torch and never waits."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from tui_trainer.runs.names import report_name


def report_folder(runs: Sequence[Path]) -> Path:
    """Where the report of these runs goes: beside the folder of runs, under the name that the command line gives it."""
    return runs[0].absolute().parent.parent / report_name([path.name for path in runs])


async def write_report(runs: Sequence[Path], out: Path) -> str:
    """Run ``tui-trainer report``; a sentence where it failed, else nothing. It goes on where the app is left meanwhile."""
    arguments = ["-m", "tui_trainer", "report", *(str(path.absolute()) for path in runs), "--out", str(out)]
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        return f"the report cannot be written: {error.strerror}"
    _, said = await process.communicate()
    if process.returncode == 0:
        return ""
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("tui-trainer: ") if lines else f"the report ended with status {process.returncode}"
