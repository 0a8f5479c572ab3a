"""Using a trained network: evaluating it on a split, predicting single images."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from tui_trainer.config import Config, ConfigError
from tui_trainer.data import DataSet, Preprocess, Source, load_dataset, read_images
from tui_trainer.models import build, wants_channels_last
from tui_trainer.runs import RunFolder
from tui_trainer.runs.checkpoints import Entry
from tui_trainer.training.checkpoints import load_checkpoint
from tui_trainer.training.device import pick_device
from tui_trainer.training.evaluation import Each, Evaluation, evaluate, shifted_mean
from tui_trainer.training.losses import make_loss
from tui_trainer.training.steps import autocast

BATCH = 512


@dataclass(slots=True)
class Trained:
    """A network with the weights of a checkpoint, and how to bring images to it."""

    run: RunFolder
    config: Config
    checkpoint: Entry
    device: torch.device
    model: nn.Module
    preprocess: Preprocess
    data: DataSet | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.preprocess.classes


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a network takes an image for."""

    path: Path
    label: str
    probability: float
    probabilities: tuple[float, ...]
    """One for each class, in the order of the classes; they sum to 1."""


def load_trained(run: RunFolder, checkpoint: str | None = None, device: str = "auto", trusted: bool = False) -> Trained:
    """The network of a run with the weights of ``best``, ``last`` or a checkpoint file (default: the run's result).

    Raises ConfigError.
    """
    config, _ = run.known_config()
    place = pick_device(device)
    state, entry = load_checkpoint(run.checkpoints, checkpoint or config.training.result, place)
    try:
        preprocess = Preprocess.from_state(state["preprocess"], place)
        model = build(config.network, preprocess.shape, len(preprocess.classes), trusted=trusted)
        model.load_state_dict(state["weights"])
    except (KeyError, RuntimeError, ValueError, TypeError) as error:
        raise ConfigError(f"{run.checkpoints / entry.file}: does not fit the network in {run.config_file}: {str(error).splitlines()[0]}") from None
    model = model.to(place).eval()
    if wants_channels_last(model):
        model = model.to(memory_format=torch.channels_last)
    return Trained(run, config, entry, place, model, preprocess)


def split_of(trained: Trained, split: str) -> tuple[DataSet, Source]:
    """The run's data, read where it was not yet, and one of its splits. Raises ConfigError where that has no images."""
    if trained.data is None:
        trained.data = load_dataset(trained.config.data, trained.device)
    data = trained.data
    source = {"train": data.train, "validation": data.validation, "test": data.test}[split]
    if not len(source):
        raise ConfigError(f"--split {split}: the run's data has no {split} images")
    return data, source


def evaluate_split(trained: Trained, split: str, each: Each | None = None, batch_size: int = BATCH) -> Evaluation:
    """Loss, accuracy and confusion matrix over all images of a split of the run's data. Raises ConfigError."""
    config = trained.config
    data, source = split_of(trained, split)
    return evaluate(
        trained.model,
        source,
        trained.preprocess,
        make_loss(config.training, data.class_counts, trained.device),
        data.classes,
        split,
        batch_size=batch_size,
        shifts=config.training.test_shifts if split != "train" else 0,
        channels_last=wants_channels_last(trained.model),
        precision=autocast(trained.device, config.training.precision),
        each=each,
    )


@torch.inference_mode()
def probabilities(trained: Trained, images: Tensor) -> Tensor:
    """What the network makes of ``images``, uint8 [N, C, H, W] on the CPU: float32 [N, K] there, rows summing to 1."""
    found = []
    with autocast(trained.device, trained.config.training.precision)():
        for batch in torch.split(images, BATCH):
            logits = shifted_mean(trained.model, trained.preprocess(batch.to(trained.device)), trained.config.training.test_shifts)
            found.append(logits.float().softmax(1).cpu())
    return torch.cat(found)


def predict(trained: Trained, paths: Sequence[Path]) -> list[Prediction]:
    """What the network takes each picture file for. Raises ConfigError for a file that is no readable image."""
    images = read_images(paths, trained.config.data, trained.preprocess.shape)
    classes = trained.classes
    return [
        Prediction(path, classes[int(row.argmax())], float(row.max()), tuple(row.tolist()))
        for path, row in zip(paths, probabilities(trained, images), strict=True)
    ]
