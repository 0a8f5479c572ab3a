"""Boundary: what the network makes of the plane, with a cursor that reads the probabilities; for data that are points."""

from pathlib import Path

import numpy as np
from textual import events
from textual.app import ComposeResult

from tui_trainer.asking.answers import Boundary as Answer
from tui_trainer.asking.questions import ShowBoundary
from tui_trainer.pictures.field import Dot
from tui_trainer.runs.boundary import Field, field_of
from tui_trainer.tui.actions import PLANE, bindings
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.screens.panels import name
from tui_trainer.tui.screens.plane import dots_in
from tui_trainer.tui.views.view import Subject, View
from tui_trainer.tui.widgets.boundary import Boundary
from tui_trainer.tui.wording import percent

SIDE = 96
"""Cells each way that are asked for: as many as a tall terminal has half rows."""


class PlaneField(Boundary, can_focus=True):
    """The field, and the keys of its cursor."""

    BINDINGS = bindings(PLANE)

    def action_read(self, across: int, down: int) -> None:
        """Move the cursor."""
        self.move(across, down)

    def on_click(self, event: events.Click) -> None:
        """The cursor to where it was clicked."""
        self.point(event.x, event.y)


class BoundaryView(View):
    """The plane as the network sees it."""

    MAIN = "PlaneField"
    BY_SPLIT = False

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._found: Answer | None = None
        self._shares: np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None = None
        self._dots: list[Dot] = []

    def compose(self) -> ComposeResult:
        """The field."""
        yield PlaneField(id="plane-field", classes="panel")

    def show_waiting(self, text: str) -> None:
        """What is being done, where it will stand."""
        self.query_one(PlaneField).show(None, (), (), empty=text)

    async def load(self, subject: Subject) -> None:
        """Ask for the plane."""
        field = self.query_one(PlaneField)
        name(field, "Boundary")
        self.wait()
        found = await self.inspect.ask(ShowBoundary(subject.weights, SIDE))
        self.waits = False
        if found is None:
            self.forget()
            field.show(None, (), ())
            return
        self._found = found
        self._shares = np.frombuffer(found.levels, np.uint8).reshape(-1, len(found.classes)).astype(np.float32) / np.float32(255)
        self._dots = dots_in(Path(subject.run), found.left, found.right, found.bottom, found.top)
        shown: Field = field_of(self._shares, found.side)
        field.show(shown, self._dots, found.classes)
        self.inspect.tell_checkpoint(found.checkpoint)
        self.read()

    def on_boundary_moved(self, _: Boundary.Moved) -> None:
        """The cursor is somewhere else."""
        self.read()

    def read(self) -> None:
        """Place and probabilities under the cursor into the panel's frame."""
        field, found = self.query_one(PlaneField), self._found
        if found is None or self._shares is None:
            return
        if field.cursor is None:
            field.border_subtitle = "arrows or a click read the probabilities"
            return
        across, down = field.cursor.across, field.cursor.down
        column, row = (min(int(share * found.side), found.side - 1) for share in (across, down))
        x, y = found.left + across * (found.right - found.left), found.top - down * (found.top - found.bottom)
        shares = self._shares[row * found.side + column]
        best = sorted(range(len(shares)), key=lambda number: -shares[number])[:4]
        text = "   ".join(f"{found.classes[number]} {percent(float(shares[number]))}" for number in best)
        field.border_subtitle = plain(f"x {x:.2f}  y {y:.2f}   {text}".replace("-", "−"))
