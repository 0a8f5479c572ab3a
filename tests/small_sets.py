"""Small files in MNIST's format, for tests."""

import gzip
import struct

import numpy as np
import torch

from tui_trainer.catalogue.known import IDX_NAMES


def idx(array):
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()


def write_mnist(folder, train=60, test=20, packed=False, seed=0):
    """Four small files in MNIST's format; the images and labels that they hold."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = [random.integers(0, 256, (train, 28, 28)), np.arange(train) % 10, random.integers(0, 256, (test, 28, 28)), np.arange(test) % 10]
    for name, array in zip(IDX_NAMES, arrays, strict=True):
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
        else:
            (folder / name).write_bytes(idx(array))
    return [torch.from_numpy(array.astype(np.uint8)) for array in arrays]
