"""Painted: a widget whose picture is a list of lines, made by a pure function; only cells that changed are written.

A line is a tuple of parts (text, looks). Looks are words: a colour's name of theme.py, ``on-`` and a name for the ground,
``bold``, ``dim``, ``underline``, ``reverse``; ``""`` is plain text. Text is never read as markup.
"""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui_trainer.tui.widgets.plot.canvas import cells
from tui_trainer.tui.widgets.theme import colour

Part = tuple[str, str]
Line = tuple[Part, ...]
ATTRIBUTES = frozenset(("bold", "dim", "underline", "reverse", "italic"))
BLEND = ":"
"""``on-heat:40`` is the ground with 40 % of the colour heat; text on it without a colour of its own is black or white."""


class Painted(Widget):
    """Has ``paint`` called for its lines, when :meth:`changed` was called or its size is another."""

    _lines: Sequence[Line] = ()
    _painted_for: object = None
    _due = False

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._looks: dict[str, Style] = {}

    def paint(self, width: int, height: int) -> Sequence[Line]:
        """At most ``height`` lines of at most ``width`` cells, from the widget's values alone."""
        raise NotImplementedError

    def changed(self) -> None:
        """Have the picture made anew, once, after what is being done now."""
        if self.is_mounted and not self._due:
            self._due = True
            self.call_next(self._repaint)

    def _view(self) -> Size:
        return self.scrollable_content_region.size

    def _key(self) -> object:
        return self._view(), self.scroll_offset

    def _repaint(self) -> None:
        self._due = False
        size = self._view()
        if not (size and self.is_on_screen and self.screen in self.app.screen_stack):
            if self._painted_for is not None:  # nobody sees it: make the picture when somebody does
                self._painted_for = None
                self.refresh()
            return
        before, key = self._lines, self._painted_for
        self._lines, self._painted_for = self.paint(size.width, size.height), self._key()
        if key != self._painted_for:
            self.refresh()
            return
        spans = [(row, *span) for row in range(max(len(before), len(self._lines))) if (span := difference(_at(before, row), _at(self._lines, row)))]
        if spans:
            self.refresh(*(Region(start, row, min(end, size.width) - start, 1) for row, start, end in spans if start < size.width))

    def notify_style_update(self) -> None:
        """Textual's: the theme or a style changed."""
        super().notify_style_update()
        self._looks = {}

    def render_line(self, y: int) -> Strip:
        """Textual's: one line of the picture."""
        size = self._view()
        if self._painted_for != self._key():
            self._lines, self._painted_for = self.paint(size.width, size.height), self._key()
        segments = [Segment(text, self._look(looks)) for text, looks in _at(self._lines, y)]
        return Strip(segments).adjust_cell_length(size.width, self.visual_style.rich_style)

    def _look(self, looks: str) -> Style:
        found = self._looks.get(looks)
        if found is None:
            found = self._looks[looks] = _mix(self, looks)
        return found


def _at(lines: Sequence[Line], row: int) -> Line:
    return lines[row] if row < len(lines) else ()


def difference(old: Line, new: Line) -> tuple[int, int] | None:
    """First cell that differs and the one after the last; None where two lines look the same."""
    if old == new:
        return None
    was, now = _spread(old), _spread(new)
    wide = max(len(was), len(now))
    was += [(" ", "")] * (wide - len(was))
    now += [(" ", "")] * (wide - len(now))
    differing = [column for column in range(wide) if was[column] != now[column]]
    return (differing[0], differing[-1] + 1) if differing else None


def _spread(line: Line) -> list[Part]:
    found: list[Part] = []
    for text, looks in line:
        for character in text:
            wide = cells(character)
            found.extend([(character, looks)] * wide)
    return found


def _mix(widget: Widget, looks: str) -> Style:
    style, ground, coloured = widget.visual_style.rich_style, None, False
    for word in looks.split():
        if word in ATTRIBUTES:
            style += Style.parse(word)
        elif word.startswith("on-"):
            name, _, share = word[3:].partition(BLEND)
            ground = colour(widget, name)
            if share:
                ground = widget.background_colors[1].blend(ground, int(share) / 100)
            style += Style(bgcolor=ground.rich_color)
        else:
            style += Style(color=colour(widget, word).rich_color)
            coloured = True
    if ground is not None and not coloured:
        style += Style(color=ground.get_contrast_text(1.0).rich_color)
    return style


def width_of(text: str) -> int:
    """Cells that a text takes."""
    return sum(map(cells, text))


def cut(line: Line, width: int) -> Line:
    """The first ``width`` cells of a line."""
    found: list[Part] = []
    for text, looks in line:
        if width <= 0:
            break
        if width_of(text) > width:
            kept = ""
            for character in text:
                if width_of(kept) + cells(character) > width:
                    break
                kept += character
            found.append((kept, looks))
            break
        found.append((text, looks))
        width -= width_of(text)
    return tuple(found)
