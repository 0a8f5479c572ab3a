"""The glyphs of the whole app as one table, in Unicode and in ASCII; chosen once per process, before the app starts.

What a terminal can show is a property of the terminal, hence of the process: one choice, not an argument of every widget.

    marks.choose(ascii=True)        # at start-up: --ascii, or a locale that is not UTF-8
    glyphs().train                  # "*" now, "●" otherwise
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One character each, one cell wide, except the ramps (from nothing to full)."""

    ascii: bool

    # Curves: the pair, then the runs of a comparison, stable by their number.
    train: str
    validation: str
    runs: tuple[str, ...]

    # States of a run.
    starting: str
    running: str
    paused: str
    finished: str
    stopped: str
    failed: str
    crashed: str

    # Axes of a chart.
    horizontal: str
    vertical: str
    tick_left: str
    tick_below: str
    corner: str
    change: str
    """A vertical line where a setting changed."""
    reference: str
    """A horizontal line to compare with."""
    cursor: str

    # Bars and ramps.
    bar: tuple[str, ...]
    """Parts of a cell filled from the left, in even steps, from empty to full."""
    track: str
    """The part of a bar that is still empty."""
    levels: tuple[str, ...]
    """A column filled from below, from low to full: sparklines."""
    shades: tuple[str, ...]
    """How dense a cell is, from nothing to full: heat maps and pictures without colour."""

    # Words and signs.
    zero: str
    """Stands for a count of 0 in a table."""
    minus: str
    plus_minus: str
    times: str
    up: str
    down: str
    flat: str
    ellipsis: str
    arrow: str
    here: str
    """Before what one stands on."""
    yes: str
    no: str
    separator: str
    open: str
    """A drop-down."""


UNICODE = Glyphs(
    ascii=False,
    train="●",
    validation="○",
    runs=("●", "○", "◆", "◇", "■", "□", "▲", "△"),
    starting="◌",
    running="●",
    paused="‖",
    finished="✓",
    stopped="■",
    failed="✗",
    crashed="☓",
    horizontal="─",
    vertical="│",
    tick_left="┤",
    tick_below="┬",
    corner="┼",
    change="┊",
    reference="┄",
    cursor="│",
    bar=(" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"),
    track="░",
    levels=("▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"),
    shades=(" ", "░", "▒", "▓", "█"),
    zero="·",
    minus="−",
    plus_minus="±",
    times="×",
    up="↗",
    down="↘",
    flat="→",
    ellipsis="…",
    arrow="→",
    here="▸",
    yes="✓",
    no="✗",
    separator="·",
    open="▾",
)

ASCII = Glyphs(
    ascii=True,
    train="*",
    validation="o",
    runs=("*", "o", "+", "x", "#", "%", "@", "&"),
    starting=".",
    running="*",
    paused="=",
    finished="v",
    stopped="#",
    failed="x",
    crashed="X",
    horizontal="-",
    vertical="|",
    tick_left="|",
    tick_below="+",
    corner="+",
    change=":",
    reference="-",
    cursor="|",
    bar=(" ", "-", "="),
    track=".",
    levels=("_", ".", ":", "-", "=", "+", "*", "#"),
    shades=(" ", ".", ":", "+", "#"),
    zero=".",
    minus="-",
    plus_minus="+-",
    times="x",
    up="/",
    down="\\",
    flat="-",
    ellipsis="~",
    arrow=">",
    here=">",
    yes="v",
    no="x",
    separator="-",
    open="v",
)

_chosen = UNICODE


def choose(*, ascii: bool) -> None:
    """Draw in ASCII or in Unicode from now on. What is on a screen already stays until it is drawn again."""
    global _chosen  # noqa: PLW0603 - the terminal of this process is one
    _chosen = ASCII if ascii else UNICODE


def glyphs() -> Glyphs:
    """The glyphs in use."""
    return _chosen
