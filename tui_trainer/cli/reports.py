"""``tui-trainer report``: a report of runs to hand in."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tui_trainer.cli.compare import Runs
from tui_trainer.cli.options import Checkpoint, Device, RunsDir, Trust


def report(
    runs: Runs,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="DIR", help="Where to write it (default: ./report-RUN, or ./report-of-N-runs).", show_default=False)] = None,
    epochs: Annotated[
        str | None, typer.Option("--epochs", metavar="N,N,...", help="Epochs of the table of accuracies (default: 1,5,10,15 and the last).", show_default=False)
    ] = None,
    images: Annotated[int, typer.Option("--images", metavar="N", min=0, max=500, help="Misclassified images to show at most.")] = 40,
    measure: Annotated[bool, typer.Option("--measure/--recorded", help="Evaluate all splits with the run's weights, or take what the run recorded.")] = True,
    checkpoint: Checkpoint = None,
    device: Device = None,
    runs_dir: RunsDir = None,
    trust: Trust = False,
) -> None:
    """Write a report of runs: one self-contained HTML page, and Markdown with its figures."""
    from tui_trainer.runs import find_run
    from tui_trainer.runs import runs_dir as runs_root
    from tui_trainer.runs.names import report_name

    found = [find_run(name, runs_root(runs_dir)) for name in dict.fromkeys(runs)]
    chosen = chosen_epochs(epochs) if epochs else ()
    place = out or Path(report_name([run.name for run in found]))
    from tui_trainer.reports.gather import Asked
    from tui_trainer.reports.write import write_report

    asked = Asked(epochs=chosen, checkpoint=checkpoint or "", images=images, measure=measure, trusted=trust, device=device or "auto")
    page = write_report(found, place, asked, _tell)
    print(f"{page}\n{place / 'report.md'}")


def _tell(what: str) -> None:
    if sys.stderr.isatty():
        from tui_trainer.catalogue.names import shown

        print(shown(what), file=sys.stderr, flush=True)


def chosen_epochs(text: str) -> tuple[float, ...]:
    """``1,5,10`` as numbers, in order. Raises ConfigError."""
    from tui_trainer.config import ConfigError

    try:
        found: Sequence[float] = [float(word) for word in text.split(",") if word.strip()]
    except ValueError:
        found = ()
    if not found or not all(0 < epoch < 1e7 for epoch in found):
        raise ConfigError(f"--epochs {text}: allowed are numbers above 0 with commas between, such as 1,5,10")
    return tuple(sorted(dict.fromkeys(found)))
