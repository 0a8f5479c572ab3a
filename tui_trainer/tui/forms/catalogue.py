"""The kinds of layers one can add, as the schema knows them."""

from typing import Any, get_args

from tui_trainer.config import Layer, Settings

START: dict[str, dict[str, Any]] = {
    "dense": {"units": 64}, "conv2d": {"channels": 16, "kernel": 3, "padding": "same"}, "max-pool": {"size": 2}, "avg-pool": {"size": 2},
    "residual": {"layers": [{"type": "conv2d", "channels": 16, "kernel": 3, "padding": "same"}, {"type": "relu"}]},
}  # fmt: skip
"""What a new layer begins with, where the schema's defaults leave something open or are seldom wanted."""


def models() -> dict[str, type[Settings]]:
    """Every type of layer and its settings model, in the schema's order."""
    found = {}
    for model in get_args(get_args(Layer)[0]):
        for tag in get_args(model.model_fields["type"].annotation):
            found[tag] = model
    return found


def new_layer(kind: str) -> dict[str, Any]:
    """A layer of this type to begin with."""
    import copy

    return {"type": kind, **copy.deepcopy(START.get(kind, {}))}
