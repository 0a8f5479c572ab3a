"""What data sets are and where they lie, without torch."""

from tui_trainer.catalogue.facts import Facts, data_facts
from tui_trainer.catalogue.fetch import Checked, check_set, known_set, prepare_set
from tui_trainer.catalogue.known import KNOWN, KnownSet
from tui_trainer.catalogue.listing import Listed, list_sets
from tui_trainer.catalogue.places import data_root, find_parts, need_parts

__all__ = [
    "KNOWN", "Checked", "Facts", "KnownSet", "Listed", "check_set", "data_facts", "data_root", "find_parts", "known_set", "list_sets", "need_parts", "prepare_set",
]  # fmt: skip
