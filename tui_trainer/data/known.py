"""Reading of the sets that are known by name: digits, MNIST and its relatives, CIFAR-10."""

import hashlib
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tui_trainer.catalogue import KNOWN, KnownSet, data_root, find_parts, need_parts, prepare_set
from tui_trainer.catalogue.digits import digits_as_mnist, digits_split, read_digits
from tui_trainer.catalogue.idx import read_idx
from tui_trainer.config import ConfigError, Data
from tui_trainer.data.arrays import Arrays, Part, Progress


def read_known(data: Data, progress: Progress | None = None) -> Arrays:
    """The set that ``data.dataset`` names. Raises ConfigError where files are missing or damaged.

    One that is not at the place for data sets is fetched; ``progress`` is told of that.
    """
    known = KNOWN[data.dataset]
    if known.bundled:
        return _read_bundled(known)
    root = data_root(data.directory)
    if data.directory is None and len(find_parts(known, root)) < len(known.parts):
        prepare_set(known.name, progress=progress)  # a place that was named is never written to unasked
    files = need_parts(known, root)
    if known.name == "cifar10":
        train = [_read_cifar(part.md5 or "", files[part.name]) for part in known.parts[:-1]]
        test = _read_cifar(known.parts[-1].md5 or "", files[known.parts[-1].name])
        whole = Part(torch.cat([part.images for part in train]), torch.cat([part.labels for part in train]))
        return Arrays(known.name, known.classes, whole, test)
    paths = [files[part.name] for part in known.parts]
    return Arrays(known.name, known.classes, _read_pair(known, paths[0], paths[1]), _read_pair(known, paths[2], paths[3]))


def _read_bundled(known: KnownSet) -> Arrays:
    ink, labels = read_digits()
    images, numbers = torch.from_numpy(digits_as_mnist(ink)).unsqueeze(1), torch.from_numpy(labels.astype(np.int64))
    train, test = (torch.from_numpy(part) for part in digits_split(labels))
    return Arrays(known.name, known.classes, Part(images[train], numbers[train]), Part(images[test], numbers[test]))


def _read_pair(known: KnownSet, images_path: Path, labels_path: Path) -> Part:
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise ConfigError(f"{images_path} holds {len(images)} images, but {labels_path} holds {len(labels)} labels")
    if images.shape[1:] != known.shape[1:]:
        found, expected = (" x ".join(map(str, shape)) for shape in (images.shape[1:], known.shape[1:]))
        raise ConfigError(f"{images_path} holds images of {found} pixels, expected {expected}")
    if labels.max() >= len(known.classes):
        raise ConfigError(f"{labels_path} holds the label {labels.max()}, but {known.name} has the labels 0 to {len(known.classes) - 1}")
    return Part(torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels.astype(np.int64)))


class _Plain(pickle.Unpickler):
    """Takes arrays and built-in values only: a pickle could otherwise run code."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":  # it has moved with numpy 2
            return np.empty(0).__reduce__()[0]
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def _read_cifar(md5: str, path: Path) -> Part:
    """One batch file of CIFAR-10's Python version, its checksum compared before it is unpickled."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise ConfigError(f"{path} is damaged: its MD5 checksum is not {md5}; delete it and run `tui-trainer data prepare cifar10`")
    try:
        entry = _Plain(io.BytesIO(content), encoding="bytes").load()
        images, labels = np.asarray(entry[b"data"], np.uint8).reshape(-1, 3, 32, 32), np.asarray(entry[b"labels"], np.int64)
    except (pickle.UnpicklingError, KeyError, TypeError, ValueError, EOFError, AttributeError) as error:
        raise ConfigError(f"{path} is damaged: {error}") from error
    return Part(torch.from_numpy(images), torch.from_numpy(labels))
