"""Runs of a newer version of this program: they are looked at as far as they are understood, and not trained on."""

from contextlib import suppress
from pathlib import Path

from tui_trainer.config.errors import ConfigError
from tui_trainer.runs import checkpoints, status


def refuse_newer(run: Path) -> None:
    """Raises ConfigError where a newer version made the run: going on, this one would lose what it does not know."""
    newer = False
    with suppress(OSError, ValueError):
        newer = status.read_status(run).version > status.VERSION
    with suppress(ConfigError):
        newer = newer or checkpoints.read_index(run / "checkpoints").version > checkpoints.VERSION
    if newer:
        raise ConfigError(f"{run}: a newer version of tui-trainer made this run, and is needed to train it")
