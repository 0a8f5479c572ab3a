"""Opening the app: is there a terminal, how frugal to be, where to begin; and what to say at the end.

Textual reads its settings once, when it is imported, and looks neither at TERM, nor at the locale, nor at whether
there is a terminal at all: so all that happens here, before.
"""

import codecs
import gc
import locale
import os
import sys
from pathlib import Path

from tui_trainer.runs.turns import short_turns

SETTINGS = {"TEXTUAL_FPS": "120", "TEXTUAL_ANIMATIONS": "none", "TEXTUAL_SMOOTH_SCROLL": "0"}
"""Bytes per second are the budget, and Textual has no back-pressure. Redraws happen only where something changed, so 120 a second
make keys quick and cost nothing else."""
LOOKS, FRUGAL_LOOKS = 3.0, 2.0
"""How often a second the run folder is looked at."""
INSTEAD = "use `tui-trainer train PRESET` to train, `tui-trainer watch RUN` for plain lines, `tui-trainer runs list` for all runs"


def in_browser() -> bool:
    """Whether ``tui-trainer serve`` started this app: its terminal is a page."""
    return "web_driver" in os.environ.get("TEXTUAL_DRIVER", "")


def no_terminal() -> str:
    """Why the app cannot be shown here, as a sentence; empty where it can."""
    if in_browser():
        return ""
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        return f"the app needs a terminal, and this is none: {INSTEAD}"
    if os.environ.get("TERM", "") in ("dumb", ""):
        return f"the app needs a terminal that can be drawn on, and TERM is {os.environ.get('TERM') or 'not set'}: {INSTEAD}"
    return ""


def needs_ascii() -> bool:
    """Whether the locale cannot show more than ASCII.

    Under C and POSIX Python takes UTF-8 for itself, and says so where it is asked for its preference: the system's answer counts.
    A UTF-8 locale that is not installed is the system's C, but it is what the terminal was opened for.
    """
    asked = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_CTYPE", "LANG"))), "")
    return not any(_is_utf8(encoding) for encoding in (asked.partition(".")[2].partition("@")[0], locale.getencoding()))


def _is_utf8(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False


def open_app(run: str | None = None, runs_dir: str | None = None, *, fps: float | None = None, ascii: bool = False) -> int:
    """Show the app until a person leaves it. Returns the exit status: 0, or 2 where there is no terminal or no such run.

    ``fps`` is the most redraws a second. Raises ConfigError where ``run`` is not there.
    """
    if why := no_terminal():
        print(f"tui-trainer: {why}", file=sys.stderr)
        return 2
    gc.disable()  # there is nothing to collect while modules are loaded; the app turns it on again
    root = Path(runs_dir or os.environ.get("TUI_TRAINER_RUNS_DIR") or "runs")  # as runs_dir(), without importing the schema yet
    path: Path | None = None
    if run is not None:
        path = _find(run, root)
    frugal = "SSH_CONNECTION" in os.environ
    short_turns()
    _ask_the_terminal_its_size()
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy only draws here: its threads would cost memory
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # looking for some among all installed packages takes 20 ms
    if fps is not None:
        os.environ["TEXTUAL_FPS"] = str(max(1, round(fps)))
    from tui_trainer.tui.widgets import marks

    marks.choose(ascii=ascii or (needs_ascii() and not in_browser()))
    from tui_trainer.tui.app import TrainerApp

    looks = min(FRUGAL_LOOKS if frugal else LOOKS, fps or LOOKS)
    app = TrainerApp(root, path, looks=looks)
    if in_browser():
        _end_with_parent()
    app.run()
    for line in () if in_browser() else app.last_words():
        print(line)
    return app.return_code or 0


def _ask_the_terminal_its_size() -> None:
    """Exported COLUMNS and LINES stay as they are when a window is resized, and Textual would believe them rather than the terminal."""
    try:
        known = all(os.get_terminal_size(sys.stdout.fileno()))
    except (OSError, ValueError):
        known = False
    if known:
        os.environ.pop("COLUMNS", None)
        os.environ.pop("LINES", None)


def _end_with_parent() -> None:
    """Leave the app when the server that started it is gone: the driver does not notice that nobody writes to it any more."""
    import signal
    import threading
    import time

    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=look, name="parent", daemon=True).start()


def _find(run: str, root: Path) -> Path:
    for path in (root / run, Path(run)):
        if (path / "config.toml").is_file():
            return path
    from tui_trainer.runs.folder import find_run

    return find_run(run, root).path
