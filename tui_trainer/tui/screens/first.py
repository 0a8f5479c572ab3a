"""The frames of Design and Train: on the terminal at once, while what fills them is still being loaded, and in the same places."""

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from tui_trainer.tui.controls.header import Header
from tui_trainer.tui.controls.paint import fit, strip

LABEL = 19
"""Cells for a field's label, as in the forms."""
DATA = (
    ("Data set", "digits"), ("Directory", "the user's cache"), ("Image size", "as it is"), ("Channels", "as it is"), ("Validation", "0.1"), ("Validation split", "random"),
    ("Train images", "all"), ("Train selection", "first"), ("Class fractions", "none"), ("Data seed", "0"), ("Normalise", "standardise"),
)  # fmt: skip
TRAINING = (
    ("Batch size", "32"), ("Loss", "cross-entropy"), ("Label smoothing", "0"), ("Class weights", "none"), ("Optimiser", "sgd"), ("Learning rate", "0.1"), ("Momentum", "0"),
    ("Nesterov", "no"), ("Weight decay", "0"), ("Clip gradient norm", "off"), ("Schedule", "constant"), ("Warm-up", "0 steps"), ("Epochs", "30"),
)  # fmt: skip
"""What the forms will say of the first preset (a test holds them against the schema): there before the schema is loaded."""
NETWORK = (("Kind", "layers"), ("Initialiser", "default"), ("", ""), ("", "flatten"), ("", "dense 64"), ("", "relu"), ("", "dense 10"))


def _box(title: str, text: str, id: str) -> Static:
    box = Static(text, id=id, classes="panel", markup=False)
    box.border_title = title
    return box


class Glance(Widget):
    """Labels and values, where the form's own will stand."""

    def __init__(self, title: str, rows: Sequence[tuple[str, str]], id: str) -> None:
        super().__init__(id=id, classes="panel")
        self.border_title = title
        self._rows = rows

    def render_line(self, y: int) -> Strip:
        """One field."""
        if y >= len(self._rows):
            return strip(self, [], self.size.width)
        label, value = self._rows[y]
        room = min(LABEL, max(8, (self.size.width - 2) // 2))
        return strip(self, [(" ", ""), (fit(label, room - 1) + " ", "muted"), (fit(value, max(1, self.size.width - room - 5)), "")], self.size.width)


class DesignFrame(Screen[None]):
    """Where the parts of Design stand; its looks are those of every screen of this kind."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]


class TrainFrame(Screen[None]):
    """Where the parts of Train stand."""

    CSS_PATH = "../styles/train.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (76, "-narrow"), (100, "-normal"), (160, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]


class FirstDesign(DesignFrame):
    """Design before the schema is there: the first preset's values. Keys pressed meanwhile are kept for the real one."""

    def __init__(self) -> None:
        super().__init__()
        self.typed: list[str] = []

    def compose(self) -> ComposeResult:
        """The same boxes."""
        yield Header("design")
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield _box("Preset", " digits-mlp  A small dense network on the bundled digits", "preset")
                with Vertical(id="forms"):
                    yield Glance("Data", DATA, "data")
                    yield Glance("Training", TRAINING, "training")
            with Vertical(id="right"):
                yield Glance("Network", NETWORK, "network")
                yield _box("Ready: ^r trains it", "\n\n$ tui-trainer train digits-mlp", "ready")

    def on_key(self, event: events.Key) -> None:
        """Kept."""
        self.typed.append(event.key)


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
