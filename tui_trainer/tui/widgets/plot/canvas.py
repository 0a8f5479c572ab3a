"""A grid of characters with one ink each: what a chart draws on, and what tells which cells changed."""

import unicodedata
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

BLANK = ord(" ")
COVERED = 0
"""Stands in the cell behind a character that is two cells wide."""


class Canvas:
    """``height`` x ``width`` cells; ``codes`` are Unicode code points, ``inks`` small numbers whose meaning the caller knows."""

    def __init__(self, width: int, height: int) -> None:
        """All blank, ink 0."""
        self.width, self.height = width, height
        self.codes: npt.NDArray[np.uint32] = np.full((height, width), BLANK, dtype=np.uint32)
        self.inks: npt.NDArray[np.uint8] = np.zeros((height, width), dtype=np.uint8)

    def copy(self) -> "Canvas":
        """Another one that looks the same."""
        other = Canvas.__new__(Canvas)
        other.width, other.height, other.codes, other.inks = self.width, self.height, self.codes.copy(), self.inks.copy()
        return other

    def write(self, row: int, column: int, text: str, ink: int) -> None:
        """Text from a cell on to the right; what does not fit is cut."""
        if not 0 <= row < self.height:
            return
        if text.isascii() and text.isprintable():
            start, end = max(column, 0), min(column + len(text), self.width)
            if start < end:
                self.codes[row, start:end] = np.frombuffer(text[start - column : end - column].encode("ascii"), dtype=np.uint8)
                self.inks[row, start:end] = ink
            return
        for character in text:
            wide = cells(character)
            if wide and column >= 0 and column + wide <= self.width:
                self.codes[row, column] = ord(character)
                self.codes[row, column + 1 : column + wide] = COVERED
                self.inks[row, column : column + wide] = ink
            column += wide

    def fill(self, rows: slice | int, columns: slice | int, character: str, ink: int) -> None:
        """One character, one cell wide, all over a rectangle."""
        self.codes[rows, columns] = ord(character)
        self.inks[rows, columns] = ink

    def line(self, row: int) -> str:
        """A row as text."""
        return str(self.codes[row].tobytes(), "utf-32-le").replace(chr(COVERED), "")

    def text(self) -> str:
        """All rows, without blanks at their ends."""
        return "\n".join(self.line(row).rstrip() for row in range(self.height))

    def runs(self, row: int) -> Iterator[tuple[str, int]]:
        """Stretches of one ink; blanks take the ink before them, so that lines cost few escape sequences."""
        codes, inks = self.codes[row], self.inks[row]
        written = codes != BLANK
        first = int(written.argmax())
        source = np.maximum.accumulate(np.where(written, np.arange(self.width), first))
        shown = inks[source]
        edges = [0, *(np.flatnonzero(shown[1:] != shown[:-1]) + 1).tolist(), self.width]
        text = str(codes.tobytes(), "utf-32-le")
        for start, end in pairwise(edges):
            yield text[start:end].replace(chr(COVERED), ""), int(shown[start])


def changes(old: Canvas, new: Canvas) -> list[tuple[int, int, int]]:
    """(row, first column, column after the last) of what differs; both canvases have one size.

    Stretches of a row with fewer than APART equal cells between them are one: it costs less to write those again than
    to go to another place.
    """
    differs = (old.codes != new.codes) | ((old.inks != new.inks) & (new.codes != BLANK))
    spans = []
    for row in np.flatnonzero(differs.any(axis=1)).tolist():
        columns = np.flatnonzero(differs[row])
        for part in np.split(columns, np.flatnonzero(np.diff(columns) > APART) + 1):
            spans.append((row, int(part[0]), int(part[-1]) + 1))
    return spans


APART = 6


def cells(character: str) -> int:
    """Cells that a character takes: 0 for combining and control characters, 2 for wide ones."""
    if character.isascii():
        return 1 if character.isprintable() else 0
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fitted(text: str, width: int, ellipsis: str = "…", *, right: bool = False) -> str:
    """Text of exactly ``width`` cells, cut or filled up; control characters are gone. ``right``: pushed to the right."""
    text = "".join(character for character in text if cells(character))
    taken = sum(map(cells, text))
    if taken > width:
        room, kept = width - len(ellipsis), ""
        for character in text:
            if cells(character) > room:
                break
            kept, room = kept + character, room - cells(character)
        text = (kept + ellipsis)[:width] if width >= len(ellipsis) else ellipsis[:width]
        taken = sum(map(cells, text))
    return " " * (width - taken) + text if right else text + " " * (width - taken)
