"""Names of the data sets, apart from the schema that takes them."""

from typing import Literal, get_args

PointSet = Literal["circles", "moons", "blobs", "xor", "spirals"]
ImageSet = Literal["digits", "mnist", "fashion-mnist", "kmnist", "cifar10", "folder", "npz"]
POINT_SETS: tuple[str, ...] = get_args(PointSet)
"""Points in the plane, made by formulas: no pictures, no files."""
