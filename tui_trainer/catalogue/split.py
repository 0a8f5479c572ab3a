"""Which images are held out, and which of the rest are trained on: arithmetic on labels, the same everywhere.

Random choices come from MT19937 through ``RandomState``, whose streams numpy keeps as they are for ever, so the same
``data.seed`` gives the same split with any version.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_trainer.config import ConfigError, Data
from tui_trainer.config.errors import nearest

if TYPE_CHECKING:
    import numpy as np

    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

TEST_FRACTION = 0.1
"""Part of a set without a test part that becomes its test set."""

_PURPOSES = ("test", "validation", "train", "classes")


@dataclass(frozen=True)
class Split:
    """Positions in the training part, ascending, that are trained on and that are held out."""

    train: "Ints"
    validation: "Ints"
    notes: tuple[str, ...] = ()


def _random(seed: int, purpose: str) -> "np.random.RandomState":
    import numpy as np

    return np.random.RandomState(np.random.MT19937(np.random.SeedSequence([seed, _PURPOSES.index(purpose)])))


def stratified_counts(class_counts: "Ints", count: int) -> "Ints":
    """How many of each class make up ``count`` in the classes' proportions: largest remainders, sum exactly ``count``."""
    import numpy as np

    total = int(class_counts.sum())
    exact = class_counts * count
    counts = exact // max(total, 1)
    rest = count - int(counts.sum())
    # Stable sort: equal remainders go to the lower class number.
    order = np.argsort(-(exact % max(total, 1)), kind="stable")[:rest]
    counts[order] += 1
    return counts


def _stratified(labels: "Ints", count: int, random: "np.random.RandomState") -> "Ints":
    import numpy as np

    taken = []
    for number, wanted in enumerate(stratified_counts(np.bincount(labels), count)):
        members = np.flatnonzero(labels == number)
        taken.append(random.permutation(members)[:wanted])
    return np.sort(np.concatenate(taken)).astype(np.int64)


def hold_out_test(labels: "Ints", seed: int, fraction: float = TEST_FRACTION) -> "tuple[Ints, Ints]":
    """Positions of the training and of the test part, ascending, of a set that has no test part of its own.

    The test part is stratified and depends on ``seed`` and ``labels`` only. Raises ConfigError for fewer than 2 images.
    """
    import numpy as np

    if len(labels) < 2:
        raise ConfigError(f"{len(labels)} image{'s' * (len(labels) != 1)} cannot be split into a training and a test part: at least 2 are needed")
    test = _stratified(labels, max(1, int(len(labels) * fraction + 0.5)), _random(seed, "test"))
    train = np.setdiff1d(np.arange(len(labels)), test, assume_unique=True)
    return train, test


def validation_count(images: int, validation: float) -> int:
    """How many of ``images`` are held out: a fraction below 1 (rounded, but one at least and not all), or a count.

    Raises ConfigError where a count is not whole or leaves nothing.
    """
    if validation == 0:
        return 0
    if validation >= 1 and validation != int(validation):
        raise ConfigError(f"data.validation = {validation:g} is neither a fraction below 1 nor a whole number of images")
    if validation < 1:
        return min(max(1, int(images * validation + 0.5)), images - 1)
    if validation >= images:
        raise ConfigError(f"data.validation = {validation:g} holds out all of {images} images and leaves none to train on; allowed is less than {images}")
    return int(validation)


def class_numbers(fractions: dict[str, float], classes: tuple[str, ...]) -> dict[int, float]:
    """``fractions`` by class number; a key is a class name or, if there is none of that name, a number. Raises ConfigError."""
    found: dict[int, float] = {}
    for key, fraction in fractions.items():
        if key in classes:
            number = classes.index(key)
        elif key.isascii() and key.isdigit() and int(key) < len(classes):
            number = int(key)
        else:
            shown = ", ".join(classes[:12]) + (", ..." if len(classes) > 12 else "")
            raise ConfigError(f"data.class_fractions: there is no class {key!r}{nearest(key, classes)}; the classes are {shown}")
        found[number] = fraction
    return found


def split(labels: "Ints", classes: tuple[str, ...], data: Data, own_validation: bool = False) -> Split:
    """What ``data`` asks of a training part with these ``labels`` (int64 [N]).

    First the validation images are held out (none if the set brings its own), then ``train_images`` of the rest are
    kept, then ``class_fractions`` thin out classes at random. Raises ConfigError where nothing would be left to train on.
    """
    import numpy as np

    images = len(labels)
    notes = []
    count = 0 if own_validation else validation_count(images, data.validation)
    validation: Ints
    if not count:
        validation = np.empty(0, np.int64)
    elif data.validation_split == "last":
        validation = np.arange(images - count, images)
    elif data.validation_split == "stratified":
        validation = _stratified(labels, count, _random(data.seed, "validation"))
    else:
        validation = np.sort(_random(data.seed, "validation").permutation(images)[:count])
    held = np.zeros(images, bool)
    held[validation] = True
    train = np.flatnonzero(~held)
    if data.train_images is not None:
        if data.train_images > len(train):
            notes.append(f"data.train_images = {data.train_images}, but only {len(train)} are left after the split: all are used")
        elif data.train_selection == "random":
            train = np.sort(_random(data.seed, "train").permutation(train)[: data.train_images])
        else:
            train = train[: data.train_images]
    if data.class_fractions:
        random = _random(data.seed, "classes")
        keep = np.ones(len(train), bool)
        for number, fraction in sorted(class_numbers(data.class_fractions, classes).items()):
            members = np.flatnonzero(labels[train] == number)
            keep[random.permutation(members)[int(len(members) * fraction + 0.5) :]] = False
        train = train[keep]
    if not len(train):
        raise ConfigError("data.validation, data.train_images and data.class_fractions leave no image to train on")
    return Split(train.astype(np.int64), validation.astype(np.int64), tuple(notes))
