"""Errors: the confusion matrix, and the images of any of its cells, rows and columns, worst first."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from textual.app import ComposeResult
from textual.containers import Container

from tui_trainer.asking.answers import Summary
from tui_trainer.asking.questions import ListImages, Sort, Summarise
from tui_trainer.runs.metrics import Confusion, class_names
from tui_trainer.tui.actions import ERRORS, bindings
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.controls.table import Table
from tui_trainer.tui.screens.panels import name
from tui_trainer.tui.views.figures import PAIRS, PairLine, pair_lines
from tui_trainer.tui.views.images import ImagesPanel
from tui_trainer.tui.views.listing import Listing, Page
from tui_trainer.tui.views.shown import checkpoint_words, tile_of
from tui_trainer.tui.views.view import Subject, View
from tui_trainer.tui.widgets.confusion import ALL, ConfusionMatrix
from tui_trainer.tui.wording import thousands

ORDERS: dict[Sort, str] = {"loss": "worst loss first", "confidence": "surest first", "index": "in their order"}

PAIRS_LEAST = 9
"""Lines of the panel of most confused pairs: six of them, the titles, the frame."""


class ErrorsView(View):
    """Where it fails, and how that looks."""

    BINDINGS = bindings(ERRORS)
    MAIN = "ConfusionMatrix"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.cell = (ALL, ALL)
        self.order: Sort = "loss"
        self.summary: Summary | None = None

    def compose(self) -> ComposeResult:
        """The matrix, the pictures."""
        with Container(id="counted"):
            with Container(id="matrix", classes="panel"):
                yield ConfusionMatrix(shares=True, heads=True)
            yield Table[PairLine](PAIRS, empty=["Nothing is confused with anything."], id="often", classes="panel")
        yield ImagesPanel(lambda image, listing: tile_of(image, listing.classes), view="errors", id="wrong-images")

    def on_mount(self) -> None:
        """Name the pairs."""
        self.query_one("#often").border_title = "Most confused"

    @property
    def images(self) -> ImagesPanel:
        """The pictures."""
        return self.query_one(ImagesPanel)

    @property
    def matrix(self) -> ConfusionMatrix:
        """The matrix."""
        return self.query_one(ConfusionMatrix)

    # --- what it shows

    def show_events(self) -> None:
        """The newest matrix that the run's own events hold, until the process has counted for the checkpoint that is looked at."""
        feed, subject = self.inspect.app.feed, self.inspect.subject
        if feed is None or subject is None or (self.summary is not None and self.loaded_for == subject):
            return
        newest = feed.history.split(subject.split).newest
        if newest is None or not newest.confusion:
            self.matrix.clear()
            name(self.query_one("#matrix"), f"Confusion · {subject.split}")
            return
        self._show(newest.confusion, class_names(feed.history.started.classes if feed.history.started else (), newest.confusion))
        self._title(f"epoch {newest.epoch:.2f}, as told")

    def show_waiting(self, text: str) -> None:
        """What is being done, where it will stand."""
        self.images.clear(text)

    async def load(self, subject: Subject) -> None:
        """The matrix, then the pictures of the chosen cell."""
        self.summary = None
        self.show_events()
        self.wait()
        summary = await self.inspect.ask(Summarise(subject.weights, subject.split))
        self.waits = False
        if summary is None:
            self.forget()
            self.images.clear("")
            return
        self.summary = summary
        self._show(summary.confusion, summary.classes)
        if max(self.cell) >= len(summary.classes):
            self.cell = (ALL, ALL)
        self._title(checkpoint_words(summary.checkpoint))
        self.inspect.tell_checkpoint(summary.checkpoint, summary.accuracy)
        await self._list(subject)

    def _show(self, confusion: Confusion, classes: Sequence[str]) -> None:
        self.matrix.show(confusion, classes)
        self.query_one(Table).show(pair_lines(confusion, classes))
        self.arranged()

    def arranged(self) -> None:
        """The matrix takes what it needs; the pairs take the rest, and never fewer lines than PAIRS_LEAST: a large matrix scrolls."""
        needed, room = len(self.matrix.classes_shown) + 4, self.query_one("#counted").size.height
        often = not self.narrow and room >= 2 * PAIRS_LEAST
        self.query_one("#often").display = often
        self.query_one("#matrix").styles.height = min(needed, room - PAIRS_LEAST) if often else "1fr"

    def _title(self, of: str = "") -> None:
        subject = self.inspect.subject
        if of:
            self._of = of
        if subject is not None:
            name(self.query_one("#matrix"), f"{subject.split.capitalize()} · {'row %' if self.matrix.shares else 'counts'} · {self._of}")

    _of = ""

    def choose(self, true: int, predicted: int) -> None:
        """List the images of a cell, of a class (``ALL`` for the other), or all errors."""
        self.cell = (true, predicted)
        self.matrix.cursor = self.cell
        self.relist(focus=True)

    def relist(self, *, focus: bool = False) -> None:
        """The pictures anew."""
        subject = self.inspect.subject
        if subject is None:
            return
        self.run_worker(self._list(subject), exclusive=True, group="list")
        if focus:
            self.front("images")

    async def _list(self, subject: Subject) -> None:
        if self.summary is None:
            return
        classes, (true, predicted), order = self.summary.classes, self.cell, self.order
        only: Literal["errors", "all"] = "all" if ALL not in self.cell else "errors"
        question = ListImages(subject.weights, subject.split, None if true == ALL else true, None if predicted == ALL else predicted, only, order)

        async def fetch(offset: int, limit: int) -> Page | None:
            found = await self.inspect.ask(replace(question, offset=offset, limit=limit))
            return None if found is None else Page(found.total, found.images)

        title = cell_title(classes, self.cell)
        listing = Listing(subject, title, classes, fetch)
        await self.images.show(listing, f"None: {title} never happens here.")
        if self.images.listing is listing and listing.total >= 0:
            name(self.images, f"{title} · {thousands(listing.total)} · {ORDERS[order]}")

    # --- what one can do

    def on_confusion_matrix_cell_selected(self, event: ConfusionMatrix.CellSelected) -> None:
        """Enter or a click: those images, which take the keys; Escape comes back."""
        event.stop()
        self.cell = (event.true, event.predicted)
        self.relist(focus=True)

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """A pair's images."""
        event.stop()
        if isinstance(event.item, PairLine):
            self.choose(*event.item.cell)

    def on_table_moved(self, event: Table.Moved) -> None:
        """Stay quiet: only a choice counts."""
        event.stop()

    def action_all_errors(self) -> None:
        """Every mistake."""
        self.choose(ALL, ALL)

    def action_order(self) -> None:
        """By loss or by confidence."""
        self.order = "confidence" if self.order == "loss" else "loss"
        self.relist()

    def action_size(self) -> None:
        """Thumbnails, or whole pixels."""
        self.images.gallery.toggle_small()

    def action_shares(self) -> None:
        """Counts or per cent."""
        self.matrix.toggle_shares()
        self._title()

    def action_matrix(self) -> None:
        """Back to the matrix."""
        self.front("matrix")

    def front(self, part: str) -> None:
        """Bring a part to the front, where only one is in sight, and give it the keys."""
        self.set_class(part == "images", "images-in-front")
        (self.images.gallery if part == "images" else self.matrix).focus()

    def enter(self) -> None:
        """The part that was in front last takes the keys."""
        self.front("images" if self.has_class("images-in-front") else "matrix")
        self.catch_up()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The way back to the matrix is for those who are among the pictures."""
        if action == "matrix":
            return self.images.gallery.has_focus
        return True

    def on_descendant_focus(self, event: Any) -> None:
        """The keys that apply are others."""
        self.screen.refresh_bindings()


def cell_title(classes: Any, cell: tuple[int, int]) -> str:
    """What a cell of the matrix holds, in words."""
    true, predicted = cell
    if true == ALL and predicted == ALL:
        return "All errors"
    if predicted == ALL:
        return f"{classes[true]} missed"
    if true == ALL:
        return f"{classes[predicted]} said wrongly"
    return f"{classes[true]} recognised" if true == predicted else plain(f"{classes[true]} → {classes[predicted]}")
