"""The first line of every screen: where am I, and what is it about."""

from rich.cells import cell_len
from textual import events
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tui_trainer.tui.controls.paint import Part, fit, strip

TABS = (("design", "1 Design"), ("train", "2 Train"), ("inspect", "3 Inspect"), ("runs", "4 Runs"))


class Header(Widget):
    """The program's name, the four screens (to click on), and what the screen is about."""

    subject = reactive("")

    def __init__(self, here: str) -> None:
        super().__init__()
        self.here = here

    def _left(self) -> list[tuple[str, list[Part]]]:
        wide = self.size.width >= 100
        parts: list[tuple[str, list[Part]]] = [("", [(" tui-trainer " if wide else " ", "bold"), (" ", "")])]
        for name, text in TABS:
            number, word = text.split()
            parts.append((name, [(f" {number} {word} ", "accent reverse bold")] if name == self.here else [(f" {number} ", "accent"), (f"{word} ", "muted")]))
        return parts

    def render_line(self, y: int) -> Strip:
        """The line."""
        parts = [part for _, group in self._left() for part in group]
        room = self.size.width - sum(cell_len(text) for text, _ in parts) - 1
        parts.append((" " + fit(self.subject, max(0, room - 1), "right"), "muted"))
        return strip(self, parts, self.size.width)

    def on_click(self, event: events.Click) -> None:
        """Go to the screen that was clicked."""
        left = 0
        for name, group in self._left():
            right = left + sum(cell_len(text) for text, _ in group)
            if name and left <= event.x < right:
                self.app.call_later(self.app.run_action, f"app.go('{name}')")
            left = right
