"""F1: what a setting, layer, choice or figure does, why one changes it, its formula and source, its limits and default."""

from collections.abc import Iterator, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui_trainer.explain import explain
from tui_trainer.tui.about import About, title_of
from tui_trainer.tui.controls.paint import plain, wrapped
from tui_trainer.tui.screens.dialogs import Dialog

WIDEST = 84
"""Columns of the box at most, as the style sheet has it."""
FRAME = 8
"""Of these, what its border, padding and scroll bar take."""


class Explain(Dialog[None]):
    """The explanations of what is in focus, the innermost first."""

    BINDINGS = [Binding("enter,q,f1,question_mark,space", "close", "Close", show=False)]

    def __init__(self, found: Sequence[About]) -> None:
        super().__init__(found[0].title)
        self.found = found

    def compose(self) -> ComposeResult:
        """Everything, one below the other."""
        with VerticalScroll(id="box", classes="explain"):
            yield Static(Content("\n").join(self._lines()))

    def _lines(self) -> Iterator[Content]:
        first, told = self.found[0], set()
        room = max(30, min(WIDEST, self.app.size.width * 9 // 10) - FRAME)
        if first.help:
            yield Content.styled(plain(first.help), "bold")
        if first.known:
            told.add(first.known[0])
            yield from _explanation(first.known[0], room, heading=first.known[0] != first.topics[0])
        if first.facts:
            yield Content("")
            width = max(len(name) for name, _ in first.facts) + 2
            for name, value in first.facts:
                yield Content.assemble((plain(name).ljust(width), "$muted"), plain(_hanging(value, room, width)))
        for topic in dict.fromkeys(topic for about in self.found for topic in about.known):
            if topic not in told:
                yield from _explanation(topic, room, heading=True)
        yield Content("")
        yield Content.styled(plain("esc closes   ? all keys"), "$muted")

    def opened(self) -> None:
        """Ready to scroll."""
        self.query_one("#box").focus()


def _explanation(topic: str, room: int, *, heading: bool) -> Iterator[Content]:
    found = explain(topic)
    if found is None:
        return
    yield Content("")
    if heading:
        yield Content.styled(plain(title_of(topic)), "$accent bold")
    yield Content(plain(found.why))
    for part in filter(None, found.formula.split(";  ")):
        yield Content.styled(plain("  " + _hanging(part, room, 4)), "$accent")
    if found.source:
        yield Content.styled(plain("  " + found.source), "$muted")


def _hanging(text: str, room: int, indent: int) -> str:
    """``text`` in lines that begin below each other, ``indent`` columns in."""
    return f"\n{' ' * indent}".join(wrapped(text, room - indent))
