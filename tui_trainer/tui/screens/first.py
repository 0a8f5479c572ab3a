"""What is on the terminal at once, while the real screen is still being loaded: where one is, nothing that would jump."""

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from tui_trainer.tui.controls.header import Header


class FirstScreen(Screen[None]):
    """The header, and a word."""

    def compose(self) -> ComposeResult:
        """Two lines."""
        yield Header("design")
        yield Static(" digits-mlp is being loaded", id="loading", markup=False)
