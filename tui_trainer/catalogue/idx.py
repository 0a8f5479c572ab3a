"""Reading of idx files (the format of MNIST), raw or .gz, with numpy only.

Format: http://yann.lecun.com/exdb/mnist/ : two zero bytes, a type code (8: unsigned byte), the number of dimensions,
each dimension as a big-endian 32-bit number, then the values.
"""

import gzip
import struct
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from tui_trainer.config import ConfigError

if TYPE_CHECKING:
    import numpy as np

MAX_VALUES = 1 << 36


def _open(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _shape(file: IO[bytes], path: Path, dimensions: int) -> tuple[int, ...]:
    expected = 4 + 4 * dimensions
    head = file.read(expected)
    if len(head) < expected:
        raise ConfigError(f"{path} is damaged: it ends inside its header of {expected} bytes")
    if head[:4] != bytes((0, 0, 8, dimensions)):
        raise ConfigError(f"{path} is not an idx file of unsigned bytes in {dimensions} dimensions: it starts with {head[:4].hex()}, not 00000{0x800 + dimensions:x}")
    shape = struct.unpack(f">{dimensions}I", head[4:])
    values = 1
    for size in shape:
        values *= size
    if values > MAX_VALUES or not all(shape):
        raise ConfigError(f"{path} is damaged: its header says {' x '.join(map(str, shape))}")
    return shape


def idx_shape(path: Path, dimensions: int) -> tuple[int, ...]:
    """The shape in the header of the idx file at ``path``. Raises ConfigError where it is damaged or of another kind."""
    try:
        with _open(path) as file:
            return _shape(file, path, dimensions)
    except (OSError, EOFError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def read_idx(path: Path, dimensions: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    """The values of the idx file at ``path`` as uint8, writable, read once into their own memory.

    Raises ConfigError that names the file where it cannot be read, is truncated, too long or of another kind.
    """
    import zlib

    import numpy as np

    try:
        with _open(path) as file:
            shape = _shape(file, path, dimensions)
            size = int(np.prod(shape, dtype=np.int64))
            header = 4 + 4 * dimensions
            if path.suffix != ".gz" and path.stat().st_size != header + size:  # before memory is taken on a damaged header's word
                raise ConfigError(f"{path} is damaged: {path.stat().st_size} bytes, expected {header + size} for {' x '.join(map(str, shape))}")
            values = np.empty(size, np.uint8)
            view, filled = memoryview(values.data), 0
            while filled < size and (got := file.readinto(view[filled:])):  # type: ignore[attr-defined]
                filled += got
            if filled < size or file.read(1):
                raise ConfigError(f"{path} is damaged: {header + filled} bytes or more unpacked, expected {header + size} for {' x '.join(map(str, shape))}")
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    except MemoryError as error:
        raise ConfigError(f"{path} does not fit into memory") from error
    return values.reshape(shape)
