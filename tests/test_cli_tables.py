"""Tables that fit the terminal, and whole ones where there is none."""

import io

import pytest
from rich.console import Console

from tui_trainer.cli.console import clock, count, duration, points
from tui_trainer.cli.figures import print_by_class
from tui_trainer.cli.tables import print_table

ROWS = [("calm-otter", "a title that goes on and on for a while", "1 234", "97.50%"), ("x", "short", "5", "1.00%")]


def drawn(width: int, *, terminal: bool) -> list[str]:
    console = Console(file=io.StringIO(), width=width if terminal else 10_000, force_terminal=terminal, color_system=None, markup=False)
    print_table(console, ("run", "title", ">steps", ">best"), ROWS, flexible="title", droppable=("steps",))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def test_narrow_terminal_loses_the_least_important_first() -> None:
    wide, middle, narrow = (drawn(width, terminal=True) for width in (100, 55, 40))
    assert "on and on for a while" in wide[1]
    assert "1 234" in middle[1]
    assert "…" in middle[1]
    assert "1 234" not in narrow[1]
    assert "97.50%" in narrow[1]
    for width, lines in ((100, wide), (55, middle), (40, narrow)):
        assert len(lines) == 3
        assert max(map(len, lines)) <= width


def test_pipe_gets_everything() -> None:
    assert drawn(20, terminal=False) == drawn(100, terminal=True)


@pytest.mark.parametrize("classes", [2, 10, 20, 21, 100])
@pytest.mark.parametrize("width", [80, 160])
def test_mistakes_fit_and_the_worst_is_named(classes: int, width: int) -> None:
    confusion = [[500 if true == called else 0 for called in range(classes)] for true in range(classes)]
    confusion[1][0] = 77
    names = [f"kind of thing {number}" for number in range(classes)]
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None, markup=False)
    print_by_class(console, confusion, names)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert "77" in text
    assert "━━━━━━━━" in text
    assert "…" not in text.replace("kind of thing…", ""), "only long names are cut"


@pytest.mark.parametrize(("seconds", "wanted"), [(0.844, "0.84 s"), (12.34, "12.3 s"), (59.97, "1 min 00 s"), (185, "3 min 05 s"), (7620, "2 h 07 min")])
def test_durations(seconds: float, wanted: str) -> None:
    assert duration(seconds) == wanted


def test_numbers() -> None:
    assert (count(50_890), points(-0.0059), clock(3_725), clock(7.4)) == ("50 890", "-0.59", "1:02:05", "0:07")
