"""The panel of Train for data that are points in the plane: the decision boundary as it moves."""

from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container

from tui_trainer.config.errors import ConfigError
from tui_trainer.config.sets import POINT_SETS
from tui_trainer.pictures.field import Dot
from tui_trainer.runs.boundary import unpack
from tui_trainer.runs.events import BoundaryDrawn
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.widgets.boundary import Boundary
from tui_trainer.tui.wording import thousands

if TYPE_CHECKING:
    from tui_trainer.tui.feed import Feed


def in_the_plane(feed: "Feed") -> bool:
    """Whether the run's data are points."""
    started = feed.history.started
    name = started.dataset if started else feed.status.dataset if feed.status else ""
    return name in POINT_SETS


def dots_in(run: Path, left: float, right: float, bottom: float, top: float) -> list[Dot]:
    """The points that the run trains on and holds out, where they lie in this part of the plane; none where its config cannot be read."""
    from tui_trainer.catalogue.points import split_points
    from tui_trainer.runs import RunFolder

    try:
        parts = split_points(RunFolder(run).known_config()[0].data)
    except ConfigError:
        return []
    wide, high = right - left or 1.0, top - bottom or 1.0
    return [
        Dot((x - left) / wide, (top - y) / high, label, split == "train")
        for split in ("train", "validation")
        for (x, y), label in zip(parts[split].xy.tolist(), parts[split].labels.tolist(), strict=True)
    ]


class BoundaryPanel(Container):
    """The newest field that the trainer told, with the run's points on it."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._drawn: BoundaryDrawn | None = None
        self._of: Path | None = None
        self._dots: list[Dot] = []

    def compose(self) -> ComposeResult:
        """The field."""
        yield Boundary()

    def on_mount(self) -> None:
        """Its name."""
        self.border_title = "Boundary"

    def show(self, feed: "Feed") -> None:
        """Bring it up to the feed, where it is in sight and something is new."""
        drawn = feed.history.boundary
        if not self.display or (drawn is self._drawn and feed.path == self._of):
            return
        field = self.query_one(Boundary)
        started = feed.history.started
        if drawn is None:
            self._drawn, self._of = None, None
            field.show(None, (), (), empty="the first picture comes with the first step" if feed.live else "this run ended before its first picture")
            return
        if feed.path != self._of:
            self._of, self._dots = feed.path, dots_in(feed.path, drawn.left, drawn.right, drawn.bottom, drawn.top)
        self._drawn = drawn
        try:
            field.show(unpack(drawn.cells, drawn.columns, drawn.rows), self._dots, started.classes if started else ())
        except ValueError:
            field.show(None, (), (), empty="the line in events.jsonl that holds the boundary is damaged")
        title = plain(f"Boundary · step {thousands(drawn.step)}")
        if self.border_title != title:
            self.border_title = title
