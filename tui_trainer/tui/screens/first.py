"""The frames of Design and Train: on the terminal at once, while what fills them is still being loaded, and in the same places."""

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Static

from tui_trainer.tui.controls.header import Header


def _box(title: str, text: str, id: str) -> Static:
    box = Static(text, id=id, classes="panel", markup=False)
    box.border_title = title
    return box


class DesignFrame(Screen[None]):
    """Where the parts of Design stand; its looks are those of every screen of this kind."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]


class TrainFrame(Screen[None]):
    """Where the parts of Train stand."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]


class FirstDesign(DesignFrame):
    """Design before the schema is there."""

    def compose(self) -> ComposeResult:
        """Empty boxes."""
        yield Header("design")
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield _box("Preset", "digits-mlp  A small dense network on the bundled digits", "preset")
                with Vertical(id="forms"):
                    yield _box("Data", "digits", "data")
                    yield _box("Training", "", "training")
            with Vertical(id="right"):
                yield _box("Network", "784-64-10 with ReLU", "network")
                yield _box("Ready", "in a moment ^r trains it", "ready")


class FirstTrain(TrainFrame):
    """Train before the run has been read."""

    def __init__(self, run: str) -> None:
        super().__init__()
        self.run = run

    def compose(self) -> ComposeResult:
        """Empty boxes."""
        yield Header("train")
        yield Static(f" {self.run}  is being opened", id="progress", markup=False)
        with Vertical(id="body"), Container(id="curves"):
            yield _box("Loss", "", "loss")
            yield _box("Accuracy", "", "accuracy")
