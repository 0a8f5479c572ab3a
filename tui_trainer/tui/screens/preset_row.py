"""Which preset the forms began as, and whether they still say the same."""

from collections.abc import Mapping
from typing import Any

from textual import events
from textual.binding import Binding
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tui_trainer.runs.citation import citation
from tui_trainer.tui.about import About
from tui_trainer.tui.controls.paint import fit, strip
from tui_trainer.tui.forms.draft import Draft
from tui_trainer.tui.widgets.marks import glyphs
from tui_trainer.tui.wording import percent, thousands


class PresetRow(Widget, can_focus=True):
    """One line; Enter or a click lists all presets."""

    BINDINGS = [
        Binding("enter,space", "screen.pick_preset", "All presets", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]
    source = reactive("")
    about = reactive("")
    changed = reactive(False)
    facts: tuple[tuple[str, str], ...] = ()

    def on_mount(self) -> None:
        """Its name."""
        self.border_title = "Preset"

    def show(self, draft: Draft) -> None:
        """Follow the draft."""
        self.facts = facts(draft)
        self.source, self.about, self.changed = draft.source, draft.about, draft.touched
        title = "Fork" if draft.locked else "Preset"
        if self.border_title != title:
            self.border_title = title

    def explanation(self) -> str:
        """What it is for."""
        return "Enter lists all presets, and takes the path of a file." + (f" {self.about}." if self.about else "")

    def about_this(self) -> About:
        """What a preset is, and this one."""
        return About(f"{self.border_title} {self.source}", ("figure.preset",), self.about, self.facts)

    def render_line(self, y: int) -> Strip:
        """The preset's name."""
        focus = "on-panel" if self.has_focus else ""
        name = [("•" if self.changed else " ", "accent"), (self.source, f"bold {focus}"), (" changed" if self.changed else "", "muted")]
        used = sum(len(text) for text, _ in name)
        return strip(self, [*name, (fit(f"  {self.about}", max(0, self.size.width - used - 2)), "muted"), (f" {glyphs().open}", "muted")], self.size.width)

    def on_click(self, event: events.Click) -> None:
        """All presets."""
        self.call_later(self.run_action, "screen.pick_preset")

    def on_focus(self) -> None:
        """Its looks change."""
        self.refresh()

    on_blur = on_focus


def facts(draft: Draft) -> tuple[tuple[str, str], ...]:
    """What the preset shows, whose report it follows, and the figures that the report gives; what it does not say is left out."""
    description, reference = draft.get("description"), draft.get("reference")
    found = [("Shows", description)] if isinstance(description, str) else []
    if isinstance(reference, dict):
        figures = [_figure(each) for each in (reference, *reference.get("also", ())) if isinstance(each, dict)]
        found += [("Report", citation(str(reference.get("source", "")))), ("Reference", ", ".join(filter(None, figures))), ("Note", str(reference.get("note", "")))]
    return tuple((name, value) for name, value in found if value)


def _figure(figure: Mapping[str, Any]) -> str:
    value = figure.get("value")
    if not isinstance(value, int | float):
        return ""
    if figure.get("metric") == "parameters":
        return f"{thousands(int(value))} parameters"
    epoch = figure.get("epoch")
    return f"{figure.get('split', 'test')} accuracy {percent(value)}" + (f" after epoch {epoch:g}" if isinstance(epoch, int | float) else "")
