"""The line chart: its data in bounded memory, its axes, its dots, and what it writes to a terminal."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.screen import Screen

from tui_trainer.tui.widgets import marks, theme
from tui_trainer.tui.widgets.chart import LineChart, run_style
from tui_trainer.tui.widgets.marks import UNICODE
from tui_trainer.tui.widgets.plot import axis
from tui_trainer.tui.widgets.plot.axis import Range
from tui_trainer.tui.widgets.plot.canvas import Canvas, changes, fitted
from tui_trainer.tui.widgets.plot.curve import NOWHERE, columns, extremes, nearest, trace
from tui_trainer.tui.widgets.plot.dots import MARKS, cells
from tui_trainer.tui.widgets.plot.figure import INK_CURVE, Curve, Figure, Layout, draw, evened, layout
from tui_trainer.tui.widgets.plot.history import CAPACITY, History

FINITE = st.floats(-1e6, 1e6, allow_nan=False, width=32)


def history(xs, ys, capacity=CAPACITY) -> History:
    found = History(capacity)
    found.extend(np.asarray(xs, dtype=float), np.asarray(ys, dtype=float))
    return found


# Data


@given(st.lists(FINITE, min_size=1, max_size=400), st.integers(2, 60))
def test_the_extremes_of_every_column_are_those_of_its_points(ys, width):
    xs = np.arange(len(ys), dtype=float)
    found = columns(history(xs, ys).entries(), Range(0.0, float(max(len(ys) - 1, 1))), width)
    column = np.floor(xs / max(len(ys) - 1, 1) * (width - 1) + 0.5).astype(int)
    values = np.asarray(ys, dtype=float)
    assert found.index.tolist() == sorted(set(column.tolist()))
    for place, low, high, first, last in zip(found.index, found.low, found.high, found.first, found.last, strict=True):
        own = values[column == place]
        assert (low, high, first, last) == (own.min(), own.max(), own[0], own[-1])


@given(st.lists(FINITE, min_size=1, max_size=900), st.sampled_from([4, 8, 32]))
@settings(max_examples=60)
def test_merged_history_loses_no_extreme_and_no_end(ys, capacity):
    one_by_one = History(capacity)
    for x, y in enumerate(ys):
        one_by_one.add(x, y)
    at_once = history(range(len(ys)), ys, capacity)
    for found in (one_by_one.entries(), at_once.entries()):
        assert (found.low.min(), found.high.max()) == (min(ys), max(ys))
        assert (found.first[0], found.last[-1]) == (ys[0], ys[-1])
        assert (np.diff(found.x) > 0).all()
        starts = [*found.x.astype(int).tolist(), len(ys)]
        for low, high, start, end in zip(found.low, found.high, starts[:-1], starts[1:], strict=True):
            assert (low, high) == (min(ys[start:end]), max(ys[start:end]))
    assert len(one_by_one) == len(at_once) == len(ys)


def test_a_million_points_take_less_than_a_megabyte_and_keep_the_newest_whole():
    rng = np.random.default_rng(0)
    ys = rng.normal(size=10**6)
    found = history(np.arange(10**6), ys)
    entries = found.entries()
    assert found.memory < 1e6
    assert len(entries.x) < 12 * CAPACITY
    assert (entries.low.min(), entries.high.max()) == (ys.min(), ys.max())
    recent = CAPACITY // 2
    assert np.array_equal(entries.last[-recent:], ys[-recent:])
    oldest = entries.x[entries.x < 5e5]
    assert len(oldest) > 400, "the older half is still drawn from more stretches than a terminal has columns"


def test_a_smaller_x_forgets_what_lay_beyond_it():
    found = history(range(100), range(100))
    found.add(49.5, -1.0)
    entries = found.entries()
    assert entries.x.tolist() == [*range(50), 49.5]
    assert found.newest == (49.5, -1.0)
    found.extend([50.0, 20.0], [7.0, 8.0])
    assert found.entries().x.tolist() == [*range(21), 20.0]


def test_more_x_than_y_is_refused():
    with pytest.raises(ValueError, match="3 values of x, but 2 of y"):
        History().extend([1, 2, 3], [1, 2])


# Axes


@given(st.floats(-1e3, 1e3), st.floats(1e-6, 1e6), st.integers(1, 10))
def test_ticks_are_multiples_of_1_2_5_within_the_ends(spans, span, count):
    low = spans * span
    high = low + span
    found = axis.ticks(low, high, count)
    step = axis.nice_step(high - low, count)
    mantissa = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert any(math.isclose(mantissa, nice, rel_tol=1e-6) for nice in (1, 2, 5))
    assert len(found) <= count + 1
    for value in found:
        assert low - 1e-5 * span <= value <= high + 1e-5 * span
        assert math.isclose(value / step, round(value / step), abs_tol=1e-4)


@given(st.floats(1e-9, 1e6), st.floats(1.01, 1e8), st.integers(1, 8))
def test_log_ticks_lie_within_the_ends_and_rise(low, factor, count):
    found = axis.log_ticks(low, low * factor, count)
    assert len(found) <= count + 1
    assert found == sorted(set(found))
    assert all(low * 0.999999 <= value <= low * factor * 1.000001 for value in found)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.07, 2.31, Range(0.0, 3.0)), (91.2, 98.1, Range(90.0, 100.0)), (-0.4, 0.3, Range(-0.4, 0.4)), (5.0, 5.0, Range(4.5, 5.5))],
)
def test_the_y_axis_ends_on_round_numbers(low, high, expected):
    assert axis.fit(low, high, now=None) == expected


def test_the_y_axis_stays_until_data_leave_it_or_need_much_less():
    now = axis.fit(0.0, 2.9, now=None)
    assert axis.fit(0.0, 1.5, now=now) is now
    assert axis.fit(0.0, 3.2, now=now).high > 3.2
    assert axis.fit(0.0, 0.5, now=now).high < 1.0
    assert axis.fit(90.0, 99.9, now=None, most=100.0).high == 100.0
    assert axis.fit(100.0, 100.0, now=None, most=100.0).high == 100.0


def test_labels_have_equal_decimals_on_a_linear_axis():
    assert axis.labels([0.0, 0.05, 0.1]) == ["0.00", "0.05", "0.10"]
    assert axis.labels([0.0, 20000.0]) == ["0", "20k"]
    assert axis.labels([0.01, 0.1, 1.0, 10.0], log=True) == ["0.01", "0.1", "1", "10"]
    assert axis.labels([0.0, 5e5, 1e6]) == ["0", "500k", "1e6"]
    assert axis.labels([0.0, 2e17, 4e17]) == ["0", "2e17", "4e17"]


@pytest.mark.parametrize(("value", "text"), [(0.0613, "0.0613"), (123456.7, "123456.7000"), (565464811391942656.0, "5.655e17"), (-2e6, "-2.000e6"), (math.nan, "nan")])
def test_what_is_too_long_to_read_is_written_by_its_power_of_ten(value, text):
    assert axis.number(value, 4) == text


@given(st.floats(0.01, 1e9), st.floats(0.0, 0.9), st.integers(8, 40), st.booleans())
def test_ticks_stand_in_rows_equally_far_apart_and_the_curve_fits_in(most, low, height, log):
    y = axis.fit_log(most / 1e4, most, now=None) if log else axis.fit(low * most, most, now=None)
    found = axis.even_decades(y, most, height, 4) if log else axis.even(y, most, axis.nice_step(y.span, 4), height, 4)
    assert found is not None
    shown, ticks = found
    assert shown.low == y.low
    assert shown.high >= most * (1 - 1e-9)
    place = Figure((), Range(0, 1), shown, y_ticks=tuple(ticks), log=log)
    rows = Layout(0, 0, 60, height, axis=False, labels=False).rows(np.array(ticks), place, MARKS["braille"])
    assert len(ticks) >= 2
    assert len(set(np.diff(rows).tolist())) == 1


# Dots


def picture(xs, ys, width, height, plot="braille", span=None, y=None) -> list[str]:
    marks_ = MARKS[plot]
    wide, high = width * marks_.wide, height * marks_.high
    found = columns(history(xs, ys).entries(), span or Range(0.0, float(max(xs))), wide)
    top, bottom = trace(found, y or Range(float(np.nanmin(ys)), float(np.nanmax(ys))), wide, high)
    codes = marks_.characters[cells(top, bottom, width, height, marks_)]
    return ["".join(map(chr, row)) for row in codes]


def test_a_rising_line_is_one_dot_thick():
    rows = picture([0, 7], [0, 7], 4, 2)
    assert rows == ["  ⡠⠊", "⡠⠊  "]
    assert sum(bin(ord(character) - 0x2800).count("1") for row in rows for character in row if character != " ") == 8


def test_a_flat_line_and_a_jump():
    assert picture([0, 7], [1, 1], 4, 1, y=Range(0, 1)) == ["⠉⠉⠉⠉"]
    assert picture([0, 1], [0, 3], 1, 1, y=Range(0, 3)) == ["⡜"]
    assert picture([0, 3], [0, 1], 2, 1, plot="block", y=Range(0, 1)) == ["▄▀"]


def test_a_gap_is_not_bridged():
    ys = [1.0, 1.0, math.nan, 1.0, 1.0]
    xs = [0, 3, 4, 8, 11]
    assert picture(xs, ys, 6, 1, y=Range(0, 1)) == ["⠉⠉  ⠉⠉"]


@given(st.lists(FINITE, min_size=2, max_size=80))
def test_a_curve_has_no_holes_and_reaches_its_extremes(ys):
    low, high = min(ys), max(ys)
    if high - low < 1e-3:
        return
    found = columns(history(range(len(ys)), ys).entries(), Range(0.0, float(len(ys) - 1)), 50)
    top, bottom = trace(found, Range(low, high), 50, 40)
    assert (top != NOWHERE).all()
    assert (top <= bottom).all()
    assert top.min() == 0
    assert bottom.max() == 39
    assert (np.maximum(top[1:], top[:-1]) - np.minimum(bottom[1:], bottom[:-1]) <= 1).all(), "neighbours touch"


def test_values_at_the_cursor_are_those_of_the_nearest_point():
    entries = history([1, 2, 3], [10, 20, 30]).entries()
    assert nearest(entries, 1.4) == (1.0, 10.0)
    assert nearest(entries, 1.6) == (2.0, 20.0)
    assert nearest(entries, 3.5) == (3.0, 30.0)
    assert nearest(entries, 4.5) is None
    assert nearest(entries, 0.9) is None


def test_log_scale_leaves_out_what_has_no_logarithm():
    found = columns(history([0, 1, 2], [-1, 0.1, 10]).entries(), Range(0, 2), 10)
    assert extremes(history([0, 1, 2], [-1, 0.1, 10]).entries(), Range(0, 2), positive=True) == (0.1, 10.0)
    assert extremes(history([0, 1, 2], [-1, 0.1, 10]).entries(), Range(0, 1)) == (-1.0, 0.1)
    assert extremes(history([0], [math.nan]).entries(), Range(0, 1)) is None
    top, bottom = trace(found, Range(0.1, 10), 10, 9, log=True)
    assert top[0] == NOWHERE
    assert (top[9], bottom[5]) == (0, 8)


# The whole picture


def figure(**more) -> Figure:
    curves = [Curve("train", "●", history([0, 5, 10], [2, 1, 0]).entries(), 0.0), Curve("val", "○", history([5, 10], [1.5, 0.5]).entries(), 0.5)]
    return Figure(curves, Range(0, 10), Range(0, 2), x_unit="epoch", decimals=2, **more)


def test_a_chart_with_axes_legend_marks_and_reference():
    shown = figure(changes=[(2.0, "lr 0.1")], reference=(1.0, "goal"))
    lines = draw(shown, layout(shown, 40, 12), 40, 12, UNICODE).text().split("\n")
    assert lines[0].endswith("● train 0.00   ○ val 0.50")
    assert lines[1].startswith("2┤●")
    assert "lr 0.1" in lines[1]
    assert lines[5].endswith("goal")
    assert lines[10].startswith(" ┼──")
    assert lines[10].endswith("epoch")
    assert lines[11].split() == ["0", "2", "4", "6", "8", "10"]


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 2), (10, 4), (19, 5), (200, 50)])
def test_any_size_is_drawn(width, height):
    shown = figure(changes=[(9.9, "a long remark")], cursor=5.0)
    canvas = draw(shown, layout(shown, width, height), width, height, UNICODE)
    assert canvas.codes.shape == (height, width)


def test_the_legend_reads_the_cursor_and_says_what_is_not_finite():
    shown = figure(cursor=5.0)
    assert "train 1.00   ○ val 1.50" in draw(shown, layout(shown, 60, 12), 60, 12, UNICODE).line(0)
    lost = Figure([Curve("train", "●", history([0, 1], [1, math.nan]).entries(), math.nan)], Range(0, 1), Range(0, 2))
    assert "nan" in draw(lost, layout(lost, 60, 12), 60, 12, UNICODE).line(0)


def test_the_cursor_stands_on_the_point_that_it_reads():
    shown = figure(cursor=8.6)
    line = draw(shown, layout(shown, 60, 12), 60, 12, UNICODE).line(0)
    assert line.startswith("epoch 10.0")
    assert "train 0.00   ○ val 0.50" in line


def test_of_two_curves_that_coincide_both_are_seen():
    same = [Curve(name, mark, history(range(200), [1.0] * 200).entries(), 1.0) for name, mark in (("train", "●"), ("val", "○"))]
    shown = Figure(same, Range(0, 199), Range(0, 2))
    canvas = draw(shown, layout(shown, 60, 12), 60, 12, UNICODE)
    inks = canvas.inks[canvas.inks >= INK_CURVE].tolist()
    assert min(inks.count(INK_CURVE), inks.count(INK_CURVE + 1)) > 20


def test_changes_close_to_each_other_are_all_named():
    shown = figure(changes=[(6.0, "lr 0.1"), (6.5, "pause"), (7.0, "checkpoint")])
    text = draw(shown, layout(shown, 60, 14), 60, 14, UNICODE).text()
    assert all(label in text for label in ("lr 0.1", "pause", "checkpoint"))


def test_ticks_that_the_axis_is_given_are_kept():
    shown = evened(figure(), 60, 14)
    assert layout(shown, 60, 14).y_ticks == shown.y_ticks
    assert len(shown.y_ticks) >= 3


def test_only_changed_cells_are_found():
    one, other = Canvas(60, 3), Canvas(60, 3)
    other.write(1, 4, "ab", 1)
    other.write(1, 30, "c", 1)
    other.write(2, 0, " ", 5)
    assert changes(one, other) == [(1, 4, 6), (1, 30, 31)]


def test_texts_are_cut_by_cells_and_lose_control_characters():
    assert fitted("猫猫猫", 5) == "猫猫…"
    assert fitted("a\x1b[31mb\n", 8) == "a[31mb  "
    assert fitted("[red]x", 6) == "[red]x"
    assert fitted("7", 3, right=True) == "  7"


# In an app


class Charts(App[None]):
    """One chart, and what it was asked to draw."""

    def __init__(self, chart: LineChart) -> None:
        super().__init__()
        self.chart = chart
        self.moved: list[float | None] = []
        theme.register(self)
        self.theme = "tui-dark"

    def compose(self) -> ComposeResult:
        yield self.chart

    def on_line_chart_cursor_moved(self, event: LineChart.CursorMoved) -> None:
        self.moved.append(event.x)

    def lines(self) -> list[str]:
        """What the screen shows."""
        return [strip.text for strip in self.screen._compositor.render_strips()]


def count_refreshes(chart: LineChart) -> list[tuple]:
    """Regions that the chart has drawn again from now on."""
    asked: list[tuple] = []
    before = chart.refresh

    def refresh(*regions, **more):
        asked.append(regions)
        return before(*regions, **more)

    chart.refresh = refresh  # type: ignore[method-assign]
    return asked


async def test_an_equal_picture_writes_nothing_and_a_new_point_little():
    app = Charts(LineChart("Loss"))
    async with app.run_test(size=(100, 30)) as pilot:
        app.chart.set_range(0, 10)
        app.chart.extend("train", np.linspace(0, 5, 500), np.linspace(2, 1, 500))
        app.chart.extend("validation", [1, 2, 3], [2, 1.5, 1.2])
        await pilot.pause()
        asked = count_refreshes(app.chart)
        app.chart.set_range(0, 10)
        app.chart.add("train", 5, 1.0)
        app.chart.set_cursor(None)
        await pilot.pause()
        assert asked == []
        app.chart.add("train", 5.2, 1.02)
        app.chart.add("train", 5.3, 1.01)
        await pilot.pause()
        assert len(asked) == 1, "one picture for what is done at once"
        assert 0 < sum(region.area for region in asked[0]) < 40


async def test_the_screen_equals_a_fresh_drawing_after_many_partial_ones():
    rng = np.random.default_rng(3)
    app = Charts(LineChart("Loss"))
    async with app.run_test(size=(80, 24)) as pilot:
        for step in range(60):
            app.chart.add("train", step, float(rng.normal(1 / (step + 1), 0.1)))
            if step % 7 == 0:
                app.chart.add("validation", step, 1.0 / (step + 1))
            if step == 30:
                app.chart.mark(step, "lr 0.1")
            await pilot.pause()
        partial = app.lines()
        app.chart.refresh()
        app.chart._canvas = Canvas(0, 0)
        await pilot.pause()
        assert app.lines() == partial


async def test_cursor_by_keys_and_mouse():
    app = Charts(LineChart("Loss"))
    async with app.run_test(size=(80, 24)) as pilot:
        app.chart.set_range(0, 10)
        app.chart.extend("train", [1, 2, 3], [0.3, 0.2, 0.1])
        app.chart.extend("validation", [1, 3], [0.5, 0.4])
        app.chart.focus()
        await pilot.press("left")
        assert app.chart.cursor == 3.0
        assert app.chart.cursor_values() == {"train": 0.1, "validation": 0.4}
        await pilot.press("left")
        assert app.chart.cursor_values()["train"] == 0.2
        await pilot.press("home", "left")
        assert app.chart.cursor == 1.0
        await pilot.press("end", "right")
        assert app.chart.cursor == 3.0
        await pilot.press("escape")
        assert app.chart.cursor is None
        assert app.moved == [3.0, 2.0, 1.0, 3.0, None]
        await pilot.hover(LineChart, offset=(20, 8))
        hovered = app.chart.cursor
        assert hovered is not None
        assert 1.0 < hovered < 3.5
        await pilot.click(LineChart, offset=(12, 8))
        assert app.chart.cursor == pytest.approx(hovered - 10 * 8 / 76, abs=0.1)


async def test_log_window_and_growth():
    app = Charts(LineChart("Loss", x_unit="step"))
    async with app.run_test(size=(80, 24)) as pilot:
        app.chart.extend("train", range(1, 1001), np.linspace(10, 0.01, 1000))
        await pilot.pause()
        assert app.lines()[-4].startswith("│ 0┤")
        app.chart.toggle_log()
        await pilot.pause()
        assert any(line.split("┤")[0].strip("│ ") == "0.1" for line in app.lines())
        app.chart.toggle_window()
        await pilot.pause()
        labels = [int(text) for text in app.lines()[-2].replace("│", " ").split()]
        assert min(labels) >= 500
        assert max(labels) >= 1000
        app.chart.toggle_window()
        app.chart.add("train", 5000, 1.0)
        await pilot.pause()
        assert "4000" in app.lines()[-2]


async def test_x_shows_what_there_is_until_a_tenth_is_done_and_no_room_that_stays_empty():
    app = Charts(LineChart("Loss"))
    async with app.run_test(size=(80, 24)) as pilot:
        app.chart.set_range(0, 1000)
        app.chart.extend("train", range(40), np.linspace(2, 1, 40))
        await pilot.pause()
        assert app.chart._x_now.high < 100
        app.chart.extend("train", range(40, 101), np.linspace(1, 0.5, 61))
        await pilot.pause()
        assert app.chart._x_now == Range(0, 1000)
        app.chart.set_over(True)
        app.chart.toggle_window()
        await pilot.pause()
        assert app.chart._x_now.high == 100


async def test_another_theme_colours_the_curves_anew():
    app = Charts(LineChart("Loss"))
    async with app.run_test(size=(80, 24)) as pilot:
        app.chart.extend("train", range(50), np.linspace(2, 1, 50))
        await pilot.pause()

        def colours() -> set[str]:
            strips = app.screen._compositor.render_strips()
            return {segment.style.color.name for strip in strips for segment in strip if segment.style and segment.style.color and "●" in segment.text}

        assert colours() == {"#5fafff"}
        app.theme = "tui-light"
        await pilot.pause()
        assert colours() == {"#005fd7"}


async def test_a_chart_that_was_hidden_shows_what_came_meanwhile():
    app = Charts(LineChart("Loss"))
    async with app.run_test(size=(80, 24)) as pilot:
        app.chart.extend("train", range(50), np.linspace(2, 1, 50))
        await pilot.pause()
        app.chart.display = False
        await pilot.pause()
        app.chart.add("train", 50, 1.2345)
        await pilot.pause()
        app.chart.display = True
        await pilot.pause()
        assert "1.2345" in app.lines()[1]
        await app.push_screen(Screen())
        app.chart.add("train", 51, 1.5432)
        await pilot.pause()
        app.pop_screen()
        await pilot.pause()
        assert "1.5432" in app.lines()[1]


async def test_unknown_series_are_named_and_names_are_no_markup():
    app = Charts(LineChart("a [red]title[/red]", [run_style(0, "run [bold]x")]))
    async with app.run_test(size=(80, 24)) as pilot:
        app.chart.add("run [bold]x", 0, 1.0)
        app.chart.add("run [bold]x", 1, math.inf)
        await pilot.pause()
        assert "a [red]title[/red]" in app.lines()[0]
        assert "run [bold]x" in app.lines()[1]
        assert "inf" in app.lines()[1]
        with pytest.raises(KeyError, match="no series 'train'"):
            app.chart.add("train", 0, 1.0)


async def test_ascii_is_ascii():
    marks.choose(ascii=True)
    try:
        app = Charts(LineChart("Loss"))
        app.chart.styles.border = ("ascii", "white")
        async with app.run_test(size=(80, 24)) as pilot:
            app.chart.extend("train", range(50), np.linspace(2, 1, 50))
            app.chart.mark(20, "lr")
            app.chart.set_reference(1.5, "goal")
            app.chart.set_cursor(10)
            await pilot.pause()
            assert all(line.isascii() for line in app.lines())
    finally:
        marks.choose(ascii=False)
