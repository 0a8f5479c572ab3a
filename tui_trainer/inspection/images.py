"""Pages of a split's images: what one network gets wrong, what two make of the same ones."""

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from tui_trainer.asking.answers import ImageList, Pair, PairImage, ShownImage
from tui_trainer.asking.picture import Picture
from tui_trainer.asking.questions import Compare, ListImages
from tui_trainer.config import ConfigError
from tui_trainer.data import Source
from tui_trainer.inspection.breath import Breathe
from tui_trainer.inspection.shelf import Loaded, Scores, Store

MOST_IMAGES = 500
CHUNK = 256
EXACT = 10_000
"""Disagreements up to which McNemar's test is exact; above, it takes the normal distribution."""


def image_list(store: Store, question: ListImages, breathe: Breathe) -> ImageList:
    """See :class:`ListImages`. Raises ConfigError."""
    loaded = store.network(question.weights)
    for name, number in (("true", question.true), ("predicted", question.predicted)):
        _check_class(name, number, loaded)
    _, source = store.split(loaded, question.split, breathe)
    scores = store.scores(loaded, question.split, breathe)
    right = scores.predicted == scores.labels
    chosen = {"errors": ~right, "correct": right, "all": torch.ones_like(right)}[question.only]
    if question.true is not None:
        chosen = chosen & (scores.labels == question.true)
    if question.predicted is not None:
        chosen = chosen & (scores.predicted == question.predicted)
    order = sort_worst(scores, chosen.nonzero().flatten(), question.sort)
    page = _page(order, question.offset, question.limit)
    predicted, losses = scores.predicted, scores.losses
    images = tuple(
        ShownImage(
            index, int(scores.labels[index]), int(predicted[index]), tuple(scores.log_probabilities[index].exp().tolist()), float(losses[index]), picture
        )
        for index, picture in zip(page.tolist(), pictures(source, page, question.side), strict=True)
    )
    return ImageList(loaded.checkpoint, question.split, len(order), question.offset, images)


def sort_worst(scores: Scores, chosen: Tensor, sort: str) -> Tensor:
    """The indices ``chosen``, int64 [n] ascending, worst first: by loss, or the surest first; ties stay in the order of the split."""
    if sort == "index":
        return chosen
    worth = scores.losses if sort == "loss" else scores.confidence
    return chosen[worth[chosen].sort(descending=True, stable=True).indices]


def pictures(source: Source, indices: Tensor, side: int) -> list[Picture]:
    """These images of a split, int64 [n]; those with a side longer than ``side`` are averaged down to it. Raises ConfigError for a side that is not allowed."""
    if not 4 <= side <= 1024:
        raise ConfigError(f"side: {side} is not allowed; allowed is 4 to 1024")
    if not len(indices):
        return []
    images, _ = source.read(indices)
    return [as_picture(image) for image in shrunk(images.cpu(), side)]


def shrunk(images: Tensor, side: int) -> Tensor:
    """``images``, uint8 [N, C, H, W], with their longer side at most ``side``: each pixel the mean of those it covers."""
    height, width = images.shape[2:]
    factor = side / max(height, width)
    if factor >= 1:
        return images
    size = (max(1, round(height * factor)), max(1, round(width * factor)))
    return adaptive_avg_pool2d(images.float(), size).round_().to(torch.uint8)


def as_picture(image: Tensor) -> Picture:
    """uint8 [C, H, W] as pixels: grey of one channel, colour of three, the first channel of any other number."""
    pixels = image.permute(1, 2, 0) if len(image) == 3 else image[0]
    return Picture.of(pixels.contiguous().numpy())


def pair(store: Store, question: Compare, breathe: Breathe) -> Pair:
    """See :class:`Compare`. Raises ConfigError where the two were not tried on the same images."""
    one, other = store.network(question.first), store.network(question.second)
    _, source = store.split(one, question.split, breathe)
    _, others = store.split(other, question.split, breathe)
    _check_same_images(one, other, source, others, question.split, breathe)
    first, second = store.scores(one, question.split, breathe), store.scores(other, question.split, breathe)
    right, also = first.predicted == first.labels, second.predicted == second.labels
    kinds = {"first": right & ~also, "second": ~right & also, "both": right & also, "neither": ~right & ~also}
    counts = {kind: int(which.sum()) for kind, which in kinds.items()}
    order = sort_worst(second if question.show == "first" else first, kinds[question.show].nonzero().flatten(), question.sort)
    page = _page(order, question.offset, question.limit)
    images = tuple(
        PairImage(
            index, int(first.labels[index]), int(first.predicted[index]), int(second.predicted[index]),
            tuple(first.log_probabilities[index].exp().tolist()), tuple(second.log_probabilities[index].exp().tolist()), picture,
        )
        for index, picture in zip(page.tolist(), pictures(source, page, question.side), strict=True)
    )  # fmt: skip
    return Pair(
        first=one.checkpoint, second=other.checkpoint, split=question.split, classes=one.trained.classes,
        both=counts["both"], only_first=counts["first"], only_second=counts["second"], neither=counts["neither"],
        p_value=mcnemar(counts["first"], counts["second"]), total=len(order), offset=question.offset, images=images,
    )  # fmt: skip


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided p value of McNemar's test (Psychometrika 12, 1947) on the numbers of images that only one of two gets right.

    Exact: the binomial distribution with probability 1/2; above 10 000 disagreements its normal approximation with continuity correction.
    """
    disagreements, fewer = only_first + only_second, min(only_first, only_second)
    if not disagreements or only_first == only_second:
        return 1.0
    if disagreements > EXACT:
        distance = (abs(only_first - only_second) - 1) / disagreements**0.5
        return float(torch.erfc(torch.tensor(distance / 2**0.5, dtype=torch.float64)))
    term = tail = 1
    for number in range(fewer):
        term = term * (disagreements - number) // (number + 1)
        tail += term
    return min(1.0, float(2 * tail / 2**disagreements))


def _check_class(name: str, number: int | None, loaded: Loaded) -> None:
    classes = loaded.trained.classes
    if number is not None and not 0 <= number < len(classes):
        raise ConfigError(f"{name}: there is no class {number}; allowed is 0 to {len(classes) - 1}")


def _page(order: Tensor, offset: int, limit: int) -> Tensor:
    if offset < 0 or not 0 <= limit <= MOST_IMAGES:
        raise ConfigError(f"offset {offset}, limit {limit}: allowed is an offset from 0 and a limit of 0 to {MOST_IMAGES}")
    return order[offset : offset + limit]


def _check_same_images(one: Loaded, other: Loaded, source: Source, others: Source, split: str, breathe: Breathe) -> None:
    names = f"{one.trained.run.name} and {other.trained.run.name}"
    if one.trained.classes != other.trained.classes:
        raise ConfigError(f"{names} tell different classes apart: they cannot be compared image by image")
    if source is others:
        return
    if not torch.equal(source.labels.cpu(), others.labels.cpu()):
        raise ConfigError(f"{names} have different {split} images: choose a split that they share")
    settings = [
        each.trained.config.data.model_dump(exclude={"normalise", "zca_epsilon", "augment", "image_size", "channels", "storage", "workers"})
        for each in (one, other)
    ]
    if settings[0] == settings[1]:
        return
    if one.trained.preprocess.shape != other.trained.preprocess.shape or not _same_pixels(source, others, breathe):
        raise ConfigError(f"{names} have different {split} images: choose a split that they share")


def _same_pixels(source: Source, others: Source, breathe: Breathe) -> bool:
    done = 0
    for (images, _), (other_images, _) in zip(source.chunks(None, 0, CHUNK), others.chunks(None, 0, CHUNK), strict=True):
        breathe("comparing images", done, len(source))
        done += len(images)
        if not torch.equal(images.cpu(), other_images.cpu()):
            return False
    return True
