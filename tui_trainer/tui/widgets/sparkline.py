"""Trend: one line with a label, a sparkline and the current value. spark(): the same as text, for tables.

API (being filled in):

    spark(values, width, ascii=None, low=None, high=None) -> str       exactly ``width`` characters

    Trend(label, *, colour="muted", mark="", decimals=3, unit="", digits=6, arrow=False, low=None, high=None, name=None, id=None, classes=None)
        add(value)                one more value; NaN is a gap
        show(values)              all values anew
        clear()
"""
