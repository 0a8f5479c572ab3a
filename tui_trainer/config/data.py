"""Settings of the data: which set, how it is split, normalised and augmented."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from tui_trainer.config.base import Settings, setting
from tui_trainer.config.sets import POINT_SETS, ImageSet, PointSet

DatasetName = Literal[ImageSet, PointSet]
IMAGES = {"dataset": get_args(ImageSet)}
POINTS = {"dataset": POINT_SETS}
Features = Literal["plain", "product", "squares", "quadratic", "sines", "all"]
Normalisation = Literal["none", "min-max", "centre", "standardise", "zca"]
Fraction = Annotated[float, Field(ge=0, le=1)]
Side = Annotated[int, Field(ge=1, le=4096)]


class Augmentation(Settings):
    """Random changes of each training image, drawn anew every time it is seen."""

    rotation: float = setting(0.0, "Rotation", "Each image is turned by a random angle up to this, either way.", unit="°", ge=0, le=180)
    scale: float = setting(0.0, "Scale", "Each image is enlarged or shrunk by a random factor in 1 ± this.", ge=0, le=0.9)
    shift: float = setting(0.0, "Shift", "Each image is moved by a random distance up to this, in both directions.", unit="px", ge=0, le=1024)
    horizontal_flip: float = setting(0.0, "Horizontal flip", "Probability that an image is mirrored left to right.", ge=0, le=1)
    crop_padding: int = setting(0, "Crop padding", "The image is padded by this on every side and a random window of its size is cut out.", unit="px", ge=0, le=1024)
    noise: float = setting(0.0, "Noise", "Standard deviation of Gaussian noise added to pixels in 0..1.", ge=0, le=10)
    mixup: float = setting(0.0, "Mixup", "Alpha of the Beta distribution that mixes pairs of images and targets (0: off).", ge=0, le=10)


class Data(Settings):
    """Which images the network learns from, and how they reach it."""

    dataset: DatasetName = setting("digits", "Data set", "Which images to train on; `tui-trainer data list` tells what is present.")
    directory: str | None = setting(
        None, "Directory", "Where the files lie: the folder of images, the .npz file, or the root of a downloaded set (default: the user's cache).",
        when=IMAGES,
    )
    points: int = setting(400, "Points", "Points of the training part, of which validation takes its share.", when=POINTS, ge=10, le=100_000)
    test_points: int = setting(200, "Test points", "Points of the test part, drawn apart from the training part.", when=POINTS, ge=1, le=100_000)
    noise: float = setting(0.1, "Noise", "Standard deviation of what is added to both coordinates; the shapes reach to about 1.", when=POINTS, ge=0, le=10)
    classes: int = setting(2, "Classes", "Number of blobs, or of arms of the spiral.", when={"dataset": ("blobs", "spirals")}, ge=2, le=10)
    features: Features = setting(
        "plain", "Features", "What the network sees: x and y (plain), with x*y (product), x^2 and y^2 (squares), all three (quadratic), sin x and sin y (sines), or all.",
        when=POINTS,
    )
    image_size: Side | Annotated[tuple[Side, Side], Field(strict=False)] | None = setting(
        None, "Image size", "Resize every image to this many pixels, one number or [height, width] (default: as it is).", unit="px",
        when=IMAGES,
    )
    channels: Literal[1, 3] | None = setting(None, "Channels", "Convert to 1 (grey) or 3 (RGB) channels (default: as it is).", when=IMAGES)
    validation: float = setting(
        0.1, "Validation", "Part of the training set that is held out: a fraction below 1, or a count of images.", ge=0, le=100_000_000
    )
    validation_split: Literal["random", "stratified", "last"] = setting(
        "random", "Validation split", "How held-out images are chosen: at random, at random within each class, or the last ones."
    )
    train_images: int | None = setting(None, "Train images", "Train on this many of the images left after the split (default: all).", ge=1)
    train_selection: Literal["first", "random"] = setting("first", "Train selection", "Which images `train_images` keeps.")
    class_fractions: dict[str, Fraction] = setting(
        {}, "Class fractions", "Part of each named class that the training set keeps, by class name or number; others stay whole."
    )
    seed: int = setting(0, "Data seed", "Seed of the points, the split and the selection, so that runs with different seeds share their data.", ge=0, lt=2**63)
    normalise: Normalisation = setting(
        "none", "Normalise", "Pixels are 0..1, points as they are; min-max, the mean (centre), mean and deviation (standardise) and ZCA whitening (of images) use the training set's statistics."
    )
    zca_epsilon: float = setting(0.01, "ZCA epsilon", "Added to the eigenvalues before whitening.", when={"normalise": ("zca",)}, gt=0, le=1e6)
    augment: Augmentation = setting(Augmentation(), "Augment", "Random changes of the training images.", when=IMAGES)
    storage: Literal["auto", "memory", "stream"] = setting(
        "auto", "Storage", "Hold all images in memory, or read them from disk as they are needed (auto: by size).", when={"dataset": ("folder",)}
    )
    workers: int | None = setting(None, "Workers", "Processes that read images when streaming (default: by cores).", when={"dataset": ("folder",)}, ge=0, le=128)
