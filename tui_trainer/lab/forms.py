"""One training written in four forms, each handing more to PyTorch (report B, 1.2): they give the same curve.

1. *by hand*: forward, backward and update as equations between matrices (backprop/)
2. *autograd*: plain tensors; the forward pass is written out, ``backward()`` finds the gradients
3. *nn.Module*: layers are modules and the network knows its weights; the update is still written out
4. *torch.optim*: the update is PyTorch's too

All compute in double precision from the same weights on the same batches, so what is left between them is rounding. The update is
that of SGD: g is the gradient with the L2 penalty, v = m v + g, w -= lr v (Nesterov: w -= lr (g + m v)).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from tui_trainer.backprop import DenseNetwork, loss_rule
from tui_trainer.config import ConfigError, Recipe
from tui_trainer.config.network import Activation, Dense, Dropout, Flatten, Layer, LeakyRelu, without_hand_gradients
from tui_trainer.models.activations import activation
from tui_trainer.training.batches import Batches, Position
from tui_trainer.training.losses import class_weights, make_loss
from tui_trainer.training.plan import PlannedStage
from tui_trainer.training.prepare import Prepared
from tui_trainer.training.schedules import learning_rate

Criterion = Callable[[Tensor, Tensor], Tensor]


class Form(Protocol):
    """One way to write a step."""

    def step(self, images: Tensor, targets: Tensor, rate: float) -> float:
        """Take one step; the loss of the batch before it."""
        ...

    def weights(self) -> list[Tensor]:
        """The weights as they are, in the order of the layers."""
        ...


@dataclass(frozen=True, slots=True)
class Curves:
    """What the four forms gave."""

    names: tuple[str, ...]
    losses: tuple[tuple[float, ...], ...]
    """One row an epoch: the mean loss of its steps in each form."""
    largest: float
    """Largest relative difference between two forms' losses in any epoch."""
    weights: float
    """Largest absolute difference between two forms' weights at the end."""


class ByHand:
    """Gradients by equations, update by hand."""

    def __init__(self, prepared: Prepared, recipe: Recipe, layers: Sequence[Layer], start: list[Tensor]) -> None:
        model = sequential(layers, start)
        self.params = [parameter.detach() for parameter in model.parameters()]
        self.dense = DenseNetwork(layers, model)
        self.rule = loss_rule(recipe, class_weights(recipe, prepared.data.class_counts, prepared.device, torch.float64))
        self.update = Descent(self.params, recipe)

    def step(self, images: Tensor, targets: Tensor, rate: float) -> float:
        """Forward, dL/d(logits), backward, update."""
        logits, trace = self.dense.forward(images)
        loss, slope = self.rule(logits, targets)
        self.update(self.dense.backward(slope, trace), rate)
        return float(loss)

    def weights(self) -> list[Tensor]:
        """See :class:`Form`."""
        return self.params


class Autograd:
    """Plain tensors that remember what was done with them."""

    def __init__(self, criterion: Criterion, recipe: Recipe, layers: Sequence[Layer], start: list[Tensor]) -> None:
        self.params = [tensor.clone().requires_grad_() for tensor in start]
        self.layers, self.criterion, self.update = layers, criterion, Descent(self.params, recipe)

    def forward(self, x: Tensor) -> Tensor:
        """The network, written out."""
        params = iter(self.params)
        for layer in self.layers:
            match layer:
                case Flatten():
                    x = x.flatten(1)
                case Dense():
                    x = x @ next(params).t()
                    x = x + next(params) if layer.bias else x
                case Dropout():
                    x = _dropout(layer)(x)
                case Activation() | LeakyRelu():
                    x = activation(layer)(x)
        return x

    def step(self, images: Tensor, targets: Tensor, rate: float) -> float:
        """Forward, ``backward()``, update."""
        loss = self.criterion(self.forward(images), targets)
        loss.backward()  # type: ignore[no-untyped-call]
        self.update([_taken(param) for param in self.params], rate)
        return loss.item()

    def weights(self) -> list[Tensor]:
        """See :class:`Form`."""
        return [param.detach() for param in self.params]


class Module:
    """A network of torch.nn's layers, update by hand."""

    def __init__(self, criterion: Criterion, recipe: Recipe, layers: Sequence[Layer], start: list[Tensor]) -> None:
        self.model, self.criterion = sequential(layers, start), criterion
        self.update = Descent(list(self.model.parameters()), recipe)

    def step(self, images: Tensor, targets: Tensor, rate: float) -> float:
        """Forward, ``backward()``, update of the module's parameters."""
        loss = self.criterion(self.model(images), targets)
        loss.backward()  # type: ignore[no-untyped-call]
        self.update([_taken(param) for param in self.model.parameters()], rate)
        return loss.item()

    def weights(self) -> list[Tensor]:
        """See :class:`Form`."""
        return [param.detach() for param in self.model.parameters()]


class Optim:
    """torch.nn's layers and torch.optim's update: nothing by hand."""

    def __init__(self, criterion: Criterion, recipe: Recipe, layers: Sequence[Layer], start: list[Tensor]) -> None:
        self.model, self.criterion = sequential(layers, start), criterion
        settings = {"momentum": recipe.momentum, "nesterov": recipe.nesterov and recipe.momentum > 0, "weight_decay": recipe.weight_decay}
        self.optimiser = torch.optim.SGD(self.model.parameters(), lr=recipe.learning_rate, **settings)  # type: ignore[arg-type]

    def step(self, images: Tensor, targets: Tensor, rate: float) -> float:
        """``zero_grad()``, forward, ``backward()``, ``step()``."""
        self.optimiser.param_groups[0]["lr"] = rate
        self.optimiser.zero_grad()
        loss = self.criterion(self.model(images), targets)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return loss.item()

    def weights(self) -> list[Tensor]:
        """See :class:`Form`."""
        return [param.detach() for param in self.model.parameters()]


class Descent:
    """The update of SGD, written out."""

    def __init__(self, params: list[Tensor], recipe: Recipe) -> None:
        self.params, self.recipe = params, recipe
        self.velocity = [torch.zeros_like(param, requires_grad=False) for param in params]

    @torch.no_grad()
    def __call__(self, grads: Sequence[Tensor], rate: float) -> None:
        """Change the weights along their gradients."""
        momentum = self.recipe.momentum
        for param, grad, velocity in zip(self.params, grads, self.velocity, strict=True):
            g = grad + self.recipe.weight_decay * param
            velocity.mul_(momentum).add_(g)
            param.sub_(rate * (g + momentum * velocity if self.recipe.nesterov and momentum else velocity))


def _taken(param: Tensor) -> Tensor:
    """A parameter's gradient, which starts anew with the next step."""
    grad, param.grad = param.grad, None
    assert grad is not None
    return grad


def _dropout(layer: Dropout) -> nn.Module:
    return (nn.Dropout2d if layer.channels else nn.Dropout)(layer.probability)


def sequential(layers: Sequence[Layer], start: list[Tensor]) -> nn.Sequential:
    """The layers as torch.nn's own modules, in double precision, with these weights."""
    modules: list[nn.Module] = []
    given = iter(start)
    for layer in layers:
        match layer:
            case Flatten():
                modules.append(nn.Flatten())
            case Dense():
                weight = next(given)
                linear = nn.Linear(weight.shape[1], weight.shape[0], layer.bias, dtype=torch.float64)
                with torch.no_grad():
                    linear.weight.copy_(weight)
                    if layer.bias:
                        linear.bias.copy_(next(given))
                modules.append(linear)
            case Dropout():
                modules.append(_dropout(layer))
            case Activation() | LeakyRelu():
                modules.append(activation(layer))
    return nn.Sequential(*modules)


def four_forms(prepared: Prepared, epochs: int, progress: Callable[[str, int, int], None] | None = None) -> Curves:
    """Train a dense network for some epochs in each form and compare. Raises ConfigError for what has no form by hand."""
    config, data = prepared.config, prepared.data
    stage = prepared.stages[0]
    recipe, layers, seed = stage.recipe, config.network.layers, config.training.seed
    _refuse(prepared)
    start = [parameter.detach().double().clone() for parameter in prepared.model.parameters()]
    criterion = make_loss(recipe, data.class_counts, prepared.device, torch.float64)
    makers: dict[str, Callable[[], Form]] = {
        "by hand": lambda: ByHand(prepared, recipe, layers, start),
        "autograd": lambda: Autograd(criterion, recipe, layers, start),
        "nn.Module": lambda: Module(criterion, recipe, layers, start),
        "torch.optim": lambda: Optim(criterion, recipe, layers, start),
    }
    curves, ends = [], []
    for number, (name, make) in enumerate(makers.items()):
        form = make()
        torch.manual_seed(seed)  # for dropout
        curve = []
        for epoch, loss in enumerate(_epochs(form, prepared, stage, epochs)):
            curve.append(loss)
            if progress:
                progress(name, number * epochs + epoch + 1, len(makers) * epochs)
        curves.append(curve)
        ends.append(form.weights())
    losses = tuple(zip(*curves, strict=True))
    largest = max((max(row) - min(row)) / max(map(abs, row)) for row in losses)
    apart = max(float((mine - other).abs().max()) for end in ends[1:] for mine, other in zip(ends[0], end, strict=True))
    return Curves(tuple(makers), losses, largest, apart)


def _epochs(form: Form, prepared: Prepared, stage: PlannedStage, epochs: int) -> Iterator[float]:
    training = prepared.config.training
    batches, step = Batches(prepared.data, training.seed, training.shuffle, False), 0
    for epoch in range(epochs):
        losses = []
        for images, targets in batches.rest_of_epoch(Position(epoch=epoch), stage.recipe.batch_size, stage.smallest_batch):
            rate = learning_rate(stage.recipe, step, epochs * stage.steps_per_epoch, stage.steps_per_epoch)
            wanted = targets.double() if targets.is_floating_point() else targets
            losses.append(form.step(images.double(), wanted, rate))
            step += 1
        yield sum(losses) / len(losses)


def _refuse(prepared: Prepared) -> None:
    config, recipe = prepared.config, prepared.stages[0].recipe
    if other := without_hand_gradients(config.network):
        raise ConfigError(f"{other}: gradients by hand are there for lists of dense, flatten, dropout and activation layers only")
    if recipe.optimiser != "sgd" or recipe.clip_norm:
        what = "training.clip_norm" if recipe.clip_norm else f"training.optimiser = {recipe.optimiser}"
        raise ConfigError(f"{what}: the four forms write out sgd, with or without momentum, Nesterov and weight decay, without clipping")
