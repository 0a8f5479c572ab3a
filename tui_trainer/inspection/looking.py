"""One image: what the network takes it for, what every layer makes of it, which pixels decide."""

import time

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from tui_trainer.asking.answers import FeatureLayer, Features, Predicted, Saliency
from tui_trainer.asking.picture import Picture
from tui_trainer.asking.questions import Predict, ShowFeatures, ShowSaliency
from tui_trainer.config import ConfigError
from tui_trainer.inspection.breath import Breathe
from tui_trainer.inspection.images import as_picture
from tui_trainer.inspection.shelf import Loaded, Store
from tui_trainer.inspection.subject import subject
from tui_trainer.inspection.taps import Tap, find_tap, tapped
from tui_trainer.models import wants_channels_last
from tui_trainer.training.inference import probabilities

MOST_MAPS = 1024
MOST_VALUES = 4096
LARGEST_MAP = 128
"""Side above which a feature map is averaged down."""


def predicted(store: Store, question: Predict, breathe: Breathe) -> Predicted:
    """See :class:`Predict`. Raises ConfigError."""
    began = time.perf_counter()
    loaded = store.network(question.weights)
    seen = subject(store, loaded, question.image, breathe, question.fit, question.invert)
    shares = probabilities(loaded.trained, seen.pixels)[0]
    return Predicted(tuple(shares.tolist()), int(shares.argmax()), as_picture(seen.pixels[0]), seen.empty, 1000 * (time.perf_counter() - began))


def features(store: Store, question: ShowFeatures, breathe: Breathe) -> Features:
    """See :class:`ShowFeatures`. Raises ConfigError."""
    if not 0 <= question.maps <= MOST_MAPS:
        raise ConfigError(f"maps: {question.maps} is not allowed; allowed is 0 to {MOST_MAPS}")
    loaded = store.network(question.weights)
    seen = subject(store, loaded, question.image, breathe)
    chosen = (find_tap(loaded.taps, question.layer),) if question.layer else loaded.taps
    found: dict[str, FeatureLayer] = {}

    def take(tap: Tap, output: Tensor) -> None:
        found[tap.info.place] = _feature_layer(tap, output[0].float().cpu(), question.maps)

    with torch.inference_mode(), tapped(loaded.trained.model, chosen, take):
        logits = loaded.trained.model(network_input(loaded, seen.pixels))
    shares = tuple(logits.float().softmax(1)[0].tolist())
    return Features(as_picture(seen.pixels[0]), shares, seen.true, tuple(found[tap.info.place] for tap in chosen if tap.info.place in found))


def network_input(loaded: Loaded, pixels: Tensor) -> Tensor:
    """Normalised images, float32 [N, C, H, W] in the layout and on the device that the network takes, from uint8 ones."""
    trained = loaded.trained
    layout = torch.channels_last if wants_channels_last(trained.model) else torch.contiguous_format
    return trained.preprocess(pixels.to(trained.device)).contiguous(memory_format=layout)


def _feature_layer(tap: Tap, output: Tensor, most: int) -> FeatureLayer:
    """One layer's output for one image: (C, H, W) as maps, anything else as a vector."""
    low, high = (float(output.min()), float(output.max())) if output.numel() else (0.0, 0.0)
    zeros = float((output == 0).double().mean()) if output.numel() else 0.0
    maps: tuple[Picture, ...] = ()
    values: tuple[float, ...] = ()
    if output.dim() == 3:
        shown = output[:most]
        if max(shown.shape[1:]) > LARGEST_MAP:
            factor = LARGEST_MAP / max(shown.shape[1:])
            shown = interpolate(shown[None], scale_factor=factor, mode="area")[0]
        maps = tuple(Picture.of_range(each.numpy(), low, high) for each in shown)
    else:
        values = tuple(output.flatten()[:MOST_VALUES].tolist())
    total = len(output) if output.dim() else 1
    return FeatureLayer(tap.info.place, tap.info.name, tuple(output.shape), low, high, zeros, total, maps, values)


def saliency(store: Store, question: ShowSaliency, breathe: Breathe) -> Saliency:
    """The gradient of a class's logit with respect to the image's pixels (Simonyan, Vedaldi and Zisserman, Deep inside
    convolutional networks, 2013, section 3: its largest size over the channels). Raises ConfigError.

    In float32, of the image as it is: without test shifts and reduced precision.
    """
    loaded = store.network(question.weights)
    trained = loaded.trained
    if question.target is not None and not 0 <= question.target < len(trained.classes):
        raise ConfigError(f"target: there is no class {question.target}; allowed is 0 to {len(trained.classes) - 1}")
    seen = subject(store, loaded, question.image, breathe)
    target, logits, gradient = input_gradient(loaded, seen.pixels, question.target)
    magnitude, total = gradient.abs().amax(0), gradient.sum(0)
    return Saliency(
        input=as_picture(seen.pixels[0]),
        probabilities=tuple(logits.softmax(0).tolist()),
        true=seen.true,
        target=target,
        magnitude=Picture.of_range(magnitude.numpy(), low=0.0),
        signed=Picture.of_signed(total.numpy()),
    )


def input_gradient(loaded: Loaded, pixels: Tensor, target: int | None = None) -> tuple[int, Tensor, Tensor]:
    """The class (``target``, or the winner), the logits (K,), and the gradient of that class's logit with respect to the pixels
    in 0..1, float32 (C, H, W); on the CPU. ``pixels``: uint8 [1, C, H, W]."""
    trained = loaded.trained
    with torch.inference_mode(False), torch.enable_grad():
        values = network_input(loaded, pixels).detach().clone().requires_grad_()
        logits: Tensor = trained.model(values).float()[0]
        chosen = int(logits.argmax()) if target is None else target
        (gradient,) = torch.autograd.grad(logits[chosen], values)
        in_pixels = trained.preprocess.gradient(gradient)[0]
    return chosen, logits.detach().cpu(), in_pixels.detach().cpu()
