"""Sets in one .npz file: x_train, y_train and perhaps x_test, y_test and classes; nothing in it is ever unpickled."""

import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_trainer.config import ConfigError, Data
from tui_trainer.config.paths import given_path, is_file

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[tuple[int, ...], np.dtype[Any]]
    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

EXPECTED = "expected are x_train (N,H,W, N,H,W,C or N,C,H,W; C is 1 or 3) and y_train, and perhaps x_test, y_test and classes"
MAX_CLASSES = 100_000


@dataclass(frozen=True)
class ImageArray:
    """What the header of an array of images says."""

    name: str
    raw: tuple[int, ...]
    dtype: "np.dtype[Any]"

    @property
    def layout(self) -> str:
        """``NHW``, ``NHWC`` or ``NCHW``; channels last where both would do."""
        if len(self.raw) == 3:
            return "NHW"
        return "NHWC" if self.raw[3] in (1, 3) else "NCHW"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        sizes = dict(zip(self.layout, self.raw, strict=True))
        return sizes.get("C", 1), sizes["H"], sizes["W"]


@dataclass(frozen=True)
class NpzFile:
    """What an .npz file holds, its images not yet read."""

    path: Path
    classes: tuple[str, ...]
    x_train: ImageArray
    y_train: "Ints"
    x_test: ImageArray | None
    y_test: "Ints | None"


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, KeyError, SyntaxError) as error:
        raise ConfigError(f"{path} cannot be read as an .npz file: {str(error).splitlines()[0] if str(error) else type(error).__name__}") from error
    except MemoryError as error:
        raise ConfigError(f"{path} does not fit into memory") from error


def scan_npz(data: Data) -> NpzFile:
    """Headers of the images and all labels in the file ``data.directory``. Raises ConfigError that names array and shape."""
    if not data.directory:
        raise ConfigError(f"data.directory (--data-dir) is missing: data.dataset = npz needs the .npz file; {EXPECTED}")
    path = given_path(data.directory)
    if not is_file(path):
        raise ConfigError(f"{path}: there is no such .npz file (data.directory); {EXPECTED}")
    with _reading(path), zipfile.ZipFile(path) as archive:
        names = {name.removesuffix(".npy") for name in archive.namelist()}
        for needed in ("x_train", "y_train"):
            if needed not in names:
                raise ConfigError(f"{path} has no array {needed}, only {', '.join(sorted(names)[:10]) or 'none at all'}; {EXPECTED}")
        if ("x_test" in names) != ("y_test" in names):
            there, lacking = ("x_test", "y_test") if "x_test" in names else ("y_test", "x_test")
            raise ConfigError(f"{path} has {there} but no {lacking}; {EXPECTED}")
        tested = "x_test" in names
        x_train, y_train = _images_header(archive, path, "x_train"), _labels(archive, path, "y_train")
        x_test, y_test = (_images_header(archive, path, "x_test"), _labels(archive, path, "y_test")) if tested else (None, None)
        named = _class_names(archive, path) if "classes" in names else None
    for images, labels in ((x_train, y_train), (x_test, y_test)):
        if images is not None and labels is not None and images.raw[0] != len(labels):
            raise ConfigError(f"{path}: {images.name} holds {images.raw[0]} images, but {images.name.replace('x', 'y')} holds {len(labels)} labels")
    if x_test is not None and x_test.shape != x_train.shape:
        raise ConfigError(f"{path}: x_test has images of {_show(x_test.shape)}, x_train of {_show(x_train.shape)}")
    highest = max(int(y_train.max()), int(y_test.max()) if y_test is not None and len(y_test) else 0)
    classes = named or tuple(str(number) for number in range(max(2, highest + 1)))
    if highest >= len(classes):
        raise ConfigError(f"{path}: the labels reach {highest}, but classes has {len(classes)} names; allowed is 0 to {len(classes) - 1}")
    return NpzFile(path, classes, x_train, y_train, x_test, y_test)


def _show(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "no dimensions"


def _header(archive: zipfile.ZipFile, path: Path, name: str) -> "tuple[tuple[int, ...], np.dtype[Any]]":
    from numpy.lib import format as npy

    with archive.open(f"{name}.npy") as file:
        version = npy.read_magic(file)
        shape, _, dtype = (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(file)
    if dtype.hasobject:
        raise ConfigError(f"{path}: {name} holds Python objects, which are never unpickled; store plain numbers")
    return shape, dtype


def _images_header(archive: zipfile.ZipFile, path: Path, name: str) -> ImageArray:
    shape, dtype = _header(archive, path, name)
    if len(shape) not in (3, 4) or min(shape) < 1:
        raise ConfigError(f"{path}: {name} has the shape {_show(shape)}; {EXPECTED}")
    if len(shape) == 4 and shape[3] not in (1, 3) and shape[1] not in (1, 3):
        raise ConfigError(f"{path}: {name} has the shape {_show(shape)}, neither the last nor the second of which is 1 or 3 channels; {EXPECTED}")
    if dtype.kind not in "buif":
        raise ConfigError(f"{path}: {name} holds {dtype}; allowed are uint8, other integers in 0..255, and floats in 0..1 or 0..255")
    return ImageArray(name, shape, dtype)


def _labels(archive: zipfile.ZipFile, path: Path, name: str) -> "Ints":
    import numpy as np
    from numpy.lib import format as npy

    shape, dtype = _header(archive, path, name)
    wanted = "expected are whole numbers from 0, one an image, or one-hot rows"
    if dtype.kind not in "buif" or len(shape) not in (1, 2) or min(shape) < 1:
        raise ConfigError(f"{path}: {name} has the shape {_show(shape)} of {dtype}; {wanted}")
    with archive.open(f"{name}.npy") as file:
        values: Array = npy.read_array(file, allow_pickle=False)
    if values.ndim == 2 and values.shape[1] > 1:
        if not (((values == 0) | (values == 1)).all() and (values.sum(1) == 1).all()):
            raise ConfigError(f"{path}: {name} has the shape {_show(shape)} but its rows are not one-hot; {wanted}")
        return np.asarray(values.argmax(1), np.int64)
    values = values.reshape(-1)
    if values.dtype.kind == "f" and not (np.isfinite(values).all() and (values == values.round()).all()):
        raise ConfigError(f"{path}: {name} holds numbers that are not whole; {wanted}")
    low, high = values.min(), values.max()
    if low < 0 or high >= MAX_CLASSES:
        raise ConfigError(f"{path}: {name} holds the label {low if low < 0 else high}; allowed is 0 to {MAX_CLASSES - 1}")
    return np.asarray(values, np.int64)


def _class_names(archive: zipfile.ZipFile, path: Path) -> tuple[str, ...]:
    from numpy.lib import format as npy

    shape, dtype = _header(archive, path, "classes")
    if len(shape) != 1 or dtype.kind not in "US" or shape[0] < 2:
        raise ConfigError(f"{path}: classes has the shape {_show(shape)} of {dtype}; expected is one text for each class, at least 2")
    with archive.open("classes.npy") as file:
        values = npy.read_array(file, allow_pickle=False)
    names = tuple(value.decode("utf-8") if isinstance(value, bytes) else str(value) for value in values.tolist())
    if len(set(names)) < len(names):
        raise ConfigError(f"{path}: classes names {next(name for name in names if names.count(name) > 1)!r} twice")
    return names


def read_images(file: NpzFile) -> "tuple[Array, Array | None]":
    """The training and the test images, uint8 [N, C, H, W]. Raises ConfigError for values out of range, or too many.

    Floats are taken as 0..1 if the highest of x_train is at most 1, else as 0..255.
    """
    import psutil

    arrays = [array for array in (file.x_train, file.x_test) if array is not None]
    size, room = sum(math.prod(array.raw) * array.dtype.itemsize for array in arrays), psutil.virtual_memory().available
    if size > room:
        raise ConfigError(f"{file.path} holds {size / 2**30:.1f} GiB of images, but {room / 2**30:.1f} GiB of memory are free; an image folder could be streamed")
    factor = None
    read = []
    with _reading(file.path), zipfile.ZipFile(file.path) as archive:
        for array in arrays:
            images, factor = _read_images(archive, file.path, array, factor)
            read.append(images)
    return read[0], read[1] if len(read) > 1 else None


def _read_images(archive: zipfile.ZipFile, path: Path, array: ImageArray, factor: float | None) -> "tuple[Array, float]":
    import numpy as np
    from numpy.lib import format as npy

    with archive.open(f"{array.name}.npy") as file:
        values: Array = npy.read_array(file, allow_pickle=False)
    if values.dtype != np.uint8:
        low, high = float(values.min()), float(values.max())
        if not (low >= 0 and high <= 255):
            raise ConfigError(f"{path}: {array.name} (shape {_show(array.raw)}) holds values from {low:g} to {high:g}; allowed is 0..255, or 0..1 for floats")
        if factor is None:
            factor = 255.0 if values.dtype.kind == "b" or (values.dtype.kind == "f" and high <= 1) else 1.0
        elif high * factor > 255:
            raise ConfigError(f"{path}: {array.name} holds values up to {high:g}, but x_train lies in 0..1")
        exact = np.empty(values.shape, np.uint8)
        for first in range(0, len(values), 1024):
            exact[first : first + 1024] = np.rint(values[first : first + 1024].astype(np.float32) * factor)
        values = exact
    if array.layout == "NHWC":
        values = np.ascontiguousarray(values.transpose(0, 3, 1, 2))
    return values.reshape(len(values), *array.shape), factor or 1.0
