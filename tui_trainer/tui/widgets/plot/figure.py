"""A whole chart from values to a canvas: legend, axes, curves, marks, cursor. One function, no state."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from textwrap import wrap
from typing import cast

import numpy as np
import numpy.typing as npt

from tui_trainer.tui.widgets.marks import Glyphs
from tui_trainer.tui.widgets.plot import axis
from tui_trainer.tui.widgets.plot.axis import Range, number
from tui_trainer.tui.widgets.plot.canvas import BLANK, Canvas, cells
from tui_trainer.tui.widgets.plot.curve import NOWHERE, Rows, columns, extremes, nearest, position, rows, trace
from tui_trainer.tui.widgets.plot.dots import MARKS, Marks, Plot
from tui_trainer.tui.widgets.plot.dots import cells as dot_cells
from tui_trainer.tui.widgets.plot.history import Array, Entries

INK_TEXT, INK_AXIS, INK_FAINT, INK_CURSOR, INK_CURVE = range(5)
"""Inks of the canvas; curve n has INK_CURVE + n."""

POINTS_APART = 3
"""Points are drawn with their mark where there is one in this many cells or fewer."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve and how it is told from others without colour: by its mark, and by dashes if asked for."""

    label: str
    """Empty: not in the legend."""
    mark: str
    entries: Entries
    newest: float
    """The last value as it came, NaN and infinite included."""
    dash: int = 0
    """Every so many columns of dots one is left out; 0: none."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Everything a chart shows."""

    curves: Sequence[Curve]
    x: Range
    y: Range
    y_ticks: tuple[float, ...] = ()
    """Where they stand; empty: to be found."""
    log: bool = False
    x_powers: bool = False
    """Whether x is log10 of what its axis says: a tick at -3 reads 1e-3."""
    x_unit: str = ""
    unit: str = ""
    decimals: int = 4
    changes: Sequence[tuple[float, str]] = ()
    """Where settings changed, and what to write there."""
    reference: tuple[float, str] | None = None
    cursor: float | None = None
    plot: Plot = "braille"
    empty: str = "no figures yet"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand, in cells. Rows count from the top, columns from the left."""

    legend: int
    """Rows of the legend."""
    left: int
    """Column where the picture begins; the y axis is the one before, if any."""
    width: int
    height: int
    axis: bool
    """Whether the x axis has a line."""
    labels: bool
    """Whether the x axis has labels."""
    y_ticks: tuple[float, ...] = ()
    y_labels: tuple[str, ...] = ()
    x_ticks: tuple[float, ...] = field(default=())
    x_labels: tuple[str, ...] = field(default=())

    @property
    def top(self) -> int:
        """First row of the picture."""
        return self.legend

    def column(self, x: float, span: Range, marks: Marks) -> int:
        """The cell in which x lies, counted from the picture's left; may be outside. Where the dots of that x are drawn."""
        return math.floor(float(position(x, span, self.width * marks.wide)) + 0.5) // marks.wide

    def columns(self, xs: Array, span: Range, marks: Marks) -> Rows:
        """As :meth:`column`, for many."""
        return np.floor(np.asarray(position(xs, span, self.width * marks.wide)) + 0.5).astype(np.int64) // marks.wide

    def rows(self, values: Array, figure: "Figure", marks: Marks) -> Rows:
        """The cell rows of values that an axis can show, within the picture; may be outside."""
        return np.floor(rows(values, figure.y, self.height * marks.high, log=figure.log) + 0.5).astype(np.int64) // marks.high

    def x_at(self, column: int, span: Range, marks: Marks) -> float:
        """The x in the middle of a cell of the picture."""
        return span.low + span.span * ((column + 0.5) * marks.wide - 0.5) / max(self.width * marks.wide - 1, 1)


def layout(figure: Figure, width: int, height: int) -> Layout:
    """Divide ``width`` x ``height`` cells: with less room first the axis line goes, then the labels, then the legend."""
    return _layout(_bare(figure), _legend_rows(figure, width, height), width, height)


def evened(figure: Figure, width: int, height: int) -> Figure:
    """The figure with the upper end of its y axis moved, so that its ticks lie equally far apart in whole cells."""
    place = layout(figure, width, height)
    tops = [each[1] for curve in figure.curves if (each := extremes(curve.entries, figure.x, positive=figure.log))]
    most = min(max([*tops, figure.reference[0] if figure.reference else -math.inf]), figure.y.high)
    if len(place.y_ticks) < 2 or not most > figure.y.low + figure.y.span * 1e-6:
        return figure
    high = MARKS[figure.plot].high
    found = axis.even_decades(figure.y, most, place.height, high) if figure.log else axis.even(figure.y, most, place.y_ticks[1] - place.y_ticks[0], place.height, high)
    return figure if found is None else replace(figure, y=found[0], y_ticks=tuple(found[1]))


def _bare(figure: Figure) -> Figure:
    """What the axes depend on: it seldom changes, so what is made of it is kept."""
    return Figure((), figure.x, figure.y, y_ticks=figure.y_ticks, log=figure.log, x_powers=figure.x_powers, x_unit=figure.x_unit, plot=figure.plot)


@lru_cache(16)
def _layout(figure: Figure, legend: int, width: int, height: int) -> Layout:
    labels = height - legend >= 4
    line = height - legend >= 8
    plot_height = max(height - legend - labels - line, 1)
    count = max(1, min(6, plot_height // 3))
    find = axis.log_ticks if figure.log else axis.ticks
    y_ticks = list(figure.y_ticks) or find(figure.y.low, figure.y.high, count)
    while len(y_ticks) < 2 and count < plot_height - 1:  # one number makes no scale
        count += 1
        y_ticks = find(figure.y.low, figure.y.high, count)
    y_labels = axis.labels(y_ticks, log=figure.log)
    left = max(map(len, y_labels), default=0) + 1 if width >= 20 else 0
    plot_width = max(width - left, 1)
    x_ticks = axis.ticks(figure.x.low, figure.x.high, max(1, min(12, plot_width // 6)))
    if figure.x_powers:
        x_ticks = [tick for tick in x_ticks if tick == round(tick)]
    return Layout(
        legend=legend,
        left=left,
        width=plot_width,
        height=plot_height,
        axis=line,
        labels=labels,
        y_ticks=tuple(y_ticks),
        y_labels=tuple(y_labels),
        x_ticks=tuple(x_ticks),
        x_labels=tuple(f"1e{tick:.0f}" for tick in x_ticks) if figure.x_powers else tuple(axis.labels(x_ticks)),
    )


def draw(figure: Figure, place: Layout, width: int, height: int, glyphs: Glyphs) -> Canvas:
    """The chart as ``width`` x ``height`` cells."""
    figure = _snapped(figure)
    canvas = _axes(_bare(figure), place, width, height, glyphs).copy()
    drawn = _curves(canvas, figure, place)
    _lines(canvas, figure, place, glyphs)
    if place.legend:
        _legend(canvas, figure, place, width)
    if not drawn:
        lines = wrap(figure.empty, max(place.width - 2, 1))[: place.height]
        top = place.top + (place.height - len(lines)) // 2
        for row, text in enumerate(lines, top):
            canvas.write(row, place.left + (place.width - len(text)) // 2, text, INK_AXIS)
    return canvas


def _snapped(figure: Figure) -> Figure:
    """The cursor where the nearest point is that it reads: between two points it would name a place that nothing was measured at."""
    if figure.cursor is None:
        return figure
    read = [point[0] for curve in figure.curves if (point := nearest(curve.entries, figure.cursor)) is not None]
    at = figure.cursor
    return replace(figure, cursor=min(read, key=lambda x: abs(x - at))) if read else figure


def _dots(entries: Entries, x: Range, y: Range, log: bool, plot: Plot, dash: int, width: int, height: int) -> npt.NDArray[np.uint8]:
    """The numbers of a curve's cells. Kept, as of several curves often one alone has grown."""
    key = (x, y, log, plot, dash, width, height)
    if key not in entries.kept:
        marks = MARKS[plot]
        found = columns(entries, x, width * marks.wide)
        top, bottom = trace(found, y, width * marks.wide, height * marks.high, log=log)
        if dash:
            top[::dash] = bottom[::dash] = NOWHERE
        entries.kept.clear()
        entries.kept[key] = dot_cells(top, bottom, width, height, marks)
    return cast("npt.NDArray[np.uint8]", entries.kept[key])


def _curves(canvas: Canvas, figure: Figure, place: Layout) -> bool:
    """All curves; whether there was anything to draw.

    A cell has one colour, so it belongs to one curve: to the later one. Sharing its dots would let a thin line drown
    in the noise of the curve beneath. Where an earlier curve would be gone from a column, every second such column is its own.
    """
    marks = MARKS[figure.plot]
    codes = canvas.codes[place.top : place.top + place.height, place.left : place.left + place.width]
    inks = canvas.inks[place.top : place.top + place.height, place.left : place.left + place.width]
    drawn = False
    for order, curve in enumerate(figure.curves):
        own = _dots(curve.entries, figure.x, figure.y, figure.log, figure.plot, curve.dash, place.width, place.height)
        touched = own > 0
        for earlier in range(order):
            covered = touched & (inks == INK_CURVE + earlier)
            gone = covered.any(axis=0) & ((inks == INK_CURVE + earlier).sum(axis=0) == covered.sum(axis=0))
            gone[::2] = False
            touched &= ~(covered & gone)
        drawn = drawn or bool(touched.any())
        inks[touched] = INK_CURVE + order
        codes[touched] = ord(curve.mark) if figure.plot == "ascii" else marks.characters[own[touched]]
    for order, curve in enumerate(figure.curves):
        drawn = _points(codes, inks, figure, place, curve, INK_CURVE + order) or drawn
    return drawn


def _points(codes: np.ndarray, inks: np.ndarray, figure: Figure, place: Layout, curve: Curve, ink: int) -> bool:
    """The marks of a curve: on all its points where they stand apart, else on the newest alone."""
    entries = curve.entries
    start = int(np.searchsorted(entries.x, figure.x.low, side="left"))
    end = int(np.searchsorted(entries.x, figure.x.high, side="right"))
    if start == end:
        return False
    if (end - start) * POINTS_APART > place.width:
        start = end - 1
    values = entries.last[start:end]
    there = values > 0 if figure.log else ~np.isnan(values)
    marks = MARKS[figure.plot]
    column, row = place.columns(entries.x[start:end][there], figure.x, marks), place.rows(values[there], figure, marks)
    inside = (row >= 0) & (row < place.height) & (column >= 0) & (column < place.width)
    others = [ord(other.mark) for other in figure.curves if other is not curve]
    inside[inside] &= ~np.isin(codes[row[inside], column[inside]], others) | (np.flatnonzero(inside) % 2 == 0)
    codes[row[inside], column[inside]] = ord(curve.mark)
    inks[row[inside], column[inside]] = ink
    return bool(inside.any())


@lru_cache(16)
def _axes(figure: Figure, place: Layout, width: int, height: int, glyphs: Glyphs) -> Canvas:
    """Both axes with their numbers, and nothing else. Not to be written to."""
    canvas = Canvas(width, height)
    below = place.top + place.height
    if place.left:
        bar = place.left - 1
        canvas.fill(slice(place.top, below), bar, glyphs.vertical, INK_FAINT)
        for value, text in zip(place.y_ticks, place.y_labels, strict=True):
            row = place.top + _row(value, figure, place)
            canvas.write(row, bar - len(text), text, INK_AXIS)
            canvas.fill(row, bar, glyphs.tick_left, INK_FAINT)
    if place.axis:
        canvas.fill(below, slice(place.left, None), glyphs.horizontal, INK_FAINT)
        if place.left:
            canvas.fill(below, place.left - 1, glyphs.corner, INK_FAINT)
    if place.labels:
        _x_labels(canvas, figure, place, glyphs)
    return canvas


def _x_labels(canvas: Canvas, figure: Figure, place: Layout, glyphs: Glyphs) -> None:
    """Ticks with their numbers below; the unit at the end of the line, or behind the numbers where there is no line."""
    row, end = place.top + place.height + place.axis, place.left + place.width
    taken, marks = 0, MARKS[figure.plot]
    unit = f" {figure.x_unit}" if figure.x_unit and place.width > 3 * len(figure.x_unit) else ""
    if not place.axis:
        canvas.write(row, end - len(unit), unit, INK_AXIS)
        end -= len(unit)
    for value, text in zip(place.x_ticks, place.x_labels, strict=True):
        column = place.left + place.column(value, figure.x, marks)
        if place.axis and column > place.left:
            canvas.write(row - 1, column, glyphs.tick_below, INK_FAINT)
        begin = min(max(column - (len(text) - 1) // 2, 0), end - len(text))
        if begin >= taken:
            canvas.write(row, begin, text, INK_AXIS)
            taken = begin + len(text) + 1
    if place.axis:
        if figure.x_powers and place.x_ticks:  # few ticks far apart, of which none may hide: before the last
            end = place.left + place.column(place.x_ticks[-1], figure.x, marks)
            unit = f"{unit} " if unit else ""
        canvas.write(row - 1, end - len(unit), unit, INK_AXIS)


def _row(value: float, figure: Figure, place: Layout) -> int:
    """The cell row of a value within the picture."""
    return int(place.rows(np.array([value]), figure, MARKS[figure.plot])[0])


def _lines(canvas: Canvas, figure: Figure, place: Layout, glyphs: Glyphs) -> None:
    """Reference, changes and cursor: behind the curves, in cells that are still blank; and what is written beside them."""
    picture = canvas.codes[place.top : place.top + place.height, place.left : place.left + place.width]
    inks = canvas.inks[place.top : place.top + place.height, place.left : place.left + place.width]
    words: list[tuple[int, int, str]] = []
    if figure.reference is not None and (not figure.log or figure.reference[0] > 0):
        row = _row(figure.reference[0], figure, place)
        if 0 <= row < place.height:
            blank = picture[row] == BLANK
            picture[row, blank], inks[row, blank] = ord(glyphs.reference), INK_FAINT
            text = figure.reference[1]
            right = place.width - len(text)
            unused = bool(np.isin(picture[row, max(0, right) :], (BLANK, ord(glyphs.reference))).all())
            words.append((row, right if unused else 1, text))  # curves begin far from where they end
    newest_first = sorted(figure.changes, key=lambda change: change[0], reverse=True)
    for x, text in newest_first:
        column = place.column(x, figure.x, MARKS[figure.plot])
        if 0 <= column < place.width:
            blank = picture[:, column] == BLANK
            picture[blank, column], inks[blank, column] = ord(glyphs.change), INK_AXIS
            words.append((0, column + 1, text))
    for row, column, text in words:
        if not _write_where_blank(picture, inks, row, column, text, glyphs):
            _write_where_blank(picture, inks, row, column - len(text) - 2, text, glyphs)  # before the line
    if figure.cursor is not None:
        column = place.column(figure.cursor, figure.x, MARKS[figure.plot])
        if 0 <= column < place.width:
            free = inks[:, column] < INK_CURVE
            picture[free, column], inks[free, column] = ord(glyphs.cursor), INK_CURSOR


WORD_ROWS = 4
"""Changes close to each other write their remarks in so many rows."""


def _write_where_blank(picture: np.ndarray, inks: np.ndarray, row: int, column: int, text: str, glyphs: Glyphs) -> bool:
    """A remark beside a line: in its row or one of the next; left away, and False, where it would hide something."""
    if column < 0 or column + len(text) > picture.shape[1]:
        return False
    background = (BLANK, ord(glyphs.reference), ord(glyphs.change))
    for each in range(row, row + WORD_ROWS):
        if each < len(picture) and np.isin(picture[each, column : column + len(text) + 1], background).all():
            picture[each, column : column + len(text)] = [ord(character) for character in text]
            inks[each, column : column + len(text)] = INK_AXIS
            return True
    return False


def _named(figure: Figure) -> list[tuple[int, Curve]]:
    """The curves of the legend with their numbers."""
    return [(order, curve) for order, curve in enumerate(figure.curves) if curve.label]


def _legend_parts(figure: Figure) -> list[str]:
    """One text per curve of the legend, of a width that does not change while the y axis does not."""
    ends = [number(end, figure.decimals) for end in (figure.y.low, figure.y.high)]
    wide = max(map(len, ends))
    parts = []
    for _, curve in _named(figure):
        value: float | None = curve.newest if len(curve.entries.x) else None
        if figure.cursor is not None:
            near = nearest(curve.entries, figure.cursor)
            value = near[1] if near else None
        text = number(value, figure.decimals, wide) if value is not None else "-".rjust(wide)
        parts.append(f"{curve.mark} {curve.label} {text}{f' {figure.unit}' if figure.unit else ''}")
    return parts


def _rows_of(parts: list[str], width: int) -> list[list[int]]:
    """Which parts stand in which row."""
    found: list[list[int]] = []
    room = 0
    for order, part in enumerate(parts):
        need = sum(map(cells, part))
        if not found or need + GAP > room:
            found.append([])
            room = width + GAP
        found[-1].append(order)
        room -= need + GAP
    return found


GAP = 3
"""Blanks between two entries of the legend."""


def _legend_rows(figure: Figure, width: int, height: int) -> int:
    if height < 4 or not _named(figure):
        return 0
    return min(len(_rows_of(_legend_parts(figure), width)), max(1, height // 4))


def _legend(canvas: Canvas, figure: Figure, place: Layout, width: int) -> None:
    """Marks, names and values, pushed to the right; on the left where the cursor stands."""
    parts, named = _legend_parts(figure), _named(figure)
    for row, orders in enumerate(_rows_of(parts, width)[: place.legend]):
        column = width - sum(sum(map(cells, parts[order])) for order in orders) - GAP * (len(orders) - 1)
        if row == 0 and figure.cursor is not None:
            at = f"{10**figure.cursor:.2g}" if figure.x_powers else f"{figure.cursor:.{_cursor_decimals(figure, place)}f}"
            text = f"{figure.x_unit} {at}".strip()
            if len(text) < column - 1 or column < 0:
                canvas.write(0, 0, text, INK_CURSOR)
        for order in orders:
            which, curve = named[order]
            head = f"{curve.mark} {curve.label} "
            canvas.write(row, column, head, INK_CURVE + which)
            canvas.write(row, column + sum(map(cells, head)), parts[order][len(head) :], INK_TEXT)
            column += sum(map(cells, parts[order])) + GAP


def _cursor_decimals(figure: Figure, place: Layout) -> int:
    """Enough decimals to tell two neighbouring columns apart."""
    return axis.decimals_of(axis.nice_step(figure.x.span, place.width))
