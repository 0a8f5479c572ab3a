"""What was loaded for one question and serves the next: networks, data sets, whole-split probabilities."""

import dataclasses
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch import Tensor

from tui_trainer.asking.answers import CheckpointInfo
from tui_trainer.asking.questions import Split, Weights
from tui_trainer.config import Config, ConfigError
from tui_trainer.config.paths import given_path, is_file
from tui_trainer.data import DataSet, Source, load_dataset
from tui_trainer.data.later import Later
from tui_trainer.inspection.breath import Breathe, meanwhile, no_breath
from tui_trainer.inspection.taps import Tap, taps
from tui_trainer.network import size_of
from tui_trainer.runs import RunFolder
from tui_trainer.runs.checkpoints import Entry, read_index
from tui_trainer.training.evaluation import evaluation_batch
from tui_trainer.training.inference import BATCH, Trained, evaluate_split, load_trained, split_of

NETWORKS, DATA_SETS = 4, 2
SCORE_VALUES = 50_000_000
"""Probabilities kept of all splits together: 200 MB."""
Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A network that is ready."""

    trained: Trained
    key: str
    """Changes with the weights."""
    taps: tuple[Tap, ...]

    @property
    def checkpoint(self) -> CheckpointInfo:
        """Which weights it has."""
        return checkpoint_info(self.trained.checkpoint)


@dataclass(frozen=True, slots=True)
class Scores:
    """What a network makes of a whole split."""

    log_probabilities: Tensor
    """float32 [N, K], on the CPU, in the order of the split."""
    labels: Tensor
    """int64 [N], on the CPU."""
    loss: float
    """The training loss, as ``evaluate`` gives it."""
    confusion: list[list[int]]

    @property
    def predicted(self) -> Tensor:
        """int64 [N]"""
        return self.log_probabilities.argmax(1)

    @property
    def losses(self) -> Tensor:
        """-log p(true class) of each image, float32 [N]."""
        return -self.log_probabilities.gather(1, self.labels[:, None]).squeeze(1)

    @property
    def confidence(self) -> Tensor:
        """The highest probability of each image, float32 [N]."""
        return self.log_probabilities.amax(1).exp()


class Shelf(Generic[Kept]):
    """The things used last, by key, as long as their sizes stay within ``room``; one always fits."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._things: OrderedDict[str, tuple[Kept, int]] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._things

    def get(self, key: str, make: Callable[[], Kept], size: Callable[[Kept], int] = lambda _: 1) -> Kept:
        """What is kept under ``key``, made now where it is not."""
        if key in self._things:
            self._things.move_to_end(key)
            return self._things[key][0]
        made = make()
        self._things[key] = made, size(made)
        self._things.move_to_end(key)
        while len(self._things) > 1 and sum(each for _, each in self._things.values()) > self.room:
            self._things.popitem(last=False)
        return made


class Store:
    """Networks by run and checkpoint, their data, and what they make of it."""

    def __init__(self, device: str = "auto") -> None:
        self.device = device
        self._networks: Shelf[Loaded] = Shelf(NETWORKS)
        self._data: Shelf[DataSet] = Shelf(DATA_SETS)
        self._scores: Shelf[Scores] = Shelf(SCORE_VALUES)
        self._configs: Shelf[Config] = Shelf(16)

    def network(self, weights: Weights, keep: bool = True) -> Loaded:
        """The network of a run with the weights of a checkpoint, as it lies on disk now. Raises ConfigError.

        Without ``keep`` one that was not asked for before is not kept.
        """
        run = run_folder(weights.run)
        for attempt in range(3):  # a live trainer may delete an old checkpoint between the look at its list and the reading of its file
            entry = read_index(run.checkpoints).find(weights.checkpoint or self.config(run).training.result, run.checkpoints)
            key = f"{run.path.resolve()}\0{entry.file}\0{entry.sha256}"
            make = partial(_load, run, entry, self.device, weights.trust, key)
            try:
                return self._networks.get(key, make) if keep or key in self._networks else make()
            except ConfigError:
                if attempt == 2 or read_index(run.checkpoints).entries.get(entry.file) == entry:
                    raise
        raise AssertionError

    def config(self, run: RunFolder) -> Config:
        """The run's config; read anew when its file changed. Raises ConfigError."""
        try:
            changed = run.config_file.stat().st_mtime_ns
        except OSError:
            changed = 0
        return self._configs.get(f"{run.path.resolve()}\0{changed}", run.config)

    def split(self, loaded: Loaded, split: Split, breathe: Breathe) -> tuple[DataSet, Source]:
        """The run's data and one of its splits; of a folder no other is read. Raises ConfigError."""
        data = self.data(loaded, breathe)
        chosen = {"train": data.train, "validation": data.validation, "test": data.test}[split]
        if isinstance(chosen, Later):
            meanwhile(chosen.ready, breathe)
        return split_of(loaded.trained, split)

    def data(self, loaded: Loaded, breathe: Breathe) -> DataSet:
        """The run's data, of a folder only the list of its files. Raises ConfigError."""
        trained = loaded.trained
        if trained.data is None:
            settings = trained.config.data
            key = f"{trained.device}\0{settings.model_dump_json()}"
            trained.data = self._data.get(key, lambda: meanwhile(lambda tell: load_dataset(settings, trained.device, progress=tell, later=True), breathe))
        return trained.data

    def scores(self, loaded: Loaded, split: Split, breathe: Breathe) -> Scores:
        """What the network makes of every image of a split, computed once. Raises ConfigError."""
        self.split(loaded, split, breathe)
        return self._scores.get(f"{loaded.key}\0{split}", lambda: score(loaded, split, breathe), lambda made: made.log_probabilities.numel())


def score(loaded: Loaded, split: Split, breathe: Breathe) -> Scores:
    """Run the network over a whole split, just as ``evaluate`` does; in smaller batches where somebody may come in between. Raises ConfigError."""
    trained = loaded.trained
    _, source = split_of(trained, split)
    values = sum(size_of(tap.info.shape) for tap in loaded.taps)
    batch = BATCH if breathe is no_breath else min(BATCH, evaluation_batch(values, trained.device))
    total, done, found = len(source), 0, []

    def collect(logits: Tensor, labels: Tensor) -> None:
        nonlocal done
        found.append(logits.log_softmax(1).cpu())
        done += len(labels)
        breathe(f"{split} images", done, total)

    breathe(f"{split} images", 0, total)
    evaluation = evaluate_split(trained, split, collect, batch)
    with torch.inference_mode(False):
        return Scores(torch.cat(found).clone(), source.labels.cpu().clone(), evaluation.loss, evaluation.confusion)


def run_folder(path: str) -> RunFolder:
    """The run in this folder. Raises ConfigError."""
    run = RunFolder(given_path(path))
    if not is_file(run.config_file):
        raise ConfigError(f"{path}: there is no run here")
    return run


def _load(run: RunFolder, entry: Entry, device: str, trusted: bool, key: str) -> Loaded:
    trained = load_trained(run, entry.file, device, trusted)
    return Loaded(trained, key, taps(trained))


def checkpoint_info(entry: Entry) -> CheckpointInfo:
    """What is told of a checkpoint."""
    names = [field.name for field in dataclasses.fields(CheckpointInfo)]
    return CheckpointInfo(**{name: getattr(entry, name) for name in names})


def checkpoints_of(path: Path) -> tuple[CheckpointInfo, ...]:
    """All checkpoints in a run's checkpoint folder, oldest first. Raises ConfigError."""
    return tuple(map(checkpoint_info, read_index(path).entries.values()))
