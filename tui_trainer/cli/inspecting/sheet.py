"""Pictures of the command line as one PNG file: under headings, each with its lines below."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tui_trainer.asking.picture import Picture, png_path, save_png
from tui_trainer.cli.inspecting.gallery import pixels_of

COLUMNS, SIDE, GAP = 10, 112, 12
"""Tiles beside each other; pixels of a tile's longer side, and between tiles."""
LINE, HEADING = 15, 24
"""Heights of a line below a tile, and of a heading."""
GROUND, INK, QUIET = "white", "black", "#555555"


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures that belong together, such as the maps of a layer."""

    heading: str
    tiles: Sequence[tuple[Picture, Sequence[str]]]
    """Each with the lines below it; the first one stands out."""


def sheet_path(out: str | None) -> str | None:
    """``--out`` as it will be written. Raises ConfigError for what is no PNG before anything is computed."""
    return None if out is None else str(png_path(out))


def write_sheet(groups: Sequence[Group], path: str) -> str:
    """All groups beneath each other in one PNG file, pictures enlarged by whole factors; returns its path. Raises ConfigError."""
    import numpy as np
    from PIL import Image, ImageDraw

    from tui_trainer.config import ConfigError
    from tui_trainer.pictures import fitted
    from tui_trainer.reports.lettering import letters

    if not any(group.tiles for group in groups):
        raise ConfigError(f"--out {path}: there is no picture to write")
    across = min(COLUMNS, max(len(group.tiles) for group in groups))
    font = letters(11)
    heights = [HEADING * bool(group.heading) + -(-len(group.tiles) // across) * _height(group) for group in groups]
    headings = max((font.getlength(group.heading) for group in groups), default=0)
    wide = max(across * (SIDE + GAP) + GAP, int(headings) + 2 * GAP)
    sheet = Image.new("RGB", (wide, sum(heights) + GAP), GROUND)
    pen, top = ImageDraw.Draw(sheet), GAP
    for group, height in zip(groups, heights, strict=True):
        if group.heading:
            pen.text((GAP, top), group.heading, font=font, fill=INK)
        start = top + HEADING * bool(group.heading)
        for number, (picture, lines) in enumerate(group.tiles):
            row, column = divmod(number, across)
            left, upper = GAP + column * (SIDE + GAP), start + row * _height(group)
            tile = Image.fromarray(np.ascontiguousarray(fitted(pixels_of(picture), SIDE, SIDE, most=SIDE))).convert("RGB")
            sheet.paste(tile, (left, upper))
            for place, text in enumerate(lines):
                pen.text((left, upper + tile.height + 2 + place * LINE), _fitting(text, font), font=font, fill=QUIET if place else INK)
        top += height
    return str(save_png(Picture.of(np.asarray(sheet)), path))


def _height(group: Group) -> int:
    """Of a row of the group's tiles, with their lines and the gap."""
    tallest = max((round(SIDE * min(1.0, picture.height / picture.width)) for picture, _ in group.tiles), default=0)
    return tallest + max((len(lines) for _, lines in group.tiles), default=0) * LINE + GAP


def _fitting(text: str, font: Any) -> str:
    while len(text) > 1 and font.getlength(text) > SIDE + GAP - 4:
        text = text[:-2] + "…"
    return text
