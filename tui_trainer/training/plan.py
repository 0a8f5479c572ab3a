"""The whole training as stages of so many steps, worked out before the first."""

from dataclasses import dataclass
from typing import Any

from tui_trainer.config import Recipe, Training


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """A stretch of steps under one recipe."""

    recipe: Recipe
    changes: dict[str, Any]
    """What it sets differently from [training]."""
    first_step: int
    steps: int
    steps_per_epoch: int
    smallest_batch: int = 1

    @property
    def end(self) -> int:
        """The step after its last."""
        return self.first_step + self.steps


def batches_in(images: int, batch_size: int, smallest: int) -> int:
    """Batches in ``images``, the last of which may be smaller, but not than ``smallest``."""
    return images // batch_size + (images % batch_size >= smallest)


def smallest_batch(drop_last: bool, batch_size: int, batch_norm: bool) -> int:
    """The fewest images that make a batch: batch normalisation has nothing to do with one."""
    return batch_size if drop_last else min(2, batch_size) if batch_norm else 1


def plan_stages(training: Training, images: int, batch_norm: bool = False) -> tuple[PlannedStage, ...]:
    """The stages of a training on so many images; without stages in the config, one.

    ``batch_norm``: whether the network has such layers, which need batches of at least two.
    """
    base = training.model_dump(include=set(Recipe.model_fields))
    wanted: list[tuple[dict[str, Any], float | None, int | None]] = [({}, None if training.iterations else training.epochs, training.iterations)]
    if training.stages:
        wanted = []
        for stage in training.stages:
            changes = stage.model_dump(exclude_none=True)
            wanted.append((changes, changes.pop("epochs", None), changes.pop("iterations", None)))
    planned: list[PlannedStage] = []
    for changes, epochs, iterations in wanted:
        recipe = Recipe(**{**base, **changes})
        smallest = smallest_batch(training.drop_last, recipe.batch_size, batch_norm)
        per_epoch = max(1, batches_in(images, recipe.batch_size, smallest))
        steps = iterations or max(1, round((epochs or 0) * per_epoch))
        planned.append(PlannedStage(recipe, changes, planned[-1].end if planned else 0, steps, per_epoch, smallest))
    return tuple(planned)


def total_epochs(stages: tuple[PlannedStage, ...]) -> float:
    """Passes over the training set in all."""
    return sum(stage.steps / stage.steps_per_epoch for stage in stages)
