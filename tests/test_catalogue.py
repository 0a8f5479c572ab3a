"""What is known of data sets without torch: facts, listing, fetching, checking."""

import dataclasses
import gzip
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pytest
from small_sets import idx, write_mnist

from tui_trainer.catalogue import KNOWN, data_facts, data_root, list_sets, prepare_set
from tui_trainer.catalogue.known import IDX_NAMES, Download, Part
from tui_trainer.config import ConfigError, Data
from tui_trainer.config.sets import POINT_SETS


def test_facts_and_listing_import_no_torch(tmp_path):
    code = (
        "import sys; from tui_trainer.catalogue import data_facts, list_sets; from tui_trainer.config import Data; data_facts(Data()); list_sets(sys.argv[1]); "
        "print([name for name in ('torch', 'torchvision', 'sklearn', 'textual', 'PIL') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_set_that_is_not_here_is_described_as_it_would_be(tmp_path):
    facts = data_facts(Data(dataset="cifar10", directory=str(tmp_path), validation=0.1, image_size=16, channels=1))
    assert (facts.present, facts.where, facts.shape) == (False, None, (1, 16, 16))
    assert (facts.found_images, facts.train_images, facts.validation_images, facts.test_images) == (50_000, 45_000, 5_000, 10_000)
    with pytest.raises(ConfigError, match="did you mean 'horse'"):
        data_facts(Data(dataset="cifar10", directory=str(tmp_path), class_fractions={"hose": 0.5}))


def test_the_data_root_is_the_argument_then_the_environment_then_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TUI_TRAINER_DATA_DIR", str(tmp_path))
    assert data_root("here") == Path("here")
    assert data_root(None) == tmp_path
    monkeypatch.delenv("TUI_TRAINER_DATA_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert "tui-trainer" in str(data_root(None))


def test_the_listing_tells_present_incomplete_and_absent_apart(tmp_path):
    write_mnist(tmp_path / "MNIST" / "raw")
    write_mnist(tmp_path / "KMNIST" / "raw")
    (tmp_path / "KMNIST" / "raw" / IDX_NAMES[0]).unlink()
    rows = {row.name: row for row in list_sets(str(tmp_path))}
    assert {name: row.state for name, row in rows.items()} == {
        "digits": "bundled", "mnist": "present", "fashion-mnist": "absent", "kmnist": "incomplete", "cifar10": "absent",
        **dict.fromkeys(POINT_SETS, "made"),
    }  # fmt: skip
    assert rows["mnist"].where == tmp_path / "MNIST" / "raw"
    assert rows["mnist"].size == sum(path.stat().st_size for path in rows["mnist"].where.iterdir())
    assert rows["fashion-mnist"].where == tmp_path / "FashionMNIST" / "raw"


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A folder that serves a small MNIST, which the catalogue knows by its checksums; its first mirror does not answer."""
    folder = tmp_path / "mirror"
    write_mnist(folder, packed=True)
    known = KNOWN["mnist"]
    downloads, parts = [], []
    for name in IDX_NAMES:
        packed = (folder / f"{name}.gz").read_bytes()
        content = gzip.decompress(packed)
        downloads.append(Download(f"{name}.gz", hashlib.md5(packed).hexdigest(), len(packed)))
        parts.append(Part(name, len(content), hashlib.md5(content).hexdigest()))
    mirrors = ("http://127.0.0.1:9/", f"{folder.as_uri()}/")
    monkeypatch.setitem(KNOWN, "mnist", dataclasses.replace(known, parts=tuple(parts), downloads=tuple(downloads), mirrors=mirrors))
    return folder


def test_a_set_is_fetched_checked_and_then_only_checked(tmp_path, mirror):
    root, told = tmp_path / "root", []
    checked = prepare_set("mnist", str(root), lambda *progress: told.append(progress))
    assert [check.good for check in checked] == [True] * 4
    assert sorted(path.name for path in (root / "MNIST" / "raw").iterdir()) == sorted(IDX_NAMES)
    assert told[-1] == (f"{IDX_NAMES[3]}.gz", (mirror / f"{IDX_NAMES[3]}.gz").stat().st_size, KNOWN["mnist"].downloads[3].size)
    told.clear()
    assert prepare_set("mnist", str(root), lambda *progress: told.append(progress)) == checked
    assert told == []


def test_damaged_and_missing_files_alone_are_fetched_again(tmp_path, mirror):
    root, told = tmp_path / "root", set()
    prepare_set("mnist", str(root))
    raw = root / "MNIST" / "raw"
    (raw / IDX_NAMES[1]).write_bytes(idx(np.zeros(60)))
    (raw / IDX_NAMES[3]).unlink()
    checked = prepare_set("mnist", str(root), lambda name, *_: told.add(name))
    assert told == {f"{IDX_NAMES[1]}.gz", f"{IDX_NAMES[3]}.gz"}
    assert all(check.good for check in checked)


def test_a_download_with_another_checksum_leaves_nothing_behind(tmp_path, mirror):
    (mirror / f"{IDX_NAMES[0]}.gz").write_bytes(gzip.compress(b"not what was asked for"))
    with pytest.raises(ConfigError, match=r"mnist could not be fetched .*MD5 checksum.*by hand: download train-images-idx3-ubyte\.gz"):
        prepare_set("mnist", str(tmp_path / "root"))
    assert list((tmp_path / "root" / "MNIST" / "raw").iterdir()) == []


def test_without_a_network_the_steps_by_hand_are_told(tmp_path, monkeypatch):
    for name in ("kmnist", "cifar10"):
        monkeypatch.setitem(KNOWN, name, dataclasses.replace(KNOWN[name], mirrors=("http://127.0.0.1:9/",)))
    with pytest.raises(ConfigError, match=r"kmnist could not be fetched from http://127.0.0.1:9/ .*put them, packed or unpacked, into .*KMNIST/raw"):
        prepare_set("kmnist", str(tmp_path))
    with pytest.raises(ConfigError, match=r"cifar-10-python\.tar\.gz elsewhere and unpack it so that .*cifar-10-batches-py/data_batch_1 is there"):
        prepare_set("cifar10", str(tmp_path))


def test_a_tar_gives_up_its_known_files_only(tmp_path, monkeypatch):
    known, contents = KNOWN["cifar10"], {}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in (*(part.name for part in known.parts), "batches.meta", "../../outside", "extra"):
            contents[name] = f"content of {name}".encode()
            member = tarfile.TarInfo(f"{known.folder}/{name}")
            member.size = len(contents[name])
            tar.addfile(member, io.BytesIO(contents[name]))
    (tmp_path / known.downloads[0].name).write_bytes(packed.getvalue())
    parts = tuple(Part(part.name, md5=hashlib.md5(contents[part.name]).hexdigest()) for part in known.parts)
    download = Download(known.downloads[0].name, hashlib.md5(packed.getvalue()).hexdigest(), len(packed.getvalue()))
    monkeypatch.setitem(KNOWN, "cifar10", dataclasses.replace(known, parts=parts, downloads=(download,), mirrors=(f"{tmp_path.as_uri()}/",)))
    root = tmp_path / "a" / "b" / "root"
    assert all(check.good for check in prepare_set("cifar10", str(root)))
    assert sorted(path.name for path in (root / known.folder).iterdir()) == sorted([*(part.name for part in parts), "batches.meta"])
    assert not list(tmp_path.rglob("outside"))


def test_a_place_that_cannot_be_written_and_an_unknown_name_are_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match=r"kmnist cannot be written to .*file"):
        prepare_set("kmnist", str(tmp_path / "file"))
    with pytest.raises(ConfigError, match="did you mean 'mnist'"):
        prepare_set("mnits")


def test_preparing_the_digits_needs_nothing(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    assert [check.good for check in prepare_set("digits")] == [True]
