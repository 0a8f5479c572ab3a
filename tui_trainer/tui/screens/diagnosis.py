"""What the run's curves show, in words: findings by stated rules, the worst first."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui_trainer.runs.diagnosis import Finding, diagnose
from tui_trainer.runs.history import History
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.widgets.marks import glyphs

LOOKS = {"warning": "$warning bold", "note": "$accent", "good": "$good"}
EVERY = 5.0
"""Seconds of training between two looks at the curves, where no evaluation comes before."""


def mark(finding: Finding) -> str:
    """Its mark, which tells the severities apart without colour."""
    return {"warning": "!", "good": glyphs().yes}.get(finding.severity, glyphs().separator)


class DiagnosisPanel(VerticalScroll):
    """Every finding: its mark and sentence, and below it what helps."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.found: Sequence[Finding] = ()
        self._of: object = None

    def compose(self) -> ComposeResult:
        """The text."""
        yield Static("", markup=False)

    def on_mount(self) -> None:
        """Its name."""
        self.border_title = "Diagnosis"

    def show(self, history: History) -> None:
        """Look at the curves again, after an evaluation or every few seconds of training."""
        tracks = (history.split(split).track for split in ("train", "validation"))
        state = (id(history), *(each.seen for each in tracks), history.steps.cuts, history.ended is None, int(history.elapsed / EVERY))
        if state == self._of:
            return
        before = self._of
        self._of = state
        found = diagnose(history)
        if found != self.found or before is None:
            self.found = found
            self.query_one(Static).update(text(found, "nothing to say yet: it takes a few evaluations" if history.ended is None else "too short to say anything"))


def text(found: Sequence[Finding], empty: str) -> Content:
    """The findings as paragraphs that hang under their marks."""
    if not found:
        return Content.styled(plain(empty), "$muted")
    lines = []
    for finding in found:
        lines.append(Content.assemble((f"{mark(finding)} ", LOOKS[finding.severity]), (plain(finding.sentence), "bold" if finding.severity == "warning" else "")))
        if finding.advice:
            lines.append(Content.styled(plain(f"  {finding.advice}"), "$muted"))
    return Content("\n").join(lines)
