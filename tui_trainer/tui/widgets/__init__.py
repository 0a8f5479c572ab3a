"""Widgets of the app: values in, picture out. They know values, not files, and never torch.

    LineChart           chart.py      curves on real axes, a cursor, marks where settings changed
    Trend, spark()      sparkline.py  one line: label, sparkline, current value
    ConfusionMatrix     confusion.py  heat map with fixed headers and a cursor cell
    MisclassifiedBars   bars.py       errors per class with the change since the evaluation before
    RunProgress         progress.py   one line: state, epoch, step, bar, time gone and left
    THEMES, colour()    theme.py      dark, light, high contrast; colour names that all widgets share
    choose(), glyphs()  marks.py      Unicode or ASCII

Pure functions that draw (testable without an app) lie in ``plot/`` and at the top of each file.
"""
