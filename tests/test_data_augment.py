"""Augmentation: exact moves, one draw an image, nothing by chance but from the generator."""

import pytest
import torch

from tui_trainer.config import Augmentation
from tui_trainer.data import Augment, Preprocess

SHAPE = (3, 6, 8)
LABELS = torch.arange(40) % 4


def images_of(count=40, shape=SHAPE, seed=0):
    return torch.randint(1, 256, (count, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def preprocess(shape=SHAPE):
    return Preprocess(shape, ("a", "b", "c", "d"), torch.full((shape[0],), 1 / 255), torch.zeros(shape[0]))


def changed(images, seed=0, shape=SHAPE, **settings):
    augment = Augment(Augmentation(**settings), shape, 4)
    return augment(images, LABELS[: len(images)], torch.Generator().manual_seed(seed), preprocess(shape))


def moved(image, down, right):
    """``image`` moved by whole pixels, background coming in."""
    out = torch.zeros_like(image)
    height, width = image.shape[1:]
    for y in range(max(0, down), min(height, height + down)):
        for x in range(max(0, right), min(width, width + right)):
            out[:, y, x] = image[:, y - down, x - right]
    return out


def found_among(image, candidates):
    return [place for place, candidate in candidates.items() if torch.equal(image, candidate)]


def test_all_settings_at_zero_change_nothing():
    images = images_of()
    values, targets = changed(images)
    assert torch.equal(values, images.float() * (1 / 255))
    assert torch.equal(targets, LABELS)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("shape", [(1, 6, 8), SHAPE])
def test_a_shift_moves_each_image_by_its_own_whole_pixels(shape, channels_last):
    images = images_of(shape=shape)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    values, _ = changed(images.contiguous(memory_format=layout), shape=shape, shift=2.0)
    assert values.is_contiguous(memory_format=layout)
    drawn = set()
    for image, value in zip(images, values, strict=True):
        candidates = {(down, right): moved(image, down, right) * (1 / 255) for down in range(-2, 3) for right in range(-2, 3)}
        places = found_among(value, candidates)
        assert len(places) == 1
        drawn |= set(places)
    assert len(drawn) > 10
    assert {down for down, _ in drawn} == {right for _, right in drawn} == {-2, -1, 0, 1, 2}


def test_shift_crop_and_flip_combine_and_every_image_is_one_of_the_possible_ones():
    images = images_of()
    values, _ = changed(images, shift=1.0, crop_padding=1, horizontal_flip=0.5)
    drawn = set()
    for image, value in zip(images, values, strict=True):
        candidates = {
            (down, right, flip): moved(side, down, right) * (1 / 255)
            for flip, side in ((False, image), (True, image.flip(2)))
            for down in range(-2, 3)
            for right in range(-2, 3)
        }
        places = found_among(value, candidates)
        assert len(places) == 1
        drawn.add(places[0])
    assert {flip for *_, flip in drawn} == {False, True}
    assert max(down for down, *_ in drawn) == 2


def test_a_flip_of_every_image_mirrors_it_left_to_right():
    images = images_of()
    assert torch.equal(changed(images, horizontal_flip=1.0)[0], images.flip(3) * (1 / 255))


def test_a_shift_further_than_the_image_leaves_background_only_and_takes_no_memory_for_it():
    values, _ = changed(images_of(count=40), shift=1024.0)
    assert (values.flatten(1).sum(1) == 0).sum() > 30


def test_a_sampled_shift_moves_as_its_whole_pixels_say():
    """Rotation too small to see makes the sampled way take the same draws as the exact one after its own."""
    images = images_of()
    augment = Augment(Augmentation(rotation=1e-9, shift=2.0, crop_padding=1), SHAPE, 4)
    exact = Augment(Augmentation(shift=2.0, crop_padding=1), SHAPE, 4)
    first, second = torch.Generator().manual_seed(3), torch.Generator().manual_seed(3)
    torch.rand(len(images), generator=second)  # the angles
    sampled, _ = augment(images, LABELS, first, preprocess())
    torch.testing.assert_close(sampled, exact(images, LABELS, second, preprocess())[0], atol=1e-4, rtol=0)


def test_a_sampled_flip_comes_before_the_shift_as_the_exact_one_does():
    images = images_of()
    sampled, _ = changed(images, rotation=1e-9, horizontal_flip=1.0)
    torch.testing.assert_close(sampled, images.flip(3) / 255, atol=1e-4, rtol=0)


def test_a_rotation_turns_by_no_more_than_its_angle_and_keeps_shapes_in_wide_images():
    shape = (1, 21, 41)
    images = torch.zeros(40, *shape, dtype=torch.uint8)
    images[:, :, 10, 18] = 255  # two pixels left of the middle
    values, _ = changed(images, shape=shape, rotation=90.0)
    rows, columns = torch.meshgrid(torch.arange(21) - 10.0, torch.arange(41) - 20.0, indexing="ij")
    mass = values.sum((1, 2, 3))
    y, x = (values[:, 0] * rows).sum((1, 2)) / mass, (values[:, 0] * columns).sum((1, 2)) / mass
    torch.testing.assert_close(torch.hypot(x, y), torch.full((40,), 2.0), atol=0.35, rtol=0)  # a circle, not an ellipse
    angles = torch.rad2deg(torch.atan2(y, -x))
    assert angles.min() < -40
    assert angles.max() > 40
    assert angles.abs().max() < 100


def test_scale_enlarges_and_shrinks_within_its_limits():
    shape = (1, 40, 40)
    images = torch.zeros(40, *shape, dtype=torch.uint8)
    images[:, :, 10:30, 10:30] = 255
    sides = changed(images, shape=shape, scale=0.5)[0].sum((1, 2, 3)).sqrt()
    assert 9.5 < sides.min() < 13
    assert 27 < sides.max() < 30.5


def test_noise_has_the_deviation_asked_for_and_differs_from_image_to_image():
    images = torch.full((40, *SHAPE), 128, dtype=torch.uint8)
    noise = changed(images, noise=0.1)[0] - 128 / 255
    assert abs(float(noise.std()) - 0.1) < 0.005
    assert not torch.equal(noise[0], noise[1])


def test_mixup_mixes_images_and_targets_by_the_same_share():
    images = torch.zeros(40, *SHAPE, dtype=torch.uint8)
    images += (LABELS * 60).to(torch.uint8)[:, None, None, None]
    values, targets = changed(images, mixup=1.0)
    torch.testing.assert_close(targets.sum(1), torch.ones(40))
    torch.testing.assert_close(values[:, 0, 0, 0], targets @ (torch.arange(4) * 60 / 255))
    shares = targets.max(1).values
    assert len(shares[shares < 1].unique()) > 15


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_mixup_shares_follow_the_beta_distribution(alpha):
    shares = Augment(Augmentation(mixup=alpha), SHAPE, 4)._shares
    assert abs(float(shares.mean()) - 0.5) < 1e-4
    assert abs(float(shares.var()) - 1 / (4 * (2 * alpha + 1))) < 2e-3


EVERYTHING = {"rotation": 10.0, "scale": 0.1, "shift": 1.5, "crop_padding": 1, "horizontal_flip": 0.5, "noise": 0.1, "mixup": 0.2}


@pytest.mark.parametrize("settings", [*({name: value} for name, value in EVERYTHING.items()), EVERYTHING])
def test_the_same_generator_state_gives_the_same_images_and_another_gives_others(settings):
    images = images_of()
    torch.manual_seed(1)
    first, targets = changed(images, seed=5, **settings)
    torch.manual_seed(2)  # the global generator has no say
    again, same_targets = changed(images, seed=5, **settings)
    assert torch.equal(first, again)
    assert torch.equal(targets, same_targets)
    assert not torch.equal(first, changed(images, seed=6, **settings)[0])
    assert torch.equal(images, images_of())
