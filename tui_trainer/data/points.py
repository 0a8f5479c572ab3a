"""Points in the plane as a data set: what the network sees of them, float32 [N, F, 1, 1], instead of pixels."""

import numpy as np
import torch
from torch import Tensor

from tui_trainer.catalogue.points import Points, class_names, features, make_points
from tui_trainer.config import Data
from tui_trainer.data.arrays import Arrays, Part


def read_points(data: Data) -> Arrays:
    """The points that ``data`` describes, made anew."""
    train, test = make_points(data)
    return Arrays(data.dataset, class_names(data), _part(train, data), _part(test, data))


def seen(xy: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]", data: Data) -> Tensor:
    """Points [N, 2] with their features, float32 [N, F, 1, 1]."""
    return torch.from_numpy(features(xy, data.features).astype(np.float32))[:, :, None, None]


def _part(points: Points, data: Data) -> Part:
    return Part(seen(points.xy, data), torch.from_numpy(points.labels))
