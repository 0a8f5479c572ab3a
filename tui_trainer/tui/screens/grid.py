"""What a sweep is to try: one line of settings with their values, and how many seeds."""

import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from tui_trainer.config import ConfigError, parse_config
from tui_trainer.config.sweep import MOST_TRIALS
from tui_trainer.sweeps.options import several
from tui_trainer.tui.about import About
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.screens.dialogs import Dialog

MOST_SEEDS = 1000
EXAMPLE = "training.learning_rate=0.03,0.1,0.3 training.momentum=0,0.9"


@dataclass(frozen=True, slots=True)
class Grid:
    """A sweep as it was asked for."""

    keys: tuple[str, ...]
    """``KEY=a,b,c`` each."""
    seeds: int
    trials: int
    """Combinations of the values."""


def parse_grid(tree: Mapping[str, Any], line: str, seeds: str) -> Grid:
    """The grid of a typed line, every value of it tried on the form's tables. Raises ConfigError."""
    try:
        keys = tuple(shlex.split(line, posix=False))
    except ValueError:
        raise ConfigError("a quote is not closed") from None
    if not seeds.isdigit() or not 1 <= int(seeds) <= MOST_SEEDS:
        raise ConfigError(f"seeds: {seeds or 'nothing'} is out of range; allowed is 1 to {MOST_SEEDS}")
    values = several(keys, "grid")
    if not values and int(seeds) == 1:
        raise ConfigError(f"write settings with their values, such as {EXAMPLE}, or more than one seed")
    for key, tried in values.items():
        for value in tried:
            parse_config(tree, "grid", {key: value})
    trials = math.prod(len(tried) for tried in values.values())
    if trials * int(seeds) > MOST_TRIALS:
        raise ConfigError(f"{trials * int(seeds)} runs are too many; allowed are {MOST_TRIALS}")
    return Grid(keys, int(seeds), trials)


class AskGrid(Dialog[Grid | None]):
    """Two lines to type, checked at each key press."""

    def __init__(self, tree: Mapping[str, Any]) -> None:
        super().__init__("Sweep")
        self.tables = tree

    def compose(self) -> ComposeResult:
        """The lines, and what they come to."""
        with Vertical(id="box"):
            yield Static(plain(f"Settings to try, with their values; every combination is a run of its own.\nSuch as {EXAMPLE}"), markup=False)
            yield Input(placeholder="KEY=a,b,c KEY=a,b ...", compact=True, id="grid")
            yield Static("Seeds: runs of each combination, for mean and deviation.", classes="group")
            yield Input("1", compact=True, id="seeds")
            yield Static("", id="wrong", markup=False)
            yield Static(plain("⏎ start   tab the other line   esc leave it"), classes="keys")

    def about_this(self) -> About:
        """What F1 says of it."""
        return About("Sweep", ("figure.sweep", "figure.seeds"))

    def opened(self) -> None:
        """Type at once."""
        self.query_one("#grid", Input).focus()

    def _grid(self) -> Grid:
        return parse_grid(self.tables, self.query_one("#grid", Input).value.strip(), self.query_one("#seeds", Input).value.strip())

    def _say(self, text: str, *, wrong: bool) -> None:
        line = self.query_one("#wrong", Static)
        line.set_class(not wrong, "right")
        line.update(plain(text))

    def on_input_changed(self, event: Input.Changed) -> None:
        """What it comes to, or what is wrong."""
        if not self.query_one("#grid", Input).value.strip():
            self._say("", wrong=False)
            return
        try:
            grid = self._grid()
        except ConfigError as error:
            self._say(str(error), wrong=True)
        else:
            self._say(f"{grid.trials} combinations, {grid.trials * grid.seeds} runs", wrong=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it, if it will do."""
        try:
            self.dismiss(self._grid())
        except ConfigError as error:
            self._say(str(error), wrong=True)
