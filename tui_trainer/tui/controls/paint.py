"""Lines of text in the theme's colours, for controls that draw themselves line by line."""

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tui_trainer.tui.widgets.marks import glyphs
from tui_trainer.tui.widgets.theme import colour

Part = tuple[str, str]
"""A text and its looks: a colour's name and any of bold, dim, reverse, underline, such as ``"accent bold"``; ``""`` for plain."""
ATTRIBUTES = {"bold": Style(bold=True), "dim": Style(dim=True), "reverse": Style(reverse=True), "underline": Style(underline=True), "italic": Style(italic=True)}
PLAIN = str.maketrans({"×": "x", "→": ">", "…": "~", "·": ".", "—": "-", "–": "-", "−": "-", "⏎": "ret", "±": "+-", "°": "d", "▾": "v", "▴": "^", "▸": ">", "✓": "+", "✗": "x", "•": "*", "│": "|", "└": "`", "├": "|", "’": "'", "─": "-", "↑": "^", "↓": "v", "←": "<", "‹": "<", "›": ">", "✎": "*"})  # fmt: skip


def look(widget: Widget, names: str, base: Style | None = None) -> Style:
    """The style that ``names`` means in the theme in use, on ``base`` (default: the widget's own)."""
    style = base if base is not None else widget.visual_style.rich_style
    for name in names.split():
        if name in ATTRIBUTES:
            style += ATTRIBUTES[name]
        elif name.startswith("on-"):
            style += Style(bgcolor=colour(widget, name[3:]).rich_color)
        else:
            style += Style(color=colour(widget, name).rich_color)
    return style


def plain(text: str) -> str:
    """``text`` as it is, or in ASCII where the terminal shows nothing else. One character stays one cell, but for a few."""
    if not glyphs().ascii:
        return text
    return text.translate(PLAIN).encode("ascii", "replace").decode()


def strip(widget: Widget, parts: Iterable[Part], width: int, base: Style | None = None) -> Strip:
    """One line of exactly ``width`` cells."""
    ground = base if base is not None else widget.visual_style.rich_style
    segments, used = [], 0
    for given, names in parts:
        room = width - used
        if room <= 0:
            break
        text = plain(given)
        if cell_len(text) > room:
            text = set_cell_size(text, room)
        segments.append(Segment(text, look(widget, names, ground) if names else ground))
        used += cell_len(text)
    if used < width:
        segments.append(Segment(" " * (width - used), ground))
    return Strip(segments, width)


def fit(text: str, width: int, align: str = "left") -> str:
    """``text`` in exactly ``width`` cells, cut with an ellipsis where it is longer."""
    length = cell_len(text)
    if length > width:
        return (set_cell_size(text, width - 1) + "…") if width > 1 else set_cell_size(text, width)
    space = " " * (width - length)
    return space + text if align == "right" else text + space


def wrapped(text: str, width: int) -> list[str]:
    """``text`` broken at spaces into lines of at most ``width`` cells."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        rest = word
        while cell_len(rest) > width > 0:
            lines += [line] if line else []
            lines.append(rest[:width])
            line, rest = "", rest[width:]
        if line and cell_len(line) + 1 + cell_len(rest) > width:
            lines.append(line)
            line = rest
        else:
            line = f"{line} {rest}" if line else rest
    return [*lines, line] if line else lines
