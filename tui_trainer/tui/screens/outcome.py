"""How a run ended: its figures beside the reference, why it failed, and what comes next."""

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tui_trainer.config.errors import ConfigError
from tui_trainer.runs.bounded import read_small
from tui_trainer.runs.checkpoints import read_index
from tui_trainer.runs.citation import citation
from tui_trainer.runs.events import CheckpointSaved
from tui_trainer.runs.history import History
from tui_trainer.tui.controls.paint import Part, strip, wrapped
from tui_trainer.tui.widgets.progress import clock
from tui_trainer.tui.wording import epochs, percent, thousands

if TYPE_CHECKING:
    from tui_trainer.tui.feed import Feed

TITLES = {"finished": "Finished", "stopped": "Stopped", "failed": "Failed", "crashed": "Crashed", "missing": "Gone"}
MAX_CONFIG_BYTES = 1_000_000
WHY, REST, KEYS, FINALS, REFERENCE, WHOLE = range(6)
"""What a line says, the most important first."""
NEXT = {
    "finished": "i inspect   p report   a change and train again   f fork   4 compare",
    "stopped": "u resume   i inspect   p report   a change and train again   f fork",
    "failed": "o the trainer's log   a change and train again   u resume   4 other runs",
    "crashed": "u resume   o the trainer's log   a change and train again   4 other runs",
    "missing": "4 other runs   1 design a new one",
}


class Reference(NamedTuple):
    """What a result is held against."""

    source: str
    accuracy: dict[str, float]
    """Of splits at the end, 0..1."""
    parameters: int
    """0 where the source gives none."""


class Outcome(Widget):
    """A box of a few lines that is there once a run has ended."""

    lines: reactive[tuple[tuple[Part, ...], ...]] = reactive((), layout=True)
    ranks: tuple[int, ...] = ()
    """Of each line, how soon it goes where there is no room for all: the greatest first."""
    _of: Path | None = None
    _found: Reference | None = None

    def show(self, feed: "Feed") -> None:
        """Say how it ended; nothing while it is at work."""
        self.display = feed.loaded and not feed.live
        if not self.display:
            return
        state = feed.state if feed.state in TITLES else "missing"
        if self.border_title != TITLES[state]:
            self.border_title = TITLES[state]
        self.set_class(state in ("failed", "crashed", "missing"), "bad")
        checkpoint = has_checkpoint(feed)
        lines: list[tuple[Part, ...]] = []
        reason = feed.problem or (feed.history.ended.reason if feed.history.ended else "") or (feed.status.reason if feed.status else "")
        if state == "crashed":
            reason += f": it was killed, or the machine went down. {'Its last checkpoint is kept.' if checkpoint else 'It has no checkpoint.'}"
        if reason:
            looks = "bad" if state in ("failed", "crashed", "missing") else ""
            lines += [((text, looks),) for text in wrapped(reason[:1].upper() + reason[1:], max(20, self.app.size.width - 6))[:3]]
        ranks = [WHY, *[REST] * (len(lines) - 1)] if lines else []
        for rank, line in figures(feed.history, self._reference(feed)):
            lines.append(line)
            ranks.append(rank)
        lines.append(tuple(keys(what_next(state, checkpoint))))
        self.ranks = (*ranks, KEYS)
        self.lines = tuple(lines)

    def _reference(self, feed: "Feed") -> Reference | None:
        if self._of != feed.path:
            self._of, self._found = feed.path, read_reference(feed.path / "config.toml")
        return self._found

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """As many lines as there are."""
        return len(self.lines)

    def render_line(self, y: int) -> Strip:
        """One of them, of the most important ones that fit."""
        height = self.size.height
        kept = sorted(sorted(range(len(self.lines)), key=lambda line: self.ranks[line])[:height])
        return strip(self, self.lines[kept[y]] if y < len(kept) else (), self.size.width)


def has_checkpoint(feed: "Feed") -> bool:
    """Whether there is anything to go on from, or to inspect."""
    if any(isinstance(event, CheckpointSaved) for event in feed.history.events):
        return True
    try:
        return bool(read_index(feed.path / "checkpoints").entries)
    except ConfigError:
        return True  # a damaged list: what is there says so itself


def what_next(state: str, checkpoint: bool) -> str:
    """The keys that lead on; what needs a checkpoint only where there is one."""
    hints = NEXT[state].split("   ")
    return "   ".join(hint for hint in hints if checkpoint or hint[:2] not in ("u ", "i ", "f "))


def read_reference(file: Path) -> Reference | None:
    """The figures of the end that a run's config names as its reference, read without the schema (which would cost 20 MB here)."""
    try:
        found = tomllib.loads(read_small(file, MAX_CONFIG_BYTES).decode("utf-8")).get("reference")
        if not isinstance(found, dict):
            return None
        figures = [found, *found.get("also", ())]
        at_end = {str(each.get("split", "test")): float(each["value"]) for each in figures if each.get("metric", "accuracy") == "accuracy" and each.get("epoch") is None}
        counts = [int(each["value"]) for each in figures if each.get("metric") == "parameters"]
        return Reference(str(found.get("source", "")), at_end, counts[0] if counts else 0)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return None


def figures(history: History, reference: Reference | None) -> list[tuple[int, tuple[Part, ...]]]:
    """Final accuracy of each split, the reference's beside how far we are from it, and the whole run in a line; each with its rank."""
    finals: dict[str, float] = {}
    for split in ("train", "validation", "test"):
        found = history.split(split).final
        newest = found.get("best") or found.get("last") or history.split(split).newest
        if newest is not None:
            finals[split] = newest.accuracy
    lines: list[tuple[int, tuple[Part, ...]]] = []
    if finals:
        lines.append((FINALS, tuple(part for split, value in finals.items() for part in ((f"{split} ", "muted"), (f"{percent(value)}   ", "bold")))))
    if reference is not None and finals:
        lines.append((REFERENCE, tuple(_against(reference, finals, history))))
    whole = _whole(history)
    return [*lines, (WHOLE, tuple(whole))] if whole else lines


def _against(reference: Reference, finals: dict[str, float], history: History) -> list[Part]:
    parts: list[Part] = [("reference ", "muted")]
    for split, value in reference.accuracy.items():
        parts.append((f"{split} {percent(value)}", ""))
        if split in finals:
            change = 100 * (finals[split] - value)
            parts.append((f" ({'+' if change >= 0 else '−'}{abs(change):.2f} pp)", "good" if change >= -0.5 else "warning"))
        parts.append(("   ", ""))
    if reference.parameters:
        ours = history.started.parameters if history.started else 0
        parts.append((f"{thousands(reference.parameters)} parameters (ours {thousands(ours)})   ", "muted"))
    return [*parts, (citation(reference.source).partition(",")[0], "muted")]


def _whole(history: History) -> list[Part]:
    best, ended = history.split("validation").best, history.ended
    parts: list[Part] = []
    if best is not None:
        parts += [("best validation ", "muted"), (percent(best.accuracy), ""), (f" at epoch {epochs(best.epoch)}   ", "muted")]
    if history.newest is not None:
        count = epochs(history.newest.epoch)
        parts.append((f"{count} epoch{'' if count == '1' else 's'} in {clock(history.elapsed)}   ", "muted"))
    if ended is not None and ended.images_per_second:
        parts.append((f"{thousands(ended.images_per_second)} images/s", "muted"))
    return parts


def keys(text: str) -> list[Part]:
    """Keys in the accent colour, what they do beside them."""
    parts: list[Part] = []
    for hint in text.split("   "):
        key, _, words = hint.partition(" ")
        parts += [(key, "accent bold"), (f" {words}   ", "muted")]
    return parts


