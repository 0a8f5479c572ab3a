"""What the run's curves show, in words: findings by stated rules, the worst first."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui_trainer.runs.diagnosis import Finding, diagnose
from tui_trainer.runs.history import History
from tui_trainer.tui.controls.paint import plain, wrapped
from tui_trainer.tui.widgets.marks import glyphs

LOOKS = {"warning": "$warning bold", "note": "$accent", "good": "$good"}
EVERY = 5.0
"""Seconds of training between two looks at the curves, where no evaluation comes before."""


def mark(finding: Finding) -> str:
    """Its mark, which tells the severities apart without colour."""
    return {"warning": "!", "good": glyphs().yes}.get(finding.severity, glyphs().separator)


class DiagnosisPanel(VerticalScroll):
    """Every finding: its mark and sentence, and below it what helps. With little room, a line each and what helps against the first."""

    DEFAULT_CSS = "DiagnosisPanel > .brief { text-wrap: nowrap; text-overflow: ellipsis; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.found: Sequence[Finding] = ()
        self._of: object = None
        self._live = True

    def compose(self) -> ComposeResult:
        """The text."""
        yield Static("", markup=False)

    def on_mount(self) -> None:
        """Its name."""
        self.border_title = "Diagnosis"

    def show(self, history: History, *, live: bool) -> None:
        """Look at the curves again, after an evaluation or every few seconds of training."""
        tracks = (history.split(split).track for split in ("train", "validation"))
        state = (id(history), *(each.seen for each in tracks), history.steps.cuts, live, int(history.elapsed / EVERY))
        if state == self._of:
            return
        before = self._of
        self._of = state
        found = diagnose(history)
        if found != self.found or before is None or live != self._live:
            self.found, self._live = found, live
            self.border_title = title(found)
            self._fit()

    def rows(self, width: int) -> int:
        """Rows that all of it takes in a panel ``width`` cells wide, border included."""
        said = [words for finding in self.found for words in (f"  {finding.sentence}", f"  {finding.advice}" if finding.advice else "") if words]
        return 2 + max(1, sum(len(wrapped(words, max(width - 6, 10))) for words in said))

    def on_resize(self) -> None:
        """More room, or less."""
        self._fit()

    def on_focus(self) -> None:
        """To read, and to scroll."""
        self._fit()

    def on_blur(self) -> None:
        """Short again, from the top."""
        self.scroll_home(animate=False)
        self._fit()

    def _fit(self) -> None:
        """One line a finding, each cut off, where all of it has no room and nobody scrolls in it: so the count and the second are seen."""
        brief, static = not self.has_focus and self.rows(self.outer_size.width) > self.outer_size.height, self.query_one(Static)
        static.set_class(brief, "brief")
        static.update(text(self.found, "nothing to say yet: it takes a few evaluations" if self._live else "too short to say anything", brief=brief))


def title(found: Sequence[Finding]) -> str:
    """The panel's name, and of more than one finding how many and which, as there is not always room for all."""
    names = [finding.kind.replace("-", " ").replace("relus", "ReLUs") for finding in found]
    return f"Diagnosis {glyphs().separator} {len(found)} findings: {', '.join(names)}" if len(found) > 1 else "Diagnosis"


def text(found: Sequence[Finding], empty: str, *, brief: bool = False) -> Content:
    """The findings as paragraphs that hang under their marks; ``brief``: what helps against the first one only."""
    if not found:
        return Content.styled(plain(empty), "$muted")
    lines = []
    for finding in found:
        lines.append(Content.assemble((f"{mark(finding)} ", LOOKS[finding.severity]), (plain(finding.sentence), "bold" if finding.severity == "warning" else "")))
        if finding.advice and not (brief and finding is not found[0]):
            lines.append(Content.styled(plain(f"  {finding.advice}"), "$muted"))
    return Content("\n").join(lines)
