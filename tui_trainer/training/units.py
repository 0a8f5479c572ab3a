"""Dead ReLUs: units that are 0 for every one of a fixed sample of training images, found in one forward pass without gradients."""

from collections import Counter
from typing import Any

import torch
from torch import Tensor, nn

from tui_trainer.data import DataSet
from tui_trainer.training.evaluation import Precision, evaluation_sample

SAMPLE = 256
"""Training images."""


class DeadUnits:
    """Finds them anew at every :meth:`share`. Draws no random number of the training's, and leaves weights and running statistics as they are."""

    def __init__(self, model: nn.Module, data: DataSet, seed: int, batch_size: int, *, channels_last: bool, precision: Precision) -> None:
        self.model, self.data, self.batch_size, self.precision = model, data, batch_size, precision
        self.layers: dict[nn.Module, str] = {module: name for name, module in model.named_modules() if isinstance(module, nn.ReLU | nn.ReLU6)}
        self.order = evaluation_sample(data, SAMPLE, seed)
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.images = min(SAMPLE, len(data.train))

    @torch.no_grad()
    def share(self) -> dict[str, float]:
        """Share of dead units, 0..1, by the ReLU's place in the network (``2``, ``layer1.0.relu:2`` for its second call); empty without ReLUs.

        A unit is a channel where the output is an image, a single value elsewhere.
        """
        silent: dict[str, Tensor] = {}
        calls: Counter[nn.Module] = Counter()

        def note(module: nn.Module, _: Any, output: Tensor) -> None:
            calls[module] += 1
            name = self.layers[module] + (f":{calls[module]}" if calls[module] > 1 else "")
            quiet = (output <= 0).all(dim=tuple(place for place in range(output.dim()) if place != 1)) if output.dim() > 1 else output <= 0
            silent[name] = silent[name] & quiet if name in silent else quiet

        handles = [module.register_forward_hook(note) for module in self.layers]
        was_training = self.model.training
        self.model.eval()
        try:
            for images, _ in self.data.train.chunks(self.order, 0, self.batch_size):
                calls.clear()
                with self.precision():
                    self.model(self.data.preprocess(images).contiguous(memory_format=self.layout))
        finally:
            self.model.train(was_training)
            for handle in handles:
                handle.remove()
        return {name: float(quiet.double().mean()) for name, quiet in silent.items()}
