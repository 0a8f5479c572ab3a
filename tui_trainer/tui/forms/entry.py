"""The fields of a form: one line each, and below it what is wrong. One widget a field, so that a form of sixty is there at once."""

import re
from dataclasses import replace
from typing import Any

from rich.cells import cell_len
from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui_trainer.tui.about import About
from tui_trainer.tui.controls.paint import Part, fit, strip, wrapped
from tui_trainer.tui.forms.schema import MISSING, Field, parse, show
from tui_trainer.tui.widgets.marks import glyphs

LABEL = 19
LEAST_VALUE = 7
"""Cells that a value keeps beside the one before it."""


class Entry(Widget, can_focus=True):
    """One setting: a mark where it differs from the preset, its label, its value, and a sentence where it is wrong."""

    BINDINGS = [
        Binding("up", "app.focus_previous", "Previous field", show=False),
        Binding("down", "app.focus_next", "Next field", show=False),
    ]

    class Changed(Message):
        """The value was changed by a person; MISSING where it was emptied."""

        def __init__(self, entry: "Entry", value: Any) -> None:
            super().__init__()
            self.entry = entry
            self.value = value

    def __init__(self, field: Field, key: str) -> None:
        super().__init__(classes="entry")
        self.field = field
        self.key = key
        self.value: Any = MISSING
        self.problem = ""
        self.changed = False
        self.was = ""
        """The value before the change, in words."""

    def load(self, value: Any) -> None:
        """Show this value, which came from elsewhere."""
        if value != self.value or type(value) is not type(self.value):
            self.value = value
            self.refresh()

    def wording(self, value: Any) -> str:
        """How a value is written."""
        return show(value)

    def mark(self, problem: str, changed: bool, was: str = "") -> None:
        """Say what is wrong (nothing: an empty text), and whether it differs from the preset, which says ``was``."""
        if problem != self.problem:
            self.problem = problem
            self.refresh(layout=True)
            if self.has_focus:
                self.into_sight()
        if (changed, was) != (self.changed, self.was):
            self.changed, self.was = changed, was
            self.refresh()

    def explanation(self) -> str:
        """What the setting is for, for the line that explains the focused field."""
        text = f"{self.field.label}: {self.field.help}"
        if self.field.unit:
            text += f" In {self.field.unit}." if self.field.unit not in ("°", "px") else ""
        if self.field.default not in (MISSING, None, "", {}, ()):
            text += f" Default {show(self.field.default)}."
        return text

    def about_this(self) -> About:
        """What F1 says of it."""
        key = re.sub(r"\.\d+(?=\.|$)", "", self.key)
        facts = [("Key", key)] if not key.startswith("network.layers") else []
        facts += [("Unit", self.field.unit)] if self.field.unit else []
        facts += [("Allowed", self.field.limits)] if self.field.limits else []
        if self.field.default is MISSING:
            facts.append(("Default", "none: it has to be given"))
        elif self.field.default not in (None, "", {}, ()):
            facts.append(("Default", show(self.field.default)))
        return About(self.field.label, (self.key,), self.field.help, tuple(facts))

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """One line, and those of the problem."""
        return 1 + len(self._problem_lines(width))

    def _problem_lines(self, width: int) -> list[str]:
        return wrapped(f"{glyphs().no} {self.problem}", max(10, width - 4)) if self.problem else []

    def render_line(self, y: int) -> Strip:
        """The setting, or a line of what is wrong with it."""
        width = self.size.width
        if y > 0:
            lines = self._problem_lines(width)
            return strip(self, [("    " if y > 1 else "  ", ""), (lines[y - 1] if y <= len(lines) else "", "bad")], width)
        label = min(LABEL, max(8, width // 2))
        mark = ("•", "accent") if self.changed else (" ", "")
        name = (fit(self.field.label, label - 1) + " ", "bold" if self.has_focus else "muted")
        was, room = f" was {self.was}" if self.was else "", width - label - 1
        if not was or room - cell_len(was) < LEAST_VALUE:
            return strip(self, [mark, name, *self._value(room)], width)
        value = strip(self, self._value(room - cell_len(was)), room - cell_len(was))
        return Strip.join([strip(self, [mark, name], label + 1), value, strip(self, [(was, "muted")], cell_len(was))])

    def _value(self, room: int) -> list[Part]:
        raise NotImplementedError

    def into_sight(self) -> None:
        """Where it was scrolled away, or its sentence does not fit below it."""
        self.call_after_refresh(self.scroll_visible, animate=False)

    def change(self, value: Any) -> None:
        """Take a value from a person."""
        self.value = value
        self.refresh()
        self.into_sight()
        self.post_message(self.Changed(self, value))


class TextEntry(Entry):
    """A setting that is typed: each key press is a change."""

    BINDINGS = [
        Binding("left", "move(-1)", "Left", show=False),
        Binding("right", "move(1)", "Right", show=False),
        Binding("home,ctrl+a", "move(-10000)", "Start", show=False),
        Binding("end,ctrl+e", "move(10000)", "End", show=False),
        Binding("backspace", "erase(-1)", "Erase", show=False),
        Binding("delete", "erase(1)", "Delete", show=False),
        Binding("ctrl+u", "clear", "Clear", show=False),
        Binding("enter", "next", "Next field", show=False),
    ]

    def __init__(self, field: Field, key: str) -> None:
        super().__init__(field, key)
        self.text = ""
        self.at = 0

    def load(self, value: Any) -> None:
        """Show this value, unless it is what was just typed."""
        if parse(self.field, self.text) == value and (self.text or value is MISSING):
            self.value = value
            return
        self.value, self.text = value, show(value)
        self.at = len(self.text)
        self.refresh()

    def wording(self, value: Any) -> str:
        """How a value is written, or what holds where there is none."""
        return show(value) or self._stand_in()

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Printable characters are typed, and mean no command."""
        return self._types(character)

    def _types(self, character: str | None) -> bool:
        return character is not None and character.isprintable() and not (character == "?" and self.field.kind == "number")

    def on_key(self, event: events.Key) -> None:
        """Type."""
        if self._types(event.character):
            event.stop()
            event.prevent_default()
            self._insert(event.character or "")

    def on_paste(self, event: events.Paste) -> None:
        """Take in what was pasted, as one line."""
        event.stop()
        self._insert("".join(character for character in " ".join(event.text.splitlines()) if character.isprintable())[:2000])

    def _insert(self, text: str) -> None:
        self.text = self.text[: self.at] + text + self.text[self.at :]
        self.at += len(text)
        self.change(parse(self.field, self.text))

    def action_move(self, by: int) -> None:
        """Move the cursor in the text."""
        self.at = max(0, min(len(self.text), self.at + by))
        self.refresh()
        self.into_sight()

    def action_erase(self, side: int) -> None:
        """Erase the character before (-1) or under (1) the cursor."""
        start, end = (self.at - 1, self.at) if side < 0 else (self.at, self.at + 1)
        if start < 0 or end > len(self.text):
            return
        self.text = self.text[:start] + self.text[end:]
        self.at = start
        self.change(parse(self.field, self.text))

    def action_next(self) -> None:
        """To the field below."""
        self.screen.focus_next()

    def action_clear(self) -> None:
        """Empty the field: the default applies."""
        self.text, self.at = "", 0
        self.change(MISSING)

    def on_focus(self) -> None:
        """Type at the end."""
        self.at = len(self.text)
        self.refresh()

    def on_blur(self) -> None:
        """Without the cursor."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Type where the mouse is."""
        label = min(LABEL, max(8, self.size.width // 2))
        if event.y == 0 and event.x > label:
            self.at = min(len(self.text), event.x - label - 1)
            self.refresh()

    def _value(self, room: int) -> list[Part]:
        unit = f" {self.field.unit}" if self.field.unit else ""
        if not self.has_focus:
            if not self.text:
                return [(fit(self._stand_in(), room), "muted italic")]
            return [(self.text + unit if cell_len(self.text + unit) <= room else fit(self.text, room), "bad" if self.problem else "")]
        room -= 1
        start = max(0, self.at - room + 1 + cell_len(unit)) if self.at >= room else 0
        shown = glyphs().ellipsis * bool(start) + self.text[start + bool(start) :]
        before, under, after = shown[: self.at - start], shown[self.at - start : self.at - start + 1] or " ", shown[self.at - start + 1 :]
        rest = self._stand_in() if not self.text else unit
        return [(before, "on-panel"), (under, "reverse"), (after, "on-panel"), (fit(rest, max(0, room - cell_len(before + under + after))), "muted on-panel")]

    def _stand_in(self) -> str:
        """What applies while the field is empty."""
        if self.field.default is MISSING:
            return "has to be given"
        if self.field.default in (None, (), {}, ""):
            inside = self.field.help.rpartition("(default: ")[2]
            return inside.split(")")[0] if inside != self.field.help else "none"
        return show(self.field.default) + (f" {self.field.unit}" if self.field.unit else "")


class ChoiceEntry(Entry):
    """A setting that is one of a few: left and right step through them, Enter lists them."""

    BINDINGS = [
        Binding("left", "step(-1)", "Previous choice", show=False),
        Binding("right,space", "step(1)", "Next choice", show=False),
        Binding("enter", "list", "All choices", show=False),
        Binding("home", "field(0)", "First field", show=False),
        Binding("end", "field(-1)", "Last field", show=False),
        Binding("backspace,delete", "default", "Default", show=False),
    ]

    class ListAsked(Message):
        """A person wants to see all choices."""

        def __init__(self, entry: "ChoiceEntry") -> None:
            super().__init__()
            self.entry = entry

    def about_this(self) -> About:
        """The choice in force, too."""
        about = super().about_this()
        return replace(about, topics=(*about.topics, *filter(None, [self.topic(self.current)])))

    def topic(self, choice: Any) -> str:
        """The topic of one of the choices; empty where they have none."""
        name = self.key.rpartition(".")[2]
        return f"{name}.{choice}" if name in ("loss", "optimiser", "schedule") and self.key.startswith("training.") else ""

    @property
    def choices(self) -> list[Any]:
        """What can be chosen."""
        return [False, True] if self.field.kind == "switch" else list(self.field.choices)

    @property
    def current(self) -> Any:
        """The choice in force."""
        if self.value is MISSING:
            return None if self.field.default is MISSING else self.field.default
        return self.value

    def action_step(self, by: int) -> None:
        """The choice after or before this one."""
        choices = self.choices
        place = choices.index(self.current) if self.current in choices else -1
        self.choose(choices[(place + by) % len(choices)])

    def action_default(self) -> None:
        """Back to the default."""
        self.change(MISSING)

    def action_list(self) -> None:
        """Show all choices."""
        if self.field.kind == "switch":
            self.action_step(1)
        else:
            self.post_message(self.ListAsked(self))

    def action_field(self, place: int) -> None:
        """The first or the last field of the form; the view goes along."""
        if self.parent is not None:
            [each for each in self.parent.children if isinstance(each, Entry) and each.display][place].focus()

    def choose(self, value: Any) -> None:
        """Take one of the choices."""
        self.change(MISSING if value is None else value)

    def on_focus(self) -> None:
        """With its arrows."""
        self.refresh()

    def on_blur(self) -> None:
        """Without them."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Open the list."""
        if event.y == 0 and event.x > LABEL:
            self.action_list()

    def wording(self, value: Any) -> str:
        """How a choice is written."""
        return self.name_of(None if self.field.default is MISSING else self.field.default) if value is MISSING else self.name_of(value)

    def name_of(self, value: Any) -> str:
        """How a choice is written."""
        return self._nothing() if value is None else show(value)

    def _nothing(self) -> str:
        inside = self.field.help.rpartition("(default: ")[2]
        return inside.split(")")[0] if inside != self.field.help else "default"

    def _value(self, room: int) -> list[Part]:
        text = self.name_of(self.current)
        looks = "bad" if self.problem else "muted italic" if self.current is None else ""
        if self.has_focus:
            return [("‹ ", "accent on-panel"), (text, "bold on-panel"), (" ›", "accent on-panel")]
        return [(fit(text, room - 2), looks), (glyphs().open if self.field.kind == "choice" else " ", "muted")]
