"""A whole run: data, network, training, and the figure it is held against."""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from tui_trainer.config.base import Settings, setting
from tui_trainer.config.baseline import Baseline
from tui_trainer.config.data import Data
from tui_trainer.config.network import Network, needing_images, without_hand_gradients
from tui_trainer.config.sets import POINT_SETS
from tui_trainer.config.training import Training

PRINTABLE = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$"
"""No control characters: a preset's words go to terminals."""


class Figure(Settings):
    """One published number."""

    metric: Literal["accuracy", "parameters"] = setting("accuracy", "Metric", "What was measured.")
    split: Literal["train", "validation", "test"] = setting("test", "Split", "On which images.")
    value: float = setting(..., "Value", "The number: accuracy in 0..1.")
    epoch: float | None = setting(None, "Epoch", "When it was measured (default: at the end).", ge=0)


class Reference(Figure):
    """Where a preset comes from, and the figure that its source gives."""

    source: str = setting(..., "Source", "Name of the report.", max_length=500, pattern=PRINTABLE)
    note: str = setting("", "Note", "What to know when comparing.", max_length=5000, pattern=PRINTABLE)
    also: Annotated[tuple[Figure, ...], Field(strict=False)] = setting((), "Also", "Further figures of the same source.")


class Config(Settings):
    """Everything a run needs to be run again."""

    title: str = setting("", "Title", "What this is, in a line.", max_length=200, pattern=PRINTABLE)
    description: str = setting("", "Description", "What it shows, and what to know.", max_length=5000, pattern=PRINTABLE)
    data: Data = setting(Data(), "Data", "Which images.")
    network: Network = setting(Network(), "Network", "What is trained.")
    training: Training = setting(Training(), "Training", "How it is trained.")
    baseline: Baseline | None = setting(None, "Baseline", "A classifier of scikit-learn on the same data, for `tui-trainer baseline`; training has no use for it.")
    reference: Reference | None = setting(None, "Reference", "What the result is held against.")

    @model_validator(mode="after")
    def _gradients_by_hand(self) -> "Config":
        if self.training.gradients == "manual" and (other := without_hand_gradients(self.network)):
            allowed = "gradients by hand are there for lists of dense, flatten, dropout and activation layers; use autograd"
            raise PydanticCustomError("misfit", "manual does not fit {other}: {allowed}", {"key": "training.gradients", "other": other, "allowed": allowed})
        return self

    @model_validator(mode="after")
    def _points(self) -> "Config":
        if self.data.dataset not in POINT_SETS:
            return self
        if other := needing_images(self.network):
            text = "{other} needs images, and {dataset} are points in the plane: use dense layers"
            raise PydanticCustomError("misfit", text, {"key": "network", "other": other, "dataset": self.data.dataset})
        if self.data.normalise == "zca":
            text = "zca whitens images, and {dataset} are points in the plane: use none, min-max, centre or standardise"
            raise PydanticCustomError("misfit", text, {"key": "data.normalise", "dataset": self.data.dataset})
        return self
