"""Looking at a module from outside: counts, its table of layers, the shape of what it returns."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from tui_trainer.network import LayerSummary, NetworkSummary


def parameter_count(model: nn.Module) -> int:
    """How many values are learnt; a parameter that two layers share counts once."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def wants_channels_last(model: nn.Module) -> bool:
    """Whether the model has 2-D convolutions, which run faster in the channels_last memory format."""
    return any(isinstance(module, nn.Conv2d) for module in model.modules())


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Forward passes in here leave no trace: not in the buffers, the mode, the gradients or torch's generator."""
    modes = [(module, module.training) for module in model.modules()]
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers() if not is_lazy(buffer)}
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            yield
    finally:
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                if name in buffers:
                    buffer.copy_(buffers[name])
        for module, mode in modes:
            module.training = mode


def probe(model: nn.Module, input_shape: tuple[int, int, int], *, training: bool) -> Any:
    """What the model returns for two black images, on the device of its parameters; raises what the model raises."""
    first = next(model.parameters(), None)
    with undisturbed(model):
        model.train(training)
        return model(torch.zeros((2, *input_shape), device=None if first is None else first.device))


def module_summary(model: nn.Module, input_shape: tuple[int, int, int], classes: int) -> NetworkSummary:
    """The table of any module for images of ``input_shape`` (C, H, W): its leaf modules in the order they run.

    Jump and receptive field are unknown (None). Multiplications are counted for convolutions and dense layers.
    Parameters that no leaf holds stand in rows of their own modules. A module that runs twice has its parameters
    counted the first time.
    """
    rows = [LayerSummary("input", "input", tuple(input_shape), 0, 1, 1, 0)]
    counted: set[int] = set()
    names = {module: name for name, module in model.named_modules()}

    def own(module: nn.Module) -> int:
        fresh = [parameter for parameter in module.parameters(recurse=False) if parameter.requires_grad and id(parameter) not in counted]
        counted.update(map(id, fresh))
        return sum(parameter.numel() for parameter in fresh)

    def note(module: nn.Module, _: Any, output: Any) -> None:
        if not isinstance(output, Tensor):
            return
        parameters = own(module)
        if parameters or not list(module.children()):
            shape = tuple(output.shape[1:])
            rows.append(LayerSummary(names[module] or "model", _name(module), shape, parameters, None, None, _multiplications(module, output)))

    handles = [module.register_forward_hook(note) for module in names]
    try:
        output = probe(model, input_shape, training=False)
    finally:
        for handle in handles:
            handle.remove()
    left = parameter_count(model) - sum(row.parameters for row in rows)
    if left:
        rows.append(LayerSummary("other", "other parameters", tuple(output.shape[1:]), left, None, None, 0))
    return NetworkSummary(tuple(rows))


def _name(module: nn.Module) -> str:
    match module:
        case nn.Conv2d():
            kernel = "×".join(map(str, module.kernel_size))
            stride = f" stride {module.stride[0]}" if module.stride[0] > 1 else ""
            groups = f" groups {module.groups}" if module.groups > 1 else ""
            return f"conv {module.out_channels} {kernel}{stride}{groups}"
        case nn.Linear():
            return f"dense {module.out_features}"
        case _:
            return type(module).__name__


def _multiplications(module: nn.Module, output: Tensor) -> int:
    match module:
        case nn.Conv2d():
            return module.weight.numel() * output.shape[2] * output.shape[3]
        case nn.Linear():
            return module.weight.numel() * output.numel() // output.shape[0] // output.shape[-1]
        case _:
            return 0
