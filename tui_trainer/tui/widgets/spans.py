"""Have Textual write the cells that changed, and each colour once: bytes a second are what a slow link has few of.

Where a widget asks for a region of itself to be drawn again, Textual 8.2 writes each line from the widget's left edge up to
the end of that region (``ChopsUpdate.render_segments`` crops a strip on its right only), and for each piece of text all of
its colours and a reset. The newest point of a curve is far on the right: a chart at 200x50 with ten points a second costs
14 kB/s that way, and 2 to 3 with what is done here.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from rich.console import Console
from rich.control import Control
from textual import _compositor

RESET = "\x1b[0m"
SGR = re.compile(r"\x1b\[([0-9;]*)m")
MOVES = re.compile(r"(?:\x1b\[[0-9;]*H)*")

_before: Callable[..., str] | None = None


def write_only_changes() -> None:
    """Do it from now on, in the whole process; where this Textual is built otherwise, nothing happens."""
    global _before  # noqa: PLW0603 - Textual's class is one
    update = getattr(_compositor, "ChopsUpdate", None)
    if _before is None and update is not None and hasattr(update, "render_segments"):
        _before = update.render_segments
        update.render_segments = _render_segments


def _render_segments(self: "_compositor.ChopsUpdate", console: Console) -> str:
    """As Textual's, with both ends cropped."""
    sequences: list[str] = []
    for y, start, end in self.spans:
        for chop_end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
            if strip is None or x >= end or chop_end <= start:
                continue
            left, right = max(x, start), min(chop_end, end)
            sequences.append(Control.move_to(left, y).segment.text)
            sequences.append(strip.crop(left - x, right - x).render(console))
    return frugal("".join(sequences))


def frugal(text: str) -> str:
    """The same picture with fewer bytes: a colour that holds already is not set again. Looks are reset at the end."""
    parts = SGR.split(text)
    sequences, holds = [parts[0]], ""
    for wanted, piece in zip(parts[1::2], parts[2::2], strict=True):
        if wanted in ("", "0"):
            if holds and not MOVES.fullmatch(piece):  # text without looks follows: the reset is meant
                sequences.append(RESET)
                holds = ""
        elif wanted != holds:
            sequences.append(_turn(holds, wanted))
            holds = wanted
        sequences.append(piece)
    if holds:
        sequences.append(RESET)
    return "".join(sequences)


@lru_cache(4096)
def _turn(holds: str, wanted: str) -> str:
    """What changes the looks from one to the other."""
    old, new = _split(holds), _split(wanted)
    if not holds:
        return f"\x1b[{wanted}m"
    if old.keys() != new.keys() or old[""] != new[""]:
        return f"{RESET}\x1b[{wanted}m"
    return f"\x1b[{';'.join(new[part] for part in new if new[part] != old[part])}m"


def _split(codes: str) -> dict[str, str]:
    """The codes of a look: those of the ink, those of the ground, and under "" all others, such as bold."""
    found = {"": ""}
    parts = iter(codes.split(";"))
    for code in parts:
        if code in ("38", "48"):
            kind = next(parts, "")
            found[code] = ";".join((code, kind, *(next(parts, "") for _ in range(3 if kind == "2" else 1))))
        elif len(code) > 1 and code[:-1] in ("3", "4", "9", "10"):
            found["48" if code[:-1] in ("4", "10") else "38"] = code
        else:
            found[""] += code + ";"
    return found
