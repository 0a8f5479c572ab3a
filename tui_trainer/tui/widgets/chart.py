"""LineChart: curves on real axes, at a cost that does not grow with the run.

The values lie in :class:`History` (recent points whole, older ones as minimum and maximum), the picture is made by
:func:`draw`, and only the cells that differ from the picture before are written to the terminal.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tui_trainer.tui.widgets.marks import glyphs
from tui_trainer.tui.widgets.plot import axis
from tui_trainer.tui.widgets.plot.axis import Range
from tui_trainer.tui.widgets.plot.canvas import Canvas, changes
from tui_trainer.tui.widgets.plot.curve import extremes, nearest
from tui_trainer.tui.widgets.plot.dots import MARKS, Marks, Plot
from tui_trainer.tui.widgets.plot.figure import INK_CURVE, Curve, Figure, Layout, draw, evened, layout
from tui_trainer.tui.widgets.plot.history import History
from tui_trainer.tui.widgets.theme import RUN_COLOURS, colour


@dataclass(frozen=True, slots=True)
class LineStyle:
    """How one series looks, the same everywhere."""

    name: str
    """What the series is called in the program."""
    label: str
    """What it is called on the screen."""
    colour: str
    """A name of theme.py, such as ``train`` or ``run-3``."""
    mark: str = ""
    """A field of Glyphs, such as ``train``, or a character of its own."""
    dash: int = 0
    """Without colours, every so many columns of dots one is left out, to tell curves apart; 0: none."""
    optional: bool = False
    """Whether the legend names it only where it has points."""


TRAIN = LineStyle("train", "train", "train", "train")
VALIDATION = LineStyle("validation", "val", "validation", "validation", dash=2)


def run_style(number: int, label: str, name: str = "") -> LineStyle:
    """The look of run ``number`` (from 0) of a comparison; after RUN_COLOURS runs it begins anew."""
    place = number % RUN_COLOURS
    return LineStyle(name or label, label, f"run-{place + 1}", str(place), dash=(0, 2, 3, 4)[place % 4])


class LineChart(Widget, can_focus=True):
    """Curves of several series over one x, which does not fall."""

    DEFAULT_CSS = """
    LineChart {
        border: round $border-blurred;
        border-title-color: $foreground;
        border-subtitle-color: $text-muted;
        width: 1fr;
        height: 1fr;
        &:focus { border: round $border; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move_cursor(-1)", "Cursor left", show=False),
        Binding("right", "move_cursor(1)", "Cursor right", show=False),
        Binding("shift+left", "move_cursor(-10)", "Cursor far left", show=False),
        Binding("shift+right", "move_cursor(10)", "Cursor far right", show=False),
        Binding("home", "move_cursor(-100000)", "Cursor to the start", show=False),
        Binding("end", "move_cursor(100000)", "Cursor to the end", show=False),
        Binding("escape", "drop_cursor", "No cursor", show=False),
    ]

    log_scale: reactive[bool] = reactive(False)
    """Whether y is logarithmic."""
    windowed: reactive[bool] = reactive(False)
    """Whether only a recent stretch of x is shown."""

    class CursorMoved(Message):
        """The cursor stands elsewhere, or is gone."""

        def __init__(self, chart: "LineChart", x: float | None) -> None:
            self.chart, self.x = chart, x
            super().__init__()

        @property
        def control(self) -> "LineChart":
            """The chart."""
            return self.chart

    def __init__(
        self,
        title: str = "",
        styles: Sequence[LineStyle] = (TRAIN, VALIDATION),
        *,
        x_unit: str = "epoch",
        x_powers: bool = False,
        decimals: int = 4,
        unit: str = "",
        log: bool = False,
        y_min: float | None = None,
        y_max: float | None = None,
        window: float | None = None,
        empty: str = "no figures yet",
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """``x_powers``: x is log10 of what its axis says; ``decimals`` and ``unit`` are those of the values beside the legend;
        ``y_min`` and ``y_max`` are ends that the y axis never passes; ``window`` is the recent stretch in units of x (None: an eighth of what there is)."""
        super().__init__(name=name, id=id, classes=classes)
        self.border_title = title.replace("[", r"\[") if title else None
        self._styles_of = {style.name: style for style in styles}
        self._histories: dict[str, History] = {}
        self._newest: dict[str, float] = {}
        self._look = Figure((), Range(0, 1), Range(0, 1), x_powers=x_powers, x_unit=x_unit, decimals=decimals, unit=unit.strip(), empty=empty)
        self._limits = (y_min, y_max)
        self._planned: tuple[float, float] | None = None
        self._over = False
        self._window = window
        self._x_now: Range | None = None
        self._y_now: Range | None = None
        self._pinned: float | None = None
        self._hovered: float | None = None
        self._canvas = Canvas(0, 0)
        self._layout = Layout(0, 0, 1, 1, axis=False, labels=False)
        self._inks: list[Style] = []
        self._due = False
        self.set_reactive(LineChart.log_scale, log)

    # Values

    def add(self, series: str, x: float, y: float) -> None:
        """One point. x does not fall: a smaller one forgets what lay beyond it. NaN and infinite y are gaps. Raises KeyError."""
        self._history(series).add(x, y)
        self._newest[series] = y
        self._changed()

    def extend(self, series: str, xs: Iterable[float], ys: Iterable[float]) -> None:
        """Many points. Raises KeyError for an unknown series, ValueError where there are not as many x as y."""
        ys = ys if isinstance(ys, np.ndarray) else list(ys)
        self._history(series).extend(xs, ys)
        if len(ys):
            self._newest[series] = float(ys[-1])
        self._changed()

    def clear(self, series: str | None = None) -> None:
        """Forget the values of a series, or of all, with the marks of changes and the cursor."""
        if series is not None:
            self._histories.pop(series, None)
            self._newest.pop(series, None)
        else:
            self._histories.clear()
            self._newest.clear()
            self._look = replace(self._look, changes=())
            self._pinned = self._hovered = None
        self._x_now = self._y_now = None
        self._changed()

    def define(self, style: LineStyle) -> None:
        """One more series, drawn over the others, or another look for a known one."""
        self._styles_of[style.name] = style
        self._restyle()

    def remove_series(self, series: str) -> None:
        """Forget a series; an unknown one is none."""
        self._styles_of.pop(series, None)
        self._histories.pop(series, None)
        self._newest.pop(series, None)
        self._y_now = None
        self._restyle()

    def history(self, series: str) -> History:
        """The points of a series. Raises KeyError."""
        return self._history(series)

    def _history(self, series: str) -> History:
        if series not in self._styles_of:
            raise KeyError(f"{self.border_title or 'chart'}: no series {series!r}; there are {', '.join(self._styles_of)}")
        return self._histories.setdefault(series, History())

    # Looks

    def set_range(self, low: float | None, high: float | None) -> None:
        """The planned stretch of x, such as 0 to the number of epochs; without both ends the axis grows with the data."""
        self._planned = None if low is None or high is None or not high > low else (low, high)
        self._changed()

    def set_over(self, over: bool) -> None:
        """Whether nothing will come any more, so that a recent window needs no room for it."""
        if over != self._over:
            self._over, self._x_now = over, None
            self._changed()

    def mark(self, x: float, label: str) -> None:
        """A vertical line at x, where a setting changed."""
        self._look = replace(self._look, changes=(*self._look.changes, (x, label)))
        self._changed()

    def clear_marks(self) -> None:
        """Take all of them away."""
        self._look = replace(self._look, changes=())
        self._changed()

    def set_reference(self, y: float | None, label: str = "") -> None:
        """A horizontal line to compare with; None takes it away."""
        self._look = replace(self._look, reference=None if y is None else (y, label))
        self._changed()

    def set_plot(self, plot: Plot) -> None:
        """Draw with braille, block or ASCII characters (where ASCII was chosen for the app, it stays ASCII)."""
        self._look = replace(self._look, plot=plot)
        self._changed()

    def set_empty(self, text: str) -> None:
        """What to say as long as there are no figures."""
        self._look = replace(self._look, empty=text)
        self._changed()

    def action_toggle_log(self) -> None:
        """Linear or logarithmic y."""
        self.log_scale = not self.log_scale

    def action_toggle_window(self) -> None:
        """All of the history or the recent window."""
        self.windowed = not self.windowed

    toggle_log = action_toggle_log
    toggle_window = action_toggle_window

    def watch_log_scale(self) -> None:
        self._y_now = None
        self._say_mode()

    def watch_windowed(self) -> None:
        self._x_now = self._y_now = None
        self._say_mode()

    def _say_mode(self) -> None:
        separator = f" {glyphs().separator} "
        self.border_subtitle = separator.join(word for word, holds in (("log", self.log_scale), ("recent", self.windowed)) if holds)
        self._changed()

    # Cursor

    @property
    def cursor(self) -> float | None:
        """The x that is read: under the mouse, else where the keys left it."""
        return self._hovered if self._hovered is not None else self._pinned

    def cursor_values(self) -> dict[str, float]:
        """The value of each series nearest to the cursor; series that do not reach there are left out."""
        if self.cursor is None:
            return {}
        found = {name: nearest(history.entries(), self.cursor) for name, history in self._histories.items()}
        return {name: point[1] for name, point in found.items() if point is not None}

    def set_cursor(self, x: float | None) -> None:
        """Put the cursor at x without a message: to keep two charts in step."""
        self._pinned, self._hovered = x, None
        self._changed()

    def move_cursor(self, steps: int) -> None:
        """To the next column that has a point, so many times; without a cursor, to the last point first."""
        places, xs = self._stops()
        if not len(places):
            return
        now = self.cursor
        if now is None:
            goal = len(places) - 1
        else:
            here = self._layout.column(now, self._figure().x, self._marks)
            goal = int(np.searchsorted(places, here, side="right" if steps > 0 else "left")) - (steps > 0) + steps
        self._place_cursor(float(xs[max(0, min(goal, len(places) - 1))]))

    def action_move_cursor(self, steps: int) -> None:
        """As :meth:`move_cursor`."""
        self.move_cursor(steps)

    def action_drop_cursor(self) -> None:
        """No cursor."""
        self._place_cursor(None)

    def _stops(self) -> tuple[np.ndarray, np.ndarray]:
        """Columns of cells that hold points, from the left, and the x of the last point in each."""
        span, width = self._figure().x, self._layout.width
        xs = np.sort(np.concatenate([np.empty(0), *(history.entries().x for history in self._histories.values())]))
        found = self._layout.columns(xs, span, self._marks)
        inside = (found >= 0) & (found < width)
        found, xs = found[inside], xs[inside]
        last = np.flatnonzero(np.diff(found, append=width + 1))
        return found[last], xs[last]

    def _place_cursor(self, x: float | None) -> None:
        before, self._pinned, self._hovered = self.cursor, x, None
        if x != before:
            self.post_message(self.CursorMoved(self, x))
            self._changed()

    def _hover(self, x: float | None) -> None:
        before = self.cursor
        self._hovered = x
        if self.cursor != before:
            self.post_message(self.CursorMoved(self, self.cursor))
            self._changed()

    def _x_under(self, event: events.MouseEvent) -> float | None:
        offset = event.get_content_offset(self)
        if offset is None or not any(len(history) for history in self._histories.values()):
            return None
        column = offset.x - self._layout.left
        return self._layout.x_at(column, self._figure().x, self._marks) if 0 <= column < self._layout.width else None

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self._hover(self._x_under(event))

    def on_leave(self) -> None:
        self._hover(None)

    def on_click(self, event: events.Click) -> None:
        x = self._x_under(event)
        if x is not None:
            self._place_cursor(x)

    # Picture

    def _figure(self) -> Figure:
        """What to draw now; the ranges of the axes are sticky, so this is asked once per picture at least."""
        x = self._x_range()
        figure = replace(self._look, x=x, log=self.log_scale, cursor=self.cursor, plot=self._plot)
        dashes = self.app.no_color
        curves = []
        for style in self._styles_of.values():
            history = self._histories.get(style.name) or _NOTHING
            mark = _mark(style)
            label = style.label if len(history) or not style.optional else ""
            curves.append(Curve(label, mark, history.entries(), self._newest.get(style.name, math.nan), style.dash if dashes else 0))
        figure = replace(figure, curves=curves)
        return replace(figure, y=self._y_range(figure))

    def _x_range(self) -> Range:
        ends = [newest[0] for newest in (history.newest for history in self._histories.values()) if newest is not None]
        last = max(ends, default=0.0)
        planned = self._planned
        if not ends and planned is None:
            return Range(0.0, 1.0)
        if self.windowed and ends:
            end = last if self._over else planned[1] if planned is not None and planned[1] >= last else math.inf
            self._x_now = _window(self._window or max(last, 1e-9) / 8, last, self._x_now, end)
        elif planned is not None and last <= planned[1]:
            start, end = planned
            early = ends and last - start < FULL_FROM * (end - start)
            grown = axis.grow(last, now=self._x_now, start=start) if early else None
            self._x_now = grown if grown is not None and grown.high < end else Range(start, end)
        else:
            start = self._planned[0] if self._planned else min((float(h.entries().x[0]) for h in self._histories.values() if len(h)), default=0.0)
            self._x_now = axis.grow(last, now=self._x_now, start=min(start, 0.0) if not self._planned else start)
        return self._x_now

    def _y_range(self, figure: Figure) -> Range:
        found = [extremes(curve.entries, figure.x, positive=figure.log) for curve in figure.curves]
        lows, highs = [each[0] for each in found if each], [each[1] for each in found if each]
        if figure.reference is not None and lows and (not figure.log or figure.reference[0] > 0):
            lows.append(figure.reference[0])
            highs.append(figure.reference[0])
        least, most = self._limits
        if not lows:
            return Range(0.01, 1.0) if figure.log else Range(least if least is not None else 0.0, most if most is not None else 1.0)
        if figure.log:
            self._y_now = axis.fit_log(min(lows), max(highs), now=self._y_now)
        else:
            self._y_now = axis.fit(min(lows), max(highs), now=self._y_now, least=least, most=most)
        return self._y_now

    @property
    def _plot(self) -> Plot:
        return "ascii" if glyphs().ascii else self._look.plot

    @property
    def _marks(self) -> Marks:
        return MARKS[self._plot]

    def _changed(self) -> None:
        """Have the picture made anew, once, after what is being done now."""
        if self.is_mounted and not self._due:
            self._due = True
            self.call_next(self._redraw)

    def _redraw(self) -> None:
        self._due = False
        size = self.content_size
        before = self._canvas
        if not (size and self.is_on_screen and self.screen in self.app.screen_stack):
            if before.width:  # nobody sees it: make the picture when somebody does
                self._canvas = Canvas(0, 0)
                self.refresh()
            return
        self._paint(size)
        if (before.width, before.height) != (self._canvas.width, self._canvas.height):
            self.refresh()
            return
        spans = changes(before, self._canvas)
        if spans:
            self.refresh(*(Region(start, row, end - start, 1) for row, start, end in spans))

    def _paint(self, size: Size) -> None:
        figure = evened(self._figure(), size.width, size.height)
        self._layout = layout(figure, size.width, size.height)
        self._canvas = draw(figure, self._layout, size.width, size.height, glyphs())

    def _restyle(self) -> None:
        self._inks = []
        if self.is_mounted:
            self._changed()
            self.refresh()

    def notify_style_update(self) -> None:
        """Textual's: the theme or a style changed."""
        super().notify_style_update()
        self._inks = []

    def render_line(self, y: int) -> Strip:
        """Textual's: one line of the picture."""
        size = self.content_size
        if (self._canvas.width, self._canvas.height) != (size.width, size.height):
            self._paint(size)
        if y >= self._canvas.height:
            return Strip.blank(size.width, self.visual_style.rich_style)
        inks = self._inks or self._mix_inks()
        return Strip([Segment(text, inks[ink]) for text, ink in self._canvas.runs(y)], size.width)

    def _mix_inks(self) -> list[Style]:
        """The style of each ink, in the order that figure.py gives them."""
        base = self.visual_style.rich_style
        names = ["foreground", "muted", "frame", "accent", *(style.colour for style in self._styles_of.values())]
        self._inks = [base + Style(color=colour(self, name).rich_color) for name in names]
        assert len(self._inks) == INK_CURVE + len(self._styles_of)
        return self._inks


_NOTHING = History(2)
FULL_FROM = 0.1
"""The axis shows all that is planned from this share of it on; before, what there is: else a long run stands in one column for minutes."""


def _mark(style: LineStyle) -> str:
    """The character of a series in the glyphs in use."""
    if style.mark.isdigit():
        return glyphs().runs[int(style.mark) % RUN_COLOURS]
    return str(getattr(glyphs(), style.mark, style.mark or "?"))


def _window(stretch: float, last: float, now: Range | None, most: float) -> Range:
    """A recent window that jumps by half its length when it is full, instead of sliding with each point: sliding would
    redraw every cell each time. It does not go beyond ``most``, where nothing will ever be."""
    stretch = float(f"{axis.nice_step(stretch, 1):.6g}")
    if now is not None and math.isclose(now.span, stretch) and now.low <= last <= now.high <= most:
        return now
    step = stretch / 2
    end = min((math.floor(last / step) + 1) * step, most)
    return Range(max(end - stretch, 0.0), max(end, stretch))
