"""Data sets as uint8 tensors on the device: reading, splitting, normalising, augmenting."""

from tui_trainer.data.arrays import Progress
from tui_trainer.data.augment import Augment
from tui_trainer.data.dataset import DataSet, load_dataset
from tui_trainer.data.folder import read_images
from tui_trainer.data.preprocess import Preprocess
from tui_trainer.data.source import InMemory, Source
from tui_trainer.data.stream import Streamed

__all__ = ["Augment", "DataSet", "InMemory", "Preprocess", "Progress", "Source", "Streamed", "load_dataset", "read_images"]
