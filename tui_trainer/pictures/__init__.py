"""Pixels as text: what the app and the command line draw images with. NumPy only.

    half_blocks()  cells.py   pixel-exact, two pixels a cell: 28x28 takes 28x14 cells, grey or colour
    braille()      cells.py   a thumbnail, eight pixels a cell: 28x28 takes 14x7 cells, no colour needed
    shaded()       cells.py   ░▒▓█ and half blocks, for terminals without colour; ramp() does with ASCII
    fitted()       size.py    whole multiples up, averages down
    signed()       tint.py    weights: negative and positive apart by colour and by darkness
    overlaid()     tint.py    a saliency map over its image

A picture is a list of lines, a line a tuple of parts (text, looks): looks are colours as ``#rrggbb``, the ground as ``on-#rrggbb``.
"""

from tui_trainer.pictures.cells import ASCII_RAMP, SHADES, Line, ansi, braille, half_blocks, ramp, shaded
from tui_trainer.pictures.size import Pixels, enlarged, fitted, planar
from tui_trainer.pictures.tint import heat, overlaid, signed, stretched

__all__ = ["ASCII_RAMP", "SHADES", "Line", "Pixels", "ansi", "braille", "enlarged", "fitted", "half_blocks", "heat", "overlaid", "planar", "ramp", "shaded", "signed", "stretched"]
