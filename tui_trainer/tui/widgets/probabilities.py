"""Probabilities: a bar for each class, in the order of the classes or largest first, the winner marked."""

from collections.abc import Sequence

from tui_trainer.tui.widgets.marks import Glyphs, glyphs
from tui_trainer.tui.widgets.painted import Line, Painted, width_of
from tui_trainer.tui.widgets.plot.canvas import fitted
from tui_trainer.tui.widgets.progress import bar

LONGEST_NAME = 14
LONGEST_BAR = 50


def probability_lines(classes: Sequence[str], values: Sequence[float], true: int | None, width: int, height: int, table: Glyphs) -> list[Line]:
    """One line a class: mark, name, bar, per cent. In the order of the classes where all fit, else the largest; ``true`` gets a tick."""
    if not values:
        return []
    numbers = range(len(values)) if len(values) <= height else sorted(range(len(values)), key=lambda number: -values[number])[:height]
    winner = max(range(len(values)), key=lambda number: values[number])
    names = min(max(width_of(classes[number]) for number in numbers), LONGEST_NAME, max(width // 3, 3))
    room = max(min(width - names - 12, LONGEST_BAR), 1)
    lines: list[Line] = []
    for number in numbers:
        full, empty = bar(values[number], room, table)
        mark = table.yes if number == true else table.here if number == winner else " "
        looks = "good" if number == true else "bad" if number == winner and true is not None else "accent" if number == winner else "muted"
        bold = " bold" if number == winner else ""
        lines.append(
            (
                (f"{mark} ", looks),
                (fitted(classes[number], names, table.ellipsis) + " ", (looks if number in (winner, true) else "foreground") + bold),
                (full, looks if number in (winner, true) else "bar"),
                (" " * len(empty), ""),
                (f" {100 * values[number]:5.1f} %", "foreground bold" if number == winner else "muted"),
            )
        )
    return lines


class Probabilities(Painted):
    """What a network takes an image for."""

    DEFAULT_CSS = """
    Probabilities { height: 1fr; width: 1fr; }
    """

    def __init__(self, *, empty: str = "", id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.empty = empty
        self._names: Sequence[str] = ()
        self._values: Sequence[float] = ()
        self._true: int | None = None

    def show(self, classes: Sequence[str], values: Sequence[float], true: int | None = None) -> None:
        """Names and probabilities (0 to 1) in the order of the classes, and the true class where it is known."""
        self._names, self._values, self._true = list(classes), list(values), true
        self.changed()

    def clear(self, empty: str = "") -> None:
        """Nothing to show, and why."""
        self.empty = empty
        self.show((), ())

    def paint(self, width: int, height: int) -> list[Line]:
        """Textual's: see :class:`Painted`."""
        return probability_lines(self._names, self._values, self._true, width, height, glyphs()) or [((self.empty, "muted"),)]
