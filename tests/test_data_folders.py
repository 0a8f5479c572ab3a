"""Folders of image files: layouts, damaged files, odd formats, in memory and streamed."""

import numpy as np
import pytest
import torch
from PIL import Image

from tui_trainer.catalogue import data_facts
from tui_trainer.config import ConfigError, Data
from tui_trainer.data import Streamed, load_dataset, read_images

CPU = torch.device("cpu")
CLASSES = ("ant", "bee")


def picture(path, seed=0, size=(9, 7), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size[0], size[1], 3) if mode == "RGB" else size
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)).save(path)


def tree(root, count=10, suffix="png", **options):
    for number, name in enumerate(CLASSES):
        for image in range(count):
            picture(root / name / f"{image:03}.{suffix}", seed=number * 1000 + image, **options)
    return root


def folder(root, **settings):
    return Data(dataset="folder", directory=str(root), **settings)


def everything(source):
    parts = list(source.chunks(None, 0, 6))
    return torch.cat([images for images, _ in parts]), torch.cat([labels for _, labels in parts])


def test_train_and_test_folders_are_read_pixel_by_pixel_and_foretold(tmp_path):
    tree(tmp_path / "train")
    tree(tmp_path / "test", count=3)
    data = folder(tmp_path, validation=4.0)
    facts, found = data_facts(data), load_dataset(data, CPU)
    assert found.classes == facts.classes == CLASSES
    assert found.shape == facts.shape == (3, 9, 7)
    assert (len(found.train), len(found.validation), len(found.test)) == (facts.train_images, facts.validation_images, facts.test_images) == (16, 4, 6)
    images, labels = everything(found.test)
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert np.array_equal(images[4].numpy().transpose(1, 2, 0), np.asarray(Image.open(tmp_path / "test" / "bee" / "001.png")))


def test_a_tree_without_a_test_part_is_split_by_the_data_seed(tmp_path):
    tree(tmp_path)
    first, again, other = (load_dataset(folder(tmp_path, seed=seed, validation=0.2), CPU) for seed in (1, 1, 2))
    assert (len(first.train), len(first.validation), len(first.test)) == (14, 4, 2)
    assert sorted(first.test.labels.tolist()) == [0, 1]
    assert torch.equal(everything(first.test)[0], everything(again.test)[0])
    assert not torch.equal(everything(first.test)[0], everything(other.test)[0])
    assert any("no test part: 2 of 20" in note for note in first.notes)


@pytest.mark.parametrize("name", ["val", "valid"])
def test_a_validation_folder_is_the_validation_set(tmp_path, name):
    tree(tmp_path / "train")
    tree(tmp_path / "test", count=2)
    tree(tmp_path / name, count=3)
    found = load_dataset(folder(tmp_path), CPU)
    assert (len(found.train), len(found.validation), len(found.test)) == (20, 6, 4)
    assert data_facts(folder(tmp_path)).validation_images == 6


@pytest.mark.parametrize("storage", ["memory", "stream"])
def test_unreadable_files_are_left_out_and_named_and_move_no_other(tmp_path, storage):
    tree(tmp_path / "train")
    tree(tmp_path / "test", count=3)
    before = load_dataset(folder(tmp_path, storage=storage, workers=0, validation=0.0), CPU)
    (tmp_path / "train" / "ant" / "004.png").write_bytes(b"no image")
    (tmp_path / "test" / "bee" / "001.png").write_bytes(b"")
    (tmp_path / "train" / "bee" / "notes.txt").write_text("ignored")
    found = load_dataset(folder(tmp_path, storage=storage, workers=0, validation=0.0), CPU)
    assert (len(found.train), len(found.test)) == (19, 5)
    assert "2 unreadable files left out: train/ant/004.png, test/bee/001.png" in found.notes
    kept = [position for position in range(20) if position != 4]
    assert torch.equal(everything(found.train)[0], everything(before.train)[0][kept])
    assert found.class_counts.tolist() == [9, 10]


def test_a_file_cut_short_is_left_out_in_memory_and_replaced_by_its_class_in_a_stream(tmp_path):
    tree(tmp_path / "train", size=(60, 60))
    tree(tmp_path / "test", count=2, size=(60, 60))
    cut = tmp_path / "train" / "bee" / "009.png"
    cut.write_bytes(cut.read_bytes()[:2000])
    memory = load_dataset(folder(tmp_path, validation=0.0), CPU)
    stream = load_dataset(folder(tmp_path, validation=0.0, storage="stream", workers=2), CPU)
    assert len(memory.train) == 19
    images, labels = everything(stream.train)
    assert labels.tolist() == [0] * 10 + [1] * 10
    assert torch.equal(images[19], images[10])
    assert stream.train.damaged == {str(cut)}


def test_no_readable_image_at_all_is_an_error(tmp_path):
    for name in CLASSES:
        (tmp_path / name).mkdir()
        for number in range(3):
            (tmp_path / name / f"{number}.jpg").write_bytes(b"\xff\xd8 no")
    with pytest.raises(ConfigError, match="not a readable image"):
        load_dataset(folder(tmp_path), CPU)
    with pytest.raises(ConfigError, match="none of the 5 training images can be read"):
        load_dataset(folder(tmp_path, image_size=8, channels=1, validation=0.0), CPU)


def test_sizes_that_differ_are_brought_to_the_median_and_said(tmp_path):
    for number, side in enumerate((10, 20, 20, 30, 40)):
        for name in CLASSES:
            picture(tmp_path / "train" / name / f"{number}.png", size=(side, side + 5), mode="L")
            picture(tmp_path / "test" / name / f"{number}.png", size=(8, 8), mode="L")
    found = load_dataset(folder(tmp_path), CPU)
    assert found.shape == data_facts(folder(tmp_path)).shape == (1, 20, 25)
    assert any("sizes differ (10 to 40 pixels high, 15 to 45 wide)" in note for note in found.notes)
    assert load_dataset(folder(tmp_path, image_size=12, channels=3), CPU).shape == (3, 12, 12)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stream_gives_what_memory_gives(tmp_path, workers):
    tree(tmp_path, count=50, size=(12, 10))
    settings = {"validation": 0.2, "normalise": "standardise", "image_size": [8, 9]}
    memory = load_dataset(folder(tmp_path, storage="memory", **settings), CPU)
    stream = load_dataset(folder(tmp_path, storage="stream", workers=workers, **settings), CPU, channels_last=True)
    assert isinstance(stream.train, Streamed)
    order = torch.randperm(len(memory.train), generator=torch.Generator().manual_seed(1))
    for _ in range(2):
        pairs = zip(memory.train.chunks(order, 7, 20), stream.train.chunks(order, 7, 20), strict=True)
        for number, ((images, labels), (streamed, streamed_labels)) in enumerate(pairs):
            assert torch.equal(images, streamed)
            assert torch.equal(labels, streamed_labels)
            assert streamed.is_contiguous(memory_format=torch.channels_last)
            if number == 1:  # an evaluation in the middle of an epoch
                assert all(torch.equal(*pair) for pair in zip(everything(memory.validation), everything(stream.validation), strict=True))
    next(iter(stream.train.chunks(order, 0, 20)))  # left in the middle; the next pass begins anew all the same
    assert torch.equal(next(iter(stream.train.chunks(None, 0, 5)))[0], memory.train.read(slice(0, 5))[0])
    assert torch.equal(stream.train.read(order[:3])[0], memory.train.read(order[:3])[0])
    assert memory.preprocess.state()["scale"].tolist() == pytest.approx(stream.preprocess.state()["scale"].tolist())


def test_what_does_not_fit_into_memory_is_streamed_or_refused(tmp_path, monkeypatch):
    tree(tmp_path)
    monkeypatch.setattr("tui_trainer.data.folder.psutil.virtual_memory", type("Memory", (), {"available": 1000}))
    assert isinstance(load_dataset(folder(tmp_path, workers=0), CPU).train, Streamed)
    with pytest.raises(ConfigError, match=r"data\.storage = memory needs"):
        load_dataset(folder(tmp_path, storage="memory"), CPU)


def grey_level(path, channels=1):
    return read_images([path], Data(), (channels, 4, 4))[0].float().mean((1, 2)).round().int().tolist()


def test_odd_formats_become_the_bytes_that_they_show(tmp_path):
    made = {
        "sixteen.png": Image.fromarray(np.full((4, 4), 257 * 100, np.uint16)),
        "deep.tif": Image.fromarray(np.full((4, 4), 257 * 100, np.int32)),
        "float.tif": Image.fromarray(np.full((4, 4), 100 / 255, np.float32)),
        "palette.gif": Image.new("RGB", (4, 4), (100, 100, 100)).quantize(),
        "bits.png": Image.new("1", (4, 4), 1),
        "ink.jpg": Image.new("CMYK", (4, 4), (155, 155, 155, 0)),
        "clear.png": Image.new("RGBA", (4, 4), (0, 0, 0, 0)),
        "half.png": Image.new("LA", (4, 4), (0, 128)),
    }
    expected = {"bits.png": 255, "clear.png": 255, "half.png": 127}
    for name, image in made.items():
        image.save(tmp_path / name)
        for channels in (1, 3):
            assert grey_level(tmp_path / name, channels) == pytest.approx([expected.get(name, 100)] * channels, abs=2), name


def test_a_photograph_taken_sideways_is_turned_upright(tmp_path):
    pixels = np.zeros((40, 80), np.uint8)
    pixels[:, :40] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise for viewing: the left half comes to the top
    for name in CLASSES:
        (tmp_path / name).mkdir()
        for number in range(2):
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.jpg", exif=exif)
    found = load_dataset(folder(tmp_path, validation=0.0), CPU)
    assert found.shape == (1, 80, 40)
    image = everything(found.train)[0][0, 0].float()
    assert image[:30].mean() > 250
    assert image[50:].mean() < 5


def test_pictures_to_predict_are_shaped_or_named(tmp_path):
    picture(tmp_path / "a.png", size=(50, 40))
    (tmp_path / "b.png").write_bytes(b"nothing")
    assert read_images([tmp_path / "a.png"], Data(), (1, 28, 28)).shape == (1, 1, 28, 28)
    with pytest.raises(ConfigError, match=r"b\.png cannot be read as an image: not an image"):
        read_images([tmp_path / "b.png"], Data(), (1, 28, 28))
    with pytest.raises(ConfigError, match=r"c\.png: no such file"):
        read_images([tmp_path / "c.png"], Data(), (1, 28, 28))


def build_nothing(_):
    pass


def build_flat(root):
    picture(root / "a.png")


def build_one_class(root):
    picture(root / "only" / "a.png")


def build_nested(root):
    tree(root / "inner" / "train")


def build_extra(root):
    tree(root / "train")
    picture(root / "test" / "cow" / "a.png")


def build_empty_test(root):
    tree(root / "train")
    (root / "test").mkdir()


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (build_nothing, "there are no images in folders below it; expected is"),
        (build_flat, "there are no images in folders below it; expected is"),
        (build_one_class, "only one class, only, where at least 2"),
        (build_nested, "did you mean .*inner"),
        (build_extra, "test/cow: the training images have no class of that name; they have ant, bee"),
        (build_empty_test, "test: there are no images"),
    ],
)
def test_a_layout_that_is_not_understood_says_what_is_expected(tmp_path, build, says):
    build(tmp_path)
    for ask in (data_facts, lambda data: load_dataset(data, CPU)):
        with pytest.raises(ConfigError, match=says):
            ask(folder(tmp_path))


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(ConfigError, match="there is no such folder"):
        data_facts(folder(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match=r"data\.directory .*is missing"):
        data_facts(Data(dataset="folder"))


def test_links_in_a_circle_come_to_an_end(tmp_path):
    tree(tmp_path)
    (tmp_path / "ant" / "again").symlink_to(tmp_path / "ant")
    assert data_facts(folder(tmp_path, validation=0.0)).train_images == 18


def test_class_names_carry_nothing_that_a_terminal_would_obey(tmp_path):
    for name in ("\x1b[31mred", "blue"):
        for image in range(8):
            picture(tmp_path / name / f"{image}.png", seed=image)
    data = folder(tmp_path)
    assert data_facts(data).classes == load_dataset(data, CPU).classes == ("?[31mred", "blue")
