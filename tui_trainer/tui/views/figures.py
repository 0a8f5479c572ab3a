"""Classes: precision, recall, F1 and support of every class, their means, and the most confused pairs."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult

from tui_trainer.asking.questions import Summarise
from tui_trainer.runs.metrics import ClassFigures, Confusion, class_names, confused_pairs, macro_mean, per_class
from tui_trainer.tui.controls.table import Column, Table
from tui_trainer.tui.views.view import Subject, View
from tui_trainer.tui.widgets.confusion import ALL
from tui_trainer.tui.wording import thousands


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One class, or a mean of all (``number`` ALL)."""

    number: int
    name: str
    precision: float
    recall: float
    f1: float
    images: int
    wrong: int


@dataclass(frozen=True, slots=True)
class PairLine:
    """One kind of mistake."""

    cell: tuple[int, int]
    true: str
    called: str
    count: int
    share: float
    """Of the true class's images, 0..1."""


def _figure(value: float) -> str:
    return f"{100 * value:.1f}"


CLASSES = [
    Column[ClassLine]("name", "class", 8, lambda row: (row.name, "accent" if row.number == ALL else "bold"), grows=True, most=30),
    Column[ClassLine]("precision", "precision", 9, lambda row: _figure(row.precision), "right"),
    Column[ClassLine]("recall", "recall", 7, lambda row: _figure(row.recall), "right"),
    Column[ClassLine]("f1", "F1", 6, lambda row: _figure(row.f1), "right"),
    Column[ClassLine]("images", "images", 7, lambda row: "" if row.number == ALL else thousands(row.images), "right"),
    Column[ClassLine]("wrong", "wrong", 6, lambda row: ("" if row.number == ALL else thousands(row.wrong), "bad" if row.wrong else "muted"), "right"),
]
PAIRS = [
    Column[PairLine]("true", "true class", 8, lambda row: (row.true, "bold"), grows=True, most=20),
    Column[PairLine]("called", "called", 8, lambda row: row.called, grows=True, most=20),
    Column[PairLine]("count", "images", 7, lambda row: thousands(row.count), "right"),
    Column[PairLine]("share", "% of class", 10, lambda row: _figure(row.share), "right"),
]
NOTHING = ["No evaluation yet.", "2 Train shows how far the run is."]


class FiguresView(View):
    """How every class fares."""

    MAIN = "#classes"

    def compose(self) -> ComposeResult:
        """Two tables."""
        yield Table[ClassLine](CLASSES, empty=NOTHING, id="classes", classes="panel")
        yield Table[PairLine](PAIRS, empty=["Nothing is confused with anything."], id="pairs", classes="panel")

    def on_mount(self) -> None:
        """Name the tables."""
        self.query_one("#classes").border_title = "Classes, per cent"
        self.query_one("#pairs").border_title = "Most confused"

    def show_events(self) -> None:
        """The figures of the newest evaluation that the run told of, until the process has counted."""
        feed, subject = self.inspect.app.feed, self.inspect.subject
        if feed is None or subject is None or self._counted:
            return
        newest = feed.history.split(subject.split).newest
        if newest is None or not newest.confusion:
            self._show((), ())
            return
        self._show(newest.confusion, class_names(feed.history.started.classes if feed.history.started else (), newest.confusion))

    _counted = False

    async def load(self, subject: Subject) -> None:
        """The figures of the checkpoint that is looked at."""
        self._counted = False
        self.show_events()
        summary = await self.inspect.ask(Summarise(subject.weights, subject.split))
        if summary is None:
            self.forget()
            return
        self._counted = True
        self._show(summary.confusion, summary.classes)
        self.inspect.tell_checkpoint(summary.checkpoint, summary.accuracy)

    def _show(self, confusion: Confusion, names: Sequence[str]) -> None:
        figures = per_class(confusion)
        lines = [ClassLine(number, name, each.precision, each.recall, each.f1, each.support, each.misclassified) for number, (name, each) in enumerate(zip(names, figures, strict=True))]
        means = [_mean("macro mean", figures, weighted=False), _mean("weighted mean", figures, weighted=True)] if figures else []
        table = self.query_one("#classes", Table)
        table.show([*lines, *means])
        table.border_subtitle = f"{thousands(means[0].wrong)} of {thousands(means[0].images)} images wrong" if means else ""
        self.query_one("#pairs", Table).show(pair_lines(confusion, names))

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Enter: those images."""
        event.stop()
        if isinstance(event.item, ClassLine):
            self.inspect.show_cell(event.item.number, ALL)
        elif isinstance(event.item, PairLine):
            self.inspect.show_cell(*event.item.cell)

    def on_table_moved(self, event: Table.Moved) -> None:
        """Stay quiet: only a choice counts."""
        event.stop()


def pair_lines(confusion: Confusion, names: Sequence[str]) -> list[PairLine]:
    """All kinds of mistakes, most frequent first."""
    return [PairLine((true, called), names[true], names[called], count, count / max(1, sum(confusion[true]))) for true, called, count in confused_pairs(confusion)]


def _mean(name: str, figures: Sequence[ClassFigures], *, weighted: bool) -> ClassLine:
    """Over the classes, each the same, or each as often as it occurs."""
    images = sum(each.support for each in figures)

    def of(what: str) -> float:
        return sum(getattr(each, what) * each.support for each in figures) / max(1, images) if weighted else macro_mean(figures, what)

    return ClassLine(ALL, name, of("precision"), of("recall"), of("f1"), images, sum(each.misclassified for each in figures))
