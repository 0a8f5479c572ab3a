"""The loops that tui-trainer is measured against, written as one would by hand.

They run in a process of their own, so that nothing that tui-trainer sets for its process (threads' waiting, what becomes of
freed memory) helps or hinders them: requests come in as JSON lines, images per second go out.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tui_trainer.config import Config, parse_config
from tui_trainer.data import DataSet, load_dataset


def plain_network(config: Config, classes: int = 10) -> nn.Sequential:
    """The network of a preset (dense, conv2d, max-pool, relu, flatten) as a plain nn.Sequential."""
    modules: list[nn.Module] = []
    shape = [1, 28, 28]
    for layer in config.network.layers:
        match layer.type:
            case "dense":
                units = classes if layer.units == "classes" else layer.units
                modules.append(nn.Linear(shape[0], units))
                shape = [units]
            case "conv2d":
                modules.append(nn.Conv2d(shape[0], layer.channels, layer.kernel, padding=layer.padding))
                lost = 0 if layer.padding == "same" else layer.kernel - 1
                shape = [layer.channels, shape[1] - lost, shape[2] - lost]
            case "max-pool":
                modules.append(nn.MaxPool2d(layer.size))
                shape = [shape[0], shape[1] // layer.size, shape[2] // layer.size]
            case "relu":
                modules.append(nn.ReLU())
            case "flatten":
                modules.append(nn.Flatten())
                shape = [shape[0] * shape[1] * shape[2]]
            case other:
                raise ValueError(f"no plain form of {other}")
    return nn.Sequential(*modules)


def float_images(data: DataSet) -> tuple[Tensor, Tensor]:
    """All training images normalised, float32 (N, 1, 28, 28), and their labels."""
    images, labels = data.train.read(slice(None))
    return data.preprocess(images).contiguous(), labels


def bare_loop(model: nn.Module, images: Tensor, labels: Tensor, batch_size: int, learning_rate: float, momentum: float, seconds: float) -> float:
    """Images per second of a hand-written loop over tensors in the device's memory that reports nothing."""
    device, finished = images.device, wait_for(images.device)
    optimiser = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=momentum)
    trained, epoch, began = 0, 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        order = torch.randperm(len(images), generator=torch.Generator(device).manual_seed(epoch), device=device)
        epoch += 1
        for start in range(0, len(images) - batch_size + 1, batch_size):
            index = order[start : start + batch_size]
            optimiser.zero_grad()
            loss = F.cross_entropy(model(images[index]), labels[index])
            loss.backward()
            optimiser.step()
            trained += batch_size
            if start % (64 * batch_size) == 0 and time.perf_counter() - began > seconds:
                break
    finished()
    return trained / (time.perf_counter() - began)


def wait_for(device: torch.device) -> Callable[[], None]:
    """Waits until ``device`` has done all it was given."""
    return torch.cuda.synchronize if device.type == "cuda" else lambda: None


def usual_loop(model: nn.Module, data_dir: Path, device: torch.device, batch_size: int, learning_rate: float, momentum: float, seconds: float) -> float:
    """Images per second with torchvision's dataset, per-image transforms and a DataLoader, as PyTorch's MNIST example does it."""
    from torchvision import datasets, transforms

    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    loader = torch.utils.data.DataLoader(datasets.MNIST(str(data_dir), train=True, transform=transform), batch_size=batch_size, shuffle=True)
    optimiser = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=momentum)
    trained, began = 0, time.perf_counter()
    for batch in loader:
        images, labels = (tensor.to(device) for tensor in batch)
        optimiser.zero_grad()
        loss = F.nll_loss(F.log_softmax(model(images), dim=1), labels)
        loss.backward()
        optimiser.step()
        trained += len(images)
        if time.perf_counter() - began > seconds:
            break
    wait_for(device)()
    return trained / (time.perf_counter() - began)


def serve() -> None:
    """Answer requests ``{"config", "way": "bare" or "usual", "seconds"}`` until standard input ends."""
    memory: dict[str, tuple[Tensor, Tensor]] = {}
    for line in sys.stdin:
        request = json.loads(line)
        config = parse_config(request["config"], "benchmark")
        training, directory = config.training, Path(config.data.directory or "")
        device = torch.device(training.device)
        rate = {"batch_size": training.batch_size, "learning_rate": training.learning_rate, "momentum": training.momentum, "seconds": request["seconds"]}
        if request["way"] == "usual":
            found = usual_loop(plain_network(config).to(device), directory, device, **rate)
        else:
            if "images" not in memory:
                memory["images"] = float_images(load_dataset(config.data, device))
            found = bare_loop(plain_network(config).to(device), *memory["images"], **rate)
        print(found, flush=True)


if __name__ == "__main__":
    serve()
