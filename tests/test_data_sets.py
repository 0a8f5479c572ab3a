"""Reading of digits, idx files, CIFAR-10's batches and .npz files; damaged ones are named."""

import dataclasses
import hashlib
import io
import pickle
import struct
import subprocess
import sys

import numpy as np
import pytest
import torch
from small_sets import idx, write_mnist

from tui_trainer.catalogue import KNOWN, data_facts
from tui_trainer.catalogue.known import IDX_NAMES
from tui_trainer.config import ConfigError, Data
from tui_trainer.data import load_dataset
from tui_trainer.data.arrays import LUMA

CPU = torch.device("cpu")


def everything(source):
    parts = list(source.chunks(None, 0, 7))
    return torch.cat([images for images, _ in parts]), torch.cat([labels for _, labels in parts])


def agrees(data):
    """The set that ``data`` asks for, after making sure that the facts foretold it."""
    facts, loaded = data_facts(data), load_dataset(data, CPU)
    assert (facts.shape, facts.classes, facts.present) == (loaded.shape, loaded.classes, True)
    assert (facts.train_images, facts.validation_images, facts.test_images) == (len(loaded.train), len(loaded.validation), len(loaded.test))
    assert loaded.class_counts.tolist() == torch.bincount(loaded.train.labels, minlength=len(loaded.classes)).tolist()
    return loaded


def test_the_digits_look_as_mnist_was_made():
    digits = agrees(Data(dataset="digits", validation=0.0))
    images, labels = everything(digits.train)
    assert (digits.shape, len(digits.train), len(digits.test)) == ((1, 28, 28), 1438, 359)
    rows, columns = images[:, 0].amax(2) > 0, images[:, 0].amax(1) > 0
    heights, widths = (28 - side.flip(1).int().argmax(1) - side.int().argmax(1) for side in (rows, columns))
    assert int(torch.maximum(heights, widths).max()) == 20
    mass = images.float().sum((1, 2, 3))
    middle = (images[:, 0].float().sum(2) * (torch.arange(28) + 0.5)).sum(1) / mass
    assert (middle - 14).abs().max() < 2
    assert (middle - 14).abs().mean() < 0.3
    nearest = torch.cdist(everything(digits.test)[0].flatten(1).float(), images.flatten(1).float()).argmin(1)
    assert float((labels[nearest] == digits.test.labels).float().mean()) > 0.95


def test_loading_imports_neither_sklearn_nor_torchvision():
    code = (
        "import sys, torch; from tui_trainer.config import Data; from tui_trainer.data import load_dataset; "
        "load_dataset(Data(), torch.device('cpu')); print([name for name in ('sklearn', 'scipy', 'pandas', 'torchvision', 'textual') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("place", ["MNIST/raw", "raw", "."])
def test_idx_files_are_read_raw_or_packed_wherever_the_directory_points(tmp_path, place, packed):
    images, labels, test_images, test_labels = write_mnist(tmp_path / place, packed=packed)
    mnist = agrees(Data(dataset="mnist", directory=str(tmp_path), validation=0.25, seed=3))
    trained, validated = everything(mnist.train), everything(mnist.validation)
    # Every image is there once, beside its own label.
    both = torch.cat([trained[0], validated[0]])[:, 0]
    where = torch.tensor([int((images == image).all((1, 2)).nonzero()[0, 0]) for image in both])
    assert sorted(where.tolist()) == list(range(60))
    assert torch.equal(torch.cat([trained[1], validated[1]]), labels[where].long())
    assert torch.equal(everything(mnist.test)[0][:, 0], test_images)
    assert torch.equal(mnist.test.labels, test_labels.long())


def test_a_relatives_folder_does_not_pass_for_mnist(tmp_path):
    write_mnist(tmp_path / "KMNIST" / "raw")
    with pytest.raises(ConfigError, match=r"mnist is not at .*KMNIST"):
        load_dataset(Data(dataset="mnist", directory=str(tmp_path / "KMNIST")), CPU)
    assert load_dataset(Data(dataset="kmnist", directory=str(tmp_path / "KMNIST")), CPU).classes == KNOWN["kmnist"].classes


def test_a_missing_set_says_where_it_looked_and_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match=r"mnist is not at .*MNIST/raw/train-images-idx3-ubyte.*tui-trainer data prepare mnist.*--data-dir"):
        load_dataset(Data(dataset="mnist", directory=str(tmp_path)), CPU)
    write_mnist(tmp_path)
    (tmp_path / IDX_NAMES[3]).unlink()
    with pytest.raises(ConfigError, match="lacks t10k-labels-idx1-ubyte"):
        load_dataset(Data(dataset="mnist", directory=str(tmp_path)), CPU)


def rewrite(path, change):
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        (0, lambda old: old[:-100], r"damaged: 46956 bytes, expected 47056 for 60 x 28 x 28"),
        (0, lambda old: old + b"x", "damaged"),
        (0, lambda old: old[:7], "ends inside its header"),
        (0, lambda old: b"", "ends inside its header"),
        (0, lambda old: b"<html>" + old, "not an idx file"),
        (0, lambda old: old[:4] + b"\xff" * 12, "damaged"),
        (0, lambda old: idx(np.zeros((60, 20, 20))), "images of 20 x 20 pixels, expected 28 x 28"),
        (1, lambda old: idx(np.zeros(59)), "59 labels"),
        (1, lambda old: idx(np.full(60, 11)), "label 11"),
    ],
)
def test_damaged_idx_files_are_named_with_what_is_wrong(tmp_path, file, change, says):
    write_mnist(tmp_path)
    rewrite(tmp_path / IDX_NAMES[file], change)
    with pytest.raises(ConfigError, match=says) as caught:
        load_dataset(Data(dataset="mnist", directory=str(tmp_path)), CPU)
    assert IDX_NAMES[file] in str(caught.value)


def test_a_cut_off_gz_file_is_named(tmp_path):
    write_mnist(tmp_path, packed=True)
    rewrite(tmp_path / f"{IDX_NAMES[0]}.gz", lambda old: old[: len(old) // 2])
    with pytest.raises(ConfigError, match=r"train-images-idx3-ubyte\.gz cannot be read"):
        load_dataset(Data(dataset="mnist", directory=str(tmp_path)), CPU)


def test_image_size_and_channels_shape_the_known_sets(tmp_path):
    images = write_mnist(tmp_path)[0]
    data = Data(dataset="mnist", directory=str(tmp_path), image_size=[14, 7], channels=3, validation=0.0)
    found, _ = everything(agrees(data).train)
    assert found.shape == (60, 3, 14, 7)
    assert torch.equal(found[:, 0], found[:, 2])
    assert abs(float(found.float().mean()) - float(images.float().mean())) < 1


@pytest.mark.parametrize("channels_last", [False, True])
def test_an_order_is_kept_from_any_start_in_any_chunks_and_format(tmp_path, channels_last):
    write_mnist(tmp_path)
    data = Data(dataset="mnist", directory=str(tmp_path), channels=3, validation=0.0)
    train = load_dataset(data, CPU, channels_last=channels_last).train
    plain = everything(load_dataset(data, CPU).train)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(0))
    chunks = list(train.chunks(order, 5, 16))
    assert [len(labels) for _, labels in chunks] == [16, 16, 16, 7]
    assert torch.equal(torch.cat([images for images, _ in chunks]), plain[0][order[5:]])
    assert torch.equal(torch.cat([labels for _, labels in chunks]), plain[1][order[5:]])
    assert all(images.is_contiguous(memory_format=torch.channels_last) for images, _ in chunks) == channels_last
    assert torch.equal(train.read(slice(3, 9))[0], plain[0][3:9])


class Python2Pickler(pickle._Pickler):
    """Writes bytes as the strings of Python 2, in which CIFAR-10's files were written."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_bytes(self, obj):
        self.write(b"T" + struct.pack("<i", len(obj)) + obj)

    dispatch[bytes] = save_bytes


def python2_pickle(value):
    file = io.BytesIO()
    Python2Pickler(file, protocol=2).dump(value)
    return file.getvalue().replace(b"numpy._core", b"numpy.core")


@pytest.fixture
def cifar(tmp_path, monkeypatch):
    """Six small batch files of CIFAR-10, and a catalogue that knows their checksums; their images and labels."""
    known, random, parts, made = KNOWN["cifar10"], np.random.default_rng(0), [], []
    folder = tmp_path / known.folder
    folder.mkdir()
    for part in known.parts:
        images, labels = random.integers(0, 256, (10, 3072)).astype(np.uint8), random.integers(0, 10, 10).tolist()
        content = python2_pickle({b"data": images, b"labels": labels, b"batch_label": b"x"})
        (folder / part.name).write_bytes(content)
        parts.append(dataclasses.replace(part, md5=hashlib.md5(content).hexdigest()))
        made.append((images, labels))
    monkeypatch.setitem(KNOWN, "cifar10", dataclasses.replace(known, parts=tuple(parts)))
    return folder, made


def test_cifar_batches_are_read_as_channels_rows_columns(cifar):
    folder, made = cifar
    found = load_dataset(Data(dataset="cifar10", directory=str(folder.parent), validation=0.0), CPU)
    images, labels = everything(found.train)
    assert torch.equal(images.flatten(1), torch.from_numpy(np.concatenate([images for images, _ in made[:5]])))
    assert labels.tolist() == [label for _, labels in made[:5] for label in labels]
    assert found.test.labels.tolist() == made[5][1]


def test_a_cifar_batch_with_another_checksum_is_not_unpickled(cifar):
    folder, _ = cifar
    rewrite(folder / "data_batch_3", lambda old: pickle.dumps(Trap(folder / "trap")))
    with pytest.raises(ConfigError, match=r"data_batch_3 is damaged: its MD5"):
        load_dataset(Data(dataset="cifar10", directory=str(folder.parent)), CPU)
    assert not (folder / "trap").exists()


def test_a_pickle_that_asks_for_more_than_arrays_runs_nothing_even_with_the_right_checksum(cifar, monkeypatch):
    folder, _ = cifar
    content = pickle.dumps(Trap(folder / "trap"))
    (folder / "test_batch").write_bytes(content)
    known = KNOWN["cifar10"]
    parts = (*known.parts[:-1], dataclasses.replace(known.parts[-1], md5=hashlib.md5(content).hexdigest()))
    monkeypatch.setitem(KNOWN, "cifar10", dataclasses.replace(known, parts=parts))
    with pytest.raises(ConfigError, match=r"test_batch is damaged: it asks for"):
        load_dataset(Data(dataset="cifar10", directory=str(folder.parent)), CPU)
    assert not (folder / "trap").exists()


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def npz(path, **arrays):
    np.savez_compressed(path, **arrays)
    return Data(dataset="npz", directory=str(path), validation=0.0)


PIXELS = np.random.default_rng(0).integers(0, 256, (40, 6, 5, 3)).astype(np.uint8)
NUMBERS = np.arange(40) % 3
FULL = {"x_train": PIXELS, "y_train": NUMBERS, "x_test": PIXELS[:9], "y_test": NUMBERS[:9]}


@pytest.mark.parametrize(
    ("images", "channels"),
    [
        (PIXELS, 3),
        (PIXELS.transpose(0, 3, 1, 2), 3),
        (PIXELS[..., 0], 1),
        (PIXELS[..., :1], 1),
        (PIXELS.astype(np.int64), 3),
        (PIXELS.astype(np.float32), 3),
        (PIXELS / 255, 3),
        ((PIXELS / 255).astype(np.float32).transpose(0, 3, 1, 2), 3),
    ],
)
def test_npz_images_of_every_layout_and_kind_come_out_as_the_same_bytes(tmp_path, images, channels):
    found = agrees(npz(tmp_path / "a.npz", **FULL | {"x_train": images, "x_test": images[:9]}))
    expected = torch.from_numpy(PIXELS.transpose(0, 3, 1, 2)[:, :channels].copy())
    assert torch.equal(everything(found.train)[0], expected)
    assert torch.equal(everything(found.test)[0], expected[:9])


@pytest.mark.parametrize("labels", [NUMBERS, NUMBERS.astype(np.float64), NUMBERS[:, None], np.eye(3)[NUMBERS], np.eye(3, dtype=bool)[NUMBERS]])
def test_npz_labels_may_be_numbers_or_one_hot(tmp_path, labels):
    names = np.array(["ant", "bee", "sea cow"])
    found = agrees(npz(tmp_path / "a.npz", **FULL | {"y_train": labels, "classes": names}))
    assert found.train.labels.tolist() == NUMBERS.tolist()
    assert found.classes == ("ant", "bee", "sea cow")


def test_npz_without_a_test_part_sets_a_stratified_tenth_aside(tmp_path):
    found = agrees(npz(tmp_path / "a.npz", x_train=PIXELS, y_train=NUMBERS).model_copy(update={"validation": 0.5, "seed": 4}))
    assert len(found.test) == 4
    assert len(set(found.test.labels.tolist())) == 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"x_train": PIXELS[:, 0, 0]}, "x_train has the shape 40 x 3;"),
        ({"x_train": np.zeros((40, 6, 5, 4), np.uint8)}, "x_train has the shape 40 x 6 x 5 x 4"),
        ({"x_train": PIXELS - 300.0}, "x_train .* holds values from"),
        ({"x_train": np.full((40, 6, 5, 3), np.nan)}, "x_train .* holds values from nan"),
        ({"x_train": PIXELS[:39]}, "x_train holds 39 images, but y_train holds 40 labels"),
        ({"x_train": PIXELS.astype(object)}, "x_train holds Python objects"),
        ({"x_train": PIXELS.astype(str)}, "x_train holds <U"),
        ({"x_test": PIXELS[:9, :5]}, "x_test has images of 3 x 5 x 5, x_train of 3 x 6 x 5"),
        ({"x_train": PIXELS / 255, "x_test": PIXELS[:9] / 1.0}, "x_test holds values up to 255, but x_train lies in 0..1"),
        ({"y_train": NUMBERS + 0.5}, "y_train holds numbers that are not whole"),
        ({"y_train": NUMBERS - 1}, "y_train holds the label -1"),
        ({"y_train": NUMBERS * 10**7}, "y_train holds the label 20000000"),
        ({"y_train": np.zeros((40, 3))}, "y_train .* rows are not one-hot"),
        ({"classes": np.array(["a", "b"])}, "labels reach 2, but classes has 2 names"),
        ({"classes": np.array(["a", "b", "a"])}, "classes names 'a' twice"),
    ],
)
def test_npz_errors_name_the_array_and_its_shape(tmp_path, change, says):
    with pytest.raises(ConfigError, match=says):
        load_dataset(npz(tmp_path / "a.npz", **FULL | change), CPU)


def test_npz_that_lacks_arrays_or_is_none_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="has no array y_train, only x_train"):
        load_dataset(npz(tmp_path / "a.npz", x_train=PIXELS), CPU)
    with pytest.raises(ConfigError, match="has x_test but no y_test"):
        load_dataset(npz(tmp_path / "b.npz", x_train=PIXELS, y_train=NUMBERS, x_test=PIXELS), CPU)
    with pytest.raises(ConfigError, match=r"data\.directory .*is missing"):
        load_dataset(Data(dataset="npz"), CPU)
    with pytest.raises(ConfigError, match="there is no such"):
        load_dataset(Data(dataset="npz", directory=str(tmp_path / "c.npz")), CPU)
    whole = (tmp_path / "a.npz").read_bytes()
    for content in (b"", b"nonsense", whole[: len(whole) // 2], whole[:80] + b"\0" * 200 + whole[280:]):
        (tmp_path / "d.npz").write_bytes(content)
        with pytest.raises(ConfigError, match=r"d\.npz"):
            load_dataset(Data(dataset="npz", directory=str(tmp_path / "d.npz")), CPU)


def test_grey_from_colour_is_pillows_luma(tmp_path):
    found, _ = everything(load_dataset(npz(tmp_path / "a.npz", **FULL).model_copy(update={"channels": 1}), CPU).train)
    expected = torch.from_numpy(PIXELS @ np.array(LUMA)).round()
    assert (found[:, 0] - expected).abs().max() <= 1
