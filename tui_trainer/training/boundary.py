"""The decision boundary of a network on points in the plane, drawn while it trains."""

from typing import Any

import torch
from torch import nn

from tui_trainer.catalogue.points import extent, is_points
from tui_trainer.data.points import seen
from tui_trainer.runs.boundary import field_of, pack
from tui_trainer.training.prepare import Prepared

SIDE = 48
"""Cells of the grid each way."""
OFTEN, SELDOM = 0.25, 2.0
"""Seconds between two drawings at first, and at most."""
GROWTH = 1 / 60
"""The time between drawings grows with the training clock, so that a long run does not write for ever at a short one's pace."""


class Boundary:
    """A grid over the points, ready for the network."""

    def __init__(self, prepared: Prepared) -> None:
        data = prepared.config.data
        self.extent = extent(data)
        self.cells = prepared.data.preprocess(seen(self.extent.centres(SIDE, SIDE), data).to(prepared.device))
        self.step = -1
        self._next = 0.0

    @classmethod
    def of(cls, prepared: Prepared) -> "Boundary | None":
        """One for points in the plane; None for images."""
        return cls(prepared) if is_points(prepared.config.data) else None

    def due(self, step: int, elapsed: float, *, now: bool) -> bool:
        """Whether to draw at ``step``, ``elapsed`` seconds into training: again after a while, or ``now``; never one step twice."""
        if step == self.step or not (now or elapsed >= self._next):
            return False
        self.step, self._next = step, elapsed + min(max(OFTEN, elapsed * GROWTH), SELDOM)
        return True

    @torch.inference_mode()
    def drawn(self, model: nn.Module) -> dict[str, Any]:
        """What the network makes of the grid, as the fields of an event. Leaves the model in training mode as it was."""
        was_training = model.training
        model.eval()
        probabilities = model(self.cells).float().softmax(1).cpu().numpy()
        model.train(was_training)
        left, right, bottom, top = self.extent.left, self.extent.right, self.extent.bottom, self.extent.top
        place = {"left": left, "right": right, "bottom": bottom, "top": top, "columns": SIDE, "rows": SIDE}
        return place | {"cells": pack(field_of(probabilities, SIDE))}
