"""Themes dark, light and high contrast, and the colour names that widgets and style sheets share.

    register(app); app.theme = "tui-dark"              # or "tui-light", "tui-contrast"

Every theme has these variables (in .tcss: $train): train, validation, run-1 to run-8, good, bad, muted, frame, heat, heat-error, bar.
``colour(widget, "train")`` is the colour of the theme in use.

Train and validation are blue and orange, the pair that all common kinds of colour blindness tell apart; the runs follow
Okabe and Ito's palette (https://jfly.uni-koeln.de/color/). All colours lie on the grid of 256-colour terminals
(levels 00 5f 87 af d7 ff, or the grey ramp), so that tmux without true colour shows exactly these.
Never is a colour the only sign: marks, numbers or words stand beside it.
"""

from typing import Any, Final

from textual.app import App
from textual.color import Color
from textual.theme import Theme
from textual.widget import Widget

RUN_COLOURS: Final = 8
"""Runs of a comparison that have a colour and a mark of their own."""


def _theme(name: str, *, dark: bool, accent: str, ink: str, ground: str, surface: str, panel: str, muted: str, frame: str, **colours: str) -> Theme:
    runs = {f"run-{number}": value for number, value in enumerate(colours["runs"].split(), 1)}
    return Theme(
        name=name,
        dark=dark,
        primary=accent,
        secondary=muted,
        accent=accent,
        foreground=ink,
        background=ground,
        surface=surface,
        panel=panel,
        success=colours["good"],
        warning=colours["warning"],
        error=colours["bad"],
        variables={
            **runs,
            "train": colours["train"],
            "validation": colours["validation"],
            "good": colours["good"],
            "bad": colours["bad"],
            "muted": muted,
            "frame": frame,
            "heat": colours["heat"],
            "heat-error": colours["heat_error"],
            "bar": colours["bar"],
            "text": ink,
            "text-muted": muted,
            "border": accent,
            "border-blurred": frame,
            "footer-background": surface,
            "footer-foreground": muted,
            "footer-description-foreground": muted,
            "footer-key-foreground": accent,
            "block-cursor-background": accent,
            "block-cursor-foreground": ground,
            "block-cursor-text-style": "none",
            "scrollbar": frame,
            "scrollbar-hover": muted,
            "scrollbar-active": accent,
            "scrollbar-background": ground,
            "scrollbar-background-hover": ground,
            "scrollbar-background-active": ground,
            "scrollbar-corner-color": ground,
        },
    )


DARK: Final = _theme(
    "tui-dark",
    dark=True,
    accent="#87d7d7",
    ink="#d0d0d0",
    ground="#121212",
    surface="#1c1c1c",
    panel="#262626",
    muted="#949494",
    frame="#4e4e4e",
    train="#5fafff",
    validation="#ffaf5f",
    runs="#5fafff #ffaf5f #5fd7af #ff87d7 #ffff87 #ff5f00 #af87ff #d0d0d0",
    good="#5fd787",
    warning="#ffd75f",
    bad="#ff875f",
    heat="#0087af",
    heat_error="#d75f00",
    bar="#875f00",
)

LIGHT: Final = _theme(
    "tui-light",
    dark=False,
    accent="#005f87",
    ink="#1c1c1c",
    ground="#ffffff",
    surface="#eeeeee",
    panel="#e4e4e4",
    muted="#5f5f5f",
    frame="#b2b2b2",
    train="#005fd7",
    validation="#af5f00",
    runs="#005fd7 #af5f00 #00875f #af0087 #878700 #d70000 #5f00d7 #303030",
    good="#00875f",
    warning="#875f00",
    bad="#d70000",
    heat="#5fafd7",
    heat_error="#ff8700",
    bar="#d7af87",
)

HIGH_CONTRAST: Final = _theme(
    "tui-contrast",
    dark=True,
    accent="#00ffff",
    ink="#ffffff",
    ground="#000000",
    surface="#000000",
    panel="#000000",
    muted="#d0d0d0",
    frame="#8a8a8a",
    train="#5fd7ff",
    validation="#ffaf00",
    runs="#5fd7ff #ffaf00 #00ff87 #ff87ff #ffff00 #ff5f00 #afafff #ffffff",
    good="#00ff87",
    warning="#ffff00",
    bad="#ff875f",
    heat="#0087d7",
    heat_error="#d75f00",
    bar="#d75f00",
)

THEMES: Final = (DARK, LIGHT, HIGH_CONTRAST)


def register(app: App[Any]) -> None:
    """Make the themes known to an app; it still has to set ``app.theme``."""
    for theme in THEMES:
        app.register_theme(theme)


def colour(widget: Widget, name: str) -> Color:
    """The colour called ``name`` (a variable of the themes, or anything Textual reads as a colour), in the theme in use.

    Under a theme that is not one of these (Textual has others), the names fall back to DARK's or LIGHT's colours.
    """
    variables = widget.app.theme_variables
    if name not in variables:
        ours = DARK if widget.app.current_theme.dark else LIGHT
        variables = ours.variables
    return Color.parse(variables.get(name, name))
