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

    @property
    def end(self) -> int:
        """The step after its last."""
        return self.first_step + self.steps


def steps_per_epoch(images: int, batch_size: int, drop_last: bool) -> int:
    """Batches in one pass over ``images``."""
    return max(images // batch_size, 1) if drop_last else -(-images // batch_size)


def plan_stages(training: Training, images: int) -> tuple[PlannedStage, ...]:
    """The stages of a training on so many images; without stages in the config, one."""
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
        per_epoch = steps_per_epoch(images, recipe.batch_size, training.drop_last)
        steps = iterations or max(1, round((epochs or 0) * per_epoch))
        planned.append(PlannedStage(recipe, changes, planned[-1].end if planned else 0, steps, per_epoch))
    return tuple(planned)


def total_epochs(stages: tuple[PlannedStage, ...]) -> float:
    """Passes over the training set in all."""
    return sum(stage.steps / stage.steps_per_epoch for stage in stages)
