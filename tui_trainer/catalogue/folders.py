"""Folders of images in torchvision's ImageFolder layout: one folder a class, perhaps below train/ and test/."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui_trainer.catalogue.pictures import SUFFIXES, Header, UnreadableImageError, read_header
from tui_trainer.catalogue.split import Split, hold_out_test, split
from tui_trainer.config import ConfigError, Data
from tui_trainer.config.paths import given_path, is_folder

if TYPE_CHECKING:
    import numpy as np

    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

TRAIN, VALIDATION, TEST = ("train", "training"), ("val", "valid", "validation"), ("test", "testing")
EXPECTED = "expected is a folder of images for each class (DIR/CLASS/*.png), or such folders below DIR/train and DIR/test"
CHECKED_HEADERS = 256
"""Files that are opened, spread evenly over the training files, to find the size of the images."""


@dataclass(frozen=True)
class Files:
    """Image files and their class numbers (int64 [N]), by class, then by path."""

    paths: list[str]
    labels: "Ints"

    def take(self, positions: "Ints") -> "Files":
        """The files at ``positions``."""
        return Files([self.paths[position] for position in positions], self.labels[positions])


@dataclass(frozen=True)
class Folder:
    """A folder's images, found but not opened, in the three splits that the settings ask for."""

    root: Path
    classes: tuple[str, ...]
    found: int
    """Images that training images are chosen from: the training part with what is held out of it."""
    train: Files
    validation: Files
    test: Files
    notes: tuple[str, ...]


def scan_folder(data: Data) -> Folder:
    """The images below ``data.directory``, split. Raises ConfigError: no such folder, no images, classes that differ.

    ``val/`` or ``valid/``, where there is one, is the validation set, and nothing is held out of ``train/``. Without a
    ``test/``, a tenth of the training images, stratified by class and chosen by ``data.seed``, is the test set.
    """
    root = _root(data)
    tops = {entry.name: Path(entry.path) for entry in _folders(root)}
    train_root = next((tops[name] for name in TRAIN if name in tops and _folders(tops[name])), None)
    parts = {group: next((tops[name] for name in group if name in tops), None) if train_root else None for group in (VALIDATION, TEST)}
    classes, whole = _scan_classes(train_root or root)
    notes = []
    validation = _scan_known(parts[VALIDATION], classes) if parts[VALIDATION] else None
    if validation is not None:
        notes.append(f"the validation set is {parts[VALIDATION]}: nothing is held out of the training images")
    if parts[TEST]:
        train, test = whole, _scan_known(parts[TEST], classes)
    else:
        kept, held = hold_out_test(whole.labels, data.seed)
        train, test = whole.take(kept), whole.take(held)
        notes.append(f"there is no test part: {len(held)} of {len(whole.labels)} images were set aside as one")
    chosen: Split = split(train.labels, classes, data, own_validation=validation is not None)
    held_out = train.take(chosen.validation) if validation is None else validation
    return Folder(root, classes, len(train.labels), train.take(chosen.train), held_out, test, (*notes, *chosen.notes))


def _root(data: Data) -> Path:
    if not data.directory:
        raise ConfigError(f"data.directory (--data-dir) is missing: data.dataset = folder needs the folder of the images; {EXPECTED}")
    root = given_path(data.directory)
    if not is_folder(root):
        raise ConfigError(f"{root}: there is no such folder of images (data.directory); {EXPECTED}")
    return root


def _folders(root: Path) -> "list[os.DirEntry[str]]":
    """Folders right below ``root``, by name, without hidden ones."""
    try:
        with os.scandir(root) as entries:
            return sorted((entry for entry in entries if entry.is_dir() and not entry.name.startswith((".", "__"))), key=lambda entry: entry.name)
    except OSError as error:
        raise ConfigError(f"{root} cannot be read: {error.strerror}") from error


def _images(folder: str) -> list[str]:
    """Image files anywhere below ``folder``, by path; links are followed, circles of them only once."""


    def refuse(error: OSError) -> None:
        raise ConfigError(f"{error.filename} cannot be read: {error.strerror}") from error

    found, seen = [], set()
    for top, folders, names in os.walk(folder, followlinks=True, onerror=refuse):
        status = Path(top).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [os.path.join(top, name) for name in names if not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES]  # noqa: PTH118, PTH122
    return sorted(found)


def _files(lists: list[list[str]]) -> Files:
    import numpy as np

    labels = np.repeat(np.arange(len(lists), dtype=np.int64), [len(paths) for paths in lists])
    return Files([path for paths in lists for path in paths], labels)


def _scan_classes(root: Path) -> tuple[tuple[str, ...], Files]:
    lists = {entry.name: _images(entry.path) for entry in _folders(root)}
    lists = {name: paths for name, paths in lists.items() if paths}
    if not lists:
        raise ConfigError(f"{root}: there are no images in folders below it; {EXPECTED}")
    if len(lists) == 1:
        (name,) = lists
        inner = [entry.name for entry in _folders(root / name)]
        hint = f" (did you mean {root / name}?)" if len(inner) > 1 or set(inner) & {*TRAIN, *TEST} else ""
        raise ConfigError(f"{root}: only one class, {name}, where at least 2 are needed{hint}; {EXPECTED}")
    return tuple(lists), _files(list(lists.values()))


def _scan_known(root: Path | None, classes: tuple[str, ...]) -> Files:
    """The images of a validation or test part; it may lack classes, but has no others."""
    assert root is not None
    lists = {entry.name: _images(entry.path) for entry in _folders(root)}
    extra = [name for name, paths in lists.items() if paths and name not in classes]
    if extra:
        raise ConfigError(f"{root / extra[0]}: the training images have no class of that name; they have {', '.join(classes[:12])}")
    files = _files([lists.get(name, []) for name in classes])
    if not files.paths:
        raise ConfigError(f"{root}: there are no images in folders below it; {EXPECTED}")
    return files


def image_shape(folder: Folder, data: Data) -> tuple[tuple[int, int, int], tuple[str, ...]]:
    """Channels, height and width that all images are brought to, and what to know about it. Raises ConfigError.

    ``data.image_size`` and ``data.channels`` where given. Else the size that the checked training images share; where
    they differ, the median height and the median width. Else 1 channel if all checked images are grey, 3 otherwise.
    """
    size = (data.image_size, data.image_size) if isinstance(data.image_size, int) else data.image_size
    if size and data.channels:
        return (data.channels, *size), ()
    headers, failed = _sample_headers(folder.train.paths)
    if not headers:
        raise ConfigError(f"{failed[0]}: not a readable image, nor is any other of {len(failed)} training images that were tried")
    channels = data.channels or (1 if all(header.grey for header in headers) else 3)
    if size:
        return (channels, *size), ()
    heights, widths = sorted(header.height for header in headers), sorted(header.width for header in headers)
    height, width = heights[len(heights) // 2], widths[len(widths) // 2]
    if heights[0] == heights[-1] and widths[0] == widths[-1]:
        return (channels, height, width), ()
    note = (
        f"image sizes differ ({heights[0]} to {heights[-1]} pixels high, {widths[0]} to {widths[-1]} wide): "
        f"all are resized to the median, {height} x {width}; data.image_size sets another"
    )
    return (channels, height, width), (note,)


def _sample_headers(paths: list[str]) -> tuple[list[Header], list[str]]:
    """Headers of files spread evenly over ``paths``, and the files that have none; if all of those fail, of more."""
    headers: list[Header] = []
    failed: list[str] = []
    step = max(1, len(paths) // CHECKED_HEADERS)
    for offset in range(step):
        for path in paths[offset::step][: CHECKED_HEADERS + 1]:
            try:
                headers.append(read_header(path))
            except UnreadableImageError:
                failed.append(path)
        if headers:
            break
    return headers, failed
