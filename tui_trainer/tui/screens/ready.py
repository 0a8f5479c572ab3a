"""What will run, what cannot work, and the command that does the same from a prompt."""

from textual import events
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tui_trainer.tui.controls.paint import Part, strip, wrapped
from tui_trainer.tui.forms.outlook import Outlook
from tui_trainer.tui.widgets.marks import glyphs

LOOKS = {"ok": "good", "warning": "warning", "wrong": "bad", "wait": "muted"}
MAX_LINES = 8


class ReadyPanel(Widget):
    """A few lines that follow the draft."""

    lines: reactive[tuple[tuple[Part, ...], ...]] = reactive((), layout=True)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._outlook: Outlook | None = None
        self._command = ("", "")

    def show(self, outlook: Outlook, command: str, why: str) -> None:
        """Follow the draft."""
        self._outlook, self._command = outlook, (command, why)
        self._lay_out()

    def on_resize(self) -> None:
        """Lines break elsewhere."""
        self._lay_out()

    def _lay_out(self) -> None:
        if self._outlook is None:
            return
        width = max(20, self.size.width or 40)
        marks = {"ok": glyphs().yes, "warning": "!", "wrong": glyphs().no, "wait": glyphs().ellipsis}
        found: list[tuple[Part, ...]] = []
        for line in self._outlook.lines:
            for number, text in enumerate(wrapped(line.text, width - 2)):
                found.append(((f"{marks[line.kind] if number == 0 else ' '} ", LOOKS[line.kind]), (text, LOOKS[line.kind] if line.kind in ("wrong", "warning") else "")))
        more = len(found) - MAX_LINES
        if more > 0:
            found = [*found[: MAX_LINES - 1], ((f"  and {more + 1} lines more", "muted"),)]
        command, why = self._command
        shown = wrapped(command, width - 2) if command else wrapped(why, width - 2)
        shown = [*shown[:2], "…"] if len(shown) > 3 else shown
        for number, text in enumerate(shown):
            found.append((("$ " if number == 0 else "  ", "accent"), (text, "" if command else "muted")))
        title = "Ready: ^r trains it" if self._outlook.ready else "Not ready"
        if self.border_title != title:
            self.border_title = title
        self.set_class(not self._outlook.ready, "bad")
        self.lines = tuple(found)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """As many lines as there are."""
        return max(2, len(self.lines))

    def render_line(self, y: int) -> Strip:
        """One of them."""
        return strip(self, self.lines[y] if y < len(self.lines) else (), self.size.width)

    def on_click(self, event: events.Click) -> None:
        """A click on the command copies it."""
        spot = event.get_content_offset(self)
        if spot is not None and self._command[0] and spot.y < len(self.lines) and self.lines[spot.y][0][1] == "accent":
            self.call_later(self.run_action, "screen.copy_command")
