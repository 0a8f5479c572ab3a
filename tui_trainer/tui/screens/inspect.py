"""Screen 3, Inspect: where does it fail. The matrix of an evaluation, figures per class, the most confused pairs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from tui_trainer.runs.history import History
from tui_trainer.runs.metrics import class_names, confused_pairs, macro_mean, per_class
from tui_trainer.tui.actions import INSPECT, bindings
from tui_trainer.tui.controls.header import Header
from tui_trainer.tui.controls.keybar import KeyBar
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.controls.table import Column, Table
from tui_trainer.tui.messages import RunAdvanced
from tui_trainer.tui.screens.panels import MatrixPanel
from tui_trainer.tui.wording import percent

if TYPE_CHECKING:
    from tui_trainer.tui.app import TrainerApp


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class, or the mean of all."""

    name: str
    precision: float
    recall: float
    f1: float
    images: int
    wrong: int


@dataclass(frozen=True, slots=True)
class PairRow:
    """One kind of mistake."""

    true: str
    called: str
    count: int
    share: float
    """Of the true class's images, 0..1."""


def _figure(value: float) -> str:
    return f"{100 * value:.1f}"


CLASSES = [
    Column[ClassRow]("name", "class", 8, lambda row: (row.name, "bold"), grows=True),
    Column[ClassRow]("precision", "precision", 9, lambda row: _figure(row.precision), "right"),
    Column[ClassRow]("recall", "recall", 7, lambda row: _figure(row.recall), "right"),
    Column[ClassRow]("f1", "F1", 6, lambda row: _figure(row.f1), "right"),
    Column[ClassRow]("images", "images", 7, lambda row: str(row.images), "right"),
    Column[ClassRow]("wrong", "wrong", 6, lambda row: (str(row.wrong), "bad" if row.wrong else "muted"), "right"),
]
PAIRS = [
    Column[PairRow]("true", "true class", 8, lambda row: (row.true, "bold"), grows=True),
    Column[PairRow]("called", "called", 8, lambda row: row.called, grows=True),
    Column[PairRow]("count", "images", 7, lambda row: str(row.count), "right"),
    Column[PairRow]("share", "% of class", 10, lambda row: _figure(row.share), "right"),
]
NOTHING = ["No evaluation yet.", "2 Train shows how far the run is."]


class InspectScreen(Screen[None]):
    """The newest evaluation of the followed run, class by class."""

    app: "TrainerApp"
    BINDINGS = bindings(INSPECT)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]

    def __init__(self) -> None:
        super().__init__(id="inspect")
        self._shown: object = None

    def compose(self) -> ComposeResult:
        """Matrix on the left, tables on the right."""
        yield Header("inspect")
        with Horizontal(id="body"):
            yield MatrixPanel(id="matrix", classes="panel")
            with Vertical(id="tables"):
                yield Table[ClassRow](CLASSES, empty=NOTHING, id="classes", classes="panel")
                yield Table[PairRow](PAIRS, empty=["Nothing is confused with anything."], id="pairs", classes="panel")
        yield KeyBar()

    def on_mount(self) -> None:
        """Name the panels."""
        self.query_one("#classes").border_title = "Classes, per cent"
        self.query_one("#pairs").border_title = "Most confused"
        self._show()

    def on_screen_resume(self) -> None:
        """Catch up."""
        self._show()

    def on_run_advanced(self, event: RunAdvanced) -> None:
        """There may be a newer evaluation."""
        if self.is_current:
            self._show()

    def _show(self) -> None:
        feed = self.app.feed
        panel = self.query_one(MatrixPanel)
        if feed is None:
            self.query_one(Header).subject = "no run: 4 Runs lists them"
            return
        panel.show(feed.history, anew=feed is not self._shown)
        self._shown = feed
        self._tables(feed.history, panel.split)
        newest = feed.history.split(panel.split).newest
        at = f"epoch {newest.epoch:.4g} · {panel.split} {percent(newest.accuracy)}" if newest else "not evaluated yet"
        self.query_one(Header).subject = plain(f"{feed.name} · {at}")

    def _tables(self, history: History, split: str) -> None:
        newest = history.split(split).newest
        if newest is None or not newest.confusion:
            for table in self.query(Table):
                table.show([])
            return
        names = class_names(history.started.classes if history.started else (), newest.confusion)
        figures = per_class(newest.confusion)
        rows = [ClassRow(name, each.precision, each.recall, each.f1, each.support, each.misclassified) for name, each in zip(names, figures, strict=False)]
        precision, recall, f1 = (macro_mean(figures, name) for name in ("precision", "recall", "f1"))
        mean = ClassRow("macro mean", precision, recall, f1, sum(each.support for each in figures), sum(each.misclassified for each in figures))
        self.query_one("#classes", Table).show([*rows, mean])
        pairs = [PairRow(names[true], names[called], count, count / max(1, figures[true].support)) for true, called, count in confused_pairs(newest.confusion)]
        self.query_one("#pairs", Table).show(pairs)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a run there is nothing to look at."""
        return self.app.feed is not None if action in ("shares", "split", "back") else True

    def action_shares(self) -> None:
        """Counts or per cent."""
        self.query_one(MatrixPanel).toggle_shares()

    def action_back(self) -> None:
        """To the curves."""
        self.app.action_go("train")

    def action_split(self) -> None:
        """The next split."""
        if self.app.feed is not None:
            self.query_one(MatrixPanel).next_split(self.app.feed.history)
            self._show()
