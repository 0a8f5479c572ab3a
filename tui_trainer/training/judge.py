"""What evaluation decides: which weights are best, when a plateau is reached, when to stop early."""

import math
from dataclasses import dataclass
from typing import Any

from tui_trainer.training.evaluation import Evaluation


@dataclass(slots=True)
class Judge:
    """Compares evaluations on validation images (on training images where nothing is held out); never on test images."""

    best_accuracy: float = -1.0
    best_loss: float = math.inf
    """Of the evaluation with the best accuracy."""
    lowest_loss: float = math.inf
    stale: int = 0
    """Evaluations since the loss was last lower than ever before: what early stopping counts."""
    stale_on_plateau: int = 0
    """The same, counted anew after each fall of the learning rate."""

    def is_best(self, evaluation: Evaluation) -> bool:
        """Take note of a judging evaluation; whether it is the best so far (higher accuracy, then lower loss)."""
        if evaluation.loss < self.lowest_loss:
            self.lowest_loss, self.stale, self.stale_on_plateau = evaluation.loss, 0, 0
        else:
            self.stale += 1
            self.stale_on_plateau += 1
        better = (evaluation.accuracy, -evaluation.loss) > (self.best_accuracy, -self.best_loss)
        if better:
            self.best_accuracy, self.best_loss = evaluation.accuracy, evaluation.loss
        return better

    def plateau(self, patience: int) -> bool:
        """Whether the learning rate is due to fall; counting starts anew when it is."""
        if self.stale_on_plateau <= patience:
            return False
        self.stale_on_plateau = 0
        return True

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {name: getattr(self, name) for name in self.__slots__}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what :meth:`state_dict` gave."""
        for name in self.__slots__:
            setattr(self, name, state[name])
