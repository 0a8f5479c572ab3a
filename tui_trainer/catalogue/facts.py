"""What a run's data will be, told quickly and without torch: input shape, classes, numbers of images."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui_trainer.catalogue.digits import digits_file, digits_split, read_digits
from tui_trainer.catalogue.folders import image_shape, scan_folder
from tui_trainer.catalogue.idx import idx_shape, read_idx
from tui_trainer.catalogue.known import KNOWN, KnownSet
from tui_trainer.catalogue.names import shown
from tui_trainer.catalogue.npz import scan_npz
from tui_trainer.catalogue.places import data_root, find_parts
from tui_trainer.catalogue.points import FEATURES, TITLES, class_names, is_points, make_points
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
        return Facts("folder", folder.root.name, shape, tuple(map(shown, folder.classes)), folder.found, *counts, True, folder.root, folder.notes + notes)
    if data.dataset == "npz":
        file = scan_npz(data)
        labels, tested = file.y_train, len(file.y_test) if file.y_test is not None else 0
        if file.y_test is None:
            kept, held = hold_out_test(labels, data.seed)
            labels, tested = labels[kept], len(held)
        return _facts(data, file.path.name, file.x_train.shape, file.classes, labels, tested, file.path)
    if is_points(data):
        train, test = make_points(data)
        chosen, seen = split(train.labels, class_names(data), data), len(FEATURES[data.features])
        counts = len(chosen.train), len(chosen.validation), len(test.labels)
        return Facts(data.dataset, TITLES[data.dataset], (seen, 1, 1), class_names(data), len(train.labels), *counts, True, None, chosen.notes)
    known = KNOWN[data.dataset]
    labels, tested, where = _known_images(known, data)
    return _facts(data, known.title, known.shape, known.classes, labels, tested, where)


def _facts(data: Data, title: str, shape: tuple[int, int, int], classes: tuple[str, ...], labels: "Ints", tested: int, where: Path | None) -> Facts:
    chosen = split(labels, classes, data)
    size = (data.image_size, data.image_size) if isinstance(data.image_size, int) else data.image_size or shape[1:]
    final = (data.channels or shape[0], *size)
    return Facts(data.dataset, title, final, tuple(map(shown, classes)), len(labels), len(chosen.train), len(chosen.validation), tested, where is not None, where, chosen.notes)


def _known_images(known: KnownSet, data: Data) -> "tuple[Ints, int, Path | None]":
    """Labels of the training images, number of test images, and where the set lies.

    Where labels cannot be read quickly, stand-ins with as many of each class.
    """
    import numpy as np

    if known.bundled:
        _, labels = read_digits()
        return labels[digits_split(labels)[0]].astype(np.int64), known.test_images, digits_file()
    found = find_parts(known, data_root(data.directory))
    whole = len(found) == len(known.parts)
    where = next(iter(found.values())).parent if whole else None
    if whole and known.name != "cifar10":
        train, test = (found[known.parts[number].name] for number in (1, 3))
        return read_idx(train, 1).astype(np.int64), idx_shape(test, 1)[0], where
    return np.arange(known.train_images) % len(known.classes), known.test_images, where
