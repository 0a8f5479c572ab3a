"""What ``train`` shows while it trains: a line an evaluation and, on a terminal, one calm line that lives below them."""

import time
from collections.abc import Callable, Sequence
from typing import TextIO, cast

from rich.text import Text

from tui_trainer.cli.console import Unbroken, clock, console, count, percent, rate, terminal_width
from tui_trainer.cli.tables import words
from tui_trainer.runs.events import (
    CheckpointSaved,
    Continued,
    Evaluated,
    Event,
    Forked,
    LearningRateChanged,
    Paused,
    RunEnded,
    RunStarted,
    StageStarted,
    Steered,
    StepsTrained,
    Warned,
    encode,
)

REDRAW_EVERY = 0.2
"""Seconds: at most five redraws a second."""
CLEAR_LINE = "\r\x1b[2K"
SILENT_REASONS = ("best", "epoch", "interval", "settings", "end")
NOTE_LIMIT = 300
SPLITS = ("train", "validation", "test")


class JsonLines:
    """Writes every event as a line of JSON."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = Unbroken(stream)

    def __call__(self, event: Event) -> None:
        """Write one event."""
        self.stream.write(encode(event))
        self.stream.flush()


class Progress:
    """Writes a line an evaluation to ``stream``; with ``live`` it also keeps a line of progress below them.

    The evaluations of one step (train, validation, test) share a line, so it appears with the next event after them.
    """

    def __init__(self, stream: TextIO, *, live: bool, now: Callable[[], float] = time.monotonic) -> None:
        self.stream = Unbroken(stream)
        self.console = console(cast(TextIO, self.stream))
        self.live = live
        self.now = now
        self.started: RunStarted | None = None
        self.row: dict[str, Evaluated] = {}
        self.learning_rate = 0.0
        self.headed: tuple[str, ...] = ()
        self.drawn_at = float("-inf")
        self.drawn = False

    def __call__(self, event: Event) -> None:
        """Show one event, where it is of interest."""
        match event:
            case StepsTrained():
                self._end_row()
                self.learning_rate = event.learning_rate
                self._redraw(lambda: progress_line(event, self.started, terminal_width() - 1))
            case Evaluated(checkpoint="best"):
                self._end_row()
                self.say("measuring the best checkpoint")
            case Evaluated():
                if any(other.step != event.step for other in self.row.values()):
                    self._end_row()
                self.row[event.split] = event
            case RunStarted():
                self.started = event
                self._print(Text(opening(event)))
            case RunEnded():
                self.close()
            case _:
                if note := remark(event):
                    self._end_row()
                    self._print(Text(f"  {note[:NOTE_LIMIT]}", style="yellow" if isinstance(event, Warned) else "dim"))

    def say(self, what: str) -> None:
        """Say on the live line what is being waited for; without one, nothing."""
        self._redraw(lambda: Text(f"  {what} ...", style="dim"), force=True)

    def close(self) -> None:
        """Write what is left and take the live line away."""
        self._end_row()
        self._clear()
        self.stream.flush()

    def _end_row(self) -> None:
        if not self.row:
            return
        splits = tuple(split for split in SPLITS if split in self.row)
        if self.headed and set(self.headed) < set(splits):  # more is measured at the end: that is for the report
            splits = self.headed
        if splits != self.headed:
            self.headed = splits
            self._print(heading(splits))
        self._print(evaluation_line([self.row[split] for split in splits], self.learning_rate))
        self.row = {}

    def _print(self, line: Text) -> None:
        self._clear()
        self.console.print(line, soft_wrap=True)
        self.stream.flush()

    def _redraw(self, line: Callable[[], Text], *, force: bool = False) -> None:
        if not self.live or (not force and self.now() - self.drawn_at < REDRAW_EVERY):
            return
        self.drawn_at = self.now()
        made = line()
        made.truncate(max(1, terminal_width() - 1))
        self._clear()
        self.console.print(made, end="", soft_wrap=True)
        self.stream.flush()
        self.drawn = True

    def _clear(self) -> None:
        if self.drawn:
            self.stream.write(CLEAR_LINE)
            self.drawn = False


def opening(event: RunStarted) -> str:
    """What is about to be trained, in a line or two."""
    images = ", ".join(
        f"{count(number)} {split}"
        for split, number in (("train", event.train_images), ("validation", event.validation_images), ("test", event.test_images))
        if number
    )
    threads = f"{event.threads} thread{'s' if event.threads != 1 else ''}" if event.device == "cpu" else event.device_name
    again = f"goes on from step {count(event.resumed_at)}" if event.resumed_at else ""
    first = words([event.name, f"{count(event.parameters)} parameters", f"{event.device}, {threads}, {event.precision}", again])
    return f"{first}\n{words([event.dataset, images, f'batches of {event.batch_size}'])}"


def heading(splits: Sequence[str]) -> Text:
    """The heading above evaluation lines for these splits."""
    groups = "".join(f"{split:>11} loss" for split in splits)
    return Text(f" epoch     step{groups}     rate   time", style="dim")


def evaluation_line(row: Sequence[Evaluated], learning_rate: float) -> Text:
    """One evaluation: epoch, step, accuracy and loss by split, learning rate, training clock in seconds."""
    first = row[0]
    spent = f"{first.elapsed:.1f}s" if first.elapsed < 1000 else clock(first.elapsed)
    line = Text(f"{first.epoch:6.2f} {first.step:8d}")
    for event in row:
        line.append(f"{percent(event.accuracy):>8}", style="bold" if event.best else "")
        line.append(f"{event.loss:8.4f}" if event.loss < 100 else f"{event.loss:8.2g}")
    line.append(f"{learning_rate:9.3g}{spent:>7}", style="dim")
    return line


def progress_line(event: StepsTrained, started: RunStarted | None, width: int) -> Text:
    """Where the run is: what does not fit ``width`` is left out, the least important first."""
    total = started.total_steps if started else 0
    share = min(1.0, event.step / total) if total else 0.0
    left = event.elapsed * (1 - share) / share if share else 0.0
    parts = [
        f"epoch {event.epoch:.2f}" + (f"/{started.total_epochs:g}" if started else ""),
        f"loss {event.loss:.4f}",
        f"accuracy {percent(event.accuracy, 1)}",
        f"{clock(left)} left" if total else "",
        f"{rate(event.images_per_second)}/s",
        f"step {count(event.step)}/{count(total)}",
        f"lr {event.learning_rate:.3g}",
        f"gradient {event.gradient_norm:.3g}",
    ]
    line = Text("  ")
    bar_width = 20 if width >= 100 else 10
    if width >= 40 and total:
        done = round(bar_width * share)
        line.append("━" * done, style="green").append("─" * (bar_width - done), style="dim").append("  ")
    for number, part in enumerate(filter(None, parts)):
        gap = "  " if number else ""
        if len(line) + len(gap) + len(part) > width:
            break
        line.append(gap + part)
    return line


def remark(event: Event) -> str:
    """What a person should see of the rarer events, or nothing."""
    match event:
        case StageStarted():
            changes = ", ".join(f"{name} {value}" for name, value in event.settings.items())
            return f"stage {event.stage + 1} from step {count(event.step)}{': ' + changes if changes else ''}" if event.stage or changes else ""
        case LearningRateChanged():
            return f"learning rate {event.old:.3g} -> {event.new:.3g} at step {count(event.step)}, by {event.by}"
        case CheckpointSaved():
            return "" if event.reason in SILENT_REASONS else f"{event.reason}: checkpoint saved at step {count(event.step)} as {event.file}"
        case Steered():
            value = f" {event.value:g}" if event.value is not None else ""
            return f"{event.command}{value} by {event.by} took effect at step {count(event.step)}"
        case Paused():
            return f"paused at step {count(event.step)}"
        case Continued():
            return f"went on at step {count(event.step)}"
        case Forked():
            changed = ", ".join(f"{key} {old} -> {new}" for key, (old, new) in event.changes.items())
            return f"forked from {event.parent} at step {count(event.step)}, epoch {event.epoch:.4g}{': ' + changed if changed else ''}"
        case Warned():
            return event.message
        case _:
            return ""
