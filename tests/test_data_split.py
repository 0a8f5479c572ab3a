"""Split arithmetic: which images are held out and which are trained on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_trainer.catalogue.split import hold_out_test, split, stratified_counts
from tui_trainer.config import ConfigError, Data

CLASSES = ("ant", "bee", "cat", "dog")

labels_of = st.lists(st.integers(0, 3), min_size=4, max_size=200).map(lambda values: np.array(values, np.int64))
ways = st.sampled_from(["random", "stratified", "last"])


@settings(max_examples=150)
@given(labels_of, st.floats(0, 1, exclude_max=True), ways, st.integers(0, 2**63 - 1))
def test_training_and_validation_share_the_images_between_them(labels, fraction, way, seed):
    data = Data(validation=fraction, validation_split=way, seed=seed)
    found = split(labels, CLASSES, data)
    again = split(labels, CLASSES, data)
    assert sorted([*found.train, *found.validation]) == list(range(len(labels)))
    assert len(found.validation) == (min(max(1, int(len(labels) * fraction + 0.5)), len(labels) - 1) if fraction else 0)
    assert np.array_equal(found.train, again.train)
    assert np.array_equal(found.validation, again.validation)
    if way == "last" and len(found.validation):
        assert found.validation[0] == len(found.train)


@settings(max_examples=150)
@given(labels_of, st.data())
def test_a_stratified_split_keeps_every_class_in_proportion(labels, draw):
    count = draw.draw(st.integers(1, len(labels) - 1))
    found = split(labels, CLASSES, Data(validation=float(count), validation_split="stratified"))
    held = np.bincount(labels[found.validation], minlength=4)
    assert held.sum() == count
    assert (np.abs(held - np.bincount(labels, minlength=4) * count / len(labels)) < 1).all()


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20).map(np.array), st.data())
def test_stratified_counts_add_up_and_take_no_more_than_there_is(class_counts, draw):
    count = draw.draw(st.integers(0, int(class_counts.sum())))
    counts = stratified_counts(class_counts, count)
    assert counts.sum() == count
    assert (counts <= class_counts).all()
    assert (counts >= 0).all()


def test_another_seed_holds_out_other_images_and_train_selection_does_not_change_them():
    labels = np.arange(400) % 4
    first, second = (split(labels, CLASSES, Data(validation=0.25, seed=seed)) for seed in (1, 2))
    fewer = split(labels, CLASSES, Data(validation=0.25, seed=1, train_images=50, train_selection="random"))
    assert not np.array_equal(first.validation, second.validation)
    assert np.array_equal(first.validation, fewer.validation)
    assert set(fewer.train) < set(first.train)
    assert len(fewer.train) == 50
    assert list(split(labels, CLASSES, Data(validation=0.25, seed=1, train_images=50)).train) == list(first.train[:50])


def test_class_fractions_thin_out_named_and_numbered_classes_of_the_training_part_only():
    labels = np.arange(400) % 4
    plain = split(labels, CLASSES, Data(validation=100.0))
    thinned = split(labels, CLASSES, Data(validation=100.0, class_fractions={"bee": 0.1, "3": 0.0}))
    before, after = (np.bincount(labels[found.train], minlength=4) for found in (plain, thinned))
    assert list(after) == [before[0], int(before[1] * 0.1 + 0.5), before[2], 0]
    assert np.array_equal(plain.validation, thinned.validation)


def test_the_split_of_a_seed_stays_as_it_is_for_ever():
    found = split(np.arange(20) % 4, CLASSES, Data(validation=5.0, seed=7))
    assert list(found.validation) == [1, 6, 9, 15, 16]


@pytest.mark.parametrize(
    ("settings_", "says"),
    [
        ({"validation": 20.0}, "leaves none to train on"),
        ({"validation": 3.5}, "whole number"),
        ({"class_fractions": {"be": 0.5}}, "did you mean 'bee'"),
        ({"class_fractions": {"4": 0.5}}, "no class '4'"),
        ({"class_fractions": dict.fromkeys(CLASSES, 0.0)}, "leave no image"),
    ],
)
def test_settings_that_leave_nothing_or_name_nothing_are_refused(settings_, says):
    with pytest.raises(ConfigError, match=says):
        split(np.arange(20) % 4, CLASSES, Data(**settings_))


def test_more_training_images_than_there_are_uses_all_and_says_so():
    found = split(np.arange(20) % 4, CLASSES, Data(validation=0.0, train_images=21))
    assert len(found.train) == 20
    assert "only 20" in found.notes[0]


@given(labels_of, st.integers(0, 100))
def test_a_test_part_is_set_aside_the_same_way_every_time(labels, seed):
    train, test = hold_out_test(labels, seed)
    assert sorted([*train, *test]) == list(range(len(labels)))
    assert len(test) == max(1, int(len(labels) * 0.1 + 0.5))
    assert np.array_equal(test, hold_out_test(labels, seed)[1])
