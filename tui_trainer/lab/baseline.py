"""Classifiers of scikit-learn on the pixels, measured as networks are: what a network has to beat."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from tui_trainer.catalogue.points import extent, is_points
from tui_trainer.config import Config, ConfigError, Data
from tui_trainer.config.baseline import Baseline
from tui_trainer.data import DataSet, Source, load_dataset
from tui_trainer.data.points import seen
from tui_trainer.runs.boundary import Field, field_of
from tui_trainer.training.evaluation import Evaluation

CHUNK = 1024
MANY = 20_000
"""Training images from which on support vectors take minutes: the time grows with their square."""


@dataclass(frozen=True)
class Fitted:
    """A baseline that has learnt."""

    classifier: Any
    data: DataSet
    fit_seconds: float

    def predict(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        """Class numbers (N,) of prepared images, a row each (N, C H W)."""
        return np.asarray(self.classifier.predict(rows), dtype=np.int64)


def classifier(settings: Baseline, seed: int) -> Any:
    """scikit-learn's classifier of these settings, not fitted."""
    match settings.model:
        case "svc-linear" | "svc-poly" | "svc-rbf":
            from sklearn.svm import SVC

            kernel = settings.model.removeprefix("svc-")
            return SVC(C=settings.c, kernel=kernel, gamma=settings.gamma, degree=settings.degree, coef0=settings.coef0, cache_size=500)
        case "logistic":
            from sklearn.linear_model import LogisticRegression

            return LogisticRegression(C=settings.c, max_iter=settings.iterations)
        case "knn":
            from sklearn.neighbors import KNeighborsClassifier

            return KNeighborsClassifier(settings.neighbours)
        case "forest":
            from sklearn.ensemble import RandomForestClassifier

            return RandomForestClassifier(settings.trees, random_state=seed % 2**32, n_jobs=-1)


def load(config: Config) -> DataSet:
    """The config's data, on the CPU. Raises ConfigError."""
    return load_dataset(config.data, torch.device("cpu"))


def fit(config: Config, data: DataSet) -> Fitted:
    """Fit the config's baseline to its training images, prepared as a network's input is but not augmented.

    Raises ConfigError where the classifier cannot be fitted to them.
    """
    made = classifier(config.baseline or Baseline(), config.training.seed)
    rows, labels = prepared_rows(data, data.train)
    if len(np.unique(labels)) < 2:
        raise ConfigError(f"data: the training {called(config.data)} are all of one class: there is nothing to tell apart")
    if config.baseline and config.baseline.model == "knn" and config.baseline.neighbours > len(rows):
        raise ConfigError(f"baseline.neighbours: {config.baseline.neighbours} are more than the {len(rows)} training {called(config.data)}")
    began = time.perf_counter()
    made.fit(rows, labels)
    return Fitted(made, data, time.perf_counter() - began)


def measure(fitted: Fitted, split: str) -> Evaluation:
    """Accuracy and confusion matrix over a split; the loss is not a number. Raises ConfigError where the split is empty."""
    data = fitted.data
    source = sources(data)[split]
    if not len(source):
        raise ConfigError(f"--split {split}: the data has no {split} images")
    rows, labels = prepared_rows(data, source)
    began, classes = time.perf_counter(), len(data.classes)
    called = fitted.predict(rows)
    pairs = np.bincount(labels * classes + called, minlength=classes * classes).reshape(classes, classes)
    return Evaluation(split, float("nan"), float((called == labels).mean()), pairs.tolist(), data.classes, len(labels), time.perf_counter() - began)


def boundary(fitted: Fitted, settings: Data, side: int) -> Field:
    """What it makes of a grid of ``side`` x ``side`` cells over the plane; sure everywhere, where the classifier has no probabilities."""
    cells = fitted.data.preprocess(seen(extent(settings).centres(side, side), settings)).flatten(1).numpy()
    if hasattr(fitted.classifier, "predict_proba"):
        return field_of(np.asarray(fitted.classifier.predict_proba(cells), np.float32), side)
    winner = fitted.predict(cells).astype(np.uint8).reshape(side, side)
    return Field(winner, np.ones(winner.shape, np.float32))


def called(data: Data) -> str:
    """What the data is made of: images, or points in the plane."""
    return "points" if is_points(data) else "images"


def sources(data: DataSet) -> Mapping[str, Source]:
    """The splits by name."""
    return {"train": data.train, "validation": data.validation, "test": data.test}


def prepared_rows(data: DataSet, source: Source) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """All images of a split, normalised, a row each (N, C H W), and their labels (N,)."""
    parts = [(data.preprocess(images).flatten(1), labels) for images, labels in source.chunks(None, 0, CHUNK)]
    rows, labels = (torch.cat(column) for column in zip(*parts, strict=True))
    return rows.numpy(), labels.numpy()
