"""A data set as training sees it: read, shaped, split, on the device, with its normalisation and augmentation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from tui_trainer.catalogue.split import split
from tui_trainer.config import Augmentation, Data
from tui_trainer.data.arrays import Arrays, Part, shape_images, take
from tui_trainer.data.augment import Augment
from tui_trainer.data.known import read_known
from tui_trainer.data.preprocess import Preprocess, fit_preprocess
from tui_trainer.data.source import InMemory, Source

FIT_CHUNK = 1024

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many are done, and of how many."""


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


def load_dataset(data: Data, device: torch.device, channels_last: bool = False, progress: Progress | None = None) -> DataSet:
    """The set that ``data`` asks for, on ``device``; ``channels_last`` makes chunks of several channels come in that format.

    Raises ConfigError, one sentence: files missing or damaged, settings that the set cannot satisfy.
    """
    arrays = read_known(data)
    for part in (arrays.train, arrays.test, arrays.validation):
        if part is not None:
            part.images = shape_images(part.images, data)
    return _finish(arrays, data, device, channels_last)


def _finish(arrays: Arrays, data: Data, device: torch.device, channels_last: bool) -> DataSet:
    parts = split(arrays.train.labels.numpy(), arrays.classes, data, own_validation=arrays.validation is not None)
    images, labels = arrays.train.images, arrays.train.labels
    train, held = torch.from_numpy(parts.train), torch.from_numpy(parts.validation)
    validation = arrays.validation or Part(images.index_select(0, held), labels[held])
    arrays.train = Part(take(images, train), labels[train])
    del images

    def source(part: Part) -> InMemory:
        return InMemory(part.images.to(device), part.labels.to(device), channels_last)

    sources = source(arrays.train), source(validation), source(arrays.test)
    return assemble(arrays, data, device, sources, parts.notes)


def assemble(arrays: Arrays, data: Data, device: torch.device, sources: tuple[Source, Source, Source], notes: tuple[str, ...]) -> DataSet:
    """The data set of three sources, normalised by the first."""
    train, validation, test = sources
    channels, height, width = train.read(slice(0, 1))[0].shape[1:]
    shape = (channels, height, width)
    preprocess = fit_preprocess(data, shape, arrays.classes, _images(train)).to(device)
    augment = None if data.augment == Augmentation() else Augment(data.augment, shape, len(arrays.classes))
    counts = torch.bincount(train.labels.cpu(), minlength=len(arrays.classes))
    return DataSet(arrays.name, arrays.classes, shape, train, validation, test, preprocess, augment, arrays.notes + notes, counts)


def _images(source: Source) -> Iterator[Tensor]:
    return (images for images, _ in source.chunks(None, 0, FIT_CHUNK))
