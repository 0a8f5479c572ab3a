"""Figures by class, held against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_trainer.runs.metrics import accuracy, confused_pairs, macro_mean, per_class


@st.composite
def labels(draw: st.DrawFn) -> tuple[int, list[int], list[int]]:
    classes = draw(st.integers(2, 6))
    pairs = draw(st.lists(st.tuples(st.integers(0, classes - 1), st.integers(0, classes - 1)), min_size=1, max_size=60))
    return classes, [true for true, _ in pairs], [called for _, called in pairs]


@settings(deadline=None)
@given(labels())
def test_as_scikit_learn_counts(drawn: tuple[int, list[int], list[int]]) -> None:
    from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

    classes, true, called = drawn
    matrix = confusion_matrix(true, called, labels=range(classes)).tolist()
    precision, recall, f1, support = precision_recall_fscore_support(true, called, labels=range(classes), zero_division=0)
    figures = per_class(matrix)
    assert [each.precision for each in figures] == pytest.approx(precision)
    assert [each.recall for each in figures] == pytest.approx(recall)
    assert [each.f1 for each in figures] == pytest.approx(f1)
    assert [each.support for each in figures] == support.tolist()
    assert accuracy(matrix) == pytest.approx(accuracy_score(true, called))
    assert macro_mean(figures, "f1") == pytest.approx(np.mean(f1))
    pairs = confused_pairs(matrix)
    assert sum(times for *_, times in pairs) == sum(each.misclassified for each in figures)
    assert [times for *_, times in pairs] == sorted((times for *_, times in pairs), reverse=True)
