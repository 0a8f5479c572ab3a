"""Data sets as uint8 tensors on the device: reading, splitting, normalising, augmenting."""

from tui_trainer.data.augment import Augment
from tui_trainer.data.dataset import DataSet, load_dataset
from tui_trainer.data.preprocess import Preprocess
from tui_trainer.data.source import InMemory, Source

__all__ = ["Augment", "DataSet", "InMemory", "Preprocess", "Source", "load_dataset"]
