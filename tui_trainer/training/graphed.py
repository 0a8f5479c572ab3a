"""The step as a CUDA graph: recorded once, then started whole.

A step of a small network is some fifty kernels of a few microseconds each, and PyTorch needs longer to start them one by one than
the GPU to run them. A graph starts them all at once (Ng and others, Accelerating PyTorch with CUDA Graphs, 2021).
"""

import warnings

import torch
from torch import Tensor

from tui_trainer.training.optimisers import Optimiser
from tui_trainer.training.steps import Step, Stepped

ORDINARY = 3
"""Steps before the recording: what libraries make when they are first used must not be part of it."""


class GraphedStep:
    """``step`` for batches of one size, the same arithmetic on the same tensors; other batches, and what cannot be recorded, take it as it is.

    ``step`` must do the same for every batch and read nothing back from the GPU, and nobody may replace the tensors that it changes.
    The learning rate becomes a tensor, which a graph reads anew each time.
    """

    def __init__(self, step: Step, optimiser: Optimiser, device: torch.device) -> None:
        self.step, self.optimiser = step, optimiser
        optimiser.steps = optimiser.steps.to(device)
        self.rate = torch.zeros((), device=device)
        self.told = 0.0
        """The learning rate that ``rate`` holds."""
        self.stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self.ordinary = ORDINARY
        self.refused = False
        self.like: tuple[torch.Size, torch.Size] | None = None
        self.graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, images: Tensor, targets: Tensor) -> Stepped:
        """See :data:`Step`."""
        wanted = float(self.optimiser.lr)
        if wanted != self.told:
            self.rate.fill_(wanted)
            self.told = wanted
        self.optimiser.lr = self.rate
        try:
            return self._take(images, targets)
        finally:
            self.optimiser.lr = wanted

    def _take(self, images: Tensor, targets: Tensor) -> Stepped:
        if self.like is None:
            self.like = images.shape, targets.shape
        if (images.shape, targets.shape) != self.like or self.refused:
            return self._beside(images, targets)
        if self.ordinary:
            self.ordinary -= 1
            return self._beside(images, targets)
        graph = self.graph or self._record(images, targets)
        if graph is None:
            return self._beside(images, targets)
        self.images.copy_(images)
        self.targets.copy_(targets)
        graph.replay()
        return self.stepped._replace(loss=self.stepped.loss.clone())

    def _beside(self, images: Tensor, targets: Tensor) -> Stepped:
        """An ordinary step, on the stream on which it is recorded."""
        here = torch.cuda.current_stream(self.rate.device)
        self.stream.wait_stream(here)
        with torch.cuda.stream(self.stream):
            stepped = self.step(images, targets)
        here.wait_stream(self.stream)
        return stepped

    def _record(self, images: Tensor, targets: Tensor) -> torch.cuda.CUDAGraph | None:
        """Record the step, which does not take it; None, from then on, where that is not possible."""
        graph = torch.cuda.CUDAGraph()
        self.images, self.targets = torch.empty_like(images), torch.empty_like(targets)
        try:
            with torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"):
                self.stepped = self.step(self.images, self.targets)
        except RuntimeError as error:
            self.refused = True
            warnings.warn(f"the step cannot be recorded as a CUDA graph, so it is slower than it might be: {error}", stacklevel=2)
            return None
        self.graph = graph
        return graph
