"""MisclassifiedBars: errors per class as horizontal bars, most first, with the change since the evaluation before.

API (being filled in):

    MisclassifiedBars(*, name=None, id=None, classes=None)
        show(counts, classes, before=None)   misclassified images per class; before: the counts of the evaluation before
        clear()
    Scrolls when there are more classes than lines (wheel, up down pageup pagedown home end).
"""
