"""Image folders: decoded into memory by threads, or streamed where they would not fit."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import torch
from torch import Tensor

from tui_trainer.catalogue.folders import Files, Folder, image_shape, scan_folder
from tui_trainer.catalogue.pictures import UnreadableImageError, read_header, read_picture
from tui_trainer.catalogue.points import is_points
from tui_trainer.config import ConfigError, Data
from tui_trainer.config.paths import is_file, is_folder
from tui_trainer.data.arrays import Part, Progress
from tui_trainer.data.later import Later
from tui_trainer.data.source import InMemory, Source, Sources
from tui_trainer.data.stream import Streamed, Workers, cores

MEMORY_SHARE = 0.5
"""Part of the free memory that a decoded set may take before it is streamed."""
NAMED = 5
SPLITS = ("train", "validation", "test")
TOLD_EVERY = 256
MAX_CHECKED = 20_000
"""Files up to which streaming opens each once to leave out those that are no images: about a second."""


def read_folder(data: Data, device: torch.device, channels_last: bool, progress: Progress | None, *, later: bool = False) -> Sources:
    """The three splits of the folder ``data.directory``; with ``later`` each is decoded when it is first asked for. Raises ConfigError.

    Files that cannot be read are left out and named in a note; the split was made before, so they move no other image.
    """
    folder = scan_folder(data)
    shape, notes = image_shape(folder, data)
    parts = folder.train, folder.validation, folder.test
    size, room = sum(len(part.paths) for part in parts) * shape[0] * shape[1] * shape[2], psutil.virtual_memory().available
    if data.storage == "memory" and size > room:
        raise ConfigError(
            f"data.storage = memory needs {size / 2**30:.1f} GiB for {folder.root}, but {room / 2**30:.1f} GiB are free; set it to auto or stream, or data.image_size lower"
        )
    unreadable: list[str] = []
    sources: list[Source] = []
    if data.storage == "stream" or (data.storage == "auto" and size > room * MEMORY_SHARE):
        notes += (f"images are read from disk as they are needed: {size / 2**20:.0f} MiB decoded, {room / 2**20:.0f} MiB of memory free",)
        workers = Workers(shape, data.workers)
        check = sum(len(part.paths) for part in parts) <= MAX_CHECKED
        for part in parts:
            readable = _readable(part, unreadable) if check else part
            sources.append(Streamed(readable, shape, workers, device, channels_last))
    elif later:
        sources += (_later(part, shape, name, device, channels_last) for name, part in zip(SPLITS, parts, strict=True))
        return Sources(folder.root.name, folder.classes, sources[0], sources[1], sources[2], shape, folder.notes + notes)
    else:
        for name, part in zip(SPLITS, parts, strict=True):
            decoded = decode(part, shape, unreadable, name, progress)
            sources.append(InMemory(decoded.images.to(device), decoded.labels.to(device), channels_last))
    train, validation, test = sources
    if not len(train):
        raise ConfigError(f"{folder.root}: none of the {len(folder.train.paths)} training images can be read, such as {unreadable[0]}")
    return Sources(folder.root.name, folder.classes, train, validation, test, shape, folder.notes + notes + _left_out(folder, unreadable))


def _later(part: Files, shape: tuple[int, int, int], name: str, device: torch.device, channels_last: bool) -> Later:
    def make(progress: Progress | None) -> Source:
        decoded = decode(part, shape, [], name, progress)
        return InMemory(decoded.images.to(device), decoded.labels.to(device), channels_last)

    return Later(make, torch.from_numpy(part.labels))


def _left_out(folder: Folder, unreadable: list[str]) -> tuple[str, ...]:
    if not unreadable:
        return ()
    names = [Path(path).relative_to(folder.root).as_posix() for path in unreadable[:NAMED]]
    more = f" and {len(unreadable) - NAMED} more" if len(unreadable) > NAMED else ""
    return (f"{len(unreadable)} unreadable file{'s' * (len(unreadable) > 1)} left out: {', '.join(names)}{more}",)


def decode(files: Files, shape: tuple[int, int, int], unreadable: list[str], name: str, progress: Progress | None) -> Part:
    """All images of ``files`` in memory, without the ones that cannot be read, whose paths go to ``unreadable``."""
    images = torch.empty(len(files.paths), *shape, dtype=torch.uint8)
    pixels = images.numpy()

    def read(position: int) -> bool:
        try:
            pixels[position] = read_picture(files.paths[position], shape)
        except UnreadableImageError:
            return False
        return True

    good = torch.ones(len(files.paths), dtype=torch.bool)
    with ThreadPoolExecutor(cores()) as threads:  # Pillow decodes and resizes without the interpreter's lock
        for position, read_well in enumerate(threads.map(read, range(len(files.paths)))):
            if not read_well:
                good[position] = False
                unreadable.append(files.paths[position])
            if progress and (position % TOLD_EVERY == TOLD_EVERY - 1 or position == len(files.paths) - 1):
                progress(f"reading {name} images", position + 1, len(files.paths))
    labels = torch.from_numpy(files.labels)
    return Part(images, labels) if good.all() else Part(images[good], labels[good])


def _readable(files: Files, unreadable: list[str]) -> Files:
    def opens(path: str) -> bool:
        try:
            read_header(path)
        except UnreadableImageError:
            return False
        return True

    with ThreadPoolExecutor(cores()) as threads:
        good = list(threads.map(opens, files.paths, chunksize=64))
    unreadable += [path for path, well in zip(files.paths, good, strict=True) if not well]
    kept = torch.tensor(good, dtype=torch.bool).nonzero().flatten().numpy()
    return files.take(kept)


def read_images(paths: Sequence[Path | str], data: Data, shape: tuple[int, int, int]) -> Tensor:
    """Picture files as a network trained on ``data`` would see them: uint8 [N, C, H, W] of ``shape`` = (C, H, W).

    Converted and resized as images of a folder are. Raises ConfigError that names the file that cannot be read.
    """
    if is_points(data):
        raise ConfigError(f"{paths[0] if paths else 'a picture'}: the network was trained on points in the plane ({data.dataset}) and takes no pictures")
    images = torch.empty(len(paths), *shape, dtype=torch.uint8)
    for position, path in enumerate(paths):
        try:
            images[position] = torch.tensor(read_picture(path, shape))
        except UnreadableImageError as error:
            raise ConfigError(f"{path}: no such file" if not (is_file(path) or is_folder(path)) else f"{path} cannot be read as an image: {error}") from error
    return images
