"""The first step of a fork: a checkpoint of one config, gone on with under another."""

from dataclasses import dataclass, replace
from typing import Any

import torch

from tui_trainer.config import Config, ConfigError
from tui_trainer.config.changes import RATE_KEYS, comparable, differ, recipe_at, same_order, same_pixels
from tui_trainer.data import Preprocess
from tui_trainer.runs.checkpoints import Entry
from tui_trainer.runs.forks import refuse_unfit, stage_in
from tui_trainer.training.batches import Batches, Position, mix
from tui_trainer.training.plan import PlannedStage
from tui_trainer.training.prepare import Prepared

BY_EPOCH = ("step", "exponential", "inverse-time")
"""Schedules that count epochs; the others go by the share of the stage that is done."""


@dataclass(frozen=True, slots=True)
class Transition:
    """What of a checkpoint's state holds under the new config, and what begins anew."""

    stages: tuple[PlannedStage, ...]
    stage: int
    position: Position
    keep_preprocess: bool
    keep_random: bool
    keep_factor: bool
    """What people and plateaus multiplied the learning rate by."""
    keep_judge: bool
    """The best so far, and patience."""


def transition(state: dict[str, Any], entry: Entry, old: Config, prepared: Prepared) -> Transition:
    """How a fork goes on from a checkpoint of ``old``. Raises ConfigError where it cannot, or nothing is left to train."""
    new, place, data = prepared.config, state["place"], prepared.data
    shape, classes = _input(state)
    refuse_unfit(new, shape, classes, data.shape, len(data.classes))
    stage = stage_in(new, entry)
    position = _position(place, old, new, stage, entry)
    stages = _stages(state, place, old, prepared, stage, position)
    keep_judge = comparable(old, new, entry.stage, stage)
    if stages[-1].end <= place["step"]:
        raise ConfigError(
            f"{_length_key(new)}: nothing is left to train: {entry.file} stands at step {place['step']}, epoch {entry.epoch:.4g}, and lengths are totals, "
            "the parent's part included; allowed is more"
        )
    patience, stale = new.training.early_stopping, state["judge"]["stale"]
    if keep_judge and patience and stale >= patience:
        raise ConfigError(
            f"training.early_stopping: at {entry.file} there were {stale} evaluations without a better validation loss already, so nothing is left to train; "
            f"allowed is at least {stale + 1}"
        )
    return Transition(
        stages=stages,
        stage=stage,
        position=position,
        keep_preprocess=same_pixels(old.data, new.data),
        keep_random=old.training.seed == new.training.seed,
        keep_factor=not differ(recipe_at(old.training, entry.stage), recipe_at(new.training, stage), RATE_KEYS),
        keep_judge=keep_judge,
    )


def _input(state: dict[str, Any]) -> tuple[tuple[int, ...], int]:
    preprocess = Preprocess.from_state(state["preprocess"])
    return tuple(preprocess.shape), len(preprocess.classes)


def _length_key(config: Config) -> str:
    training = config.training
    return "training.stages" if training.stages else "training.iterations" if training.iterations else "training.epochs"


def _position(place: dict[str, Any], old: Config, new: Config, stage: int, entry: Entry) -> Position:
    """Other images, or the same in another order, begin a new pass: the one that was begun counts as one."""
    if not same_order(old, new):
        return Position(place["epoch"] + (place["seen"] > 0))
    resized = recipe_at(old.training, entry.stage).batch_size != recipe_at(new.training, stage).batch_size
    return Position(place["epoch"], place["seen"], place["seen"] if resized else place["origin"])


def _stages(state: dict[str, Any], place: dict[str, Any], old: Config, prepared: Prepared, stage: int, position: Position) -> tuple[PlannedStage, ...]:
    """The plan of the new config, laid so that the checkpoint's step stands where it should.

    A stage measured in iterations keeps its first step. One measured in epochs ends when its passes are made; where the
    steps of an epoch are others now, its first step is counted back from here at the new rate, so that a schedule goes
    on from the same share of the stage.
    """
    planned, saved, step = list(prepared.stages), state["plan"], place["step"]
    both_staged = bool(old.training.stages) == bool(prepared.config.training.stages)
    first, _, per_epoch = saved[place["stage"] if both_staged else 0]
    if both_staged:
        planned[:stage] = [replace(each, first_step=row[0], steps=row[1]) for each, row in zip(planned[:stage], saved, strict=False)]
    began = place["stage_epoch"] if both_staged else 0.0
    now = planned[stage]
    epochs, iterations = _length(prepared.config, stage)
    same_pace = now.steps_per_epoch == per_epoch and same_order(old, prepared.config)
    if same_pace or (iterations and now.recipe.schedule not in BY_EPOCH):
        planned[stage] = replace(now, first_step=first)
    else:
        done = (position.epoch + position.seen / len(prepared.data.train)) - began
        virtual = step - round(done * now.steps_per_epoch)
        end = first + iterations if iterations else step + _left(prepared, now, position, began + (epochs or 0.0))
        planned[stage] = replace(now, first_step=virtual, steps=end - virtual)
    for number in range(stage + 1, len(planned)):
        planned[number] = replace(planned[number], first_step=planned[number - 1].end)
    return tuple(planned)


def _length(config: Config, stage: int) -> tuple[float | None, int | None]:
    training = config.training
    if training.stages:
        return training.stages[stage].epochs, training.stages[stage].iterations
    return None if training.iterations else training.epochs, training.iterations


def _left(prepared: Prepared, stage: PlannedStage, position: Position, target: float) -> int:
    """Steps from ``position`` until ``target`` passes are made."""
    batches = Batches(prepared.data, 0, False, False)
    if position.epoch + position.seen / batches.images >= target - 1e-9:
        return 0
    return batches.steps_to(target, position, stage.recipe.batch_size, stage.smallest_batch)


def seed_anew(seed: int, step: int) -> None:
    """The random state of a fork with another seed."""
    torch.manual_seed(mix(seed, 4, step))
