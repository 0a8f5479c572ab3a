"""The one way from a network's settings to its module."""

import psutil
from torch import nn

from tui_trainer.config import ConfigError
from tui_trainer.config.network import Network
from tui_trainer.models.initialise import initialise
from tui_trainer.models.layers import Layers
from tui_trainer.network import summarise

BYTES = 4


def build(network: Network, input_shape: tuple[int, int, int], classes: int, *, trusted: bool = False) -> nn.Module:
    """The module that ``network`` describes, on the CPU in training mode: images (B, C, H, W) to logits (B, classes).

    Weights are drawn from torch's global generator: seed it first. ``trusted`` lets the code of a user's own file run
    (see :mod:`tui_trainer.models.own`). Raises NetworkError for a layer that cannot take its input, and ConfigError,
    in one sentence, for anything else that cannot be built.
    """
    if network.kind == "torchvision":
        from tui_trainer.models.vision import build_classifier  # torchvision takes a second to import

        return build_classifier(network, input_shape, classes)
    if network.kind == "module":
        from tui_trainer.models.own import build_own

        return build_own(network, input_shape, classes, trusted=trusted)
    return build_layers(network, input_shape, classes)


def build_layers(network: Network, input_shape: tuple[int, int, int], classes: int) -> Layers:
    """The module of a layer list; its ``state_dict`` is keyed by the layers' places (``1.weight``, ``3.0.weight``)."""
    needed = summarise(network, input_shape, classes).parameters * BYTES
    if needed > psutil.virtual_memory().available:
        raise ConfigError(f"network.layers: the weights alone need {needed / 2**30:.1f} GiB, more than the memory that is free: use smaller layers")
    model = Layers(network.layers, input_shape, classes)
    initialise(model, network)
    return model
