"""What a run's data will be, told quickly and without torch: input shape, classes, numbers of images."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui_trainer.catalogue.digits import digits_file, digits_split, read_digits
from tui_trainer.catalogue.folders import image_shape, scan_folder
from tui_trainer.catalogue.idx import read_idx
from tui_trainer.catalogue.known import KNOWN, KnownSet
from tui_trainer.catalogue.npz import scan_npz
from tui_trainer.catalogue.places import data_root, find_parts
from tui_trainer.catalogue.split import hold_out_test, split
from tui_trainer.config import Data

if TYPE_CHECKING:
    import numpy as np

    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


@dataclass(frozen=True)
class Facts:
    """What the network will see."""

    dataset: str
    title: str
    shape: tuple[int, int, int]
    """Channels, height, width, as the settings bring the images to it."""
    classes: tuple[str, ...]
    found_images: int
    """Images of the training part, before any is held out or left out."""
    train_images: int
    """Images that are trained on."""
    validation_images: int
    test_images: int
    present: bool
    """Whether it can be read now; a known set that is not here is described as it would be."""
    where: Path | None
    notes: tuple[str, ...] = ()


def data_facts(data: Data) -> Facts:
    """What ``data`` asks for. Equal to what loading gives, but for unreadable files in a folder, which are not opened.

    Raises ConfigError as loading would: no such folder or file, no images, a class that is not there, nothing left.
    """
    if data.dataset == "folder":
        folder = scan_folder(data)
        shape, notes = image_shape(folder, data)
        counts = len(folder.train.paths), len(folder.validation.paths), len(folder.test.paths)
        return Facts("folder", folder.root.name, shape, folder.classes, folder.found, *counts, True, folder.root, folder.notes + notes)
    if data.dataset == "npz":
        file = scan_npz(data)
        labels, tested = file.y_train, len(file.y_test) if file.y_test is not None else 0
        if file.y_test is None:
            kept, held = hold_out_test(labels, data.seed)
            labels, tested = labels[kept], len(held)
        return _facts(data, file.path.name, file.x_train.shape, file.classes, labels, tested, file.path)
    known = KNOWN[data.dataset]
    labels, where = _known_labels(known, data)
    return _facts(data, known.title, known.shape, known.classes, labels, known.test_images, where)


def _facts(data: Data, title: str, shape: tuple[int, int, int], classes: tuple[str, ...], labels: "Ints", tested: int, where: Path | None) -> Facts:
    chosen = split(labels, classes, data)
    size = (data.image_size, data.image_size) if isinstance(data.image_size, int) else data.image_size or shape[1:]
    final = (data.channels or shape[0], *size)
    return Facts(data.dataset, title, final, classes, len(labels), len(chosen.train), len(chosen.validation), tested, where is not None, where, chosen.notes)


def _known_labels(known: KnownSet, data: Data) -> "tuple[Ints, Path | None]":
    """Labels of the training images, and where the set lies; a stand-in with as many of each class where they cannot be read quickly."""
    import numpy as np

    if known.bundled:
        _, labels = read_digits()
        return labels[digits_split(labels)[0]].astype(np.int64), digits_file()
    found = find_parts(known, data_root(data.directory))
    whole = len(found) == len(known.parts)
    where = next(iter(found.values())).parent if whole else None
    if whole and known.name != "cifar10":
        return read_idx(found[known.parts[1].name], 1).astype(np.int64), where
    return np.arange(known.train_images) % len(known.classes), where
