"""Screen 2, Train: watch a run, and take the wheel."""

import socket
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container, Vertical

from tui_trainer.runs.commands import Command, Continue, OneEpoch, OneStep, Pause, SaveCheckpoint, SetLearningRate, StopAfterEpoch, StopNow, person
from tui_trainer.runs.status import LIVE
from tui_trainer.tui.about import About, title_of
from tui_trainer.tui.actions import TRAIN, bindings
from tui_trainer.tui.controls.header import Header
from tui_trainer.tui.controls.keybar import KeyBar
from tui_trainer.tui.messages import RunAdvanced
from tui_trainer.tui.screens.curves import Curves
from tui_trainer.tui.screens.diagnosis import DiagnosisPanel
from tui_trainer.tui.screens.dialogs import AskText, Confirm
from tui_trainer.tui.screens.first import TrainFrame
from tui_trainer.tui.screens.heights import OUTCOME, Needs, divide
from tui_trainer.tui.screens.outcome import Outcome, has_checkpoint
from tui_trainer.tui.screens.panels import ErrorsPanel, EventsPanel, LogPanel, MatrixPanel, TrendsPanel, rate_now
from tui_trainer.tui.screens.paths import come_back
from tui_trainer.tui.screens.plane import BoundaryPanel, in_the_plane
from tui_trainer.tui.widgets.progress import Progress, RunProgress
from tui_trainer.tui.wording import asked, stops_after, thousands

if TYPE_CHECKING:
    from tui_trainer.tui.app import TrainerApp
    from tui_trainer.tui.feed import Feed

PANELS = ("boundary", "loss", "accuracy", "diagnosis", "matrix", "errors", "events", "log")
CURVES = ("boundary", "loss", "accuracy")
PANEL_TOPICS = {
    "boundary": ("figure.boundary",), "loss": ("figure.loss",), "accuracy": ("figure.accuracy",), "matrix": ("figure.confusion",), "errors": ("figure.misclassified",),
    "diagnosis": ("figure.diagnosis", "figure.rate-too-high", "figure.rate-too-low", "figure.dead-relu", "figure.guessing", "figure.overfitting", "figure.plateau"),
}  # fmt: skip
TOPICS = tuple(
    f"figure.{name}" for name in ("loss", "accuracy", "gap", "gradient-norm", "learning-rate", "images-per-second", "memory", "confusion", "misclassified", "reference", "diagnosis")
)
STEERING = {"pause", "one_step", "one_epoch", "learning_rate", "checkpoint", "stop_after_epoch", "stop_now"}
LEAST_FOR_PLANE = 32
"""Rows from which two charts above each other leave room for anything else."""
RESUMABLE = ("stopped", "failed", "crashed")
HOST = socket.gethostname()
NOTHING = "No run is followed yet.  1 Design says what to train, ^r there starts it;  4 Runs lists earlier ones."


class TrainScreen(TrainFrame):
    """The run that is followed: curves, figures, matrix, events; and the keys that steer it."""

    app: "TrainerApp"
    BINDINGS = bindings(TRAIN)
    AUTO_FOCUS = ""

    def __init__(self) -> None:
        super().__init__(id="train")
        self.panel = "loss"
        self.zoomed = False
        self.plane = False
        """Whether the run's data are points, so that there is a boundary to see."""
        self._state = ""
        self._checkpoint = False
        """Whether there is anything to resume, to fork from or to inspect."""
        self._me = person()
        self._shown: Feed | None = None
        self._rows: tuple[int | None, ...] = ()

    def compose(self) -> ComposeResult:
        """Header, progress, curves, trends, panels, keys."""
        yield Header("train")
        yield RunProgress(id="progress")
        with Vertical(id="body"):
            yield Curves(id="curves")
            yield TrendsPanel(id="trends")
            yield DiagnosisPanel(id="diagnosis", classes="panel")
            with Container(id="bottom"):
                yield MatrixPanel(id="matrix", classes="panel")
                yield ErrorsPanel(id="errors", classes="panel")
                yield EventsPanel(id="events", classes="panel")
                yield LogPanel(id="log", classes="panel")
            yield Outcome(id="outcome")
        yield KeyBar()

    # --- following

    def on_mount(self) -> None:
        """Show what there is."""
        self._arrange()
        if self.app.feed is not None:
            self.show(self.app.feed)
        else:
            self._nothing()

    def on_screen_resume(self) -> None:
        """Catch up with what happened while another screen was in front."""
        if self.app.feed is not None:
            self.show(self.app.feed)

    def on_run_advanced(self, event: RunAdvanced) -> None:
        """The run has something new."""
        if self.is_current:
            self.show(event.feed)

    def _nothing(self) -> None:
        self.query_one(Curves).nothing(NOTHING)
        self.query_one(Header).subject = "no run"

    def show(self, feed: "Feed") -> None:
        """Bring every panel up to the feed; each redraws only what changed."""
        anew = feed is not self._shown
        self._shown = feed
        history, state, live = feed.history, feed.state, feed.live
        self.query_one(RunProgress).show(self._progress(feed))
        self.query_one(Curves).show(history, anew=anew, live=live)
        if anew:
            self.query_one(Curves).compare_with(feed.path)
        self.query_one(BoundaryPanel).show(feed)
        self.query_one(TrendsPanel).show(history, live=live)
        self.query_one(MatrixPanel).show(history, anew=anew)
        self.query_one(ErrorsPanel).show(history, self.query_one(MatrixPanel).split)
        self.query_one(DiagnosisPanel).show(history, live=live)
        self.query_one(EventsPanel).show(history, feed.pending)
        if not anew:
            self.query_one(LogPanel).show(feed)
        self.query_one(Outcome).show(feed)
        self.query_one(Header).subject = self._subject(feed)
        if anew or state != self._state:
            self._state = state
            self.set_class(state in ("failed", "crashed") or (state == "starting"), "trouble")
            self._checkpoint = live or has_checkpoint(feed)
            if anew:
                self.plane = in_the_plane(feed)
                self.set_class(self.plane, "plane")
                self.panel = "log" if state in ("failed", "crashed") else self.panels[0]
                self.set_focus(None)
            elif state in ("failed", "crashed"):
                self.panel = "log"
            self._arrange()
            self.refresh_bindings()
        else:
            self._divide()

    def _progress(self, feed: "Feed") -> Progress:
        status, history = feed.status, feed.history
        started, newest = history.started, history.newest
        epochs = started.total_epochs if started else status.total_epochs if status else 0.0
        steps = started.total_steps if started else status.total_steps if status else 0
        gone = history.elapsed
        done = newest.step / steps if newest and steps else 0.0
        left = gone * (1 - done) / done if feed.live and done > 0 else None
        state = "waiting" if feed.state == "missing" else feed.state
        return Progress(
            name=feed.name, preset=(status.preset or status.dataset) if status else "", state=state, epoch=newest.epoch if newest else 0, epochs=epochs or None,
            step=newest.step if newest else 0, steps=steps or None, gone=gone, left=left,
        )  # fmt: skip

    def _subject(self, feed: "Feed") -> str:
        if feed.problem:
            return feed.problem
        if not feed.loaded:
            return "a long run: its events are being read"
        if feed.pending:
            return "asked for: " + ", ".join(asked(each.command) for each in feed.pending)
        started = feed.history.started
        if started is None:
            return "the trainer loads torch: a few seconds" if feed.live else feed.name
        device = f"{started.device} {started.threads} thread{'s' if started.threads != 1 else ''}" if started.device == "cpu" else started.device_name or started.device
        elsewhere = f" · on {started.host}" if started.host != HOST else ""
        stop = f"{words} · " if feed.live and (words := stops_after(feed.history, self._me)) else ""
        return f"{stop}{started.dataset} · {thousands(started.train_images)} {'points' if self.plane else 'images'} · {device}{elsewhere}"

    # --- panels

    def about_this(self) -> About:
        """The current panel first, then what else stands here."""
        first = PANEL_TOPICS.get(self.panel, ())
        return About(title_of(first[0]) if first else "What stands here", tuple(dict.fromkeys((*first, *TOPICS))))

    @property
    def panels(self) -> tuple[str, ...]:
        """The panels that this run has."""
        return PANELS if self.plane else PANELS[1:]

    @property
    def single(self) -> bool:
        """Whether there is room for one panel only."""
        if self.plane and (self.has_class("-narrow") or self.size.height < LEAST_FOR_PLANE):
            return True
        return self.zoomed or self.has_class("-tiny") or self.has_class("-short")

    def on_resize(self) -> None:
        """The breakpoints' classes are set after this."""
        self.call_after_refresh(self._arrange)

    def _arrange(self) -> None:
        single = self.single
        if single != self.has_class("single"):
            self.call_after_refresh(self.refresh_bindings)  # a key for the next panel, where not all are in sight
        self.set_class(single, "single")
        self.set_class(self.panel not in CURVES, "below")
        self.set_class(self.zoomed, "zoomed")
        self.query_one("#boundary").display = self.plane
        for name in self.panels:
            widget = self.query_one(f"#{name}")
            widget.set_class(name == self.panel, "current")
            if single:
                widget.display = name == self.panel
            else:
                widget.display = name not in ("events", "log") or (name == "log") == self._log_in_front()
        if not single and self._log_in_front():
            self.query_one("#errors").display = False
        elif not single and self.has_class("-narrow"):  # room for two beside each other
            self.query_one("#errors" if self.panel != "errors" else "#events").display = False
        self.query_one("#curves").display = not single or self.panel in CURVES
        self.query_one("#bottom").display = not single or self.panel not in (*CURVES, "diagnosis")
        if self._shown is not None:
            self.query_one(BoundaryPanel).show(self._shown)  # they may have come into sight
            self.query_one(LogPanel).show(self._shown)
        self._divide()

    def _divide(self) -> None:
        """Rows for each part; where there is one panel only, it has what the figures of the end leave."""
        outcome = self.query_one(Outcome)
        ended = outcome.styles.display != "none"
        if self.single:
            rows: tuple[int | None, ...] = (None, OUTCOME if ended else None, None, None)
        else:
            narrow, wide = self.has_class("-narrow"), self.has_class("-wide")
            room = self.size.height - 3 - (1 if wide else 3 if narrow else 2)
            diagnosis = self.query_one(DiagnosisPanel).rows(self.size.width) if ended else 6 if wide else 5
            rows = divide(room, Needs(len(outcome.lines) + 2 if ended else 0, diagnosis, self.query_one(MatrixPanel).rows, 2 if self.plane else 1))
        if rows != self._rows:
            self._rows = rows
            for name, height in zip(("#curves", "#outcome", "#diagnosis", "#bottom"), rows, strict=True):
                self.query_one(name).styles.height = height

    def _log_in_front(self) -> bool:
        return self.panel == "log" if self.panel in ("events", "log") else self.has_class("trouble")

    def _turn(self, by: int) -> None:
        place = self.panels.index(self.panel)
        self.panel = self.panels[(place + by) % len(self.panels)]
        self._arrange()
        self.query_one(f"#{self.panel}").focus()
        self.refresh_bindings()

    def action_next_panel(self) -> None:
        """The next panel."""
        self._turn(1)

    def action_previous_panel(self) -> None:
        """The panel before."""
        self._turn(-1)

    def on_descendant_focus(self) -> None:
        """A click on a panel makes it the current one."""
        focused = self.focused
        for name in PANELS:
            if focused is not None and focused in self.query_one(f"#{name}").walk_children(with_self=True):
                self.panel = name

    def action_zoom(self) -> None:
        """One panel, or all."""
        self.zoomed = not self.zoomed
        self._arrange()
        self.refresh_bindings()

    def action_trainer_log(self) -> None:
        """The log, or the events again."""
        self.panel = "events" if self.panel == "log" or (self.panel != "events" and self._log_in_front()) else "log"
        self._arrange()
        self.query_one(f"#{self.panel}").focus()

    def action_log_scale(self) -> None:
        """Loss on a logarithmic scale, and back."""
        self.query_one(Curves).toggle_log()

    def action_marks(self) -> None:
        """Braille, blocks, ASCII."""
        self.query_one(Curves).next_marks()

    def action_window(self) -> None:
        """Recent part or all."""
        self.query_one(Curves).toggle_window()

    def action_cursor(self, by: int) -> None:
        """Move the reading cursor of the curves; 0 takes it away."""
        self.query_one(Curves).move_cursor(by)

    def action_shares(self) -> None:
        """Counts or per cent."""
        self.query_one(MatrixPanel).toggle_shares()

    def action_split(self) -> None:
        """Another split's matrix."""
        if self._shown is not None:
            self.query_one(MatrixPanel).next_split(self._shown.history)
            self.query_one(ErrorsPanel).show(self._shown.history, self.query_one(MatrixPanel).split)

    # --- steering

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Steering needs a live run; what comes next needs one that ended."""
        feed = self._shown
        if action in STEERING:
            return feed is not None and feed.live and feed.state in LIVE
        if action == "resume":
            return feed is not None and feed.state in RESUMABLE and self._checkpoint
        if action == "report":
            return feed is not None and feed.state not in LIVE
        if action == "fork":
            return feed is not None and self._checkpoint
        if action == "again":
            return feed is not None
        if action in ("split", "shares", "copy_come_back", "trainer_log"):
            return feed is not None
        return True

    def relabel(self, action: str, label: str) -> str:
        """Space goes on where the run waits; no key for the next panel where all are in sight (empty: not shown)."""
        if action == "next_panel":
            return label if self.single else ""
        if action == "app.go('inspect')":
            return label if self._checkpoint else ""
        return "Go on" if action == "pause" and self._state == "paused" else label

    def send(self, command: Command) -> None:
        """Leave a command; it shows as asked for until an event answers."""
        feed = self._shown
        if feed is None:
            return
        if wrong := feed.send(command):
            self.notify(wrong, severity="error", markup=False)
        self.show(feed)

    def action_pause(self) -> None:
        """Pause, or go on."""
        self.send(Continue() if self._shown and self._shown.state == "paused" else Pause())

    def action_one_step(self) -> None:
        """One step."""
        self.send(OneStep())

    def action_one_epoch(self) -> None:
        """To the end of the epoch."""
        self.send(OneEpoch())

    def action_checkpoint(self) -> None:
        """Save one now."""
        self.send(SaveCheckpoint())

    def action_stop_after_epoch(self) -> None:
        """Stop at the end of the epoch."""
        self.send(StopAfterEpoch())

    def action_stop_now(self) -> None:
        """Stop, after a question that says what is kept."""
        feed = self._shown
        if feed is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.send(StopNow())

        text = f"{feed.name} finishes its step, saves a checkpoint and stops. Its curves, its best and its last weights are kept."
        self.app.push_screen(Confirm("Stop the run?", text, "stop it", "let it go on"), answered)

    def action_learning_rate(self) -> None:
        """Ask for the learning rate."""
        feed = self._shown
        newest = feed.history.newest if feed else None

        def answered(text: str | None) -> None:
            if text:
                self.send(SetLearningRate(float(text)))

        now = f"{rate_now(feed.history):g}" if feed and newest else ""
        about = "Used from the next step on; a schedule goes on from it in proportion." + (f" Now {now}." if now else "")
        self.app.push_screen(AskText("Learning rate", about, now, check=wrong_rate), answered)

    def action_again(self) -> None:
        """This run's settings into Design."""
        if self._shown is not None:
            self.app.design_from_run(self._shown.path)

    def action_resume(self) -> None:
        """Go on in the same folder."""
        if self._shown is not None:
            self.app.resume(self._shown.path)

    def action_fork(self) -> None:
        """A new run from one of its checkpoints."""
        if self._shown is not None:
            self.app.fork(self._shown.path)

    def action_report(self) -> None:
        """A report to hand in."""
        if self._shown is not None:
            self.app.report([self._shown.path])

    def action_copy_come_back(self) -> None:
        """The command that opens this run again."""
        if self._shown is not None:
            self.app.copy(come_back(self._shown.path, self.app.root))


def wrong_rate(text: str) -> str:
    """A sentence where ``text`` is no learning rate."""
    try:
        value = float(text)
    except ValueError:
        return f"{text!r} is no number" if text else "a number, such as 0.01"
    return "" if 0 < value <= 1e6 else "allowed is more than 0 and at most 1000000"
