"""LineChart: curves on real axes, at a cost that does not grow with the run.

API (being filled in):

    LineStyle(name, label, colour, mark)     colour: a name of theme.py ("train", "run-3"); see TRAIN, VALIDATION, run_style(number, label)

    LineChart(title="", styles=(TRAIN, VALIDATION), *, x_unit="epoch", decimals=4, unit="", log=False,
              y_min=None, y_max=None, window=None, name=None, id=None, classes=None)
        add(series, x, y)                    one point; x does not fall (a smaller x forgets what lay beyond it: a run that resumed)
        extend(series, xs, ys)               many points, NumPy arrays or sequences
        clear(series=None)
        define(style)                        one more series (or a new label for a known one); order = drawing order
        remove(series)
        set_range(x_from, x_to)              the planned epochs or steps; None, None: grows with the data
        mark(x, label)                       a vertical line where a setting changed;  clear_marks()
        set_reference(y, label="")           a horizontal line; None takes it away
        toggle_log() / log: bool             y scale
        toggle_window() / windowed: bool     recent window or full history
        set_plot("braille" | "block" | "ascii")
        move_cursor(columns)                 by so many columns (negative: left); shows the cursor where there was none
        set_cursor(x | None)                 to a value of x, silently (to keep two charts in step)
        cursor_values() -> dict[str, float]  all series at the cursor
    Messages: LineChart.CursorMoved(chart, x | None)
    Keys when focused: left right shift+left shift+right home end escape
"""
