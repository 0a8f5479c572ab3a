"""Which runs can train side by side in one batched step: dense networks of one shape that differ in little."""

import json
from collections.abc import Sequence

from tui_trainer.config.config import Config
from tui_trainer.config.network import without_hand_gradients

OWN = ("seed", "learning_rate", "momentum", "weight_decay")
"""Keys of [training] in which members of a group may differ."""
LARGEST = 32
"""Members of a group: more do not get faster (measured), and one that fails takes fewer with it."""


def groups(configs: Sequence[Config]) -> list[list[int]]:
    """The places of ``configs`` in groups that can train together; who can train with nobody is a group of one."""
    found: dict[str, list[int]] = {}
    for place, config in enumerate(configs):
        found.setdefault(_likeness(config) if stackable(config) else f"alone {place}", []).append(place)
    return [places[first : first + LARGEST] for places in found.values() for first in range(0, len(places), LARGEST)]


def stackable(config: Config) -> bool:
    """Whether the network's step can be batched with that of others: dense layers in float32, images in memory."""
    training = config.training
    plain = not training.compile and training.precision == "float32" and training.processes == 1
    return plain and config.data.dataset != "folder" and not without_hand_gradients(config.network)


def _likeness(config: Config) -> str:
    """What members of a group have in common, as text."""
    tree = config.model_dump(mode="json", exclude={"title", "description", "reference"})
    for key in OWN:
        tree["training"].pop(key)
    tree["training"]["momentum"] = config.training.momentum > 0  # with momentum there is one more tensor a weight
    return json.dumps(tree, sort_keys=True)
