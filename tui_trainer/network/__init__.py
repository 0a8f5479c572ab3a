"""Arithmetic on the layer list, in plain Python: fast enough to follow typing."""

from tui_trainer.network.describe import describe
from tui_trainer.network.shapes import NetworkError, Shape, show, size_of
from tui_trainer.network.summary import LayerSummary, NetworkSummary, summarise, walk

__all__ = ["LayerSummary", "NetworkError", "NetworkSummary", "Shape", "describe", "show", "size_of", "summarise", "walk"]
