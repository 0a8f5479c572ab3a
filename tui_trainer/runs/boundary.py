"""What a network makes of a grid over the plane, as a short text for an event: a byte a cell, compressed."""

import base64
import binascii
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]
    Floats = npt.NDArray[np.float32]

LEVELS = 16
"""Steps of the winning class's probability, from 1 / classes to 1."""
MOST_CLASSES = 16
MOST_CELLS = 512 * 512


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """The winning class of each cell and how sure it is."""

    winner: "Bytes"
    """Class numbers, (rows, columns), the first row on top."""
    sureness: "Floats"
    """Probability of the winning class, brought from 1 / classes..1 to 0..1, (rows, columns)."""


def field_of(probabilities: "Floats", columns: int) -> Field:
    """From probabilities of a grid's cells, row by row from the top, (rows * columns, classes)."""
    import numpy as np

    least = 1 / probabilities.shape[1]
    sure = ((probabilities.max(1) - least) / (1 - least)).clip(0, 1)
    return Field(probabilities.argmax(1).astype(np.uint8).reshape(-1, columns), sure.astype(np.float32).reshape(-1, columns))


def pack(field: Field) -> str:
    """The field in about 600 characters for 48 x 48 cells, its sureness in :data:`LEVELS` steps."""
    import numpy as np

    levels = np.round(field.sureness * (LEVELS - 1)).astype(np.uint8)
    return base64.b64encode(zlib.compress((field.winner * LEVELS + levels).tobytes(), 6)).decode("ascii")


def unpack(cells: str, columns: int, rows: int) -> Field:
    """What :func:`pack` was given. Raises ValueError where the text does not hold a grid of this size."""
    import numpy as np

    if columns < 1 or rows < 1 or columns * rows > MOST_CELLS:
        raise ValueError(f"a grid of {columns} x {rows} cells")
    try:
        values = zlib.decompressobj().decompress(base64.b64decode(cells, validate=True), columns * rows + 1)
    except (zlib.error, binascii.Error) as error:
        raise ValueError(str(error)) from None
    if len(values) != columns * rows:
        raise ValueError(f"{len(values)} cells, not {columns} x {rows}")
    grid = np.frombuffer(values, np.uint8).reshape(rows, columns)
    return Field(grid // LEVELS, (grid % LEVELS / np.float32(LEVELS - 1)).astype(np.float32))
