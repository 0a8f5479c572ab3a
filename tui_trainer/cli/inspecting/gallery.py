"""Pictures on the command line: drawn beside each other where the output is a terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui_trainer.asking.picture import Picture

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from tui_trainer.pictures import Line, Pixels

GAP = 2
LARGEST, SMALLEST = 32, 14
"""Pixels of a side: pictures with longer sides are averaged down, small ones enlarged by whole factors to at least half of the first."""


def pixels_of(picture: Picture) -> "Pixels":
    """What is drawn of a picture: its pixels; of signed numbers both signs in colours of their own."""
    from tui_trainer.pictures import signed

    if picture.signed and picture.channels == 1:
        return signed(picture.values(), abs(picture.offset))
    return picture.array()


def print_tiles(target: "Console", tiles: Sequence[tuple[Picture, Sequence[str]]], side: int = LARGEST) -> None:
    """Draw each picture with its lines of text below, as many beside each other as fit; nothing where there is no terminal."""
    from rich.text import Text

    if not target.is_terminal or not tiles:
        return
    drawn = [(_drawn(target, picture, min(side, target.width)), captions) for picture, captions in tiles]
    width = max(max(_width(lines), *map(len, captions), SMALLEST) for lines, captions in drawn)
    across = max(1, (target.width + GAP) // (width + GAP))
    for first in range(0, len(drawn), across):
        row = drawn[first : first + across]
        high, texts = max(len(lines) for lines, _ in row), max(len(captions) for _, captions in row)
        blocks = [
            [*lines, *[Text()] * (high - len(lines)), *(Text(caption) for caption in captions), *[Text()] * (texts - len(captions))] for lines, captions in row
        ]
        for parts in zip(*blocks, strict=True):
            line = Text()
            for place, part in enumerate(parts):
                part.truncate(width)
                line.append(" " * (place * (width + GAP) - line.cell_len)).append_text(part)
            target.print(line, soft_wrap=True)
        target.print()


def coloured(target: "Console") -> bool:
    """Whether pictures are drawn in colour."""
    return not target.no_color and target.color_system is not None


def signs(target: "Console") -> tuple[str, str]:
    """How positive and negative numbers look in what is drawn and written: two words."""
    return ("blue", "orange") if coloured(target) or not target.is_terminal else ("bright", "dark")


def _drawn(target: "Console", picture: Picture, side: int) -> "list[Text]":
    """One picture as lines: half blocks where there is colour, else a ramp of characters."""
    from tui_trainer.pictures import ASCII_RAMP, fitted, half_blocks, ramp, shaded

    if not coloured(target):
        pixels = fitted(picture.array(), side, side, most=4)
        lines = ramp(pixels, ASCII_RAMP) if not target.encoding.lower().startswith("utf") else shaded(pixels)
    else:
        lines = half_blocks(fitted(pixels_of(picture), side, side, most=4))
    return [_text(line) for line in lines]


def _text(line: "Line") -> "Text":
    from rich.text import Text

    made = Text()
    for text, looks in line:
        made.append(text, style=looks.replace("on-", "on "))
    return made


def _width(lines: "Sequence[Text]") -> int:
    return max((line.cell_len for line in lines), default=0)
