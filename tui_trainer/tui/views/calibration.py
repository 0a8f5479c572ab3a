"""Calibration: is the network as often right as it is sure?"""

from textual.app import ComposeResult

from tui_trainer.asking import answers
from tui_trainer.asking.questions import Summarise
from tui_trainer.runs.calibration import BINS, gap_points, verdict
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.controls.table import Column, Table
from tui_trainer.tui.views.view import Subject, View
from tui_trainer.tui.widgets.reliability import Bin, Reliability
from tui_trainer.tui.wording import percent, thousands


def _gap(each: Bin) -> tuple[str, str]:
    text = gap_points(each.confidence, each.accuracy) if each.count else ""
    return plain(text), {"+": "train", "-": "validation"}.get(text[:1], "muted")


LINES = [
    Column[Bin]("range", "sure to", 9, lambda each: (f"{100 * each.low:.0f}-{100 * each.high:.0f} %", "bold")),
    Column[Bin]("images", "images", 7, lambda each: thousands(each.count), "right"),
    Column[Bin]("confidence", "sure", 6, lambda each: f"{100 * each.confidence:.1f}" if each.count else "", "right"),
    Column[Bin]("accuracy", "right", 6, lambda each: f"{100 * each.accuracy:.1f}" if each.count else "", "right"),
    Column[Bin]("gap", "gap", 6, _gap, "right"),
]



class CalibrationView(View):
    """The reliability diagram and its numbers."""

    MAIN = "#bins"

    def compose(self) -> ComposeResult:
        """The diagram, the bins."""
        yield Reliability(id="diagram", classes="panel")
        yield Table[Bin](LINES, empty=[""], id="bins", classes="panel")

    def on_mount(self) -> None:
        """Name them."""
        self.query_one("#diagram").border_title = "How often right (bar), how sure (line), per cent"
        self.query_one("#bins").border_title = "Bins by the highest probability"

    def show_waiting(self, text: str) -> None:
        """What is being done, where it will stand."""
        diagram = self.query_one(Reliability)
        diagram.empty = text
        diagram.show(())

    async def load(self, subject: Subject) -> None:
        """Count."""
        diagram = self.query_one(Reliability)
        self.wait()
        summary = await self.inspect.ask(Summarise(subject.weights, subject.split, bins=BINS), slot="calibration")
        self.waits = False
        if summary is None:
            self.forget()
            self.show_waiting("")
            return
        bins = [Bin(each.low, each.high, each.images, each.confidence, each.accuracy) for each in summary.calibration.bins]
        diagram.show(bins)
        table = self.query_one(Table)
        table.show([each for each in reversed(bins) if each.count])
        diagram.border_subtitle = verdict_of(summary)
        table.border_subtitle = f"ECE {percent(summary.calibration.ece)} · largest {percent(summary.calibration.mce)}"
        self.inspect.tell_checkpoint(summary.checkpoint, summary.accuracy)


def verdict_of(summary: answers.Summary) -> str:
    """Whether it is as sure as it is right, on the whole: the mean confidence against the accuracy."""
    confidence = summary.calibration.confidence
    return f"{verdict(confidence, summary.accuracy)}: sure {percent(confidence)}, right {percent(summary.accuracy)}"
