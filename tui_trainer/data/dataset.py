"""A data set as training sees it: read, shaped, split, on the device, with its normalisation and augmentation."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from tui_trainer.catalogue.names import shown
from tui_trainer.catalogue.points import is_points
from tui_trainer.catalogue.split import split
from tui_trainer.config import Augmentation, Data
from tui_trainer.data.arrays import Arrays, Part, Progress, shape_images, take
from tui_trainer.data.augment import Augment
from tui_trainer.data.folder import read_folder
from tui_trainer.data.known import read_known
from tui_trainer.data.later import Later
from tui_trainer.data.npz import read_npz
from tui_trainer.data.points import read_points
from tui_trainer.data.preprocess import Preprocess, fit_points, fit_preprocess
from tui_trainer.data.source import InMemory, Source, Sources
from tui_trainer.data.stream import Streamed

FIT_CHUNK = 1024
FIT_STREAMED = 5000


@dataclass(frozen=True)
class DataSet:
    """Three splits of one set, and how their pixels become a network's input."""

    name: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    """Channels, height, width."""
    train: Source
    validation: Source
    test: Source
    """May be empty, as validation may."""
    preprocess: Preprocess
    augment: Augment | None
    """For training images only."""
    notes: tuple[str, ...]
    """What to know about how it was read, a sentence each."""
    class_counts: Tensor
    """Training images of each class, int64 [classes], on the CPU."""


def load_dataset(data: Data, device: torch.device, channels_last: bool = False, progress: Progress | None = None, *, later: bool = False) -> DataSet:
    """The set that ``data`` asks for, on ``device``; ``channels_last`` makes chunks of several channels come in that format.

    With ``later`` the splits of a folder are decoded when they are first asked for, and its normalisation is not fitted: for those who
    have a trained network, and with it its own. Raises ConfigError, one sentence: files missing or damaged, settings that the set cannot satisfy.
    """
    if data.dataset == "folder":
        sources = read_folder(data, device, channels_last, progress, later=later)
    else:
        arrays = read_npz(data) if data.dataset == "npz" else read_points(data) if is_points(data) else read_known(data, progress)
        sources = _split(arrays, data, device, channels_last)
    fitted = data.model_copy(update={"normalise": "none"}) if later and data.dataset == "folder" else data
    images, notes = _fitting_images(sources.train, fitted)
    classes = tuple(map(shown, sources.classes))
    return DataSet(
        name=sources.name,
        classes=classes,
        shape=sources.shape,
        train=sources.train,
        validation=sources.validation,
        test=sources.test,
        preprocess=(fit_points if is_points(data) else fit_preprocess)(fitted, sources.shape, classes, images).to(device),
        augment=None if data.augment == Augmentation() or is_points(data) else Augment(data.augment, sources.shape, len(sources.classes)),
        notes=tuple(map(shown, sources.notes + notes)),
        class_counts=torch.bincount((sources.train.listed if isinstance(sources.train, Later) else sources.train.labels).cpu(), minlength=len(sources.classes)),
    )


def _split(arrays: Arrays, data: Data, device: torch.device, channels_last: bool) -> Sources:
    train, test = arrays.train, arrays.test
    parts = split(train.labels.numpy(), arrays.classes, data)
    chosen, held = torch.from_numpy(parts.train), torch.from_numpy(parts.validation)
    validation = Part(train.images.index_select(0, held), train.labels[held])
    train = Part(take(train.images, chosen), train.labels[chosen])

    parts_now = (train, validation, test)
    shaped = parts_now if is_points(data) else tuple(Part(shape_images(part.images, data), part.labels) for part in parts_now)
    training, held_out, tested = (InMemory(part.images.to(device), part.labels.to(device), channels_last) for part in shaped)
    channels, height, width = shaped[0].images.shape[1:]
    return Sources(arrays.name, arrays.classes, training, held_out, tested, (channels, height, width), parts.notes)


def _fitting_images(train: Source, data: Data) -> tuple[Iterator[Tensor], tuple[str, ...]]:
    """The training images that normalisation is fitted on: all in memory, a sample of a stream, whose reading takes as long as an epoch."""
    order: Tensor | None = None
    notes: tuple[str, ...] = ()
    if isinstance(train, Streamed) and len(train) > FIT_STREAMED and data.normalise != "none":
        order = torch.linspace(0, len(train) - 1, FIT_STREAMED).long()
        notes = (f"normalisation is fitted on {FIT_STREAMED} of {len(train)} training images, spread evenly over them",)
    return (images for images, _ in train.chunks(order, 0, FIT_CHUNK)), notes
