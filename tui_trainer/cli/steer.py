"""Steering a run from the prompt: ``pause``, ``continue``, ``step``, ``stop``, ``set-lr``, ``checkpoint``; as the app does it, by a command in the run folder."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from tui_trainer.cli.options import Run, RunsDir

if TYPE_CHECKING:
    from tui_trainer.runs import RunFolder
    from tui_trainer.runs.commands import Command
    from tui_trainer.runs.events import Event

PATIENCE = 20.0
"""Seconds to wait for an answer: a trainer that is still loading torch answers late."""
LOOK_EVERY = 0.05

Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the trainer has answered.")]


def pause(run: Run, wait: Wait = True, runs_dir: RunsDir = None) -> None:
    """Let a run wait after its current step."""
    from tui_trainer.runs.commands import Pause

    _ask(run, runs_dir, Pause(), "paused", wait)


def go_on(run: Run, wait: Wait = True, runs_dir: RunsDir = None) -> None:
    """Let a paused run go on."""
    from tui_trainer.runs.commands import Continue

    _ask(run, runs_dir, Continue(), "continued", wait)


def stop(
    run: Run,
    after_epoch: Annotated[bool, typer.Option("--after-epoch", help="At the end of the epoch, not after this step.")] = False,
    wait: Wait = True,
    runs_dir: RunsDir = None,
) -> None:
    """Stop a run: it finishes its step, saves a checkpoint and ends. Everything is kept."""
    from tui_trainer.runs.commands import StopAfterEpoch, StopNow

    _ask(run, runs_dir, StopAfterEpoch() if after_epoch else StopNow(), "stopped", wait)


def set_lr(
    run: Run,
    value: Annotated[float, typer.Argument(metavar="VALUE", help="The learning rate from the next step on.", show_default=False)],
    wait: Wait = True,
    runs_dir: RunsDir = None,
) -> None:
    """Change the learning rate of a run; a schedule goes on from it in proportion."""
    from tui_trainer.config import ConfigError
    from tui_trainer.runs.commands import SetLearningRate

    if not 0 < value <= 1e6:
        raise ConfigError(f"set-lr: {value:g} is not allowed; allowed is more than 0 and at most 1000000")
    _ask(run, runs_dir, SetLearningRate(value), "steered", wait)


def _ask(name: str, runs_dir: str | None, command: "Command", what: str, wait: bool) -> None:
    """Leave the command and wait for the event that answers it. Raises ConfigError where no trainer is at work."""
    from tui_trainer.config import ConfigError
    from tui_trainer.runs.commands import send
    from tui_trainer.runs.events import decode
    from tui_trainer.runs.folder import find_run
    from tui_trainer.runs.folder import runs_dir as runs_root
    from tui_trainer.runs.follow import Follower
    from tui_trainer.runs.status import LIVE

    run = find_run(name, runs_root(runs_dir))
    state = _state(run)
    if state not in LIVE:
        raise ConfigError(f"{run.name} is {state}: only a run at work can be {what}")
    events = Follower(run.events_file, decode, run.events_file.stat().st_size if run.events_file.exists() else 0)
    try:
        send(run.path, command)
    except PermissionError:
        raise ConfigError(f"{run.commands_file} may not be written by you: a run obeys only those who may write its folder") from None
    except OSError as error:
        raise ConfigError(f"{run.commands_file} cannot be written: {error.strerror}") from None
    if not wait:
        print(f"{run.name}: asked")
        return
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for event in events.poll():
            if answer := _answer(event, command):
                print(f"{run.name}: {answer}")
                return
        if _state(run) not in LIVE:
            print(f"{run.name} is {_state(run)}")
            return
        time.sleep(LOOK_EVERY)
    print(f"{run.name}: asked; the trainer has not answered within {PATIENCE:.0f} s (it is loading, or in a long step)")


def _state(run: "RunFolder") -> str:
    from tui_trainer.config import ConfigError
    from tui_trainer.runs.status import true_status

    try:
        return true_status(run.path).state
    except (OSError, ValueError, TypeError):
        raise ConfigError(f"{run.path / 'status.json'} cannot be read: it is missing or damaged") from None


def _answer(event: "Event", command: "Command") -> str:
    """What to say when ``event`` answers ``command``; empty where it does not."""
    from tui_trainer.runs.commands import Continue, Pause, SetLearningRate, StopAfterEpoch
    from tui_trainer.runs.events import Continued, LearningRateChanged, Paused, RunEnded, Steered

    match event, command:
        case RunEnded(), _:
            return f"{event.state} at step {event.step}" + (f": {event.reason}" if event.reason else "")
        case Paused(), Pause():
            return f"paused at step {event.step}"
        case Continued(), Continue():
            return f"goes on from step {event.step}"
        case LearningRateChanged(), SetLearningRate():
            return f"learning rate {event.old:g} -> {event.new:g} from step {event.step} on"
        case Steered(command="StopAfterEpoch"), StopAfterEpoch():
            return f"stops at the end of epoch {int(event.epoch) + 1}"
        case _:
            return ""
