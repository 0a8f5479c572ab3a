"""Figures per class from a confusion matrix: rows true class, columns predicted class."""

from collections.abc import Sequence
from dataclasses import dataclass

Confusion = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """How one class fares, all but the counts in 0..1 (0 where a denominator is 0, as scikit-learn's zero_division=0)."""

    precision: float
    """TP / (TP + FP): how many of the images called this class are."""
    recall: float
    """TP / (TP + FN): how many images of this class are found."""
    f1: float
    """Harmonic mean of the two: 2 TP / (2 TP + FP + FN)."""
    support: int
    """Images of this class."""
    misclassified: int
    """Images of this class that were called another: FN."""


def per_class(confusion: Confusion) -> list[ClassFigures]:
    """The figures of every class."""
    predicted = [sum(column) for column in zip(*confusion, strict=True)]
    figures = []
    for number, row in enumerate(confusion):
        hits, support = row[number], sum(row)
        figures.append(
            ClassFigures(
                precision=_ratio(hits, predicted[number]),
                recall=_ratio(hits, support),
                f1=_ratio(2 * hits, predicted[number] + support),
                support=support,
                misclassified=support - hits,
            )
        )
    return figures


def class_names(named: Sequence[str], confusion: Confusion) -> list[str]:
    """The classes of a matrix by name; by number where the names are not as many (no run has started, or its files are damaged)."""
    return list(named) if len(named) == len(confusion) else [str(number) for number in range(len(confusion))]


def macro_mean(figures: Sequence[ClassFigures], name: str) -> float:
    """Unweighted mean over the classes of ``precision``, ``recall`` or ``f1``."""
    return sum(getattr(each, name) for each in figures) / len(figures) if figures else 0.0


def weighted_mean(figures: Sequence[ClassFigures], name: str) -> float:
    """Mean over the classes of ``precision``, ``recall`` or ``f1``, each class counting as often as it has images."""
    return _ratio(sum(getattr(each, name) * each.support for each in figures), sum(each.support for each in figures))


def accuracy(confusion: Confusion) -> float:
    """Share of images on the diagonal, 0..1."""
    return _ratio(sum(row[number] for number, row in enumerate(confusion)), sum(map(sum, confusion)))


def confused_pairs(confusion: Confusion) -> list[tuple[int, int, int]]:
    """(true class, predicted class, count) of all mistakes, most frequent first."""
    pairs = [(true, called, count) for true, row in enumerate(confusion) for called, count in enumerate(row) if count and true != called]
    return sorted(pairs, key=lambda pair: -pair[2])


def _ratio(part: float, whole: int) -> float:
    return part / whole if whole else 0.0
