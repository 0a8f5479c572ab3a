"""Save as preset: what it is to be called, and in a line what it is."""

from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from tui_trainer.config.paths import given_path
from tui_trainer.config.presets import own_presets_dir, wrong_preset_name
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.screens.dialogs import Dialog


class AskPreset(Dialog[tuple[str, Path, str] | None]):
    """The name under which it is found again, its file, and its title."""

    def __init__(self, name: str = "", title: str = "") -> None:
        super().__init__("Save as preset")
        self.preset_name, self.preset_title = name, title

    def compose(self) -> ComposeResult:
        """Two lines to type in, and where it will lie."""
        with Vertical(id="box"):
            yield Static(plain("A name, for Load and `tui-trainer train NAME`; or the path of a file (.toml)."), markup=False)
            yield Input(self.preset_name, placeholder="name", compact=True, id="name")
            yield Static("", id="wrong", markup=False)
            yield Input(self.preset_title, placeholder="title: what it is, in a line (may be left out)", max_length=200, compact=True, id="title")
            yield Static(plain("⏎ save   tab next line   esc leave it"), classes="keys")

    def opened(self) -> None:
        """The name first."""
        self.query_one("#name").focus()
        self._follow()

    def _answer(self) -> tuple[str, Path, str]:
        """What was typed as a source, and its file; or in words what is wrong with it."""
        text = self.query_one("#name", Input).value.strip()
        if text.endswith(".toml") or "/" in text:
            path = given_path(text if text.endswith(".toml") else f"{text}.toml")
            return str(path), path, ""
        return text, own_presets_dir() / f"{text}.toml", wrong_preset_name(text)

    def _follow(self) -> None:
        source, path, wrong = self._answer()
        line = self.query_one("#wrong", Static)
        line.set_class(not wrong, "right")
        line.update(plain(wrong or f"→ {path}") if source else "")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say at once where it will lie, or what is wrong."""
        self._follow()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Save it, if the name will do."""
        source, path, wrong = self._answer()
        if not wrong:
            self.dismiss((source, path, self.query_one("#title", Input).value.strip()))
            return
        self.query_one("#wrong", Static).update(plain(wrong))
        self.query_one("#name").focus()
