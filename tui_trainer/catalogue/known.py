"""Facts about the data sets that the program knows by name."""

from dataclasses import dataclass

DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class Part:
    """One file of a known set, as it lies unpacked in :attr:`KnownSet.folder`."""

    name: str
    size: int | None = None
    """Bytes, where every true copy has the same number."""
    md5: str | None = None
    """Checksum of the unpacked file, where it is published or was measured."""


@dataclass(frozen=True)
class Download:
    """One archive to fetch: a .gz of one part, or a .tar.gz of the whole folder."""

    name: str
    md5: str
    size: int
    """Bytes, for the progress display; the checksum is what decides."""


@dataclass(frozen=True)
class KnownSet:
    """A data set known by name, its files laid out as torchvision lays them out."""

    name: str
    title: str
    shape: tuple[int, int, int]
    """Channels, height, width."""
    classes: tuple[str, ...]
    train_images: int
    test_images: int
    folder: str = ""
    """Where its files lie below the data root; empty: bundled with scikit-learn."""
    parts: tuple[Part, ...] = ()
    downloads: tuple[Download, ...] = ()
    mirrors: tuple[str, ...] = ()
    """Addresses below which the downloads lie, in the order in which they are tried."""

    @property
    def bundled(self) -> bool:
        """Whether it comes with the program and needs no files of its own."""
        return not self.folder

    @property
    def download_size(self) -> int:
        """Bytes to fetch."""
        return sum(download.size for download in self.downloads)


IDX_NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
IDX_SIZES = (16 + 60_000 * 784, 8 + 60_000, 16 + 10_000 * 784, 8 + 10_000)


def _idx_set(
    name: str,
    title: str,
    folder: str,
    classes: tuple[str, ...],
    mirrors: tuple[str, ...],
    downloads: tuple[tuple[str, int], ...],
    md5s: tuple[str | None, ...] = (None,) * 4,
) -> KnownSet:
    """A set in MNIST's format; ``downloads`` are checksum and bytes of the four .gz files, ``md5s`` of the unpacked ones."""
    parts = tuple(Part(part, size, md5) for part, size, md5 in zip(IDX_NAMES, IDX_SIZES, md5s, strict=True))
    archives = tuple(Download(f"{part}.gz", md5, size) for part, (md5, size) in zip(IDX_NAMES, downloads, strict=True))
    return KnownSet(name, title, (1, 28, 28), classes, 60_000, 10_000, folder, parts, archives, mirrors)


# Addresses and checksums of archives are the ones in torchvision.datasets (mnist.py, cifar.py).
_SETS = (
    KnownSet("digits", "Handwritten digits (scikit-learn), brought to MNIST's form", (1, 28, 28), DIGITS, 1_438, 359),
    _idx_set(
        "mnist",
        "MNIST, handwritten digits",
        "MNIST/raw",
        DIGITS,
        ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
        (
            ("f68b3c2dcbeaaa9fbdd348bbdeb94873", 9_912_422),
            ("d53e105ee54ea40749a09fcbcd1e9432", 28_881),
            ("9fb629c4189551a2d022fa330f9573f3", 1_648_877),
            ("ec29112dd5afa0611ce80d1b7f02629c", 4_542),
        ),
        (
            "6bbc9ace898e44ae57da46a324031adb",
            "a25bea736e30d166cdddb491f175f624",
            "2646ac647ad5339dbf082846283269ea",
            "27ae3e4e09519cfbb04c329615203637",
        ),
    ),
    _idx_set(
        "fashion-mnist",
        "Fashion-MNIST, articles of clothing",
        "FashionMNIST/raw",
        ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
        (
            ("8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880),
            ("25c81989df183df01b3e8a0aad5dffbe", 29_515),
            ("bef4ecab320f06d8554ea6380940ec79", 4_422_102),
            ("bb300cfdad3c16e7a12a480ee83cd310", 5_148),
        ),
    ),
    _idx_set(
        "kmnist",
        "Kuzushiji-MNIST, cursive Japanese characters",
        "KMNIST/raw",
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        (
            ("bdb82020997e1d708af4cf47b453dcf7", 18_165_135),
            ("e144d726b3acfaa3e44228e80efcd344", 29_497),
            ("5c965bf0a639b31b8f53240b1b52f4d7", 3_041_136),
            ("7320c461ea6c1c855c0b718fb2a4b134", 5_120),
        ),
    ),
    KnownSet(
        "cifar10",
        "CIFAR-10, small photographs",
        (3, 32, 32),
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        50_000,
        10_000,
        "cifar-10-batches-py",
        (
            Part("data_batch_1", md5="c99cafc152244af753f735de768cd75f"),
            Part("data_batch_2", md5="d4bba439e000b95fd0a9bffe97cbabec"),
            Part("data_batch_3", md5="54ebc095f3ab1f0389bbae665268c751"),
            Part("data_batch_4", md5="634d18415352ddfa80567beed471001a"),
            Part("data_batch_5", md5="482c414d41f54cd18b22e5b47cb7c3cb"),
            Part("test_batch", md5="40351d587109b95175f43aff81a1287e"),
        ),
        (Download("cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a", 170_498_071),),
        ("https://www.cs.toronto.edu/~kriz/",),
    ),
)
KNOWN: dict[str, KnownSet] = {known.name: known for known in _SETS}
