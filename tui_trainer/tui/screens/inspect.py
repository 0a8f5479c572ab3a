"""Screen 3, Inspect: why does it fail, what has it learnt, and what does it make of what I draw.

What takes a network is computed by a process of its own (``tui_trainer.asking``); until it answers, the screen shows what the
run's events hold.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Static

from tui_trainer.asking.answers import CheckpointInfo, Opened
from tui_trainer.asking.message import Question, Reply
from tui_trainer.asking.picture import Picture
from tui_trainer.asking.questions import Split
from tui_trainer.asking.wire import AskingError, SupersededError
from tui_trainer.config.errors import ConfigError
from tui_trainer.runs.checkpoints import Entry, read_index
from tui_trainer.runs.events import CheckpointSaved
from tui_trainer.tui.actions import INSPECT, bindings
from tui_trainer.tui.controls.header import Header
from tui_trainer.tui.controls.keybar import KeyBar
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.controls.tabs import Tabs
from tui_trainer.tui.messages import RunAdvanced
from tui_trainer.tui.screens.dialogs import Option, Pick
from tui_trainer.tui.screens.plane import in_the_plane
from tui_trainer.tui.views.boundary import BoundaryView
from tui_trainer.tui.views.calibration import CalibrationView
from tui_trainer.tui.views.errors import ErrorsView
from tui_trainer.tui.views.figures import FiguresView
from tui_trainer.tui.views.histograms import HistogramsView
from tui_trainer.tui.views.image import ImageView
from tui_trainer.tui.views.listing import ImageChosen, Listing
from tui_trainer.tui.views.pad import PadView
from tui_trainer.tui.views.pair import PairView
from tui_trainer.tui.views.shown import checkpoint_words
from tui_trainer.tui.views.view import Subject, View
from tui_trainer.tui.views.weights import WeightsView
from tui_trainer.tui.wording import percent, thousands

if TYPE_CHECKING:
    from tui_trainer.tui.app import TrainerApp
    from tui_trainer.tui.feed import Feed

VIEWS: dict[str, type[View]] = {
    "errors": ErrorsView, "figures": FiguresView, "calibration": CalibrationView, "weights": WeightsView,
    "histograms": HistogramsView, "image": ImageView, "pad": PadView, "boundary": BoundaryView, "pair": PairView,
}  # fmt: skip
TABS = [(action.name.split("'")[1], action.shown_key, action.label) for action in INSPECT if action.name.startswith("view(")]
OF_IMAGES = ("errors", "image", "pad", "pair")
"""Views that show pictures: points in the plane have none."""
SPLITS: tuple[Split, ...] = ("validation", "test", "train")
NO_RUN = "No run is followed: 4 Runs lists them, 1 Design says what to train."


class InspectScreen(Screen[None]):
    """The followed run, seen from eight sides."""

    app: "TrainerApp"
    CSS_PATH = "../styles/inspect.tcss"
    BINDINGS = bindings(INSPECT)
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]

    def __init__(self) -> None:
        super().__init__(id="inspect")
        self.view = "errors"
        self.subject: Subject | None = None
        self._shown: Feed | None = None
        self._told: tuple[CheckpointInfo, float | None] | None = None
        self._open = 0
        self._progress = ""
        self._round = 0
        self.plane = False
        """Whether the run's data are points in the plane."""

    def compose(self) -> ComposeResult:
        """Header, the views' tabs, what went wrong, the view in front."""
        yield Header("inspect")
        yield Tabs(self._tabs(), self.view)
        yield Static("", id="trouble", markup=False)
        with Container(id="body"):
            for name, kind in VIEWS.items():
                yield kind(id=name)
        yield KeyBar()

    def _tabs(self) -> list[tuple[str, str, str]]:
        """The views that this run has."""
        return [tab for tab in TABS if (tab[0] not in OF_IMAGES if self.plane else tab[0] != "boundary")]

    def _has_view(self, name: object) -> bool:
        return any(tab[0] == name for tab in self._tabs())

    # --- following the run

    def on_mount(self) -> None:
        """Show what there is; the process starts beside."""
        self.query_one("#trouble").display = False
        for name in VIEWS:
            self.query_one(f"#{name}").display = name == self.view
        self._follow()

    def on_screen_resume(self) -> None:
        """Catch up; perhaps it is another run."""
        self._follow()

    def on_run_advanced(self, event: RunAdvanced) -> None:
        """There may be a newer evaluation or checkpoint."""
        if self.is_current:
            self._follow()

    def on_unmount(self) -> None:
        """Nobody asks any more."""
        self._open = 0

    def _follow(self) -> None:
        feed = self.app.feed
        if feed is None:
            self.query_one(Header).subject = "no run"
            self._trouble(NO_RUN)
            return
        if feed is not self._shown:
            self._trouble("")
            self._shown, self._told = feed, None
            split: Split = next((each for each in SPLITS if feed.history.split(each).newest is not None), "validation")
            self.subject = Subject(str(feed.path), "last" if feed.live else "", split)
            self.plane = in_the_plane(feed)
            self.query_one(Tabs).offer(self._tabs())
            if self._has_view(self.view):
                self.current.enter()
            else:
                self.action_view("boundary" if self.plane else "errors")
        self.query_one("#errors", ErrorsView).show_events()
        self.query_one("#figures", FiguresView).show_events()
        self._head()
        self.refresh_bindings()

    @property
    def current(self) -> View:
        """The view in front."""
        return self.query_one(f"#{self.view}", View)

    def _head(self) -> None:
        """What is looked at, or what is waited for."""
        feed, subject = self._shown, self.subject
        if feed is None or subject is None or not self.query(Header):  # nothing left where the app is being left
            return
        if self._open:
            text = self.waiting_for
            if self.current.waits:
                self.current.show_waiting(text)
        else:
            words = [feed.name]
            if self.current.BY_SPLIT:
                words.append(subject.split)
            if self._told is not None:
                info, accuracy = self._told
                words.append(checkpoint_words(info))
                if accuracy is not None and self.current.BY_SPLIT:
                    words.append(percent(accuracy))
            if self.newer():
                words.append("newer: r")
            text = " · ".join(words)
        self.query_one(Header).subject = plain(text)

    def newer(self) -> bool:
        """Whether a checkpoint came after the one that is shown, and no older one is looked at on purpose."""
        feed, subject = self._shown, self.subject
        if feed is None or subject is None or self._told is None or subject.checkpoint not in ("last", ""):
            return False
        newest = next((event for event in reversed(feed.history.events) if isinstance(event, CheckpointSaved)), None)
        return newest is not None and newest.step > self._told[0].step and feed.live

    # --- asking

    @property
    def waiting_for(self) -> str:
        """Why nothing is there yet: what is being done."""
        if self._progress:
            return self._progress
        if self.app.inspector.state == "ready":
            return "being computed"
        return "the inspection process starts (torch takes a few seconds)"

    async def ask(self, question: Question[Reply], slot: str = "", *, quiet: bool = False) -> Reply | None:
        """The answer; None where a newer question took its place, or where there is none: then a sentence says why, and r tries again."""
        self._open += not quiet
        self._head()
        try:
            answer = await self.app.inspector.ask(question, slot=slot, progress=None if quiet else self._tell_progress)
        except SupersededError:
            return None
        except AskingError as error:
            self._trouble(f"{error}  (r tries again)")
            return None
        finally:
            self._open -= not quiet
            self._progress = ""
            self._head()
        self._trouble("")
        return answer

    def _tell_progress(self, what: str, done: int, total: int) -> None:
        self._progress = f"{what} {thousands(done)}/{thousands(total)}" if total else what
        self._head()

    def _trouble(self, text: str) -> None:
        line = self.query_one("#trouble", Static)
        if line.display or text:
            line.update(plain(text))
            line.display = bool(text)

    def process_changed(self) -> None:
        """The process is ready, or gone."""
        self._head()

    def tell_checkpoint(self, checkpoint: CheckpointInfo, accuracy: float | None = None) -> None:
        """Which weights the answer was of."""
        self._told = (checkpoint, accuracy)
        self._head()

    def class_names(self, count: int, opened: Opened | None = None) -> list[str]:
        """Names of the classes."""
        if opened is not None:
            return list(opened.classes)
        summary = self.query_one("#errors", ErrorsView).summary
        if summary is not None and len(summary.classes) == count:
            return list(summary.classes)
        started = self._shown.history.started if self._shown else None
        return started.classes if started is not None and len(started.classes) == count else [str(number) for number in range(count)]

    # --- between the views

    def show_cell(self, true: int, predicted: int) -> None:
        """A cell of the matrix, or a class, in Errors."""
        self.action_view("errors")
        self.query_one("#errors", ErrorsView).choose(true, predicted)

    def worst(self) -> Listing | None:
        """The list that Errors shows."""
        listing = self.query_one("#errors", ErrorsView).images.listing
        return listing if listing is not None and listing.total > 0 else None

    def on_image_chosen(self, event: ImageChosen) -> None:
        """Look at it closely."""
        self.query_one("#image", ImageView).look_at(event.listing, event.number, event.view)
        self.action_view("image")

    def look_at_drawing(self, picture: Picture) -> None:
        """The same for a drawing."""
        self.query_one("#image", ImageView).look_at_drawing(picture)
        self.action_view("image")

    def on_tabs_chosen(self, event: Tabs.Chosen) -> None:
        """A click on a tab."""
        self.action_view(event.name)

    def on_resize(self) -> None:
        """The breakpoints' classes are set after this."""
        self.call_after_refresh(self._arrange)

    def _arrange(self) -> None:
        for view in self.query(View):
            view.arranged()

    # --- what one can do

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a run there is nothing to look at."""
        if action == "view":
            return self._has_view(parameters[0])
        if action == "split":
            return self.subject is not None and self.current.BY_SPLIT
        if action == "choose_checkpoint":
            return self.subject is not None and self.view != "histograms"
        return self.subject is not None if action in ("back", "reload") else True

    def relabel(self, action: str, label: str) -> str:
        """The view in front may call its keys otherwise."""
        relabel = getattr(self.current, "relabel", None)
        return relabel(action, label) if relabel else label

    def action_view(self, name: str) -> None:
        """Bring a view to the front."""
        if name != self.view:
            self.current.display = False
            self.view = name
            self.current.display = True
            self.query_one(Tabs).turn(name)
        self.current.enter()
        self._head()
        self.refresh_bindings()

    def _look_at(self, subject: Subject) -> None:
        self._round += 1
        self.subject, self._told = replace(subject, round=self._round), None
        self.current.catch_up()
        self._head()

    def action_split(self) -> None:
        """The next split."""
        if self.subject is not None:
            self._look_at(replace(self.subject, split=SPLITS[(SPLITS.index(self.subject.split) + 1) % len(SPLITS)]))

    def action_reload(self) -> None:
        """Anew: the newest checkpoint, or what failed."""
        if self.subject is not None:
            self._look_at(self.subject)

    def action_choose_checkpoint(self) -> None:
        """Choose the weights."""
        subject, feed = self.subject, self._shown
        if subject is None or feed is None:
            return
        try:
            entries = list(read_index(feed.path / "checkpoints").entries.values())
        except ConfigError as error:
            self.notify(str(error), severity="error", markup=False)
            return

        def chosen(option: Option | None) -> None:
            if option is not None and self.subject is not None:
                self._look_at(replace(self.subject, checkpoint=str(option.value)))

        self.app.push_screen(Pick("Weights of which checkpoint", checkpoint_options(entries), subject.checkpoint or "best"), chosen)

    def action_back(self) -> None:
        """To the curves."""
        self.app.action_go("train")


SAVED = {
    "best": "was best when saved", "epoch": "end of an epoch", "interval": "at an interval", "requested": "asked for", "settings": "before a change",
    "hangup": "when the terminal closed", "interrupted": "when it was interrupted", "end": "end of training",
}  # fmt: skip
"""Why a checkpoint was saved, by its reason."""


def checkpoint_options(entries: Sequence[Entry]) -> list[Option]:
    """What can be chosen: the best and the last by name, then every checkpoint of ``entries`` (oldest first), the newest first."""
    wide = max((len(f"{entry.epoch:.2f}") for entry in entries), default=4)

    def about(entry: Entry) -> str:
        figure = f"{100 * entry.accuracy:6.2f} %" if entry.accuracy is not None else " " * 8
        return f"epoch {entry.epoch:{wide}.2f}  {figure}  {'best' if entry.best else SAVED.get(entry.reason, entry.reason)}"

    named = [Option("best", "best", "the best by validation"), Option("last", "last", "the newest; of a live run it moves on")]
    return [*named, *(Option(entry.file, entry.file, about(entry)) for entry in reversed(entries))]
