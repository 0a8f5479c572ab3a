"""Lines of keys that can be clicked. The last line of every screen: what can I press, made from the bindings in force."""

import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len
from textual import events
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import KEY_TO_UNICODE_NAME, REPLACED_KEYS
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tui_trainer.tui.actions import SECTIONS, Action
from tui_trainer.tui.controls.paint import Part, plain, strip

ORDER = {action.name: number for number, action in enumerate(action for section in SECTIONS.values() for action in section)}
FIRST = {(action.name, action.keys.split(",")[0]) for section in SECTIONS.values() for action in section}
"""Actions, and the key that stands for each where it is not typed."""
GAP = 2


class Key(NamedTuple):
    """A key that has an effect now."""

    shown: str
    label: str
    action: str
    node: DOMNode
    """Whose action it is."""

    @property
    def width(self) -> int:
        """Cells it takes."""
        return cell_len(self.shown) + 1 + cell_len(self.label)


def shown(binding: Binding) -> str:
    """A key as people write it."""
    return plain(binding.key_display or {"enter": "⏎"}.get(binding.key, binding.key))


def character(key: str) -> str | None:
    """What a key types; None where it types nothing."""
    if len(key) == 1:
        return key
    name = REPLACED_KEYS.get(key, key)
    try:
        return unicodedata.lookup(KEY_TO_UNICODE_NAME.get(name, name))
    except KeyError:
        return None


class KeyLine(Widget):
    """Keys with their labels, as many as fit; each can be clicked."""

    DEFAULT_CSS = "KeyLine { height: 1; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._keys: list[Key] = []

    def show(self, keys: Iterable[Key]) -> None:
        """Show these."""
        if (found := list(keys)) != self._keys:
            self._keys = found
            self.refresh()

    def _placed(self) -> list[tuple[int, Key]]:
        """What fits, each with its left edge; close together before one is left out."""
        gap = GAP if sum(key.width + GAP for key in self._keys) <= self.size.width + GAP else 1
        left, placed = 0, []
        for key in self._keys:
            if left + key.width > self.size.width:
                break
            placed.append((left, key))
            left += key.width + gap
        return placed

    def render_line(self, y: int) -> Strip:
        """The line."""
        parts: list[Part] = []
        at = 0
        for left, key in self._placed():
            parts += [(" " * (left - at), ""), (key.shown, "accent bold"), (f" {key.label}", "muted")]
            at = left + key.width
        return strip(self, parts, self.size.width)

    async def on_click(self, event: events.Click) -> None:
        """Do what the key under the mouse does."""
        for left, key in self._placed():
            if left <= event.x < left + key.width + 1:
                self.call_later(self.app.run_action, key.action, key.node)
                return


class ActionLine(KeyLine):
    """The keys of one part of a screen, beside that part."""

    def offer(self, actions: Iterable[Action], node: DOMNode) -> None:
        """Show the actions of ``node``."""
        self.show(Key(plain(action.shown_key), action.label, action.name, node) for action in actions)


class KeyBar(KeyLine):
    """The keys that have an effect now. Where there are more than fit, the last but one says so."""

    def on_mount(self) -> None:
        """Follow the bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._update)
        self.call_after_refresh(self._update, self.screen)

    def _update(self, screen: "Screen[object]") -> None:
        if not self.is_attached or not screen.is_current:
            return
        keys: list[Key] = []
        last: list[Key] = []
        seen: set[str] = set()
        focused = screen.focused
        for key, (node, binding, enabled, _) in sorted(screen.active_bindings.items(), key=lambda each: (each[1].binding.action, each[0]) not in FIRST):
            if not enabled or binding.action in seen or (focused is not None and focused.check_consume_key(key, character(key))):
                continue
            seen.add(binding.action)
            if not (label := self._label(binding.action, binding.description if binding.show else "")):
                continue
            group = last if binding.action in ("app.help", "app.leave") else keys
            group.append(Key(shown(binding), label, binding.action, node))
        keys.sort(key=lambda key: ORDER.get(key.action, 0))
        last.sort(key=lambda key: key.action)
        self.show(keys + last)

    def _label(self, action: str, label: str) -> str:
        relabel = getattr(self.screen, "relabel", None)
        return relabel(action, label) if relabel else label

    def _placed(self) -> list[tuple[int, Key]]:
        """What fits: help and quit always do."""
        tail = [key for key in self._keys if key.action in ("app.help", "app.leave")]
        rest = [key for key in self._keys if key not in tail]
        room = self.size.width - 1 - sum(key.width + GAP for key in tail)
        left, placed = 1, []
        for key in rest:
            if left + key.width + GAP > room:
                tail = [each._replace(label="more") if each.action == "app.help" else each for each in tail]
                break
            placed.append((left, key))
            left += key.width + GAP
        for key in tail:
            placed.append((left, key))
            left += key.width + GAP
        return placed
