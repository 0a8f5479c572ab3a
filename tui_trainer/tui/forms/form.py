"""A form for one settings model: entries in the schema's order, of which those show that apply."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui_trainer.config.base import Settings
from tui_trainer.tui.forms.draft import Draft
from tui_trainer.tui.forms.entry import ChoiceEntry, Entry, TextEntry
from tui_trainer.tui.forms.schema import MISSING, Field, applies, fields


class Form(VerticalScroll, can_focus=False):
    """Entries for ``model``, whose values lie under ``key`` in the draft. Groups within follow under a title of their own."""

    def __init__(self, model: type[Settings], key: str, *, leave_out: Iterable[str] = (), id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.model = model
        self.key = key
        self.leave_out = frozenset(leave_out)
        self._index: dict[str, Entry] = {}

    def compose(self) -> ComposeResult:
        """All fields, shown or not."""
        yield from self._entries(self.model, self.key)

    def _entries(self, model: type[Settings], key: str) -> ComposeResult:
        for field in fields(model):
            at = f"{key}.{field.name}" if key else field.name
            if field.name in self.leave_out or field.kind == "items":
                continue
            if field.kind == "group" and field.model is not None:
                yield Static(field.label, classes="group")
                yield from self._entries(field.model, at)
            elif field.kind in ("choice", "switch"):
                yield ChoiceEntry(field, at)
            else:
                yield TextEntry(field, at)

    @property
    def entries(self) -> Iterator[Entry]:
        """All entries, shown or not."""
        return iter(self.query(Entry).results())

    def fill(self, get: Callable[[str], Any]) -> None:
        """Show the values that ``get`` gives for dotted keys."""
        for entry in self.entries:
            entry.load(get(entry.key))
        self.follow(get)

    def follow(self, get: Callable[[str], Any]) -> None:
        """Show the fields that apply now."""
        for model, key in self._models(self.model, self.key):
            values = _Values(get, key, model)
            for field in fields(model):
                entry = self._by_key().get(f"{key}.{field.name}" if key else field.name)
                if entry is not None:
                    entry.display = applies(field, values, model)

    def _models(self, model: type[Settings], key: str) -> Iterator[tuple[type[Settings], str]]:
        yield model, key
        for field in fields(model):
            if field.kind == "group" and field.model is not None:
                yield from self._models(field.model, f"{key}.{field.name}" if key else field.name)

    def _by_key(self) -> dict[str, Entry]:
        if not self._index:
            self._index = {entry.key: entry for entry in self.entries}
        return self._index

    def mark(self, problems: Mapping[str, str], draft: Draft) -> None:
        """Put every problem at its field, and beside what was changed the value before."""
        for entry in self.entries:
            problem = next((text for key, text in problems.items() if key == entry.key or key.startswith(entry.key + ".")), "")
            changed = draft.changed(entry.key, entry.field.default)
            told = changed and not any(part.isdigit() for part in entry.key.split("."))  # the layer (or stage) of this number may have been another
            entry.mark(problem, changed, entry.wording(draft.before(entry.key)) if told else "")

    def keep(self, kept: bool) -> None:
        """Have its fields changed no more, or again."""
        for entry in self.entries:
            entry.disabled = kept


class _Values(Mapping[str, Any]):
    """The siblings of a field, as a mapping of those that are given."""

    def __init__(self, get: Callable[[str], Any], key: str, model: type[Settings]) -> None:
        self._get, self._key = get, key
        self._fields: tuple[Field, ...] = fields(model)

    def __getitem__(self, name: str) -> Any:
        value = self._get(f"{self._key}.{name}" if self._key else name)
        if value is MISSING:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return (field.name for field in self._fields)

    def __len__(self) -> int:
        return len(self._fields)
