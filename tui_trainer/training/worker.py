"""What one of several processes does with a run."""

import os
import sys
import traceback
from typing import NoReturn

from tui_trainer.config import Config, ConfigError
from tui_trainer.runs import RunFolder
from tui_trainer.runs.events import RunEnded
from tui_trainer.training.opening import mark_failed
from tui_trainer.training.prepare import prepare
from tui_trainer.training.run import WORD, LostProcess, train
from tui_trainer.training.world import World, join, leave, lost_another

AGAIN = 75
"""Exit status of a process that lost another one (EX_TEMPFAIL)."""
RECORDING = 5.0
"""Seconds that a process which fails before the first step leaves the first one to say so in the run folder."""


def work(run: RunFolder, config: Config, resume: str | None, *, trusted: bool, commands_from: int) -> RunEnded:
    """Train the run with the others. Raises ConfigError where they do not meet.

    It ends its process itself where they cannot part in peace: whoever waits for it would wait for long.
    """
    world = join(config.training.device)
    try:
        ended = train(prepare(config, trusted=trusted, world=world), run, resume=resume, commands_from=commands_from)
    except LostProcess:
        _exit(AGAIN)
    except KeyboardInterrupt:
        _exit(130)
    except Exception as error:
        _leave_word(run, world, error)
    if ended.state == "failed":
        _exit(1)
    leave(world)
    return ended


def _leave_word(run: RunFolder, world: World, error: Exception) -> NoReturn:
    """End this process with a reason that the others and the run folder know."""
    reason = str(error) if isinstance(error, ConfigError) else f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    if isinstance(error, RuntimeError) and lost_another(error):
        word = world.reason(WORD)
        if not word and world.restarts_left:
            _exit(AGAIN)
        reason = word or "one of the processes was lost before the first step"
    elif isinstance(error, ConfigError):
        print(f"tui-trainer: {error}", file=sys.stderr)
    else:
        traceback.print_exception(error)
    world.leave_reason(reason)
    if world.first:
        mark_failed(run, reason, world.keeper)
        world.note_recorded()
    else:
        world.await_record(RECORDING)
    _exit(2 if isinstance(error, ConfigError) else 1)


def _exit(status: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
