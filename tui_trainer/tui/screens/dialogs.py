"""Questions in the middle of the screen: yes or no, a line of text, one of a list. Escape or a click beside always means no."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from tui_trainer.tui.about import About
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.controls.table import Column, Table

Result = TypeVar("Result")


class Dialog(ModalScreen[Result]):
    """A box in the middle of the screen."""

    CSS_PATH = "../styles/dialogs.tcss"
    BINDINGS = [Binding("escape", "close", "Close", show=False), Binding("f1", "app.explain", "Why", show=False)]

    def __init__(self, title: str) -> None:
        super().__init__()
        self.box_title = plain(title)

    def on_mount(self) -> None:
        """Name the box. There is none when the app was left in the same moment."""
        for box in self.query("#box"):
            box.border_title = self.box_title
            self.opened()

    def opened(self) -> None:
        """What else a dialog does once it stands."""

    def on_click(self, event: events.Click) -> None:
        """A click beside the box closes it."""
        if event.widget is self:
            self.action_close()

    def action_close(self) -> None:
        """Nothing chosen."""
        self.dismiss(None)


class Confirm(Dialog[bool | None]):
    """A question whose yes has consequences, which ``text`` tells."""

    BINDINGS = [Binding("y", "answer(True)", "Yes", show=False), Binding("n", "answer(False)", "No", show=False), Binding("left,right", "app.focus_next", show=False)]

    def __init__(self, title: str, text: str, yes: str, no: str = "No") -> None:
        super().__init__(title)
        self.text, self.yes, self.no = text, yes, no

    def compose(self) -> ComposeResult:
        """The question and the two answers."""
        with Vertical(id="box"):
            yield Static(plain(self.text), markup=False)
            with Horizontal(classes="answers"):
                yield Button(f"[b]y[/b] {self.yes}", id="yes", compact=True)
                yield Button(f"[b]n[/b] {self.no}", id="no", compact=True)

    def opened(self) -> None:
        """The harmless answer is at hand."""
        self.query_one("#no").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Answer."""
        self.dismiss(answer)


class AskText(Dialog[str | None]):
    """A line of text, checked at each key press: ``check`` gives a sentence where it will not do."""

    def __init__(self, title: str, text: str, value: str = "", *, check: Callable[[str], str] | None = None, placeholder: str = "") -> None:
        super().__init__(title)
        self.text, self.value, self.placeholder = text, value, placeholder
        self.check = check or (lambda _: "")

    def compose(self) -> ComposeResult:
        """The question, the line, and what is wrong with it."""
        with Vertical(id="box"):
            yield Static(plain(self.text), markup=False)
            yield Input(self.value, placeholder=self.placeholder, compact=True)
            yield Static("", id="wrong", markup=False)
            yield Static("⏎ ok   esc leave it" if plain("⏎") == "⏎" else "ret ok   esc leave it", classes="keys")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say at once what is wrong."""
        self.query_one("#wrong", Static).update(plain(self.check(event.value.strip())) if event.value.strip() else "")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it, if it will do."""
        value = event.value.strip()
        if wrong := self.check(value):
            self.query_one("#wrong", Static).update(plain(wrong))
        else:
            self.dismiss(value)


@dataclass(frozen=True, slots=True)
class Option:
    """One of a list: what is returned, its name, and what it means."""

    value: object
    name: str
    about: str = ""
    topic: str = ""
    """What F1 explains."""


class Pick(Dialog[Option | None]):
    """One of a list, which typing makes shorter."""

    BINDINGS = [
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("pageup", "move(-10)", show=False, priority=True),
        Binding("pagedown", "move(10)", show=False, priority=True),
    ]

    def __init__(self, title: str, options: Sequence[Option], current: object = None, *, free: str = "") -> None:
        super().__init__(title)
        self.options, self.current, self.free = list(options), current, free
        """``free``: what else may be typed, such as a path."""

    def compose(self) -> ComposeResult:
        """The filter and the list."""
        width = max((len(option.name) for option in self.options), default=10) + 1
        with Vertical(id="box", classes="pick"):
            yield Input(placeholder="type to find" + (f", or {self.free}" if self.free else ""), compact=True)
            yield Table[Option](
                [Column("name", "", width, lambda option: option.name), Column("about", "", 20, lambda option: (option.about, "muted"), grows=True)],
                empty=["nothing like that" + (f": ⏎ takes it as {self.free}" if self.free else "")],
            )

    def opened(self) -> None:
        """The current one is under the cursor."""
        table = self.query_one(Table)
        table.can_focus = False
        table.show(self.options)
        table.cursor = next((number for number, option in enumerate(self.options) if option.value == self.current), 0)
        table.styles.height = min(len(self.options) + 1, max(5, self.size.height - 8))
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Fewer: those whose names begin so first, the first of them under the cursor."""
        text, table = event.value.lower().strip(), self.query_one(Table)
        found = [option for option in self.options if all(word in f"{option.name} {option.about}".lower() for word in text.split())]
        table.show(sorted(found, key=lambda option: not option.name.lower().startswith(text)), key=lambda option: option)
        if text:
            table.cursor = 0

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The one under the cursor, or what was typed."""
        option = self.query_one(Table).item
        if option is None and self.free and event.value.strip():
            option = Option(event.value.strip(), event.value.strip())
        if option is not None:
            self.dismiss(option)

    def about_this(self) -> About | None:
        """The one under the cursor."""
        option = self.query_one(Table).item
        return About(option.name, (option.topic,), option.about) if option is not None and option.topic else None

    def on_table_moved(self, event: Table.Moved) -> None:
        """Stay quiet: only a choice counts."""
        event.stop()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Take it."""
        assert isinstance(event.item, Option)
        self.dismiss(event.item)

    def on_click(self, event: events.Click) -> None:
        """One click on a row takes it."""
        super().on_click(event)
        table = self.query_one(Table)
        spot = event.get_content_offset(table) if event.widget is table else None
        if spot is not None and spot.y > 0:
            number = spot.y - 1 + table.scroll_offset.y
            if number < len(table.items):
                self.dismiss(table.items[number])

    def action_move(self, rows: int) -> None:
        """Move in the list while typing."""
        self.query_one(Table).cursor += rows


class Notice(Dialog[None]):
    """A text to read, such as a log or what went wrong."""

    BINDINGS = [Binding("enter,q,space", "close", "Close", show=False)]

    def __init__(self, title: str, text: str) -> None:
        super().__init__(title)
        self.text = text

    def compose(self) -> ComposeResult:
        """The text."""
        with VerticalScroll(id="box", classes="notice"):
            yield Static(plain(self.text), markup=False)

    def opened(self) -> None:
        """From its end, where the news is."""
        box = self.query_one("#box", VerticalScroll)
        box.focus()
        box.scroll_end(animate=False)
