"""``tui-trainer resume`` and ``tui-trainer fork``: going on from a checkpoint, in the same folder or in a new one."""

from typing import TYPE_CHECKING, Annotated

import typer

from tui_trainer.cli import completion
from tui_trainer.cli.foreground import AsJson, Detach, Job, Name, Quiet, in_background, in_foreground
from tui_trainer.cli.options import Device, Run, RunsDir, Set, Trust

if TYPE_CHECKING:
    from tui_trainer.runs import RunFolder
    from tui_trainer.runs.forks import Fork
    from tui_trainer.training.prepare import Prepared

From = Annotated[
    str,
    typer.Option("--from", metavar="last|best|FILE|STEP", help="The checkpoint to go on from.", autocompletion=completion.checkpoints_of_run),
]
GoOnFrom = Annotated[
    str,
    typer.Option("--checkpoint", metavar="last|best|FILE|STEP", help="The checkpoint to go on from.", autocompletion=completion.checkpoints_of_run),
]


def resume(
    run: Run,
    checkpoint: GoOnFrom = "last",
    runs_dir: RunsDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    detach: Detach = False,
    trust: Trust = False,
) -> None:
    """Go on with a run that was stopped, failed or crashed, in its own folder.

    On the same machine the weights and every later figure equal, bit for bit, those of a run that was never interrupted.
    Where the newest checkpoint is damaged, the one before it is taken. A run that has none yet begins again.
    Exit status: as of train.
    """
    from tui_trainer.runs.folder import find_run
    from tui_trainer.runs.folder import runs_dir as runs_root
    from tui_trainer.runs.start import refuse_resume

    found = find_run(run, runs_root(runs_dir))
    config = found.config()
    refuse_resume(found)
    if detach:
        in_background(found, trust=trust, quiet=quiet, resume=checkpoint, verb="goes on")
        return
    raise typer.Exit(in_foreground(Job(config, lambda _: found, trust, checkpoint), as_json=as_json, quiet=quiet))


def fork(
    run: Run,
    checkpoint: From = "last",
    sets: Set = [],  # noqa: B006 - typer reads it, nobody changes it
    device: Device = None,
    runs_dir: RunsDir = None,
    name: Name = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    detach: Detach = False,
    trust: Trust = False,
) -> None:
    """Start a new run from any checkpoint of another, with settings changed from there on; the other stays as it is.

    It goes on with the checkpoint's step, epoch, schedule and order of data; without changes it equals the run's own
    continuation, bit for bit. Lengths (training.epochs, .iterations, .stages) are totals, the part before included.
    Data, training, title, description and reference may change, the network may not. Another optimiser begins with
    fresh state; another learning rate or schedule forgets what set-lr and plateaus made of it; other images, or
    another seed, begin a new pass; other images or another loss forget the best so far and patience.
    Exit status: as of train.
    """
    from tui_trainer.config import parse_override
    from tui_trainer.runs.folder import find_run
    from tui_trainer.runs.folder import runs_dir as runs_root
    from tui_trainer.runs.forks import make_fork, plan_fork
    from tui_trainer.runs.start import check_place

    root = runs_root(runs_dir)
    parent = find_run(run, root)
    check_place(root, name)
    settings = ({"training.device": device} if device else {}) | dict(map(parse_override, sets))
    planned = plan_fork(parent, checkpoint, settings)
    if detach:
        in_background(make_fork(planned, root, name), trust=trust, quiet=quiet, resume="last", verb="goes on")
        return

    def folder(prepared: "Prepared") -> "RunFolder":
        _check(planned, prepared)
        return make_fork(planned, root, name)

    raise typer.Exit(in_foreground(Job(planned.config, folder, trust, "last", forked=True), as_json=as_json, quiet=quiet))


def _check(planned: "Fork", prepared: "Prepared") -> None:
    """What only the loaded data and checkpoint tell, before there is a folder. Raises ConfigError."""
    from tui_trainer.training.forks import transition
    from tui_trainer.training.whole import load_whole

    state, entry = load_whole(planned.parent.checkpoints, planned.entry.file)
    transition(state, entry, planned.parent.config(), prepared)
