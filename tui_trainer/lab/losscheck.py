"""Every loss's closed form against autograd and difference quotients, in double precision."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.func import vmap

from tui_trainer.backprop import binary, loss_rule
from tui_trainer.config import Recipe
from tui_trainer.training.losses import class_weights, make_loss

EPSILON = 3e-4
CLASSES = 10
COUNTS = torch.arange(1, CLASSES + 1)
CPU = torch.device("cpu")
RECIPES = {
    "cross-entropy": Recipe(),
    "cross-entropy, smoothing 0.1": Recipe(label_smoothing=0.1),
    "cross-entropy, balanced weights": Recipe(class_weights="balanced"),
    "squared error": Recipe(loss="squared-error"),
    "soft Dice": Recipe(loss="dice"),
    "focal, gamma 0": Recipe(loss="focal", focal_gamma=0.0),
    "focal, gamma 0.5": Recipe(loss="focal", focal_gamma=0.5),
    "focal, gamma 2": Recipe(loss="focal", focal_gamma=2.0),
    "focal, gamma 5": Recipe(loss="focal", focal_gamma=5.0),
}
Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class ClosedForm:
    """One formula and how far it is from the two other ways to the same number."""

    name: str
    derivative: str
    """Of what by what."""
    formula: str
    autograd: float
    """Largest absolute difference from autograd."""
    quotients: float
    """Largest absolute difference from the extrapolated central differences."""


def check_losses(seed: int = 0, images: int = 50) -> list[ClosedForm]:
    """Check all closed forms on random logits of ``images`` images."""
    draw = torch.Generator().manual_seed(seed)
    logits = torch.randn(images, CLASSES, generator=draw, dtype=torch.float64) * 2
    labels = torch.randint(CLASSES, (images,), generator=draw)
    soft = (torch.randn(images, CLASSES, generator=draw, dtype=torch.float64) * 2).softmax(1)
    return [*_softmax(logits), *_of_logits(logits, labels, soft), *_gamma_0(logits, labels), *_binary(images, draw)]


def _softmax(logits: Tensor) -> Iterator[ClosedForm]:
    closed = binary.softmax_jacobian(logits.softmax(1))
    by_autograd = vmap(torch.func.jacrev(lambda z: z.softmax(0)))(logits)
    columns = [_quotient(partial(_probability, place), logits) for place in range(CLASSES)]
    yield ClosedForm("softmax", "dy/dz", "y_i (1 - y_i), -y_i y_j", _furthest(closed, by_autograd), _furthest(closed, torch.stack(columns, 1)))


def _of_logits(logits: Tensor, labels: Tensor, soft: Tensor) -> Iterator[ClosedForm]:
    for name, recipe in RECIPES.items():
        for kind, targets in (("", labels), (", soft targets", soft)):
            criterion = make_loss(recipe, COUNTS, CPU, torch.float64)
            loss = partial(_loss, criterion, targets)
            _, closed = loss_rule(recipe, class_weights(recipe, COUNTS, CPU, torch.float64))(logits, targets)
            formula = _formula(recipe, soft=bool(kind))
            yield ClosedForm(name + kind, "dL/dz", formula, _furthest(closed, torch.func.grad(loss)(logits)), _furthest(closed, _each_quotient(loss, logits)))


def _formula(recipe: Recipe, *, soft: bool) -> str:
    """dL/dz_i of one image. A hard target has one true class c; of a soft one t, which sums to 1, every class k counts."""
    if recipe.class_weights != "none":
        return "(y_i sum_k w_k t_k - w_i t_i) / B" if soft else "w_c (y - t) / sum over images of w_c"
    if recipe.loss == "dice":
        return "-2 sum_k t_k y_k (1{i=k} - y_i) / (y_k + 1)^2 / B" if soft else "-2 y_c (1{i=c} - y_i) / (y_c + 1)^2 / B"
    if recipe.loss == "focal" and recipe.focal_gamma:
        soft_form = "sum_k t_k (g y_k (1 - y_k)^(g-1) log y_k - (1 - y_k)^g) (1{i=k} - y_i) / B"
        return soft_form if soft else "(g y_c (1 - y_c)^(g-1) log y_c - (1 - y_c)^g) (1{i=c} - y_i) / B"
    if recipe.loss == "squared-error":
        return "2 J (y - t) / B"
    return "(y - q) / B" if recipe.label_smoothing else "(y - t) / B"


def _gamma_0(logits: Tensor, labels: Tensor) -> Iterator[ClosedForm]:
    """Focal with gamma 0 beside cross-entropy: the loss in the first column, its gradient in the second; both are to be 0."""
    (focal_loss, focal_slope), (loss, slope) = (loss_rule(RECIPES[name], None)(logits, labels) for name in ("focal, gamma 0", "cross-entropy"))
    trained = [make_loss(RECIPES[name], COUNTS, CPU, torch.float64)(logits, labels) for name in ("focal, gamma 0", "cross-entropy")]
    apart = max(_furthest(focal_loss, loss), _furthest(*trained))
    yield ClosedForm("focal, gamma 0, is cross-entropy", "L, dL/dz", "equal", apart, _furthest(focal_slope, slope))


def _binary(count: int, draw: torch.Generator) -> Iterator[ClosedForm]:
    z = torch.rand(count, generator=draw, dtype=torch.float64) * 4 - 2  # y in 0.12..0.88: nearer to 0 and 1 the quotients, not the formulas, are off
    t = torch.rand(count, generator=draw, dtype=torch.float64).round()
    y, ones = z.sigmoid(), torch.ones_like(z)
    cases: list[tuple[str, str, str, Function, Tensor, Tensor]] = [
        ("binary cross-entropy", "dL/dz", "y - t", lambda z: binary.cross_entropy(z.sigmoid(), t), z, binary.cross_entropy_by_logit(y, t)),
        ("Dice", "dL/dy", "-2 t^2 / (y + t)^2", lambda y: binary.dice(y, t), y, binary.dice_by_probability(y, t)),
        ("Dice through the sigmoid, t = 1", "dL/dz", "(y-1)/(2y) (1-L)^2", lambda z: binary.dice(z.sigmoid(), ones), z, binary.dice_by_logit(y)),
    ]
    for gamma in (0.0, 0.5, 2.0, 5.0):
        formula = "t (g (1-y)^(g-1) log y - (1-y)^g/y) - (1-t) (g y^(g-1) log(1-y) - y^g/(1-y))"
        cases.append((f"binary focal, gamma {gamma:g}", "dL/dy", formula, partial(_focal, t, gamma), y, binary.focal_by_probability(y, t, gamma)))
    for name, derivative, formula, function, at, closed in cases:
        by_autograd = torch.func.grad(partial(_total, function))(at)
        yield ClosedForm(name, derivative, formula, _furthest(closed, by_autograd), _furthest(closed, _quotient(partial(_of_column, function), at[:, None])[:, 0]))


def _probability(place: int, logits: Tensor) -> Tensor:
    return logits.softmax(1)[:, place]


def _total(function: Function, x: Tensor) -> Tensor:
    return function(x).sum()


def _of_column(function: Function, x: Tensor) -> Tensor:
    return function(x[:, 0])


def _focal(t: Tensor, gamma: float, y: Tensor) -> Tensor:
    return binary.focal(y, t, gamma)


def _loss(criterion: Callable[[Tensor, Tensor], Tensor], targets: Tensor, logits: Tensor) -> Tensor:
    return criterion(logits, targets)


def _quotient(function: Function, at: Tensor) -> Tensor:
    """Extrapolated quotients of a function from rows (N, K) to one value each (N,), by every value of its own row."""

    def central(step: float) -> Tensor:
        moves = torch.eye(at.shape[1], dtype=at.dtype) * step
        return torch.stack([(function(at + move) - function(at - move)) / (2 * step) for move in moves], 1)

    return (4 * central(EPSILON / 2) - central(EPSILON)) / 3


def _each_quotient(function: Function, at: Tensor) -> Tensor:
    """Extrapolated quotients of a function from all of ``at`` to one number."""
    moves = torch.eye(at.numel(), dtype=at.dtype).view(-1, *at.shape)
    many = vmap(function)

    def central(step: float) -> Tensor:
        return ((many(at + step * moves) - many(at - step * moves)) / (2 * step)).view_as(at)

    return (4 * central(EPSILON / 2) - central(EPSILON)) / 3


def _furthest(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max())
