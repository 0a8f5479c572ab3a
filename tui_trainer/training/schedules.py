"""How the learning rate moves: plain functions of the position in a stage."""

import math

from tui_trainer.config import Recipe


def learning_rate(recipe: Recipe, step: int, steps: int, steps_per_epoch: float) -> float:
    """The learning rate of step ``step`` (from 0) of a stage of ``steps``.

    ``plateau`` is constant here: its falls depend on what evaluation finds, and the loop multiplies them in.
    """
    if step < recipe.warmup:
        return recipe.learning_rate * (step + 1) / recipe.warmup
    step, steps = step - recipe.warmup, max(steps - recipe.warmup, 1)
    return recipe.learning_rate * _factor(recipe, step, steps, step / steps_per_epoch)


def is_constant(recipe: Recipe) -> bool:
    """Whether the learning rate is the same at every step, but for plateau falls and people."""
    return recipe.schedule in ("constant", "plateau") and not recipe.warmup


def _factor(recipe: Recipe, step: int, steps: int, epoch: float) -> float:
    match recipe.schedule:
        case "step":
            return float(recipe.decay ** math.floor(epoch / recipe.decay_every))
        case "exponential":
            return float(recipe.decay ** (epoch / recipe.decay_every))
        case "inverse-time":
            return 1 / (1 + recipe.decay * epoch)
        case "cosine":
            return _cosine(1.0, recipe.final_factor, step / steps)
        case "one-cycle":
            return _one_cycle(recipe, step, steps)
        case _:
            return 1.0


def _one_cycle(recipe: Recipe, step: int, steps: int) -> float:
    """Up and down by half cosines (Smith and Topin, Super-convergence, 2018)."""
    peak = recipe.peak_at * steps
    if step < peak:
        return _cosine(recipe.start_factor, 1.0, step / peak)
    return _cosine(1.0, recipe.final_factor, (step - peak) / max(steps - 1 - peak, 1e-9))


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(share, 1.0))) / 2
