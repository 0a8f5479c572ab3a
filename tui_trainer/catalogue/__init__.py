"""What data sets are and where they lie, without torch."""

from tui_trainer.catalogue.known import KNOWN, KnownSet
from tui_trainer.catalogue.places import data_root, find_parts, need_parts

__all__ = ["KNOWN", "KnownSet", "data_root", "find_parts", "need_parts"]
