"""The panels of Train below its curves: trends, matrix, errors, events, log."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from tui_trainer.runs.commands import person
from tui_trainer.runs.events import LearningRateChanged
from tui_trainer.runs.follow import damaged_lines
from tui_trainer.runs.history import History
from tui_trainer.runs.metrics import class_names
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.controls.table import Column, Table
from tui_trainer.tui.widgets.bars import MisclassifiedBars
from tui_trainer.tui.widgets.confusion import ConfusionMatrix
from tui_trainer.tui.widgets.progress import clock
from tui_trainer.tui.widgets.sparkline import Trend
from tui_trainer.tui.wording import asked, sentence

if TYPE_CHECKING:
    from tui_trainer.tui.feed import Feed, Pending

FIELD = 12
"""Cells for the mark and label of a trend, so that all sparklines begin in one column."""
FINEST = 1024
"""A sparkline shows at first this part of what is planned, then twice as much, and so on."""
SPLITS = ("validation", "train", "test")
Line = tuple[str, str, str]
"""When, what, and its looks."""


def name(panel: Widget, title: str) -> None:
    """Name a panel. Setting a title draws the whole panel anew, so only where it is another."""
    if panel.border_title != plain(title):
        panel.border_title = plain(title)


class TrendsPanel(Container):
    """One-line pictures of the figures that go with the curves."""

    def compose(self) -> ComposeResult:
        """The curves themselves stand here where the terminal is too small for charts."""
        yield Trend("batch loss", colour="train", mark="train", decimals=4, field=FIELD, id="t-loss", classes="small")
        yield Trend("val loss", colour="validation", mark="validation", decimals=4, field=FIELD, id="v-loss", classes="small")
        yield Trend("train acc", colour="train", mark="train", decimals=2, unit="%", field=FIELD, id="t-acc", classes="small")
        yield Trend("val acc", colour="validation", mark="validation", decimals=2, unit="%", field=FIELD, id="v-acc", classes="small")
        yield Trend("lr", decimals=5, field=FIELD, id="lr")
        yield Trend("grad norm", decimals=3, field=FIELD, id="norm")
        yield Trend("gap", decimals=2, unit="pp", field=FIELD, id="gap")
        yield Trend("images/s", decimals=0, field=FIELD, id="speed")
        yield Trend("memory", decimals=0, unit="MB", field=FIELD, id="memory")
        yield Trend("batch acc", decimals=2, unit="%", field=FIELD, id="batch")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._of: object = None
        self._drawn: dict[str, tuple[object, int]] = {}

    def show(self, history: History, *, live: bool) -> None:
        """Bring all up to ``history``. Only what is new is handed on, so what is drawn already stands still."""
        whole = history.started.total_epochs if history.started else 0.0
        if (history, whole) != self._of:
            self._of, self._drawn = (history, whole), {}
        steps, train, validation = history.steps, history.split("train").track, history.split("validation").track
        for name, track, column, scale in (
            ("t-loss", steps, "loss", 1.0), ("v-loss", validation, "loss", 1.0), ("t-acc", train, "accuracy", 100.0),
            ("v-acc", validation, "accuracy", 100.0), ("lr", steps, "learning_rate", 1.0), ("norm", steps, "gradient_norm", 1.0),
            ("speed", steps, "images_per_second", 1.0), ("memory", steps, "memory_bytes", 1e-6), ("batch", steps, "accuracy", 100.0),
        ):  # fmt: skip
            now = getattr(history.newest, column) if track is steps and history.newest else None
            self._extend(name, (track.cuts, track.stride), track["epoch"], track[column], scale, whole)
            if now is not None:
                self.query_one(f"#{name}", Trend).now(scale * (rate_now(history) if name == "lr" else now))
        count = min(len(train), len(validation))
        pairs = zip(train["accuracy"][len(train) - count :], validation["accuracy"][len(validation) - count :], strict=True)
        gap_at = (train.cuts, train.stride, validation.stride, len(validation) - len(train))
        self._extend("gap", gap_at, validation["epoch"][len(validation) - count :], [one - other for one, other in pairs], 100.0, whole)
        for trend in self.query(Trend):
            trend.reach(history.epoch, over=not live)

    def _extend(self, name: str, source: object, xs: Sequence[float], values: Sequence[float], scale: float, whole: float) -> None:
        before, done = self._drawn.get(name, (None, 0))
        trend = self.query_one(f"#{name}", Trend)
        if source != before or len(values) < done:
            trend.clear(whole / FINEST or 1.0)
            done = 0
        self._drawn[name] = source, len(values)
        if len(values) > done:
            trend.extend(xs[done:], scale * np.asarray(values[done:]))


def rate_now(history: History) -> float:
    """The learning rate of the next step: a person may have set it since the newest one was told."""
    assert history.newest is not None
    for mark in reversed(history.marks):
        if isinstance(mark.event, LearningRateChanged):
            return mark.event.new if mark.step >= history.newest.step else history.newest.learning_rate
    return history.newest.learning_rate


class MatrixPanel(Container):
    """The confusion matrix of the newest evaluation of one split."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.split = "validation"
        self._drawn: object = None

    def compose(self) -> ComposeResult:
        """The matrix."""
        yield ConfusionMatrix(shares=True)

    def on_mount(self) -> None:
        """Its name."""
        self._title()

    def show(self, history: History, *, anew: bool = False) -> None:
        """The newest matrix, if it is not shown already."""
        if anew and history.split(self.split).newest is None:
            self.split = next((split for split in SPLITS if history.split(split).newest is not None), "validation")
        newest = history.split(self.split).newest
        if newest is not self._drawn or anew:
            self._drawn = newest
            matrix = self.query_one(ConfusionMatrix)
            if newest is None or not newest.confusion:
                matrix.clear()
            else:
                matrix.show(newest.confusion, class_names(history.started.classes if history.started else (), newest.confusion))
        self._title()

    def _title(self) -> None:
        shares = self.query_one(ConfusionMatrix).shares
        name(self, f"Confusion · {self.split} · {'row %' if shares else 'counts'}")

    @property
    def rows(self) -> int:
        """Rows that the matrix takes with its head and the sentence below, border included; ten classes, as long as there is none."""
        return (len(self.query_one(ConfusionMatrix).classes_shown) or 10) + 4

    def toggle_shares(self) -> None:
        """Counts or per cent."""
        self.query_one(ConfusionMatrix).toggle_shares()
        self._title()

    def next_split(self, history: History) -> None:
        """The next split that was evaluated."""
        known = [split for split in SPLITS if history.split(split).newest is not None]
        if known:
            self.split = known[(known.index(self.split) + 1) % len(known)] if self.split in known else known[0]
        self.show(history, anew=True)


class ErrorsPanel(Container):
    """Misclassified images per class, and how many more or fewer than the evaluation before."""

    _drawn: object = None

    def compose(self) -> ComposeResult:
        """The bars."""
        yield MisclassifiedBars()

    def on_mount(self) -> None:
        """Its name."""
        name(self, "Misclassified")

    def show(self, history: History, split: str) -> None:
        """The newest counts, if they are not shown already."""
        newest, before = history.split(split).newest, history.split(split).before
        name(self, f"Misclassified · {'val' if split == 'validation' else split}")
        if newest is self._drawn:
            return
        self._drawn = newest
        bars = self.query_one(MisclassifiedBars)
        if newest is None or not newest.confusion:
            bars.clear()
            return
        classes = class_names(history.started.classes if history.started else (), newest.confusion)
        comparable = before is not None and len(before.confusion) == len(newest.confusion)
        bars.show(wrong(newest.confusion), classes, wrong(before.confusion) if comparable and before else None)


def wrong(confusion: Sequence[Sequence[int]]) -> list[int]:
    """Misclassified images per true class."""
    return [sum(row) - row[number] for number, row in enumerate(confusion)]


class EventsPanel(Container):
    """What happened, newest first; what was asked for and not answered yet stands on top."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._count = -1
        self._lines: list[Line] = []
        self._me = person()

    def compose(self) -> ComposeResult:
        """The lines."""
        yield Table[Line](
            [Column("time", "time", 7, lambda line: (line[0], "muted"), "right"), Column("what", "what happened", 1, lambda line: (line[1], line[2]), grows=True)],
            empty=["nothing yet"],
            cursor=False,
        )

    def on_mount(self) -> None:
        """Its name."""
        self.border_title = "Events"

    def show(self, history: History, pending: "Sequence[Pending]") -> None:
        """Bring the lines up to date."""
        if history.events and (len(history.events) != self._count or history.events[-1] is not self._newest):
            self._count, self._newest = len(history.events), history.events[-1]
            self._lines = [(clock(event.elapsed), *line) for event in reversed(history.events) if (line := sentence(event, self._me))]
        elif not history.events:
            self._lines, self._count = [], -1
        waiting = [("now", f"{asked(each.command)}: asked for, not answered yet", "accent") for each in pending]
        self.query_one(Table).show([*waiting, *self._lines])
        name(self, "Events" + (f" · {damaged_lines(history.damaged)}" if history.damaged else ""))

    _newest: object = None


class LogPanel(VerticalScroll):
    """The end of what the trainer's process printed."""

    _stamp: object = None

    def compose(self) -> ComposeResult:
        """The text."""
        yield Static("", markup=False)

    def on_mount(self) -> None:
        """Its name."""
        self.border_title = "Trainer's log"

    def show(self, feed: "Feed") -> None:
        """Read it again, where it is in sight and has grown."""
        if not self.display:
            return
        try:
            stat = (feed.path / "trainer.log").stat()
            stamp: object = (str(feed.path), stat.st_size, stat.st_mtime_ns)
        except OSError:
            stamp = (str(feed.path), 0, 0)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        text = feed.log_tail().rstrip()
        self.query_one(Static).update(plain(text or "the trainer has printed nothing so far"))
        self.call_after_refresh(self.scroll_end, animate=False)  # how long it is, is known once it is laid out
