"""RunProgress: the header line of a run: name, state, epoch, step, bar, percent, time gone and left, as wide as there is room."""

import math
from dataclasses import dataclass
from itertools import pairwise

from tui_trainer.tui.widgets.marks import Glyphs, glyphs
from tui_trainer.tui.widgets.painted import Line, Painted, Part, width_of
from tui_trainer.tui.widgets.plot.canvas import fitted

STATES = {
    "waiting": ("starting", "muted"),
    "starting": ("starting", "muted"),
    "running": ("running", "accent"),
    "paused": ("paused", "warning"),
    "finished": ("finished", "good"),
    "stopped": ("stopped", "muted"),
    "failed": ("failed", "bad"),
    "crashed": ("crashed", "bad"),
}
"""Word of a state: the field of Glyphs with its mark, and its colour."""
WIDEST_WORD = max(map(len, STATES))
LEAST_BAR, BEST_BAR = 8, 40


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    name: str = ""
    preset: str = ""
    state: str = "waiting"
    """One of STATES."""
    epoch: float = 0
    """Passes over the training set so far."""
    epochs: float | None = None
    """None, here and below: not known."""
    step: int = 0
    steps: int | None = None
    gone: float | None = None
    """Seconds."""
    left: float | None = None
    """Seconds."""

    @property
    def share(self) -> float | None:
        """0 to 1."""
        if self.steps:
            return min(max(self.step / self.steps, 0.0), 1.0)
        return min(max(self.epoch / self.epochs, 0.0), 1.0) if self.epochs else None


def clock(seconds: float | None) -> str:
    """0:31, 12:05, 1:02:03, 2d 03:15; where it is not known -:--."""
    if seconds is None or not math.isfinite(seconds):
        return "-:--"
    whole = max(0, int(seconds))
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24}d {hours % 24:02d}:{minute:02d}"
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def bar(share: float, width: int, table: Glyphs) -> tuple[str, str]:
    """The full part of a bar in parts of a cell, and the empty part."""
    parts = len(table.bar) - 1
    filled = int(min(max(share, 0.0), 1.0) * width * parts + 1e-9)
    full, rest = divmod(filled, parts)
    head = table.bar[parts] * full + (table.bar[rest] if rest else "")
    return head, table.track * (width - len(head))


def progress_line(progress: Progress, width: int, table: Glyphs) -> Line:
    """As much as fits, the least needed left away first: preset, step, time gone, name, epoch, bar, time left."""
    sign, colour = STATES.get(progress.state, ("starting", "muted"))
    state: list[Part] = [(f"{getattr(table, sign)} {progress.state.ljust(WIDEST_WORD)}", colour)]
    share = progress.share
    percent: list[Part] = [] if share is None else [(f"{math.floor(share * 100 + 1e-9):3d} %", "foreground")]
    pieces: dict[str, list[Part]] = {
        "name": _name(progress.name, 24),
        "preset": [(fitted(progress.preset, min(width_of(progress.preset), 28), table.ellipsis), "muted")] if progress.preset else [],
        "state": state,
        "epoch": _count("epoch", _epoch(progress), _whole(progress.epochs)),
        "step": _count("step", str(progress.step).rjust(len(str(progress.steps or 0))), None if progress.steps is None else str(progress.steps)),
        "bar": [("", "")] if share is not None else [],
        "percent": percent,
        "gone": [(clock(progress.gone).rjust(5), "foreground"), (" gone", "muted")] if progress.gone is not None else [],
        "left": [(clock(progress.left).rjust(5), "foreground"), (" left", "muted")] if progress.left is not None else [],
    }
    kept = [name for name in pieces if pieces[name]]
    for dispensable in ("preset", "step", "gone", "name", "epoch", "bar", "left", "percent"):
        if _need(pieces, kept) <= width:
            break
        if dispensable in kept:
            kept.remove(dispensable)
    spare = width - _need(pieces, kept)
    if "bar" in kept and share is not None:
        wide = min(LEAST_BAR + spare, BEST_BAR)
        spare -= wide - LEAST_BAR
        full, empty = bar(share, wide, table)
        pieces["bar"] = [(full, "accent"), (empty, "frame")]
    line: list[Part] = [(" ", "")]
    for order, name in enumerate(kept):
        if order:
            line.append((" " * _gap(kept[order - 1], name), ""))
        if name == "state" and order:
            line.append((" " * max(spare, 0), ""))
        line += pieces[name]
    return tuple(line)


def _need(pieces: dict[str, list[Part]], kept: list[str]) -> int:
    text = sum(LEAST_BAR if name == "bar" else sum(width_of(text) for text, _ in pieces[name]) for name in kept)
    return text + sum(_gap(one, other) for one, other in pairwise(kept)) + 2


def _gap(before: str, after: str) -> int:
    return 1 if (before, after) in (("name", "preset"), ("bar", "percent")) else 2


def _name(name: str, width: int) -> list[Part]:
    return [(fitted(name, min(width_of(name), width)), "foreground bold")] if name else []


def _epoch(progress: Progress) -> str:
    """The epoch being trained, counted from 1; in parts where less than whole epochs are planned."""
    total = progress.epochs
    if total is not None and total != int(total):
        return f"{progress.epoch:.2f}".rjust(len(_whole(total) or ""))
    number = math.floor(progress.epoch + 1e-9) + 1
    if total is not None:
        number = min(number, int(total))
    return str(number).rjust(len(_whole(total) or ""))


def _whole(epochs: float | None) -> str | None:
    if epochs is None:
        return None
    return f"{epochs:.0f}" if epochs == int(epochs) else f"{epochs:.2f}"


def _count(word: str, now: str, of: str | None) -> list[Part]:
    return [(f"{word} ", "muted"), (now, "foreground"), (f"/{of}" if of is not None else "", "muted")]


class RunProgress(Painted):
    """One line that says what a run is doing and how far it is."""

    DEFAULT_CSS = """
    RunProgress { height: 1; }
    """

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._progress = Progress()

    def show(self, progress: Progress) -> None:
        """The state of things now."""
        if progress != self._progress:
            self._progress = progress
            self.changed()

    def paint(self, width: int, height: int) -> list[Line]:
        """Textual's: see :class:`Painted`."""
        return [progress_line(self._progress, width, glyphs())]
