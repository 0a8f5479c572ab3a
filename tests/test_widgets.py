"""Sparkline, confusion matrix, bars, progress line, themes and glyphs."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.color import Color
from textual.widget import Widget

from tui_trainer.tui.widgets import theme
from tui_trainer.tui.widgets.bars import MisclassifiedBars, bar_lines, ordered
from tui_trainer.tui.widgets.confusion import ConfusionMatrix, cell_text, column_names, grid, matrix_lines, reading
from tui_trainer.tui.widgets.marks import ASCII, UNICODE
from tui_trainer.tui.widgets.painted import difference, width_of
from tui_trainer.tui.widgets.plot.canvas import cells
from tui_trainer.tui.widgets.progress import Progress, RunProgress, clock, progress_line
from tui_trainer.tui.widgets.sparkline import BINS, Bins, Trend, spark


def text_of(line) -> str:
    return "".join(text for text, _ in line)


class One(App[None]):
    """An app of one widget."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget
        self.told: list[tuple[str, int, int]] = []
        theme.register(self)
        self.theme = "tui-dark"

    def compose(self) -> ComposeResult:
        yield self.widget

    def on_confusion_matrix_cell_highlighted(self, event: ConfusionMatrix.CellHighlighted) -> None:
        self.told.append(("highlighted", event.true, event.predicted))

    def on_confusion_matrix_cell_selected(self, event: ConfusionMatrix.CellSelected) -> None:
        self.told.append(("selected", event.true, event.predicted))

    def lines(self) -> list[str]:
        """What the screen shows."""
        return [strip.text.rstrip() for strip in self.screen._compositor.render_strips()]


# Sparkline


def test_a_sparkline_rises_from_low_to_high_and_leaves_gaps():
    assert spark([0, 1, 2, 3, 4, 5, 6, 7], 8, ascii=False) == "▁▂▃▄▅▆▇█"
    assert spark([0, math.nan, 1], 5, ascii=False) == "▁ █  "
    assert spark([1, 1, 1], 3, ascii=False) == "▄▄▄"
    assert spark([0.5], 2, ascii=True, low=0, high=1) == "= "
    assert spark([], 4) == "    "
    assert spark([math.inf], 2) == "  "


@given(st.lists(st.floats(allow_nan=True, width=32), max_size=300), st.integers(1, 40), st.booleans())
def test_a_sparkline_has_the_asked_width(values, width, ascii):
    found = spark(values, width, ascii)
    assert len(found) == width
    assert found.isascii() or not ascii


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=3 * BINS))
def test_bins_are_means_of_equal_stretches_from_the_start(values):
    bins = Bins()
    for start in range(0, len(values), 100):  # as they come in
        part = np.array(values[start : start + 100])
        bins.extend(np.arange(start + 1, start + 1 + len(part)), part)
    assert bins.end == 2 ** math.ceil(math.log2(len(values)))
    assert bins.sums.sum() == pytest.approx(sum(values), rel=1e-6, abs=1e-6)
    at_once = Bins()
    at_once.extend(np.arange(1, 1 + len(values)), np.array(values))
    assert (at_once.counts == bins.counts).all()
    means = bins.means(64)
    assert len(means) == math.ceil(bins.used * 64 / BINS)
    assert len(bins.means(64, whole=True)) == 64


def test_rows_over_one_x_are_of_one_length_however_many_values_they_have():
    steps, evaluations = Bins(30 / 1024), Bins(30 / 1024)
    steps.extend(np.arange(1, 131) / 10, 1 / np.arange(1, 131))
    evaluations.extend(np.arange(1, 13), 1 / np.arange(1, 13))
    evaluations.reach(13.0)
    assert steps.end == evaluations.end == 15.0
    assert len(steps.means(20)) == len(evaluations.means(20)) == 18
    assert not np.isnan(evaluations.means(20)[-1])


async def test_a_trend_keeps_its_columns_and_changes_at_its_end_only():
    app = One(Trend("lr", decimals=3, colour="train", field=10))
    async with app.run_test(size=(60, 3)) as pilot:
        app.widget.extend(list(range(1, 101)), [1.0, 2.0, 4.0, 2.0] * 25)
        await pilot.pause()
        before = app.lines()[0]
        app.widget.extend([101], [2.0])
        await pilot.pause()
        after = app.lines()[0]
        assert after.startswith("lr           2.000    ")
        used = len(before.rstrip())
        assert before[22 : used - 1] == after[22 : used - 1]
        app.widget.extend([102], [123456.0])
        await pilot.pause()
        assert app.lines()[0].startswith("lr          123456    ")
        app.widget.extend([103], [5.65464811391942656e17])
        await pilot.pause()
        assert app.lines()[0].startswith("lr          5.7e17    ")
        app.widget.clear()
        await pilot.pause()
        assert app.lines()[0].split() == ["lr", "-"]


async def test_a_trend_shows_nan_as_such():
    app = One(Trend("norm", decimals=2))
    async with app.run_test(size=(40, 3)) as pilot:
        app.widget.extend([1, 2, 3, 4], [1.0, 2.0, 2.0, math.nan])
        await pilot.pause()
        assert app.lines()[0].startswith("norm     nan    ")


# Confusion matrix


def matrix(classes: int) -> list[list[int]]:
    return [[100 if row == column else (row * 7 + column * 3) % 5 for column in range(classes)] for row in range(classes)]


def drawn(confusion, names, width, *, shares=False, cursor=None) -> list[str]:
    place = grid(confusion, names, width, shares=shares)
    everything = range(len(confusion))
    return [
        text_of(line)
        for line in matrix_lines(confusion, names, place, UNICODE, shares=shares, rows=everything, columns=everything, cursor=cursor, focused=True)
    ]


def test_three_classes_as_counts_and_as_shares():
    confusion = [[8, 2, 0], [0, 300, 1], [0, 0, 0]]
    assert drawn(confusion, ["cat", "dog", "[b]"], 18) == ["     cat dog [b]", "cat    8   2   ·", "dog    · 300   1", "[b]    ·   ·   ·"]
    assert drawn(confusion, ["cat", "dog", "[b]"], 18, shares=True) == ["     cat dog [b]", "cat   80  20   ·", "dog    ·  99  <1", "[b]    ·   ·   ·"]


def test_cells_grow_for_names_where_there_is_room_and_numbers_go_first():
    names = ["plane", "automobile"]
    assert grid([[1, 2], [3, 4]], names, 80, shares=False).cell == 10
    assert grid([[1, 2], [3, 1000]], names, 20, shares=False).cell == 5
    assert column_names(["class 1", "class 12"]) == ["1", "12"]
    assert column_names(["cat", "car"]) == ["cat", "car"]
    assert column_names(["7"]) == ["7"]


def test_what_is_nearly_all_or_nearly_nothing_is_not_rounded_to_it():
    assert cell_text(999, 0.999, shares=True, zero="·") == "99"
    assert cell_text(1000, 1.0, shares=True, zero="·") == "100"
    assert cell_text(1, 0.001, shares=True, zero="·") == "<1"
    assert cell_text(0, 0.0, shares=True, zero="·") == "·"


def test_right_and_wrong_differ_without_colour():
    place = grid(matrix(10), [str(number) for number in range(10)], 60, shares=False)
    lines = matrix_lines(matrix(10), [str(number) for number in range(10)], place, UNICODE, shares=False, rows=range(10), columns=range(10), cursor=None, focused=False)
    for row, line in enumerate(lines[1:]):
        bold = [column for column, (_, looks) in enumerate(line[1:]) if "bold" in looks]
        assert bold == [row]
    assert {width_of(text_of(line)) for line in lines} == {place.width}


def test_a_cell_reads_as_a_sentence():
    assert reading([[8, 2], [0, 0]], ["4", "9"], (0, 1), UNICODE) == "4 → 9  2 of 10  20.0 %"
    assert reading([[8, 2], [0, 0]], ["4", "9"], (1, 1), UNICODE) == "9 recognised  0 of 0  no images"


async def test_a_hundred_classes_scroll_with_the_cursor_under_fixed_headers():
    app = One(ConfusionMatrix())
    async with app.run_test(size=(60, 20)) as pilot:
        app.widget.show(matrix(100), [f"class {number}" for number in range(100)])
        app.widget.focus()
        await pilot.pause()
        assert app.lines()[0].split()[:3] == ["0", "1", "2"]
        assert app.lines()[1].startswith("class 0 ")
        await pilot.press("end", *["pagedown"] * 10)
        await pilot.pause()
        assert app.widget.cursor == (99, 99)
        assert app.lines()[0].split()[-1] == "99"
        assert any(line.startswith("class 99") for line in app.lines())
        assert "class 99 recognised  100 of" in "\n".join(app.lines())
        await pilot.press("home", "up", "right", "enter")
        assert app.told[-1] == ("selected", 98, 1)
        assert app.lines()[0].split()[0] == "0"
        app.widget.show(matrix(3), ["a", "b", "c"])
        assert app.widget.cursor == (0, 0)


async def test_the_mouse_selects_the_cell_it_points_at():
    app = One(ConfusionMatrix(shares=True))
    async with app.run_test(size=(60, 20)) as pilot:
        app.widget.show(matrix(10), [str(number) for number in range(10)])
        await pilot.pause()
        row, column = 4, 7
        line = app.lines()[row + 1]
        place = grid(matrix(10), [str(number) for number in range(10)], 60, shares=True)
        assert line.startswith("4 ")
        await pilot.click(ConfusionMatrix, offset=(place.left + column * place.cell + 1, row + 1))
        assert app.told == [("highlighted", 4, 7), ("selected", 4, 7)]
        await pilot.click(ConfusionMatrix, offset=(place.left + 3, 0))
        await pilot.click(ConfusionMatrix, offset=(50, 18))
        assert len(app.told) == 2, "headers and empty places are no cells"


async def test_a_matrix_that_is_not_square_is_refused():
    with pytest.raises(ValueError, match="as many columns and names"):
        ConfusionMatrix().show([[1, 2], [3]], ["a", "b"])


async def test_counts_or_shares_and_nothing():
    app = One(ConfusionMatrix())
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert app.lines()[0] == "no evaluation yet"
        app.widget.show([[3, 1], [0, 4]], ["a", "b"])
        await pilot.pause()
        assert app.lines()[1].split() == ["a", "3", "1"]
        app.widget.toggle_shares()
        await pilot.pause()
        assert app.lines()[1].split() == ["a", "75", "25"]


# Bars


def test_bars_are_sorted_by_count_then_class_and_say_the_change():
    lines = [text_of(line) for line in bar_lines([3, 63, 3, 0], ["a", "b", "c", "d"], [3, 59, 5, 0], 40, UNICODE)]
    assert ordered([3, 63, 3, 0]) == [1, 0, 2, 3]
    assert [line.split()[0] for line in lines] == ["b", "a", "c", "d"]
    assert [line.split()[-2:] for line in lines] == [["63", "+4"], ["3", "0"], ["3", "−2"], ["0", "0"]]
    assert {width_of(line) for line in lines} == {40}
    assert lines[0].count("█") == 40 - 2 - 4 - 4
    assert "▍" in lines[1] or "▌" in lines[1], "eighths of a cell"


def test_bars_without_a_before_and_in_ascii():
    lines = [text_of(line) for line in bar_lines([1, 1000], ["x" * 40, "[i]"], None, 30, ASCII)]
    assert lines[0].startswith("[i]")
    assert lines[1].startswith("xxxxxxxxx~ -")
    assert all(line.isascii() and len(line) == 30 for line in lines)
    assert [text_of(line).split() for line in bar_lines([0, 0], ["a", "b"], None, 20, UNICODE)] == [["a", "0"], ["b", "0"]]


async def test_many_bars_scroll_by_keys():
    app = One(MisclassifiedBars())
    async with app.run_test(size=(40, 10)) as pilot:
        app.widget.show(list(range(50)), [f"class {number}" for number in range(50)])
        app.widget.focus()
        await pilot.pause()
        assert app.lines()[0].startswith("class 49")
        await pilot.press("end")
        await pilot.pause(0.6)
        assert app.lines()[9].startswith("class 0")
    with pytest.raises(ValueError, match="2 counts, 1 classes"):
        app.widget.show([1, 2], ["a"])


# Progress


WHOLE = Progress("brisk-otter", "mnist-cnn-16", "running", 3.46, 15, 812, 3525, 31, 102)


def test_the_whole_line():
    line = text_of(progress_line(WHOLE, 130, UNICODE))
    assert line.split("  ")[0].strip() == "brisk-otter mnist-cnn-16"
    for part in ("● running", "epoch  4/15", "step  812/3525", " 23 %", " 0:31 gone", " 1:42 left"):
        assert part in line


@given(
    st.builds(
        Progress,
        name=st.text(max_size=30), preset=st.text(max_size=40), state=st.sampled_from(["running", "paused", "finished", "crashed", "waiting", "other"]),
        epoch=st.floats(0, 1000), epochs=st.none() | st.floats(0.1, 1000), step=st.integers(0, 10**7), steps=st.none() | st.integers(1, 10**7),
        gone=st.none() | st.floats(0, 1e7), left=st.none() | st.floats(0, 1e7),
    ),
    st.integers(40, 220),
)  # fmt: skip
def test_it_fits_in_any_width_and_always_says_the_state(progress, width):
    line = text_of(progress_line(progress, width, UNICODE))
    assert sum(map(cells, line)) <= width
    assert progress.state in line


def test_less_room_leaves_the_least_needed_away():
    for width, gone in ((100, ["mnist-cnn"]), (80, ["mnist-cnn", "step"]), (60, ["mnist-cnn", "step", "gone", "otter"])):
        line = text_of(progress_line(WHOLE, width, UNICODE))
        assert not [word for word in gone if word in line]
        assert "23 %" in line


def test_digits_stay_in_place_while_a_run_goes_on():
    one = text_of(progress_line(WHOLE, 120, UNICODE))
    other = text_of(progress_line(dataclasses.replace(WHOLE, step=1000, epoch=9.9, state="paused"), 120, UNICODE))
    assert [one.index(word) for word in ("epoch", "step", "%", "gone", "left")] == [other.index(word) for word in ("epoch", "step", "%", "gone", "left")]


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (31.9, "0:31"), (725, "12:05"), (3723, "1:02:03"), (90 * 3600, "3d 18:00"), (None, "-:--"), (math.inf, "-:--")])
def test_clock(seconds, text):
    assert clock(seconds) == text


async def test_an_equal_state_writes_nothing_and_a_step_only_its_digits():
    app = One(RunProgress())
    async with app.run_test(size=(120, 3)) as pilot:
        app.widget.show(WHOLE)
        await pilot.pause()
        asked: list[tuple] = []
        before = app.widget.refresh
        app.widget.refresh = lambda *regions, **more: (asked.append(regions), before(*regions, **more))[1]  # type: ignore[method-assign]
        app.widget.show(dataclasses.replace(WHOLE))
        await pilot.pause()
        assert asked == []
        app.widget.show(dataclasses.replace(WHOLE, step=813))
        await pilot.pause()
        assert [region.area for region in asked[0]] == [1]


def test_difference_finds_the_cells():
    assert difference((("abc", ""), ("d", "x")), (("ab", ""), ("cd", "x"))) == (2, 3)
    assert difference((("ab", ""),), (("a", ""), ("b", ""))) is None
    assert difference((), (("猫b", ""),)) == (0, 3)


# Looks


def test_every_glyph_is_one_cell_and_ascii_is_ascii():
    for table in (UNICODE, ASCII):
        for field in dataclasses.fields(table):
            value = getattr(table, field.name)
            if field.name == "ascii" or (table is ASCII and field.name == "plus_minus"):
                continue
            for each in value if isinstance(value, tuple) else (value,):
                assert width_of(each) == 1, field.name
                assert table is UNICODE or each.isascii(), field.name


def contrast(one: str, other: str) -> float:
    """WCAG 2.1's contrast ratio."""
    levels = []
    for text in (one, other):
        parts = [part / 255 for part in Color.parse(text).rgb]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        levels.append(0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
    return max(levels) / min(levels)


@pytest.mark.parametrize("each", theme.THEMES, ids=lambda each: each.name)
def test_every_colour_of_text_reads_well_and_is_one_of_the_256(each):
    grid_ = {"00", "5f", "87", "af", "d7", "ff"}
    names = ["train", "validation", "good", "bad", "muted", *(f"run-{number}" for number in range(1, theme.RUN_COLOURS + 1))]
    for name in names:
        assert contrast(each.variables[name], each.background) >= 3.0, name
    assert contrast(each.foreground, each.background) >= (15 if each.name == "tui-contrast" else 7)
    for name, value in each.variables.items():
        if not value.startswith("#"):
            continue
        red, green, blue = value[1:3], value[3:5], value[5:7]
        grey = red == green == blue and (int(red, 16) - 8) % 10 == 0
        assert grey or {red, green, blue} <= grid_, name
    runs = [each.variables[f"run-{number}"] for number in range(1, theme.RUN_COLOURS + 1)]
    assert len(set(runs)) == theme.RUN_COLOURS


async def test_colours_are_found_under_a_foreign_theme_too():
    app = One(Trend("lr"))
    async with app.run_test(size=(40, 3)) as pilot:
        assert theme.colour(app.widget, "train") == Color.parse("#5fafff")
        app.theme = "tui-light"
        await pilot.pause()
        assert theme.colour(app.widget, "train") == Color.parse("#005fd7")
        app.theme = "nord"
        await pilot.pause()
        assert theme.colour(app.widget, "train") == Color.parse("#5fafff")
        assert theme.colour(app.widget, "accent") == Color.parse("#B48EAD")
