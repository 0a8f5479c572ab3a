"""Classifiers of torchvision.models, by name, untrained."""

from collections.abc import Iterator
from typing import Any

import torch
import torchvision
from torch import nn

from tui_trainer.config import ConfigError
from tui_trainer.config.errors import nearest
from tui_trainer.config.network import Network
from tui_trainer.models.probe import probe

SIZES = (16, 28, 32, 42, 48, 56, 64, 96, 112, 128, 192, 224, 256, 384, 448, 512)
"""Image sides tried, smallest first, to say which would fit."""
OURS = {
    "num_classes": "the data says how many classes there are",
    "weights": "weights start untrained",
    "weights_backbone": "weights start untrained",
    "pretrained": "weights start untrained",
    "aux_logits": "the loss takes one output, so auxiliary classifiers are off",
}


def classifier_names() -> list[str]:
    """The models that can be built, sorted."""
    return torchvision.models.list_models(module=torchvision.models)  # type: ignore[no-any-return]


def build_classifier(network: Network, input_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """torchvision's model ``network.model`` for images of ``input_shape`` (C, H, W), its weights drawn anew.

    For images without 3 channels the first convolution is replaced by one like it that takes C channels (and starts by
    PyTorch's default). Vision transformers are made for the images' size. Raises ConfigError.
    """
    name = network.model
    if not name:
        raise ConfigError("network.model: missing: name a classifier of torchvision.models, such as resnet18")
    if name not in classifier_names():
        raise ConfigError(f"network.model: torchvision.models has no classifier {name!r}{nearest(name, classifier_names())}")
    for key, why in OURS.items():
        if key in network.arguments:
            raise ConfigError(f"network.arguments.{key}: cannot be set: {why}")
    problem = _problem(name, network.arguments, input_shape, classes)
    if problem is not None:
        raise _explained(problem, name, network.arguments, input_shape, classes)
    return _made(name, network.arguments, input_shape, classes)


def _made(name: str, arguments: dict[str, Any], input_shape: tuple[int, int, int], classes: int) -> nn.Module:
    channels, height, width = input_shape
    known = dict(arguments)
    if name in ("googlenet", "inception_v3"):
        known = {"aux_logits": False, "init_weights": True, **known}
    if name.startswith("vit_"):
        if height != width:
            raise ValueError(f"it takes square images, not {height}×{width}")
        known.setdefault("image_size", height)
    if name.startswith("maxvit"):
        known.setdefault("input_size", (height, width))
    model: nn.Module = torchvision.models.get_model(name, weights=None, num_classes=classes, **known)
    if channels != 3:
        _take_channels(model, channels)
    return model


def _take_channels(model: nn.Module, channels: int) -> None:
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            facts = {key: getattr(module, key) for key in ("kernel_size", "stride", "padding", "dilation", "padding_mode")}
            taken = nn.Conv2d(channels, module.out_channels, bias=module.bias is not None, **facts)
            parent, _, attribute = name.rpartition(".")
            setattr(model.get_submodule(parent), attribute, taken)
            return


def _problem(name: str, arguments: dict[str, Any], input_shape: tuple[int, int, int], classes: int) -> Exception | None:
    """What goes wrong when the model is made and tried on two images, if anything: on the meta device, so without memory for weights."""
    try:
        model = _sketched(name, arguments, input_shape, classes)
        for training in (True, False):
            output = probe(model, input_shape, training=training)
            if tuple(output.shape) != (2, classes):
                raise ValueError(f"it returns {tuple(output.shape)} for two images")
    except Exception as error:
        return error
    return None


def _sketched(name: str, arguments: dict[str, Any], input_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """The model on the meta device."""
    try:
        with torch.device("meta"):
            return _made(name, arguments, input_shape, classes)
    except NotImplementedError:  # RegNet computes its widths with tensors
        with torch.random.fork_rng(devices=[]):
            return _made(name, arguments, input_shape, classes).to("meta")


def _explained(problem: Exception, name: str, arguments: dict[str, Any], input_shape: tuple[int, int, int], classes: int) -> ConfigError:
    channels, height, width = input_shape
    fits = next((size for size in _larger(height, width) if _problem(name, arguments, (channels, size, size), classes) is None), None)
    if fits is not None:
        return ConfigError(f"network.model: {name} cannot take images of {height}×{width}: {fits}×{fits} would fit (set data.image_size={fits})")
    reason = " ".join(str(problem).split())[:200]
    if isinstance(problem, TypeError) and arguments:
        return ConfigError(f"network.arguments: {name} does not take {', '.join(arguments)} as given: {reason}")
    return ConfigError(f"network.model: {name} cannot be built for {channels}×{height}×{width} images and {classes} classes: {reason}")


def _larger(height: int, width: int) -> Iterator[int]:
    """Sides to try: from the images' own upwards, then the smaller ones."""
    side = max(height, width)
    yield from (size for size in SIZES if size >= side)
    yield from (size for size in reversed(SIZES) if size < side)
