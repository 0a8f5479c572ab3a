"""All keys in one place, made from the table of actions."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui_trainer.tui.actions import SECTIONS, Action
from tui_trainer.tui.controls.paint import plain, wrapped
from tui_trainer.tui.screens.dialogs import Dialog

WHY = "F1 explains the focused setting, layer, choice, panel or figure: what it does, its formula, its limits."
MOUSE = "The mouse works everywhere: tabs, keys in the last line, rows, titles of columns, fields, and the wheel."
LEAVING = "A run is a process of its own: quitting, closing the terminal or losing the network never touches it. `tui-trainer open` comes back to it."


class Help(Dialog[None]):
    """What can be pressed, section by section; the screen one comes from first."""

    BINDINGS = [Binding("question_mark,q,enter", "close", "Close", show=False)]

    def __init__(self, here: str, about: str = "") -> None:
        super().__init__("Help")
        self.here, self.about = here, about

    def compose(self) -> ComposeResult:
        """The sections."""
        with VerticalScroll(id="box", classes="help"):
            yield Static(plain(f"{WHY}\n"), classes="about", markup=False)
            if self.about:
                yield Static(plain(self.about), classes="about", markup=False)
            for title in sorted(SECTIONS, key=lambda each: not each.lower().startswith(self.here)):
                yield Static(title, classes="group")
                yield Static(self._section(SECTIONS[title]))
            yield Static(plain(f"\n{MOUSE}\n{LEAVING}"), classes="about", markup=False)

    def _section(self, actions: tuple[Action, ...]) -> Content:
        room = max(20, min(104, int(self.app.size.width * 0.92)) - 8 - 27)
        lines = []
        for action in actions:
            first, *more = wrapped(plain(action.help), room) or [""]
            key = Content.styled(plain(action.shown_key).rjust(7), "$accent bold")
            lines.append(Content.assemble(key, ("  " + plain(action.label).ljust(18), "bold"), (first, "$muted")))
            lines += [Content.styled(" " * 27 + line, "$muted") for line in more]
        return Content("\n").join(lines)

    def opened(self) -> None:
        """Ready to scroll."""
        self.query_one("#box").focus()
