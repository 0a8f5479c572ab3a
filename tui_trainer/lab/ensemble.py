"""Several trained networks as one: the mean of their probabilities, or their votes (Dietterich, Ensemble Methods in Machine Learning, 2000)."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tui_trainer.config import ConfigError
from tui_trainer.training.evaluation import Evaluation
from tui_trainer.training.inference import BATCH, Trained, probabilities, split_of
from tui_trainer.training.losses import make_loss

SAME_IMAGES = ("dataset", "directory", "image_size", "channels")
SAME_SPLIT = ("validation", "validation_split", "seed")
"""Settings on which it depends which images are held out."""


@dataclass(frozen=True, slots=True)
class Member:
    """One network of an ensemble and what it brings."""

    name: str
    accuracy: float
    """Of its own, 0..1."""
    without: float
    """Accuracy of the ensemble of all the others."""
    disagreement: float
    """Mean share of images that it calls otherwise than another member."""


@dataclass(frozen=True, slots=True)
class Ensemble:
    """What several networks together make of a split."""

    evaluation: Evaluation
    """As a run's; of votes the loss is not a number."""
    members: tuple[Member, ...]
    disagreements: tuple[tuple[float, ...], ...]
    """Share of images that members i and j call differently."""


def evaluate_ensemble(members: Sequence[Trained], split: str, *, vote: bool = False) -> Ensemble:
    """Evaluate trained runs of the same images and classes together on a split.

    Raises ConfigError where their data does not let them be compared.
    """
    for member in members[1:]:
        _refuse_others(members[0], member, split)
    began = time.perf_counter()
    data, source = split_of(members[0], split)
    found = []
    for member in members:
        parts = [probabilities(member, images.cpu()) for images, _ in source.chunks(None, 0, BATCH)]
        found.append(torch.cat(parts).double())
    each, labels = torch.stack(found), source.labels.cpu()
    called = each.argmax(2)
    together = pooled(each, vote)
    loss = float("nan")
    if not vote:
        criterion = make_loss(members[0].config.training, data.class_counts, torch.device("cpu"), torch.float64)
        loss = float(criterion(together.clamp(min=torch.finfo(torch.float64).tiny).log(), labels))
    classes = len(data.classes)
    confusion = torch.bincount(labels * classes + together.argmax(1), minlength=classes * classes).view(classes, classes)
    evaluation = Evaluation(split, loss, accuracy(together, labels), confusion.tolist(), data.classes, len(labels), time.perf_counter() - began)
    apart = (called[:, None] != called[None]).double().mean(2)
    others = max(1, len(members) - 1)
    named = [
        Member(member.run.name, accuracy(each[place], labels), _without(each, place, labels, vote), float(apart[place].sum()) / others)
        for place, member in enumerate(members)
    ]
    return Ensemble(evaluation, tuple(named), tuple(map(tuple, apart.tolist())))


def pooled(each: Tensor, vote: bool) -> Tensor:
    """One distribution an image (N, K) of the members' probabilities (M, N, K): their mean, or the shares of votes.

    Where votes are equal the mean decides.
    """
    mean = each.mean(0)
    if not vote:
        return mean
    votes = torch.nn.functional.one_hot(each.argmax(2), each.shape[2]).double().mean(0)
    return votes + mean / (2 * len(each))  # less than half a vote


def accuracy(probability: Tensor, labels: Tensor) -> float:
    """Share of images (N, K) whose largest value is at the label (N,)."""
    return float((probability.argmax(1) == labels).double().mean())


def _without(each: Tensor, place: int, labels: Tensor, vote: bool) -> float:
    rest = torch.cat([each[:place], each[place + 1 :]])
    return accuracy(pooled(rest, vote), labels) if len(rest) else float("nan")


def _refuse_others(first: Trained, other: Trained, split: str) -> None:
    """Networks that do not look at the same images, or whose held-out images another one has been trained on."""
    if first.classes != other.classes or first.preprocess.shape != other.preprocess.shape:
        raise ConfigError(f"{other.run.name}: its images or classes are not those of {first.run.name}: only runs on the same data can be one ensemble")
    wanted = SAME_IMAGES if split == "test" else SAME_IMAGES + SAME_SPLIT
    for name in wanted:
        if getattr(first.config.data, name) != getattr(other.config.data, name):
            hint = "" if name in SAME_IMAGES else f"; another {name} holds out other images, so use --split test"
            raise ConfigError(f"{other.run.name}: its data.{name} is not that of {first.run.name}{hint}")
