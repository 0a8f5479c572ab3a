"""The list behind a choice."""

from typing import Any

from textual.app import App

from tui_trainer.tui.about import first_sentence
from tui_trainer.tui.forms.entry import ChoiceEntry
from tui_trainer.tui.screens.dialogs import Option, Pick


def list_choices(app: App[Any], entry: ChoiceEntry) -> None:
    """Show all choices of ``entry``, and take the one that is chosen."""

    def chosen(option: Option | None) -> None:
        if option is not None:
            entry.choose(option.value)

    app.push_screen(Pick(entry.field.label, [Option(value, entry.name_of(value), first_sentence(topic := entry.topic(value)), topic) for value in entry.choices], entry.current), chosen)
