"""ConfusionMatrix: a heat map with fixed headers, a cursor cell, scrolling both ways for up to 100 classes and more.

API (being filled in):

    ConfusionMatrix(*, shares=False, name=None, id=None, classes=None)
        show(confusion, classes)             rows true class, columns predicted class; classes: their names
        clear()
        shares: bool / toggle_shares()       row % or counts
        cursor: tuple[int, int]              (true, predicted)
        move_cursor(down, right)
    Messages: ConfusionMatrix.CellHighlighted(matrix, true, predicted), ConfusionMatrix.CellSelected(matrix, true, predicted) (Enter, click)
    Keys when focused: arrows, home end pageup pagedown, enter
"""
