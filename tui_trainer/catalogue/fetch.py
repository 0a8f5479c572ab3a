"""Fetching a known set into torchvision's layout, and checking one that is there.

Addresses and checksums are torchvision's. The transfer is our own because torchvision's sets no time-out, draws its own
progress bar and leaves damaged files behind, and would have to import torch.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from tui_trainer.catalogue.digits import digits_file
from tui_trainer.catalogue.idx import idx_shape
from tui_trainer.catalogue.known import KNOWN, Download, KnownSet, Part
from tui_trainer.catalogue.places import data_root, find_parts
from tui_trainer.config import ConfigError
from tui_trainer.config.errors import nearest
from tui_trainer.config.sets import POINT_SETS

TIMEOUT = 8.0
"""Seconds without an answer after which a mirror is given up."""
BLOCK = 1 << 18

Progress = Callable[[str, int, int], None]
"""Told the name of what is fetched, bytes so far, and bytes in all."""


@dataclass(frozen=True)
class Checked:
    """What was found of one file."""

    name: str
    path: Path
    size: int
    """Bytes on disk."""
    good: bool
    finding: str
    """What was compared, or what is wrong."""


def known_set(name: str) -> KnownSet:
    """The known set of that name. Raises ConfigError with the nearest name."""
    if name in POINT_SETS:
        raise ConfigError(f"{name}: points in the plane are made by a formula when a run begins; there is nothing to prepare")
    if name not in KNOWN:
        raise ConfigError(f"{name}: there is no data set of that name to prepare{nearest(name, KNOWN)}; there are {', '.join(KNOWN)}")
    return KNOWN[name]


def prepare_set(name: str, directory: str | None = None, progress: Progress | None = None) -> list[Checked]:
    """Check the files of a known set, fetch what is missing or damaged, and say what is there now, file by file.

    Raises ConfigError: unknown name, place that cannot be written, no network (with the steps by hand).
    """
    known = known_set(name)
    root = data_root(directory)
    checked = check_set(known, root)
    good = {check.name for check in checked if check.good}
    if known.bundled or len(good) == len(known.parts):
        return checked
    found = find_parts(known, root)
    folder = next(iter(found.values())).parent if found else root / known.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for download in known.downloads:
            if download.name.removesuffix(".gz") not in good:
                _fetch(known, download, folder, progress or (lambda *_: None))
    except OSError as error:
        raise ConfigError(f"{known.name} cannot be written to {folder}: {error.strerror or error}") from error
    return check_set(known, root)


def check_set(known: KnownSet, root: Path) -> list[Checked]:
    """The files of ``known`` at ``root``: checksum where one is published for the file as it lies, else size and header."""
    if known.bundled:
        path = digits_file()
        return [Checked(path.name, path, path.stat().st_size, True, "part of scikit-learn")]
    found = find_parts(known, root)
    return [_check(known, part, found[part.name]) for part in known.parts if part.name in found]


def _check(known: KnownSet, part: Part, path: Path) -> Checked:
    size = path.stat().st_size
    packed = path.suffix == ".gz"
    md5 = next((download.md5 for download in known.downloads if download.name == path.name), None) if packed else part.md5
    if not packed and part.size is not None and size != part.size:
        return Checked(part.name, path, size, False, f"damaged: {size} bytes, expected {part.size}")
    if md5 is not None:
        with path.open("rb") as file:
            good = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == md5
        return Checked(part.name, path, size, good, f"MD5 {md5}" if good else f"damaged: its MD5 checksum is not {md5}")
    try:
        shape = idx_shape(path, 3 if "idx3" in part.name else 1)
    except ConfigError as error:
        return Checked(part.name, path, size, False, str(error))
    return Checked(part.name, path, size, True, f"size and header, {' x '.join(map(str, shape))}")


def steps_by_hand(known: KnownSet, folder: Path) -> str:
    """What to download and put into ``folder``, in a sentence."""
    names = ", ".join(download.name for download in known.downloads)
    if known.downloads[0].name.endswith(".tar.gz"):
        return f"by hand: download {known.mirrors[0]}{names} elsewhere and unpack it so that {folder / known.parts[0].name} is there"
    return f"by hand: download {names} from {known.mirrors[0]} elsewhere and put them, packed or unpacked, into {folder}"


def _fetch(known: KnownSet, download: Download, folder: Path, progress: Progress) -> None:
    from http.client import HTTPException
    from ssl import SSLError
    from urllib.error import URLError

    aside = folder / f".{download.name}.{os.getpid()}.part"
    reason = ""
    try:
        for mirror in known.mirrors:
            try:
                _transfer(mirror + download.name, aside, download, progress)
            except (URLError, HTTPException, SSLError, TimeoutError, ConnectionError, ValueError) as error:
                reason = str(getattr(error, "reason", "") or error)
            else:
                _unpack(known, download, aside, folder)
                return
    finally:
        aside.unlink(missing_ok=True)
    raise ConfigError(f"{known.name} could not be fetched from {known.mirrors[-1]} ({reason}); {steps_by_hand(known, folder)}")


def _transfer(address: str, aside: Path, download: Download, progress: Progress) -> None:
    from urllib.request import Request, urlopen

    digest, done = hashlib.md5(usedforsecurity=False), 0
    with urlopen(Request(address, headers={"User-Agent": "tui-trainer"}), timeout=TIMEOUT) as answer, aside.open("wb") as file:
        while block := answer.read(BLOCK):
            file.write(block)
            digest.update(block)
            done += len(block)
            progress(download.name, done, download.size)
    if digest.hexdigest() != download.md5:
        raise ValueError(f"{download.name} came with the MD5 checksum {digest.hexdigest()}, not {download.md5}")


def _unpack(known: KnownSet, download: Download, archive: Path, folder: Path) -> None:
    import tarfile

    try:
        if not download.name.endswith(".tar.gz"):
            with gzip.open(archive, "rb") as file:
                _write(cast(IO[bytes], file), folder / download.name.removesuffix(".gz"))
            return
        wanted = {f"{known.folder}/{name}": name for name in (*(part.name for part in known.parts), "batches.meta")}
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.isfile() and member.name in wanted and (content := tar.extractfile(member)):
                    with content:
                        _write(content, folder / wanted[member.name])
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ConfigError(f"{download.name} could not be unpacked: {error}") from error


def _write(content: IO[bytes], path: Path) -> None:
    with _aside(path) as scratch, scratch.open("wb") as file:
        while block := content.read(BLOCK):
            file.write(block)


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to; it takes the place of ``path`` only when whole."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield scratch
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
