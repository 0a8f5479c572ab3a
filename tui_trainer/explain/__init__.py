"""A short, correct explanation of every setting, layer and figure: what it does, why one changes it, and its formula."""

from tui_trainer.explain.texts import Explanation, explain, topics

__all__ = ["Explanation", "explain", "topics"]
