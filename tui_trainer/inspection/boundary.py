"""The decision boundary of a network on points in the plane, of any checkpoint."""

from tui_trainer.asking.answers import Boundary
from tui_trainer.asking.questions import ShowBoundary
from tui_trainer.catalogue.points import extent, is_points
from tui_trainer.config import ConfigError
from tui_trainer.data.points import seen
from tui_trainer.inspection.breath import Breathe
from tui_trainer.inspection.shelf import Store
from tui_trainer.training.inference import probabilities

MOST = 256
"""Cells each way."""


def boundary(store: Store, question: ShowBoundary, breathe: Breathe) -> Boundary:
    """See :class:`ShowBoundary`. Raises ConfigError."""
    loaded = store.network(question.weights)
    data = loaded.trained.config.data
    if not is_points(data):
        raise ConfigError(f"{loaded.trained.run.name}: its data are images ({data.dataset}); only points in the plane have a boundary to draw")
    if not 2 <= question.side <= MOST:
        raise ConfigError(f"side: {question.side} is not allowed; allowed is 2 to {MOST}")
    plane, side = extent(data), question.side
    shares = probabilities(loaded.trained, seen(plane.centres(side, side), data))
    levels = (shares * 255).round().byte().numpy()
    return Boundary(loaded.checkpoint, plane.left, plane.right, plane.bottom, plane.top, side, loaded.trained.classes, levels.tobytes())
