"""Colours and line styles of figures: pairs that colour-blind readers tell apart (Okabe and Ito, 2008), each with a mark of its own."""

import re

INK = "#1b1f24"
QUIET = "#8a939e"
GRID = "#d8dce1"
TRAIN = "#0072b2"
VALIDATION = "#d55e00"
TEST = "#009e73"
SPLIT_LOOKS = {"train": (TRAIN, "o", "-"), "validation": (VALIDATION, "s", "--"), "test": (TEST, "^", ":")}
"""Colour, mark and line of each split."""
RUN_COLOURS = (TRAIN, VALIDATION, TEST, "#cc79a7", "#56b4e9", "#b38600", "#5b5fc7", "#6e6e6e")
RUN_MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
RUN_LINES = ("-", "--", "-.", ":")

DARK = {
    TRAIN: "#5cb3ee", VALIDATION: "#ff9a4d", TEST: "#3fd0a2", "#cc79a7": "#e9a6cb", "#56b4e9": "#a5dbff", "#b38600": "#f0c94a", "#5b5fc7": "#a3a7ff",
    "#6e6e6e": "#b5b5b5", QUIET: "#8b949e", GRID: "#343b44",
}  # fmt: skip
"""What stands for each colour on a dark page."""
NAMES = {INK: "currentColor"} | {colour: f"var(--c{number}, {colour})" for number, colour in enumerate(DARK)}


def run_look(number: int) -> tuple[str, str, str]:
    """Colour, mark and line of the ``number``-th run of a comparison, counted from 0."""
    return RUN_COLOURS[number % len(RUN_COLOURS)], RUN_MARKS[number % len(RUN_MARKS)], RUN_LINES[(number + number // len(RUN_COLOURS)) % len(RUN_LINES)]


def palette(*, dark: bool) -> str:
    """The colours as CSS custom properties."""
    return " ".join(f"--c{number}: {other if dark else colour};" for number, (colour, other) in enumerate(DARK.items()))


def inline_svg(svg: str, name: str) -> str:
    """A figure as it stands in a page: without prologue, its ids its own, its colours the page's (light or dark)."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\b(id="|xlink:href="#|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for colour, variable in NAMES.items():
        svg = svg.replace(colour, variable)
    return re.sub(r"\n\s*\n+", "\n", svg).strip()
