"""Normalisation, held against numpy."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_trainer.config import ConfigError, Data
from tui_trainer.data import Preprocess
from tui_trainer.data.preprocess import fit_preprocess

CLASSES = ("no", "yes, ü")


def fitted(images, **normalise):
    return fit_preprocess(Data(**normalise), tuple(images.shape[1:]), CLASSES, images.split(3))


def pictures(seed, count=10, shape=(3, 4, 5)):
    return torch.from_numpy(np.random.default_rng(seed).integers(20, 240, (count, *shape)).astype(np.uint8))


@settings(max_examples=30)
@given(st.integers(0, 1000), st.sampled_from([1, 3]), st.booleans())
def test_normalisations_are_numpys(seed, channels, channels_last):
    images = pictures(seed, shape=(channels, 4, 5))
    given_ = images.contiguous(memory_format=torch.channels_last) if channels_last else images
    pixels = images.numpy().astype(np.float64) / 255
    by_channel = {"axis": (0, 2, 3), "keepdims": True}
    expected = {
        "none": pixels,
        "min-max": (pixels - pixels.min()) / (pixels.max() - pixels.min()),
        "centre": 2 * (pixels - pixels.mean(**by_channel)) / (pixels.max() - pixels.min()),
        "standardise": (pixels - pixels.mean(**by_channel)) / pixels.std(**by_channel),
    }
    for name, values in expected.items():
        found = fitted(images, normalise=name)(given_)
        assert found.dtype == torch.float32
        np.testing.assert_allclose(found.numpy(), values, atol=2e-5)
    assert torch.equal(images, pictures(seed, shape=(channels, 4, 5)))  # the set itself stays as it is


def test_zca_makes_the_training_images_white():
    images = pictures(0, count=4000, shape=(1, 3, 3))
    flat = fitted(images, normalise="zca", zca_epsilon=1e-9)(images).flatten(1).numpy()
    np.testing.assert_allclose(flat.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(np.cov(flat.T), np.eye(9), atol=5e-3)


def test_zca_follows_its_formula_with_epsilon():
    images = pictures(1, count=50, shape=(1, 2, 3))
    pixels = images.numpy().reshape(50, 6) / 255
    values, vectors = np.linalg.eigh(np.cov(pixels.T, bias=True))
    expected = (pixels - pixels.mean(0)) @ vectors @ np.diag((values + 0.1) ** -0.5) @ vectors.T
    np.testing.assert_allclose(fitted(images, normalise="zca", zca_epsilon=0.1)(images).flatten(1).numpy(), expected, atol=1e-4)


def test_zca_of_large_images_is_refused_with_what_helps():
    with pytest.raises(ConfigError, match=r"at most 4096 values, these have 3 x 64 x 64 .*image_size"):
        fitted(torch.zeros(2, 3, 64, 64, dtype=torch.uint8), normalise="zca")


@pytest.mark.parametrize("normalise", ["min-max", "centre", "standardise"])
def test_images_of_one_colour_stay_finite(normalise):
    images = torch.full((5, 3, 2, 2), 77, dtype=torch.uint8)
    assert fitted(images, normalise=normalise)(images).isfinite().all()


def test_a_nearly_constant_bright_set_keeps_its_precision():
    images = torch.full((200, 1, 28, 28), 250, dtype=torch.uint8)
    images[::7, :, 3] = 251
    found = fitted(images, normalise="standardise")(images)
    assert abs(float(found.double().mean())) < 1e-3
    assert abs(float(found.double().std(correction=0)) - 1) < 1e-3


@pytest.mark.parametrize("normalise", ["none", "standardise", "zca"])
def test_a_checkpoint_carries_it_whole(normalise, tmp_path):
    images = pictures(2)
    preprocess = fitted(images, normalise=normalise)
    torch.save(preprocess.state(), tmp_path / "state.pt")
    back = Preprocess.from_state(torch.load(tmp_path / "state.pt", weights_only=True))
    assert (back.shape, back.classes) == ((3, 4, 5), CLASSES)
    assert torch.equal(back(images), preprocess(images))


@pytest.mark.parametrize("normalise", ["none", "min-max", "centre", "standardise"])
def test_pixels_are_found_again(normalise):
    images = pictures(3)
    preprocess = fitted(images, normalise=normalise)
    torch.testing.assert_close(preprocess.pixels(preprocess(images)), images / 255, atol=1e-5, rtol=0)
