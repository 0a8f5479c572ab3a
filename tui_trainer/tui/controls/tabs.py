"""The views of a screen in one line: their keys, which one is in front, and a click to go there."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui_trainer.tui.controls.paint import Part, strip


class Tabs(Widget):
    """``tabs`` are (name, key, title)."""

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, tabs: Sequence[tuple[str, str, str]], here: str) -> None:
        super().__init__()
        self.tabs, self.here = list(tabs), here

    def turn(self, here: str) -> None:
        """Another one is in front."""
        if here != self.here:
            self.here = here
            self.refresh()

    def offer(self, tabs: Sequence[tuple[str, str, str]]) -> None:
        """Other ones to choose from."""
        if list(tabs) != self.tabs:
            self.tabs = list(tabs)
            self.refresh()

    def _placed(self) -> list[tuple[str, list[Part]]]:
        wide = sum(cell_len(title) + 5 for _, _, title in self.tabs) <= self.size.width
        groups: list[tuple[str, list[Part]]] = []
        for name, key, title in self.tabs:
            here = name == self.here
            parts = [(f" {key}", "reverse bold" if here else "accent bold"), (f" {title}{' ' if wide else ''}", "reverse bold" if here else "muted")]
            groups.append((name, [*parts, (" ", "")] if wide else parts))
        return groups

    def render_line(self, y: int) -> Strip:
        """The line."""
        return strip(self, [part for _, group in self._placed() for part in group], self.size.width)

    def on_click(self, event: events.Click) -> None:
        """To the view that was clicked."""
        left = 0
        for name, group in self._placed():
            right = left + sum(cell_len(text) for text, _ in group)
            if left <= event.x < right:
                self.post_message(self.Chosen(name))
            left = right
