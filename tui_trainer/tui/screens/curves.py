"""The two charts of a run: loss and accuracy of training and validation over the planned epochs."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Container

from tui_trainer.runs.baselines import best_baseline
from tui_trainer.runs.history import History, Track
from tui_trainer.tui.screens.plane import BoundaryPanel
from tui_trainer.tui.widgets.chart import TRAIN, VALIDATION, LineChart, LineStyle
from tui_trainer.tui.widgets.plot.dots import Plot
from tui_trainer.tui.wording import mark_label

BATCHES = LineStyle("train", "train batches", "train", "train")
"""The loss of every batch, its mean over a tenth of a second: not what an evaluation of the training images measures."""
BATCH = LineStyle("batch", "batch", "muted", "separator", optional=True)
"""The accuracy of single batches, as long as the training images have not been evaluated."""
EVALUATED = replace(TRAIN, optional=True)
PLOTS: tuple[Plot, ...] = ("braille", "block", "ascii")


class Curves(Container):
    """Loss and accuracy in step: one cursor, one set of marks. Only what is new is handed on."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._done: dict[str, int] = {}
        self._marks = 0
        self._version = -1
        self._empty = ""
        self._planned = -1.0
        self._plot: Plot = "braille"

    def compose(self) -> ComposeResult:
        """Two charts; for points in the plane the boundary between them."""
        yield LineChart("Loss", (BATCHES, VALIDATION), y_min=0.0, id="loss", classes="panel")
        yield BoundaryPanel(id="boundary", classes="panel")
        yield LineChart("Accuracy", (BATCH, EVALUATED, VALIDATION), decimals=2, unit="%", y_min=0.0, y_max=100.0, id="accuracy", classes="panel")

    @property
    def charts(self) -> tuple[LineChart, LineChart]:
        """Loss and accuracy."""
        return self.query_one("#loss", LineChart), self.query_one("#accuracy", LineChart)

    def nothing(self, text: str) -> None:
        """There is no run: say what to do."""
        self._empty = text
        for chart in self.charts:
            chart.clear()
            chart.set_empty(text)

    def show(self, history: History, *, anew: bool, live: bool) -> None:
        """Draw what is new in ``history``; everything where it is another run, or one that took points back."""
        loss, accuracy = self.charts
        version = history.steps.cuts
        if anew or version != self._version or any(track.seen < self._done.get(name, 0) for name, track in self._tracks(history)):
            self._done, self._marks, self._version = {}, 0, version
            for chart in self.charts:
                chart.clear()
                chart.clear_marks()
                chart.set_cursor(None)
            self._planned = -1.0
        empty = "the first figures come within seconds" if live else "this run ended before its first figures"
        for chart in self.charts:
            chart.set_over(not live)
            if empty != self._empty:
                chart.set_empty(empty)
        self._empty = empty
        planned = history.started.total_epochs if history.started else 0.0
        if planned != self._planned:
            self._planned = planned
            for chart in self.charts:
                chart.set_range(0.0, max(planned, history.epoch) or 1.0)
        self._extend(loss, "train", "steps", history.steps, history.recent, "loss", 1.0)
        self._train_accuracy(accuracy, history)
        validation = history.split("validation").track
        self._extend(loss, "validation", "validation loss", validation, None, "loss", 1.0)
        self._extend(accuracy, "validation", "validation", validation, None, "accuracy", 100.0)
        self._draw_marks(history)

    def _train_accuracy(self, chart: LineChart, history: History) -> None:
        """From evaluations; until there is one, that of the batches, under its own name."""
        evaluated = history.split("train").track
        if len(evaluated):
            if self._done.pop("steps accuracy", 0):
                chart.clear("batch")
            self._extend(chart, "train", "train", evaluated, None, "accuracy", 100.0)
        else:
            self._extend(chart, "batch", "steps accuracy", history.steps, history.recent, "accuracy", 100.0)

    def compare_with(self, run: Path) -> None:
        """A line at the validation accuracy of the best baseline beside this run, if there is one on the same images."""
        baseline = best_baseline(run, "validation")
        accuracy = self.charts[1]
        if baseline is None:
            accuracy.set_reference(None)
        else:
            accuracy.set_reference(100 * baseline.accuracy["validation"], baseline.model)

    def _tracks(self, history: History) -> list[tuple[str, Track]]:
        return [("steps", history.steps), ("train", history.split("train").track), ("validation", history.split("validation").track)]

    def _extend(self, chart: LineChart, series: str, name: str, whole: Track, recent: Track | None, column: str, scale: float) -> None:
        done, seen = self._done.get(name, 0), whole.seen
        if seen == done:
            return
        fresh = seen - done
        self._done[name] = seen
        if done == 0:
            source, count = whole, len(whole)
        elif recent is not None and fresh <= len(recent):
            source, count = recent, fresh
        else:
            source, count = whole, min(len(whole), max(1, fresh // whole.stride))
        chart.extend(series, source["epoch"][-count:], [scale * value for value in source[column][-count:]])

    def _draw_marks(self, history: History) -> None:
        fresh = history.marks[self._marks :]
        self._marks = len(history.marks)
        for before, mark in pairwise([None, *fresh]):
            label = mark_label(mark) if mark else ""
            if mark is None or not label or (before is not None and before.epoch == mark.epoch and mark_label(before) == label):
                continue
            for chart in self.charts:
                chart.mark(mark.epoch, label)

    def toggle_log(self) -> None:
        """Loss on a logarithmic scale, and back."""
        self.charts[0].toggle_log()

    def next_marks(self) -> None:
        """Braille, blocks, ASCII, and round again."""
        self._plot = PLOTS[(PLOTS.index(self._plot) + 1) % len(PLOTS)]
        for chart in self.charts:
            chart.set_plot(self._plot)

    def toggle_window(self) -> None:
        """Recent part or all."""
        for chart in self.charts:
            chart.toggle_window()

    def move_cursor(self, by: int) -> None:
        """Move the reading cursor; 0 takes it away."""
        loss, accuracy = self.charts
        if by == 0:
            for chart in self.charts:
                chart.set_cursor(None)
            return
        chart = loss if loss.display else accuracy
        chart.move_cursor(by)

    def on_line_chart_cursor_moved(self, event: LineChart.CursorMoved) -> None:
        """The other chart reads at the same place."""
        for chart in self.charts:
            if chart is not event.chart:
                chart.set_cursor(event.x)
