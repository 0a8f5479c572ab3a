"""Find a learning rate: the range test's curve as it grows, what it suggests, and Enter to take it."""

import math

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from tui_trainer.tui.about import About
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.range_test import STEPS, RangeTest
from tui_trainer.tui.screens.dialogs import Dialog
from tui_trainer.tui.widgets.chart import LineChart, LineStyle

EVERY = 0.2
"""Seconds between looks at the process."""
LOSS = LineStyle("loss", "loss", "train", "train")


class FindRate(Dialog[float | None]):
    """Gives the learning rate that was taken, or None. Closing it ends the process."""

    AUTO_FOCUS = ""
    BINDINGS = [Binding("enter", "take('')", "Take it", show=False), Binding("t", "take('cautious')", "Take the cautious one", show=False)]

    def __init__(self, test: RangeTest, now: float) -> None:
        super().__init__("Learning-rate range test")
        self.test, self.now = test, now
        self._drawn = 0

    def compose(self) -> ComposeResult:
        """The curve, what it says, the keys."""
        with Vertical(id="box", classes="rate"):
            yield LineChart("Loss", (LOSS,), x_unit="rate", x_powers=True, decimals=4, empty="torch is loaded, and the data: a few seconds", id="rates")
            yield Static("", id="said", markup=False)
            yield Static("", id="choices", classes="keys", markup=False)

    def opened(self) -> None:
        """Start."""
        chart = self.query_one(LineChart)
        chart.can_focus = False
        chart.set_range(-6.0, 1.0)
        self.query_one("#choices", Static).update("esc cancels")
        try:
            self.test.start()
        except OSError as error:
            self._say(f"The test cannot be started: {error}", wrong=True)
            return
        self._say("The network is trained from the start while the learning rate rises from step to step, until the loss diverges. Makes no run.")
        self.set_interval(EVERY, self._look)

    def about_this(self) -> About:
        """The setting."""
        return About("Learning rate", ("training.learning_rate", "figure.loss"))

    def on_unmount(self) -> None:
        """However it is left, the process ends."""
        self.test.stop()

    def _look(self) -> None:
        if not self.test.poll():
            return
        chart, fresh = self.query_one(LineChart), self.test.points[self._drawn :]
        self._drawn += len(fresh)
        if fresh:
            chart.extend("loss", [math.log10(point.learning_rate) for point in fresh], [point.loss for point in fresh])
        if not self.test.over and self.test.points:
            point = self.test.points[-1]
            self._say(f"step {len(self.test.points)} of {STEPS}   learning rate {point.learning_rate:.2g}   loss {point.loss:.4f}")
        elif self.test.over:
            self._end(chart)

    def _end(self, chart: LineChart) -> None:
        found = self.test.suggested
        if found is None:
            self._say(self.test.problem, wrong=True)
            return
        for rate, label in ((found.learning_rate, "suggested"), (found.lowest_at, "lowest")):
            chart.mark(math.log10(rate), label)
        ended = f", and it diverged at {found.diverged_at:.2g}" if found.diverged_at else ""
        which = (
            "cautious" if found.cautious < found.learning_rate else "bold"
        )  # a loss that falls to the end of the test is lowest far from where it falls fastest
        self._say(
            f"Suggested: {found.learning_rate:g}, where the loss falls fastest (now {self.now:g}). It is lowest ({found.lowest:.4g}) at {found.lowest_at:.2g}{ended}; "
            f"a tenth of that, {found.cautious:.2g}, is the {which} choice."
        )
        self.query_one("#choices", Static).update(plain(f"⏎ take {found.learning_rate:g}   t take {found.cautious:.2g}   esc leave it"))

    def _say(self, text: str, *, wrong: bool = False) -> None:
        line = self.query_one("#said", Static)
        line.set_class(wrong, "bad")
        line.update(plain(text))

    def action_take(self, which: str) -> None:
        """Into the form."""
        found = self.test.suggested
        if found is not None:
            self.dismiss(float(f"{found.cautious:.2g}") if which else found.learning_rate)
