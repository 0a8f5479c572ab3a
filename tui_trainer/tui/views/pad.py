"""Try it: draw, and see what the network takes it for, as one draws."""

import time
from pathlib import Path

import numpy as np
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Static

from tui_trainer.asking.answers import Opened, Predicted
from tui_trainer.asking.picture import Picture as Pixels
from tui_trainer.asking.picture import save_png
from tui_trainer.asking.questions import Drawn, FromFile, Open, Predict
from tui_trainer.config.errors import ConfigError
from tui_trainer.pictures import fitted
from tui_trainer.tui.actions import PAD, bindings
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.screens.dialogs import AskText
from tui_trainer.tui.screens.panels import name
from tui_trainer.tui.views.shown import image_of, share
from tui_trainer.tui.views.view import Subject, View
from tui_trainer.tui.widgets.pad import SIDE, Pad
from tui_trainer.tui.widgets.picture import Picture
from tui_trainer.tui.widgets.probabilities import Probabilities

HOW = "Draw with the mouse (right button erases), or: space lowers the pen, arrows move it, x erases, c clears, u takes back."

STALE = 0.3
"""Seconds after which an answer of an earlier drawing is called that."""


class PadView(View):
    """The pad, the probabilities, and what the network sees."""

    BINDINGS = bindings(PAD)
    MAIN = "Pad"
    BY_SPLIT = False
    clock = staticmethod(time.monotonic)

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.answer: Predicted | None = None
        self._opened: Opened | None = None
        self._asking = False
        self._newer = False
        self._changed = 0.0
        """When the drawing became what it is, by ``clock``."""
        self._behind = 0.0
        """Since when the answer in sight has been of an earlier drawing; 0: it is of this one."""
        self._file = ""
        """The picture file that is shown, until something is drawn."""

    def compose(self) -> ComposeResult:
        """The pad on the left, what the network makes of it on the right."""
        with Container(id="drawing"):
            with Container(id="pad-frame", classes="panel"):
                yield Pad(id="pad-field")
            yield Static(plain(HOW), id="how", markup=False)
        with Container(id="answer"):
            yield Probabilities(id="pad-chances", classes="panel")
            yield Picture(id="sees", classes="panel")

    def on_mount(self) -> None:
        """Name the parts."""
        self.query_one("#pad-frame").border_title = "Draw here"
        self.query_one("#pad-chances").border_title = "Takes it for"
        self.query_one("#sees").border_title = "What the network sees"

    @property
    def pad(self) -> Pad:
        """The pad."""
        return self.query_one(Pad)

    # --- asking

    def show_waiting(self, text: str) -> None:
        """What is being done, where it will stand."""
        self.query_one(Probabilities).clear(text)

    async def load(self, subject: Subject) -> None:
        """Have the network ready, then answer what is drawn already."""
        if self.answer is None:
            self.wait()
        opened = await self.inspect.ask(Open(subject.weights))
        self.waits = False
        if opened is None:
            self.forget()
            return
        self._opened = opened
        self.query_one("#sees").border_subtitle = "centred as MNIST was made" if opened.digits else "resized as a whole"
        self.inspect.tell_checkpoint(opened.checkpoint)
        self._ask()

    def on_pad_drawn(self, event: Pad.Drawn) -> None:
        """Ask about the newest drawing; one question at a time is under way, so that answers keep coming while one draws."""
        event.stop()
        self._file = ""
        name(self.query_one("#pad-frame"), "Draw here")
        self._ask()

    def _ask(self) -> None:
        self._newer, self._changed = True, self.clock()
        if not self._behind:
            self._fall_behind()
        if not self._asking:
            self._asking = True
            self.run_worker(self._answer(), group="pad")

    def _fall_behind(self) -> None:
        """The answer in sight is of an earlier drawing: said where that lasts, so that it does not flicker at every stroke."""
        self._behind = self.clock()
        self.set_timer(STALE, self._tell_behind)

    def _tell_behind(self) -> None:
        if self._behind and self.clock() - self._behind >= STALE and self.answer is not None and not self.answer.empty:
            name(self.query_one(Probabilities), f"{self._title} · of an earlier drawing")

    async def _answer(self) -> None:
        try:
            while self._newer:
                self._newer, changed = False, self._changed
                subject = self.inspect.subject
                if subject is None:
                    return
                image = FromFile(self._file) if self._file else Drawn(Pixels.of(self.pad.drawing))
                found = await self.inspect.ask(Predict(subject.weights, image), slot="pad", quiet=True)
                if found is None:
                    return
                self._show(found, 1000 * (self.clock() - changed))
                self._behind = 0.0
                if self._newer:
                    self._fall_behind()
        finally:
            self._asking = False

    _title = ""

    def _show(self, found: Predicted, milliseconds: float) -> None:
        """An answer, ``milliseconds`` after the stroke."""
        self.answer = found
        chances, classes = self.query_one(Probabilities), self.inspect.class_names(len(found.probabilities), self._opened)
        self.query_one("#sees", Picture).show(image_of(found.input))
        if found.empty:
            chances.clear("An empty pad: draw a digit." if self._opened and self._opened.digits else "An empty pad: draw something.")
            name(chances, "Takes it for")
            return
        chances.show(classes, found.probabilities)
        self._title = f"Takes it for {classes[found.predicted]} · {share(found.probabilities[found.predicted])}"
        name(chances, f"{self._title} · {milliseconds:.0f} ms")
        if self._file and found.input.channels == 1:
            self._take_over(found.input)
        elif self._file:
            self.pad.look_at(image_of(found.input))

    def _take_over(self, picture: Pixels) -> None:
        """The file's picture onto the pad, so that one can draw on."""
        pixels = fitted(picture.array(), SIDE, SIDE)
        ink = np.zeros((SIDE, SIDE), np.float32)
        top, left = (SIDE - pixels.shape[0]) // 2, (SIDE - pixels.shape[1]) // 2
        ink[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels.astype(np.float32) / 255
        self.pad.take(ink)

    # --- what one can do

    def on_pad_pen_moved(self, event: Pad.PenMoved) -> None:
        """Say what the pen does."""
        event.stop()
        pad = self.pad
        self.query_one("#pad-frame").border_subtitle = plain(" · ".join(word for word, holds in (("erasing", pad.erases), ("pen down", pad.pen_down)) if holds))

    def action_pen(self) -> None:
        """Lower or lift the pen."""
        self.pad.lower()

    def action_rub(self) -> None:
        """Erase, or draw again."""
        self.pad.rub()

    def action_clear(self) -> None:
        """An empty pad."""
        self.pad.clear()

    def action_undo_stroke(self) -> None:
        """Take back the last stroke."""
        self.pad.undo()

    def action_look(self) -> None:
        """Saliency and feature maps of it."""
        if self.pad.picture is not None and self.answer is not None:
            self.inspect.look_at_drawing(self.answer.input)
        elif not self.pad.blank:
            self.inspect.look_at_drawing(Pixels.of(self.pad.drawing))

    def action_open_file(self) -> None:
        """A picture file."""

        def chosen(path: str | None) -> None:
            if path:
                self._file = str(Path(path).expanduser())
                name(self.query_one("#pad-frame"), Path(path).name)
                self._ask()

        self.app.push_screen(AskText("Open a picture", "A file of any common kind; dark on bright paper is turned round.", check=_no_file), chosen)

    def action_save(self) -> None:
        """A PNG file."""
        seen = self.answer is not None and not self.answer.empty
        picture = self.answer.input if self.answer is not None and seen else Pixels.of(self.pad.drawing)
        about = f"{picture.width}x{picture.height} pixels as the network sees it: `tui-trainer predict` gives the same answer for the file." if seen else "The drawing."

        def named(path: str | None) -> None:
            if not path:
                return
            try:
                written = save_png(picture, path)
            except ConfigError as error:
                self.notify(str(error), severity="error", markup=False, timeout=8)
            else:
                self.notify(str(written), title="Written", markup=False)

        self.app.push_screen(AskText("Save the drawing", f"{about} In {Path.cwd()}:", _free_name()), named)


def _no_file(path: str) -> str:
    return "" if Path(path).expanduser().is_file() else f"{path}: no such file"


def _free_name() -> str:
    return next(name for number in range(1, 10_000) if not Path(name := f"drawing-{number}.png").exists())
