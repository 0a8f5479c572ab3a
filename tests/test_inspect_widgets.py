"""Gallery, pad, probabilities, reliability and ridges: pure drawing, and what keys and mouse do to them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.widget import Widget

from tui_trainer.tui.widgets import theme
from tui_trainer.tui.widgets.gallery import LARGEST, Gallery, Tile, floor_for, roomy_floor
from tui_trainer.tui.widgets.marks import ASCII, UNICODE
from tui_trainer.tui.widgets.pad import RADIUS, SIDE, Pad, stroke
from tui_trainer.tui.widgets.painted import width_of
from tui_trainer.tui.widgets.picture import Image, picture_lines
from tui_trainer.tui.widgets.probabilities import probability_lines
from tui_trainer.tui.widgets.reliability import Bin, reliability_lines
from tui_trainer.tui.widgets.ridges import Ridge, ridge_lines, tall_for


class One(App[None]):
    """An app of one widget."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget
        self.wanted: list[tuple[int, int]] = []
        theme.register(self)
        self.theme = "tui-dark"

    def compose(self) -> ComposeResult:
        yield self.widget

    def on_gallery_wanted(self, event: Gallery.Wanted) -> None:
        self.wanted.append((event.first, event.end))


def text_of(line) -> str:
    return "".join(text for text, _ in line)


def test_a_stroke_is_as_wide_as_mnists_and_soft_at_its_edges():
    ink = np.zeros((SIDE, SIDE), np.float32)
    stroke(ink, (28, 10), (28, 46))
    assert abs(ink[28].sum() - 2 * RADIUS) < 0.3
    assert ((ink[28] > 0) & (ink[28] < 1)).any()
    assert ink[:6].max() == 0
    assert ink[52:].max() == 0
    stroke(ink, (28, 10), (28, 46), radius=RADIUS + 2, erase=True)
    assert ink.max() == 0


@given(*[st.floats(-20, 80) for _ in range(4)])
def test_strokes_may_leave_the_pad(x0, y0, x1, y1):
    ink = np.zeros((SIDE, SIDE), np.float32)
    stroke(ink, (x0, y0), (x1, y1))
    assert 0 <= ink.min() <= ink.max() <= 1


@pytest.mark.parametrize(("size", "cells"), [((60, 30), (56, 28)), ((40, 20), (28, 14)), ((20, 9), (18, 9))])
async def test_the_pad_is_a_square_in_any_room(size, cells):
    pad = Pad()
    app = One(pad)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        pad.styles.width, pad.styles.height = "1fr", "1fr"
        await pilot.pause()
        assert pad._square() == cells
        await pilot.mouse_down(Pad, offset=(cells[0] // 2, cells[1] // 2))
        await pilot.mouse_up(Pad, offset=(cells[0] // 2, cells[1] // 2))
        await pilot.pause()
        assert pad.drawing[SIDE // 2, SIDE // 2] > 0
        assert len(pad.paint(*size)) == cells[1]


async def test_a_gallery_asks_for_what_is_in_sight_and_moves_by_rows():
    gallery = Gallery(small=True)
    app = One(gallery)
    async with app.run_test(size=(70, 20)) as pilot:
        gallery.show([Tile(None, ((("x", ""),),))] * 1000)
        gallery.focus()
        await pilot.pause()
        across = gallery._floor().across
        assert across == 4
        assert app.wanted[-1][0] == 0
        assert app.wanted[-1][1] < 20
        await pilot.press("down", "right")
        assert gallery.cursor == across + 1
        await pilot.press("end")
        await pilot.pause()
        assert gallery.cursor == 999
        assert app.wanted[-1][1] == 1000
        await pilot.press("home", "up")
        assert gallery.cursor == 0


def test_small_kernels_are_enlarged_while_all_are_in_sight_and_large_images_shrunk():
    assert floor_for((5, 5), 60, 1, "blocks").picture == (10, 5)
    assert floor_for((28, 28), 60, 1, "braille").picture == (14, 7)
    assert floor_for((28, 28), 60, 1, "blocks").picture == (28, 14)
    wide, high = floor_for((96, 96), 60, 1, "blocks").picture
    assert wide <= LARGEST[0]
    assert high <= LARGEST[1]
    assert roomy_floor((5, 5), 8, 130, 40, 1, "blocks").picture == (25, 13)
    assert roomy_floor((5, 5), 200, 130, 40, 1, "blocks").picture == (10, 5)


def test_pictures_without_colour_use_the_greys_that_were_meant():
    image = Image(np.zeros((2, 2, 3), np.uint8), np.full((2, 2), 255, np.uint8), thumbnail=False)
    assert text_of(picture_lines(image, 2, 1, "shades")[0]) == "██"
    assert text_of(picture_lines(image, 2, 1, "ascii")[0]) == "@@"
    assert picture_lines(image, 2, 1, "blocks")[0] == (("  ", "on-#000000"),)


def test_probabilities_mark_the_winner_and_the_true_class_and_keep_the_largest_where_room_is_short():
    lines = [text_of(line) for line in probability_lines(["cat", "dog", "emu"], [0.2, 0.7, 0.1], 0, 40, 5, UNICODE)]
    assert [line[0] for line in lines] == ["✓", "▸", " "]
    assert [line.split()[-2] for line in lines] == ["20.0", "70.0", "10.0"]
    few = [text_of(line) for line in probability_lines(["a", "b", "c", "d"], [0.1, 0.2, 0.3, 0.4], None, 40, 2, ASCII)]
    assert [next(word for word in line.split() if word in "abcd") for line in few] == ["d", "c"]
    assert all(line.isascii() for line in few)


@given(st.integers(10, 130), st.integers(6, 50), st.integers(1, 20), st.booleans())
def test_a_reliability_diagram_fits_and_its_bars_end_at_the_accuracy(width, height, count, ascii):
    bins = [Bin(n / count, (n + 1) / count, 10 * n, (n + 0.5) / count, n / count) for n in range(count)]
    lines = reliability_lines(bins, width, height, ASCII if ascii else UNICODE)
    assert len(lines) == height
    assert all(text_of(line).isascii() for line in lines) or not ascii
    if width >= 6 + 3 * count:
        assert max(width_of(text_of(line)) for line in lines) <= width + 3


def test_ridges_of_a_layer_share_an_axis_and_zero_is_marked():
    ridges = [Ridge("layer", (), 0, 0, heading=True), Ridge("a", [0, 4, 0, 0], -1, 1, "x"), Ridge("b", [1, 1], 0, 0.5, "y"), Ridge("other", (), 0, 0, heading=True), Ridge("c", [1], 0, 9, "z")]
    lines = [text_of(line) for line in ridge_lines(ridges, 30, UNICODE)]
    start = len("a ") + 0
    assert lines[0].strip() == "layer"
    full = [place for place, character in enumerate(lines[1]) if character == "█"]
    assert full == list(range(full[0], full[-1] + 1))
    middle = (start + 30 - 3) / 2
    assert full[-1] < middle
    assert lines[2].index("█") >= middle - 1
    assert lines[1].endswith("x")
    assert lines[4].count("█") > 20


@pytest.mark.parametrize(("sure", "right"), [(0.46, 0.48), (0.48, 0.46), (0.993, 0.993), (0.52, 0.58), (1.0, 1.0), (0.3, 0.9)])
def test_the_line_of_a_bin_stands_where_it_belongs_and_on_the_right_side_of_the_bars_end(sure, right):
    lines = reliability_lines([Bin(0, 1, 7, sure, right)], 20, 14, UNICODE)[:10]
    heights = {"▁": 0.0, "━": 0.5, "▔": 1.0}
    bar = sum((UNICODE.levels.index(part) + 1) / 8 for line in lines for part in [text_of(line)[5]] if part in UNICODE.levels and line[2][1] == "heat")
    marks = [(9 - row + heights[text_of(line)[-1]]) for row, line in enumerate(lines) if text_of(line)[-1] in heights]
    crossed = [1 for line in lines if len(line) > 2 and "on-heat" in line[2][1]]
    (mark,) = marks
    filled = bar + len(crossed)
    assert abs(filled - 10 * right) <= 1 / 16
    assert abs(mark - 10 * sure) <= 0.5
    assert sure == right or (mark >= filled) == (sure > right)


@pytest.mark.parametrize(("width", "count"), [(72, 15), (40, 15), (72, 10), (30, 5)])
def test_the_axis_of_a_reliability_diagram_is_labelled_to_its_end_and_empty_bins_are_empty(width, count):
    bins = [Bin(n / count, (n + 1) / count, 0 if n < 2 else 5400, (n + 0.5) / count, n / count) for n in range(count)]
    lines = [text_of(line) for line in reliability_lines(bins, width, 20, UNICODE)]
    assert lines[-3].rstrip().endswith("100")
    assert all(len(line) <= width for line in lines)
    assert not any("·" in line or ("+" in line and width > 40) for line in lines)


def test_ridges_are_taller_where_all_are_in_sight_and_a_group_is_seen_whole():
    group = [Ridge("layer", (), 0, 0, heading=True), *(Ridge(f"epoch {n}", [1, 8, 2], -1, 1, "mean", "zero") for n in range(3))]
    assert (tall_for(group, 60), tall_for(group, 13), tall_for(group, 10), tall_for(group, 9)) == (6, 3, 2, 1)
    assert tall_for(group * 9, 12) == 2, "one layer at a time, rather than all as lines"
    lines = [text_of(line) for line in ridge_lines(group, 40, UNICODE, 3)]
    assert len(lines) == 1 + 3 * 4
    assert "█" in lines[1]
    assert "█" in lines[3]
    assert [line.rstrip()[-4:] for line in lines[2:5]] == ["zero", "mean", ""], "shares above the mean, and a gap"
    assert all(text_of(line).rstrip().endswith("mean  zero") for line in ridge_lines(group, 60, UNICODE)[1:])
