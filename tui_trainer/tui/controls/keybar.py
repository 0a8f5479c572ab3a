"""The last line of every screen: what can I press. Made from the bindings in force, hence from the table of actions."""

from typing import NamedTuple

from rich.cells import cell_len
from textual import events
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tui_trainer.tui.actions import SECTIONS
from tui_trainer.tui.controls.paint import Part, plain, strip

ORDER = {action.name: number for number, action in enumerate(action for section in SECTIONS.values() for action in section)}


class Key(NamedTuple):
    """A key that has an effect now."""

    shown: str
    label: str
    action: str
    node: DOMNode
    """Whose action it is."""

    @property
    def width(self) -> int:
        """Cells it takes, with the space behind it."""
        return cell_len(self.shown) + 1 + cell_len(self.label) + 2


def shown(binding: Binding) -> str:
    """A key as people write it."""
    return plain(binding.key_display or {"enter": "⏎"}.get(binding.key, binding.key))


class KeyBar(Widget):
    """Keys with their labels, as many as fit; each can be clicked. Keys without effect now are left out."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[Key] = []

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
        for node, binding, enabled, _ in screen.active_bindings.values():
            if not enabled or binding.action in seen:
                continue
            seen.add(binding.action)
            if not (label := self._label(binding.action, binding.description if binding.show else "")):
                continue
            group = last if binding.action in ("app.help", "app.leave") else keys
            group.append(Key(shown(binding), label, binding.action, node))
        keys.sort(key=lambda key: ORDER.get(key.action, 0))
        last.sort(key=lambda key: key.action)
        if (found := keys + last) != self._keys:
            self._keys = found
            self.refresh()

    def _label(self, action: str, label: str) -> str:
        relabel = getattr(self.screen, "relabel", None)
        return relabel(action, label) if relabel else label

    def _placed(self) -> list[tuple[int, Key]]:
        """What fits, each with its left edge: the last two (help, quit) always do."""
        tail = self._keys[-2:]
        room = self.size.width - 1 - sum(key.width for key in tail)
        left, placed = 1, []
        for key in self._keys[:-2]:
            if left + key.width > room:
                break
            placed.append((left, key))
            left += key.width
        for key in tail:
            placed.append((left, key))
            left += key.width
        return placed

    def render_line(self, y: int) -> Strip:
        """The line."""
        parts: list[Part] = [(" ", "")]
        for _, key in self._placed():
            parts += [(key.shown, "accent bold"), (f" {key.label}  ", "muted")]
        return strip(self, parts, self.size.width)

    async def on_click(self, event: events.Click) -> None:
        """Do what the key under the mouse does."""
        for left, key in self._placed():
            if left <= event.x < left + key.width:
                self.call_later(self.app.run_action, key.action, key.node)
