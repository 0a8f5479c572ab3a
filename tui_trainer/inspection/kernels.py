"""Weights as pictures: convolution kernels, and dense units in the shape of the image that they look at."""

from dataclasses import dataclass

from torch import Tensor, nn

from tui_trainer.asking.answers import Kernel, Kernels
from tui_trainer.asking.picture import Picture
from tui_trainer.asking.questions import ShowKernels
from tui_trainer.config import ConfigError
from tui_trainer.inspection.shelf import Loaded, Store
from tui_trainer.inspection.taps import Tap, find_tap
from tui_trainer.network import show, size_of

MOST_PICTURES = 1024


@dataclass(frozen=True, slots=True)
class Sheet:
    """A layer's weights as signed pictures: float32 [units, pictures of each, channels of a picture, H, W]."""

    values: Tensor
    note: str


def kernels(store: Store, question: ShowKernels) -> Kernels:
    """See :class:`ShowKernels`. Raises ConfigError."""
    loaded = store.network(question.weights)
    offered = weighted(loaded)
    tap = find_tap(offered, question.layer) if question.layer else offered[0]
    if question.offset < 0 or not 0 <= question.limit <= MOST_PICTURES:
        raise ConfigError(f"offset {question.offset}, limit {question.limit}: allowed is an offset from 0 and a limit of 0 to {MOST_PICTURES}")
    sheet = weight_pictures(loaded, tap)
    units, each = sheet.values.shape[:2]
    largest = float(sheet.values.abs().amax()) if sheet.values.numel() else 0.0
    numbers = range(question.offset, min(question.offset + question.limit, units * each))
    made = []
    for unit, channel in (divmod(number, each) for number in numbers):
        values = sheet.values[unit, channel].permute(1, 2, 0).numpy()
        picture = Picture.of_signed(values if values.shape[2] == 3 else values[..., 0], largest if question.scale == "common" else None)
        made.append(Kernel(unit, channel if each > 1 else None, picture))
    return Kernels(tap.info.place, tap.info.name, tuple(each.info for each in offered), sheet.note, largest, units * each, question.offset, tuple(made))


def weighted(loaded: Loaded) -> list[Tap]:
    """The convolutions and dense layers, in order. Raises ConfigError where there is none."""
    found = [tap for tap in loaded.taps if isinstance(tap.module, nn.Conv2d | nn.Linear) and not tap.call]
    if not found:
        raise ConfigError(f"{loaded.trained.run.name}: the network has no convolution and no dense layer whose weights could be shown")
    return found


def weight_pictures(loaded: Loaded, tap: Tap) -> Sheet:
    """The weights of a convolution or dense layer, on the CPU: one picture for each unit where the layer looks at 1 channel or at
    the image's 3, one for each unit and channel elsewhere; a dense layer that looks at no image is one picture, units by inputs."""
    weight = tap.module.weight
    assert isinstance(weight, Tensor)
    values = weight.detach().float().cpu()
    seen = _seen(loaded, tap)
    if isinstance(tap.module, nn.Linear):
        if seen is None:
            units, inputs = values.shape
            return Sheet(values.view(1, 1, 1, units, inputs), f"all weights, {units} units down, {inputs} inputs across")
        values = values.view(len(values), *seen)
        what = f"weights of {len(values)} units"
    else:
        what = f"{len(values)} kernels"
    channels, height, width = values.shape[1:]
    coloured = channels == 3 and loaded.trained.preprocess.shape[0] == 3 and _is_first(loaded, tap)
    if channels == 1 or coloured:
        return Sheet(values.unsqueeze(1), f"{what}, {show((height, width))}{' in red, green and blue' if coloured else ''}")
    return Sheet(values.unsqueeze(2), f"{what}, {show((height, width))}, each of {channels} input channels")


def _is_first(loaded: Loaded, tap: Tap) -> bool:
    return tap is weighted(loaded)[0]


def _seen(loaded: Loaded, tap: Tap) -> tuple[int, int, int] | None:
    """The image (C, H, W) whose values a dense layer takes, where only layers that leave them in their places lie between."""
    if not isinstance(tap.module, nn.Linear):
        return None
    inputs, before = tap.module.in_features, loaded.taps[: loaded.taps.index(tap)]
    for earlier in reversed(before):
        shape = earlier.info.shape
        if size_of(shape) != inputs:
            return None
        if len(shape) == 3:
            return shape[0], shape[1], shape[2]
        if isinstance(earlier.module, nn.Linear) or (
            any(True for _ in earlier.module.parameters()) and not isinstance(earlier.module, nn.BatchNorm1d | nn.LayerNorm)
        ):
            return None
    shape = loaded.trained.preprocess.shape
    return shape if size_of(shape) == inputs else None
