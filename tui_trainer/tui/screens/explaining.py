"""F1: what a setting, layer, choice or figure does, why one changes it, its formula and source, its limits and default."""

from collections.abc import Iterator, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui_trainer.explain import explain
from tui_trainer.tui.about import About, title_of
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.screens.dialogs import Dialog


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
        if first.help:
            yield Content.styled(plain(first.help), "bold")
        for about in self.found:
            for topic in about.known:
                if topic not in told:
                    told.add(topic)
                    yield from _explanation(topic, heading=topic != first.topics[0])
            if about is first and first.facts:
                yield Content("")
                width = max(len(name) for name, _ in first.facts) + 2
                for name, value in first.facts:
                    yield Content.assemble((plain(name).ljust(width), "$muted"), plain(value))
        yield Content("")
        yield Content.styled(plain("esc closes   ? all keys"), "$muted")

    def opened(self) -> None:
        """Ready to scroll."""
        self.query_one("#box").focus()


def _explanation(topic: str, *, heading: bool) -> Iterator[Content]:
    found = explain(topic)
    if found is None:
        return
    yield Content("")
    if heading:
        yield Content.styled(plain(title_of(topic)), "$accent bold")
    yield Content(plain(found.why))
    if found.formula:
        yield Content.styled(plain("  " + found.formula), "$accent")
    if found.source:
        yield Content.styled(plain("  " + found.source), "$muted")
