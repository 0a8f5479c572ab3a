"""Figures of a network over a whole split."""

from tui_trainer.asking.answers import ClassRow, ConfusedPair, Mean, Summary
from tui_trainer.asking.questions import Summarise
from tui_trainer.inspection.breath import Breathe
from tui_trainer.inspection.calibration import calibrate
from tui_trainer.inspection.shelf import Store
from tui_trainer.runs.metrics import accuracy, confused_pairs, macro_mean, per_class, weighted_mean


def summary(store: Store, question: Summarise, breathe: Breathe) -> Summary:
    """See :class:`Summarise`. Raises ConfigError."""
    loaded = store.network(question.weights)
    scores = store.scores(loaded, question.split, breathe)
    figures, names = per_class(scores.confusion), loaded.trained.classes
    rows = tuple(ClassRow(name, each.precision, each.recall, each.f1, each.support, each.misclassified) for name, each in zip(names, figures, strict=True))
    pairs = tuple(ConfusedPair(true, called, images, images / figures[true].support) for true, called, images in confused_pairs(scores.confusion))
    return Summary(
        checkpoint=loaded.checkpoint,
        split=question.split,
        classes=names,
        images=len(scores.labels),
        accuracy=accuracy(scores.confusion),
        loss=scores.loss,
        nll=float(scores.losses.double().mean()),
        confusion=tuple(map(tuple, scores.confusion)),
        per_class=rows,
        macro=Mean(*(macro_mean(figures, figure) for figure in ("precision", "recall", "f1"))),
        weighted=Mean(*(weighted_mean(figures, figure) for figure in ("precision", "recall", "f1"))),
        pairs=pairs,
        calibration=calibrate(scores.confidence, scores.predicted == scores.labels, question.bins),
    )
