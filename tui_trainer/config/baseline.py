"""Settings of a baseline: a classifier of scikit-learn on the pixels, to hold networks against."""

from typing import Annotated, Literal

from pydantic import Field

from tui_trainer.config.base import Settings, setting

BaselineModel = Literal["svc-linear", "svc-poly", "svc-rbf", "logistic", "knn", "forest"]
SUPPORT_VECTORS = ("svc-linear", "svc-poly", "svc-rbf")


class Baseline(Settings):
    """A classifier that learns from the pixels as the network's input has them."""

    model: BaselineModel = setting(
        "svc-rbf", "Model", "Support vectors with a linear, polynomial or radial kernel, logistic regression, nearest neighbours, or a random forest."
    )
    c: float = setting(
        1.0, "C", "Inverse strength of the penalty: large trusts the training images, small prefers a wide margin.",
        when={"model": (*SUPPORT_VECTORS, "logistic")}, gt=0, le=1e9,
    )  # fmt: skip
    gamma: Literal["scale", "auto"] | Annotated[float, Field(gt=0, le=1e9)] = setting(
        "scale", "Gamma", "Kernel width: scale is 1 / (values * variance), auto 1 / values.", when={"model": ("svc-poly", "svc-rbf")}
    )
    degree: int = setting(3, "Degree", "Of the polynomial (gamma x.y + r)^degree.", when={"model": ("svc-poly",)}, ge=1, le=20)
    coef0: float = setting(0.0, "r", "Constant in the polynomial: above 0 it has the lower powers too.", when={"model": ("svc-poly",)}, ge=-1e6, le=1e6)
    neighbours: int = setting(5, "Neighbours", "How many of the nearest images vote.", when={"model": ("knn",)}, ge=1, le=10_000)
    trees: int = setting(200, "Trees", "Trees in the forest.", when={"model": ("forest",)}, ge=1, le=100_000)
    iterations: int = setting(1000, "Iterations", "Most iterations of the solver.", when={"model": ("logistic",)}, ge=1, le=1_000_000)
