"""The order of the data: every image once an epoch, the same for the same seed, from any position."""

from types import SimpleNamespace

import torch
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer.training.batches import Batches, Position
from tui_trainer.training.plan import batches_in


class Numbers:
    """A source whose image number n is the 1x1 image n."""

    def __init__(self, count):
        self.labels = torch.arange(count)

    def __len__(self):
        return len(self.labels)

    def chunks(self, order, start, chunk):
        rows = self.labels if order is None else self.labels[order]
        for first in range(start, len(rows), chunk):
            part = rows[first : first + chunk]
            yield part.view(-1, 1, 1, 1), part


def batches(count, seed=0, shuffle=True):
    def noisy(images, labels, generator, preprocess):
        return images + torch.rand(images.shape, generator=generator), labels

    data = SimpleNamespace(train=Numbers(count), shape=(1, 28, 28), preprocess=lambda x: x, augment=noisy)
    return Batches(data, seed, shuffle, channels_last=False)


sizes = st.tuples(st.integers(1, 200), st.integers(1, 60)).filter(lambda pair: pair[1] <= pair[0])


@given(sizes, st.integers(0, 5), st.booleans(), st.sampled_from([1, 2, "whole"]))
def test_every_image_once(pair, epoch, shuffle, smallest):
    count, size = pair
    smallest = size if smallest == "whole" else min(smallest, size)
    found = [labels for _, labels in batches(count, shuffle=shuffle).rest_of_epoch(Position(epoch=epoch), size, smallest)]
    seen = torch.cat(found)
    assert len(found) == batches_in(count, size, smallest)
    assert len(seen) == len(set(seen.tolist())) == (count if count % size >= smallest else count // size * size)
    if not shuffle:
        assert seen.tolist() == list(range(len(seen)))


@given(sizes, st.data())
def test_goes_on_from_any_position_with_the_same_augmentation(pair, data):
    count, size = pair
    whole = list(batches(count).rest_of_epoch(Position(epoch=2), size))
    taken = data.draw(st.integers(0, len(whole) - 1))
    rest = list(batches(count).rest_of_epoch(Position(epoch=2, seen=taken * size), size))
    assert len(rest) == len(whole) - taken
    for (images, labels), (again, labels_again) in zip(whole[taken:], rest, strict=True):
        assert torch.equal(labels, labels_again)
        assert torch.equal(images, again)


def test_epochs_and_seeds_differ():
    orders = [tuple(torch.cat([y for _, y in batches(50, seed=seed).rest_of_epoch(Position(epoch=epoch), 7)]).tolist()) for seed in range(3) for epoch in range(3)]
    assert len(set(orders)) == 9


@given(sizes, st.integers(1, 40), st.sampled_from([1, 2, "whole"]), st.data())
def test_steps_to_a_place_in_the_data(pair, twentieths, smallest, data):
    """``steps_to`` says how many batches it takes, as walking there shows."""
    count, size = pair
    smallest = size if smallest == "whole" else min(smallest, size)
    walker = batches(count)
    start = Position(epoch=0, seen=data.draw(st.integers(0, batches_in(count, size, smallest) - 1)) * size)
    target = start.epoch + start.seen / count + twentieths / 20
    position, steps = Position(start.epoch, start.seen), 0
    while (position.epoch, position.seen) < (int(target + 1e-9), (target - int(target + 1e-9)) * count - 1e-6):
        position.seen += min(size, count - position.seen)
        steps += 1
        if walker.ends_epoch(position, size, smallest):
            position = Position(epoch=position.epoch + 1)
    assert walker.steps_to(target, start, size, smallest) == max(1, steps)
