"""Events, states and commands in words. Numbers keep their decimals, so that they stand still."""

from math import floor

from tui_trainer.runs.commands import Command, Continue, OneEpoch, OneStep, Pause, SaveCheckpoint, SetLearningRate, StopAfterEpoch, StopNow
from tui_trainer.runs.events import (
    CheckpointSaved,
    Continued,
    EpochEnded,
    Evaluated,
    Event,
    Forked,
    LearningRateChanged,
    Paused,
    RunEnded,
    RunStarted,
    StageStarted,
    Steered,
    Warned,
)
from tui_trainer.runs.history import History, Mark

ASKED = {
    Pause: "pause", Continue: "go on", OneStep: "one step", OneEpoch: "one epoch", SetLearningRate: "learning rate",
    SaveCheckpoint: "checkpoint", StopAfterEpoch: "stop after this epoch", StopNow: "stop now",
}  # fmt: skip
MARKS = {"StopAfterEpoch": "stop after epoch", "StopNow": "stop"}
"""What is shorter beside a mark on the curves."""
COMMANDS = {kind.__name__: words for kind, words in ASKED.items()}


def asked(command: Command) -> str:
    """What a command asks for."""
    words = ASKED[type(command)]
    return f"{words} {command.value:g}" if isinstance(command, SetLearningRate) else words


def stops_after(history: History, me: str) -> str:
    """Where a run that goes on was told to stop, and by whom; empty where it was not."""
    for mark in reversed(history.marks):
        if isinstance(mark.event, RunStarted | Forked):
            return ""
        if isinstance(mark.event, Steered) and mark.event.command == "StopAfterEpoch":
            return f"stops after epoch {floor(mark.epoch + 1e-9) + 1} ({who(mark.event.by, me)})"
    return ""


def who(by: str, me: str) -> str:
    """``you``, or who else."""
    return "you" if by == me else by or "someone"


def sentence(event: Event, me: str = "") -> tuple[str, str] | None:
    """An event in a line, and its looks; None for what needs no line."""
    match event:
        case RunStarted(resumed_at=None):
            return f"started on {event.device} ({event.device_name or event.device}, {event.precision})", "muted"
        case RunStarted():
            return f"resumed at step {thousands(event.resumed_at or 0)}", "accent"
        case StageStarted() if event.stage > 0 or event.settings:
            what = ", ".join(f"{key} {value}" for key, value in event.settings.items() if value is not None)
            return f"stage {event.stage + 1}: {what}", "accent"
        case Evaluated(final=True):
            return f"final {event.split} {percent(event.accuracy)} ({event.checkpoint} weights)", "bold"
        case Evaluated(split="validation"):
            return f"epoch {epochs(event.epoch)}  val {percent(event.accuracy)}" + ("  best" if event.best else ""), "good" if event.best else ""
        case LearningRateChanged():
            by = "plateau" if event.by == "plateau" else who(event.by, me)
            return f"lr {event.old:.4g} → {event.new:.4g} ({by})", "accent"
        case CheckpointSaved(reason="best" | "epoch" | "interval" | "settings"):
            return None  # one an epoch: the lines of the epochs say it
        case CheckpointSaved():
            return f"checkpoint {event.file} ({event.reason})", "muted"
        case Forked():
            return f"forked from {event.parent} at step {thousands(event.step)}", "accent"
        case Steered(command="SetLearningRate"):
            return None
        case Steered():
            return f"{COMMANDS.get(event.command, event.command)} ({who(event.by, me)})", "accent"
        case Paused():
            return f"paused at step {thousands(event.step)}", "warning"
        case Continued():
            return "goes on", "accent"
        case Warned():
            return event.message, "warning"
        case RunEnded():
            return f"{event.state}" + (f": {event.reason}" if event.reason else ""), "bad" if event.state == "failed" else "bold"
        case EpochEnded() | _:
            return None


def mark_label(mark: Mark) -> str:
    """A few letters beside a mark on the curves; empty for what does not bend them."""
    match mark.event:
        case LearningRateChanged():
            return f"lr {mark.event.new:.4g}"
        case StageStarted():
            return f"stage {mark.event.stage + 1}"
        case RunStarted():
            return "resumed"
        case Forked():
            return "forked"
        case Steered(command="SetLearningRate" | "Continue"):
            return ""  # the new rate says it; the mark of the pause stands there already
        case Steered():
            return MARKS.get(mark.event.command) or COMMANDS.get(mark.event.command, mark.event.command)
        case _:
            return ""


def epochs(count: float) -> str:
    """``4``, or ``0.15`` where it is not whole."""
    return f"{count:.0f}" if abs(count - round(count)) < 1e-6 else f"{count:.2f}"


def percent(share: float) -> str:
    """``97.61 %``"""
    return f"{100 * share:.2f} %"


def thousands(number: float) -> str:
    """``41 230``: groups of three, a thin space would be nicer but not every terminal has one."""
    return f"{number:,.0f}".replace(",", " ")


def size(count: float) -> str:
    """Bytes as people read them: ``612 MB``."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}" if unit == "GB" else f"{count / scale:.0f} {unit}"
    return f"{count:.0f} B"


def ago(seconds: float) -> str:
    """How long since: ``now``, ``5 min``, ``3 h``, ``12 d``."""
    for unit, scale in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= scale:
            return f"{seconds / scale:.0f} {unit}"
    return "now"
