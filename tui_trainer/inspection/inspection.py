"""Every question has its answer: the same for the process behind the app, the command line and reports."""

from collections.abc import Callable
from typing import Any, cast

import torch

from tui_trainer.asking import questions
from tui_trainer.asking.answers import Opened
from tui_trainer.asking.message import Question, Reply
from tui_trainer.inspection.boundary import boundary
from tui_trainer.inspection.breath import Breathe, no_breath
from tui_trainer.inspection.classes import summary
from tui_trainer.inspection.histograms import histograms
from tui_trainer.inspection.images import image_list, pair
from tui_trainer.inspection.kernels import kernels
from tui_trainer.inspection.looking import features, predicted, saliency
from tui_trainer.inspection.shelf import Store, checkpoints_of
from tui_trainer.inspection.subject import as_mnist
from tui_trainer.training.inference import probabilities

WARM_UPS = 3


class Inspection:
    """Answers questions about trained networks, and keeps what was loaded for the next one. For one thread."""

    def __init__(self, device: str = "auto") -> None:
        self.store = Store(device)

    def answer(self, question: Question[Reply], breathe: Breathe = no_breath) -> Reply:
        """The answer; ``breathe`` is called between the chunks of long work. Raises ConfigError, one sentence."""
        with torch.inference_mode(False):  # another question may be at work in inference mode, and drawing breath
            return cast(Reply, ANSWERING[type(question)](self.store, question, breathe))


def opened(store: Store, question: questions.Open, breathe: Breathe) -> Opened:
    """See :class:`questions.Open`. Raises ConfigError."""
    loaded = store.network(question.weights)
    trained = loaded.trained
    for _ in range(WARM_UPS):  # the first passes choose and prepare what later ones use
        probabilities(trained, torch.zeros((1, *trained.preprocess.shape), dtype=torch.uint8))
    return Opened(
        run=trained.run.name,
        checkpoint=loaded.checkpoint,
        checkpoints=checkpoints_of(trained.run.checkpoints),
        classes=trained.classes,
        shape=trained.preprocess.shape,
        dataset=trained.config.data.dataset,
        layers=tuple(tap.info for tap in loaded.taps),
        digits=as_mnist(trained),
        device=str(trained.device),
    )


ANSWERING: dict[type[Any], Callable[[Store, Any, Breathe], Any]] = {
    questions.Open: opened,
    questions.Summarise: summary,
    questions.ListImages: image_list,
    questions.Compare: pair,
    questions.ShowKernels: lambda store, question, _: kernels(store, question),
    questions.ShowFeatures: features,
    questions.ShowSaliency: saliency,
    questions.ShowHistograms: histograms,
    questions.Predict: predicted,
    questions.ShowBoundary: boundary,
}
