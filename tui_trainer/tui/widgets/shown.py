"""What the terminal shows now, cell by cell, so that only cells that look otherwise are written: bytes a second are what a slow link has few of.

Where a widget asks for a region of itself to be drawn again, Textual 8.2 writes each line from the widget's left edge up to the
end of that region, with all of its colours and a reset for each piece of text; a title in a border draws the whole widget anew.
A key that turns a confusion matrix from counts to per cent costs 3 kB that way, and 0.5 with what is done here.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from weakref import ref

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from textual import _compositor
from textual.strip import Strip

from tui_trainer.tui.widgets.marks import glyphs

RESET = "\x1b[0m"
BRIDGE = 3
"""So many cells that did not change are written again rather than stepped over."""
LEVELS = {"0": 0, "95": 1, "135": 2, "175": 3, "215": 4, "255": 5}
"""The steps of the cube in the palette of 256 colours, which every terminal has that has any more."""
GREYS = {str(8 + 10 * step): 232 + step for step in range(24)}
WEIGHTS, NORMAL = {"1", "2"}, "22"
UNSET = {"38": "39", "48": "49"}
"""What takes ink and ground away."""
DRAWN = ("4", "7", "9", "21", "53")
"""Attributes that show on a blank: underlined, reversed, struck through, underlined twice, overlined."""

ASCII_SIGNS = {"…": "~", "·": ".", "→": ">", "←": "<", "•": "*", "▌": "|", "×": "x", "─": "-", "│": "|", "−": "-", "–": "-", "—": "-", **dict.fromkeys("▁▂▃▄▅▆▇█▉▊▋▍▎▏▔▕", " ")}
"""The blocks are those of Textual's scroll bars, whose ends are finer than a cell."""

Cell = tuple[str, str]
"""A character (with what combines with it), and its looks as SGR codes. The second half of a wide one is an empty character."""
BLANK: Cell = (" ", "")


class Shown:
    """The cells on the terminal. :meth:`put` notes what a line is to show; :meth:`written` is what has to be sent for it."""

    def __init__(self) -> None:
        self._rows: list[list[Cell | None]] = []
        self._parts: list[str] = []
        self._holds = ""
        self._at: tuple[int, int] | None = None

    def forget(self) -> None:
        """Nothing is known any more: everything is written again."""
        self._rows = []

    def sized(self, width: int, height: int) -> None:
        """The terminal has this size; where it had another, nothing is known."""
        if len(self._rows) != height or (height and len(self._rows[0]) != width):
            self._rows = [[None] * width for _ in range(height)]

    def put(self, y: int, x: int, cells: Sequence[Cell]) -> None:
        """Line ``y`` shows these from column ``x`` on."""
        while len(self._rows) <= y:
            self._rows.append([])
        row = self._rows[y]
        if len(row) < x + len(cells):
            row.extend([None] * (x + len(cells) - len(row)))
        place, end = 0, len(cells)
        while place < end:
            if row[x + place] == cells[place]:
                place += 1
                continue
            while place and not cells[place][0]:  # a wide character is written from its first half on
                place -= 1
            stop = last = place + 1
            while stop < end and stop - last <= BRIDGE:
                if row[x + stop] != cells[stop] or not cells[stop][0]:
                    last = stop + 1
                stop += 1
            self._write(y, x + place, cells[place:last])
            row[x + place : x + last] = cells[place:last]
            place = last
        if x + end < len(row) and (beyond := row[x + end]) is not None and not beyond[0]:
            row[x + end] = None  # half of a wide character that may have lost its other half

    def _write(self, y: int, x: int, cells: Sequence[Cell]) -> None:
        parts = self._parts
        if self._at != (x, y):
            near = self._at is not None and self._at[1] == y and x > self._at[0]
            parts.append(f"\x1b[{x + 1}G" if near else f"\x1b[{y + 1};{x + 1}H")
        for character, looks in cells:
            wanted = under(self._holds, looks) if character == " " else looks
            if wanted != self._holds:
                parts.append(turn(self._holds, wanted))
                self._holds = wanted
            parts.append(character)
        self._at = (x + len(cells), y)
        if x + len(cells) >= len(self._rows[y]):
            self._at = None  # in the last column terminals differ in where the cursor stands

    def written(self) -> str:
        """What was put, as the terminal reads it; looks are reset at the end."""
        if self._holds:
            self._parts.append(RESET)
        text = "".join(self._parts)
        self._parts, self._holds, self._at = [], "", None
        return text


def cells_of(strip: Strip, system: ColorSystem) -> list[Cell]:
    """The cells of a strip."""
    found: list[Cell] = []
    for text, style, control in strip:
        if control:
            continue
        looks = "" if style is None else short(style._ansi if style._ansi is not None else strip.render_ansi(style, system))
        blank = (" ", ground(looks))
        if text.isascii():
            found.extend([blank if character == " " else (character, looks) for character in text])
            continue
        for character in in_ascii(text) if glyphs().ascii else text:
            wide = cell_len(character)
            if character == " ":
                found.append(blank)
            elif wide:
                found.append((character, looks))
                found.extend([("", looks)] * (wide - 1))
            elif found:
                before = max(place for place in range(len(found)) if found[place][0])
                found[before] = (found[before][0] + character, found[before][1])
    return found


@lru_cache(1024)
def in_ascii(text: str) -> str:
    """The same in ASCII and in as many cells: what Textual itself draws, such as the ellipsis of a title that was cut off."""
    return "".join(character if character.isascii() else ASCII_SIGNS.get(character, "?" * cell_len(character)) for character in text)


@lru_cache(4096)
def short(codes: str) -> str:
    """The same looks with colours of the 256 by their number: ``38;2;95;175;255`` is ``38;5;75``."""
    parts, found = codes.split(";"), []
    place = 0
    while place < len(parts):
        if parts[place] in ("38", "48") and parts[place + 1 : place + 2] == ["2"]:
            number = _number(*parts[place + 2 : place + 5])
            found += [parts[place], *(("5", str(number)) if number is not None else parts[place + 1 : place + 5])]
            place += 5
        else:
            found.append(parts[place])
            place += 1
    return ";".join(found)


def _number(red: str, green: str, blue: str) -> int | None:
    if red == green == blue and red in GREYS:
        return GREYS[red]
    if red in LEVELS and green in LEVELS and blue in LEVELS:
        number = 16 + 36 * LEVELS[red] + 6 * LEVELS[green] + LEVELS[blue]
        return number if number > 21 else None  # the first of the cube are what colour schemes take for their own
    return None


@lru_cache(4096)
def ground(codes: str) -> str:
    """What of some looks shows on a blank."""
    found = parted(codes)
    return ";".join(
        filter(None, [*(code for code in found[""].split(";") if code in DRAWN), found.get("38", "") if _inked(found[""]) else "", found.get("48", "")])
    )


def _inked(attributes: str) -> bool:
    return any(code in DRAWN for code in attributes.split(";"))


@lru_cache(4096)
def under(holds: str, looks: str) -> str:
    """The looks for a blank with the ground of ``looks``: ink and weight may stay as they are, they do not show."""
    old, new = parted(holds), parted(looks)
    if _inked(old[""]) or _inked(new[""]):
        return looks
    return ";".join(filter(None, [old[""].rstrip(";"), old.get("38", ""), new.get("48", "")]))


@lru_cache(4096)
def turn(holds: str, wanted: str) -> str:
    """What changes the looks from one to the other."""
    if not wanted:
        return RESET
    old, new = parted(holds), parted(wanted)
    had, has = set(filter(None, old[""].split(";"))), list(filter(None, new[""].split(";")))
    gone = had - set(has)
    if not gone <= WEIGHTS:
        return f"{RESET[:-1]};{wanted}m"
    codes = [NORMAL] if gone else []
    codes += [code for code in has if code not in had or (gone and code in WEIGHTS)]
    codes += [new.get(part, UNSET[part]) for part in UNSET if new.get(part) != old.get(part)]
    return f"\x1b[{';'.join(codes)}m"


@lru_cache(4096)
def parted(codes: str) -> dict[str, str]:
    """The codes of some looks: those of the ink under 38, those of the ground under 48, and under "" all others, such as bold."""
    found = {"": ""}
    parts = iter(codes.split(";"))
    for code in parts:
        if code in ("38", "48"):
            kind = next(parts, "")
            found[code] = ";".join((code, kind, *(next(parts, "") for _ in range(3 if kind == "2" else 1))))
        elif len(code) > 1 and code[:-1] in ("3", "4", "9", "10"):
            found["48" if code[:-1] in ("4", "10") else "38"] = code
        elif code:
            found[""] += code + ";"
    return found


# --- in place of Textual's own

_shown = Shown()
_console: "ref[Console] | None" = None
_before: object = None


def forget() -> None:
    """The terminal may show anything: the next full picture is written whole."""
    _shown.forget()


def write_only_changes() -> None:
    """Do it from now on, in the whole process; where this Textual is built otherwise, nothing happens."""
    global _before  # noqa: PLW0603 - Textual's classes are single too
    chops, layout = getattr(_compositor, "ChopsUpdate", None), getattr(_compositor, "LayoutUpdate", None)
    if _before is None and all(hasattr(each, "render_segments") for each in (chops, layout)) and hasattr(Strip, "render_ansi"):
        _before = chops, layout
        _compositor.ChopsUpdate.render_segments = _changes  # type: ignore[method-assign]
        _compositor.LayoutUpdate.render_segments = _picture  # type: ignore[method-assign]


def _of(console: Console) -> tuple[Shown, ColorSystem]:
    global _console  # noqa: PLW0603
    if _console is None or _console() is not console:
        _shown.forget()
        _console = ref(console)
    return _shown, console._color_system or ColorSystem.TRUECOLOR


def _changes(self: "_compositor.ChopsUpdate", console: Console) -> str:
    """As Textual's, with both ends of a span cropped."""
    shown, system = _of(console)
    for y, start, end in self.spans:
        for chop_end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
            if strip is None or x >= end or chop_end <= start:
                continue
            left, right = max(x, start), min(chop_end, end)
            shown.put(y, left, cells_of(strip.crop(left - x, right - x), system))
    return shown.written()


def _picture(self: "_compositor.LayoutUpdate", console: Console) -> str:
    """The whole screen."""
    shown, system = _of(console)
    if (self.region.x, self.region.y) == (0, 0):
        shown.sized(self.region.width, self.region.height)
    for y, line in enumerate(self.strips, self.region.y):
        cells: list[Cell] = []
        for strip in _there(line):
            cells += cells_of(strip, system)
        shown.put(y, self.region.x, cells)
    return shown.written()


def _there(line: Iterable[Strip | None]) -> Iterable[Strip]:
    return (strip for strip in line if strip is not None)
