"""Where output goes (how numbers look: :mod:`tui_trainer.runs.wording`). Rich is imported when something is printed, not for ``--help``."""

import codecs
import contextlib
import io
import os
import shutil
import sys
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, TextIO

from tui_trainer.runs.wording import age, clock, count, duration, percent, points, rate, size

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "Unbroken", "age", "can_redraw", "claimed_stdout", "clip", "clock", "complain", "console", "count", "duration", "layout_width", "percent",
    "plain_where_needed", "points", "print_json", "rate", "size", "terminal_width",
]
REPORT_WIDTH = 80
"""Columns that reports are laid out for where there is no terminal to ask."""
UNLIMITED = 10_000
PLAIN = dict(zip("·×…━╸─−", ".x~==--", strict=True))
"""What stands for a character where it cannot be written."""


def console(stream: IO[str] | None = None) -> "Console":
    """A console on ``stream`` (default: standard output) that takes text as it is: no markup, emoji or highlighting.

    Where the stream is no terminal nothing is ever wrapped or cut.
    """
    from rich.console import Console

    stream = stream or sys.stdout
    width = None if stream.isatty() else UNLIMITED
    return Console(file=stream, width=width, markup=False, emoji=False, highlight=False, soft_wrap=width is not None)


def layout_width(target: "Console") -> int:
    """Columns to lay a report out for."""
    return min(target.width, 160) if target.is_terminal else REPORT_WIDTH


def can_redraw(stream: TextIO) -> bool:
    """Whether a line on ``stream`` can be drawn over: a terminal that is not dumb."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb", "unknown")


def terminal_width() -> int:
    """Columns of the terminal now."""
    return shutil.get_terminal_size().columns


def plain_where_needed(stream: IO[str]) -> None:
    """Let ``stream`` write a plain character for each that its encoding lacks, rather than fail."""
    codecs.register_error("tui-trainer-plain", _plain)
    if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower().replace("-", "") != "utf8":
        stream.reconfigure(errors="tui-trainer-plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "".join(PLAIN.get(letter, "?") for letter in error.object[error.start : error.end]), error.end


def clip(text: str) -> str:
    """``text``, short enough for one line of the terminal."""
    return text[: max(1, terminal_width() - 1)]


def complain(message: str) -> None:
    """One sentence on standard error."""
    from tui_trainer.catalogue.names import shown

    with contextlib.suppress(OSError):
        print(f"tui-trainer: {shown(message)}", file=sys.stderr, flush=True)


def print_json(value: Any) -> None:
    """``value`` as indented JSON on standard output."""
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False))


class Unbroken:
    """A text stream whose reader may go away: a training run does not end because ``head`` had enough."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.encoding = stream.encoding
        self.broken = False

    def write(self, text: str) -> int:
        """Write, or drop the text where nobody reads any more."""
        if not self.broken:
            try:
                self.stream.write(text)
            except OSError:
                self._give_up()
        return len(text)

    def flush(self) -> None:
        """Flush, or stop writing where nobody reads any more."""
        if not self.broken:
            try:
                self.stream.flush()
            except OSError:
                self._give_up()

    def isatty(self) -> bool:
        """Whether this is a terminal."""
        return self.stream.isatty()

    def fileno(self) -> int:
        """The file descriptor."""
        return self.stream.fileno()

    def _give_up(self) -> None:
        self.broken = True
        with contextlib.suppress(OSError):  # what is still in the buffer would complain when Python exits
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self.stream.fileno())
            os.close(nothing)


@contextlib.contextmanager
def claimed_stdout() -> Iterator[TextIO]:
    """Standard output for the caller alone: whatever else prints, C libraries too, goes to standard error."""
    sys.stdout.flush()
    own = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    try:
        yield own
    finally:
        sys.stdout.flush()
        with contextlib.suppress(OSError):
            own.flush()
        os.dup2(own.fileno(), 1)
        with contextlib.suppress(OSError):
            own.close()
