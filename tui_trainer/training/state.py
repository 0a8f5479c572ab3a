"""Everything that a run needs to go on as if it had never stopped, as tensors, numbers, strings, lists and dicts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from tui_trainer.config import ConfigError, to_toml
from tui_trainer.data import Preprocess
from tui_trainer.runs.checkpoints import Entry
from tui_trainer.training.batches import Position
from tui_trainer.training.device import chance_of, set_chance
from tui_trainer.training.forks import Transition, seed_anew
from tui_trainer.training.loop import Loop
from tui_trainer.training.optimisers import OPTIMISERS
from tui_trainer.training.resume import machine_now


def standing(loop: Loop) -> dict[str, Any]:
    """What of a loop's state stays as it is while it trains; worked out once, not for every checkpoint."""
    return {
        "config": to_toml(loop.prepared.config),
        "preprocess": loop.data.preprocess.state(),
        "data": {"train": len(loop.data.train)},
        "machine": machine_now(loop.prepared),
    }


def capture(loop: Loop, entry: Entry, random: Sequence[dict[str, torch.Tensor]]) -> dict[str, Any]:
    """A copy of what of a loop's state changes, between two steps. ``weights`` are those to use: averaged ones, where an average is kept.

    ``random`` holds every process's :func:`random_state`, by rank. With :func:`standing` it is all that a checkpoint keeps.
    """
    with loop.averaged():
        weights = {name: value.detach().clone() for name, value in loop.model.state_dict().items()}
    position, clock = loop.position, loop.clock
    return {
        "weights": weights,
        "raw_weights": [parameter.detach().clone() for parameter in loop.params] if loop.average else [],
        "average": [mean.clone() for mean in loop.average],
        "optimiser": {"kind": loop.recipe.optimiser, **_copied(loop.optimiser.state_dict())},
        "judge": loop.judge.state_dict(),
        "place": {
            "step": loop.step,
            "stage": loop.stage,
            "stage_epoch": loop.stage_epoch,
            "epoch": position.epoch,
            "seen": position.seen,
            "origin": position.origin,
            "factor": loop.factor,
            "judged": list(loop.judged),
        },
        "plan": [[stage.first_step, stage.steps, stage.steps_per_epoch] for stage in loop.prepared.stages],
        "clock": {"elapsed": clock.elapsed(), "training": clock.training, "images": clock.images},
        "random": random[0],
        "random_of_others": list(random[1:]),
        "entry": {name: getattr(entry, name) for name in ("step", "epoch", "time", "reason", "best", "accuracy", "stage")},
    }


def _copied(value: Any) -> Any:
    """The same lists and dicts, with copies of their tensors."""
    if isinstance(value, torch.Tensor):
        return value.clone()
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value


def restore(loop: Loop, state: dict[str, Any]) -> None:
    """Bring a fresh loop of the same config to the captured state. Raises ConfigError where the weights do not fit."""
    place, prepared = state["place"], loop.prepared
    if plan := state.get("plan"):
        prepared.stages = tuple(replace(stage, first_step=row[0], steps=row[1]) for stage, row in zip(prepared.stages, plan, strict=True))
    _take_weights(loop, state)
    _take_preprocess(loop, state)
    loop.enter(place["stage"])
    loop.stage_epoch = place.get("stage_epoch", 0.0)
    loop.optimiser.load_state_dict(state["optimiser"])
    loop.judge.load_state_dict(state["judge"])
    loop.judged = tuple(place.get("judged", (-1, False)))
    loop.factor = place["factor"]
    loop.position = Position(place["epoch"], place["seen"], place["origin"])
    _take_random(loop, state)
    _take_clock(loop, state)


def restore_fork(loop: Loop, state: dict[str, Any], transition: Transition) -> None:
    """Bring a fresh loop of another config to the captured state, as far as it holds there. Raises ConfigError where the weights do not fit."""
    place, prepared = state["place"], loop.prepared
    prepared.stages = transition.stages
    _take_weights(loop, state)
    if transition.keep_preprocess:
        _take_preprocess(loop, state)
    loop.enter(transition.stage)
    loop.stage_epoch = place.get("stage_epoch", 0.0) if transition.stage == place["stage"] else 0.0
    if OPTIMISERS[state["optimiser"]["kind"]] is type(loop.optimiser):
        loop.optimiser.load_state_dict(state["optimiser"])
    if transition.keep_judge:
        loop.judge.load_state_dict(state["judge"])
        loop.judged = tuple(place.get("judged", (-1, False)))
    loop.factor = place["factor"] if transition.keep_factor else 1.0
    loop.position = transition.position
    if transition.keep_random:
        _take_random(loop, state)
    else:
        seed_anew(loop.training.seed, place["step"])
    _take_clock(loop, state)


def _take_weights(loop: Loop, state: dict[str, Any]) -> None:
    """The weights, and their running mean where one is kept before and after; where one begins, it begins with them."""
    try:
        loop.model.load_state_dict(state["weights"])
    except RuntimeError as error:
        raise ConfigError(f"network: it does not fit the checkpoint's weights: {' '.join(str(error).split())[:200]}") from None
    with torch.no_grad():
        for parameter, raw in zip(loop.params, state["raw_weights"], strict=False):
            parameter.copy_(raw)
        for mean, saved in zip(loop.average, state["average"] or loop.params, strict=False):
            mean.copy_(saved)


def _take_preprocess(loop: Loop, state: dict[str, Any]) -> None:
    """The normalisation as it was fitted then: fitting it again with other threads may round otherwise."""
    loop.data = loop.batches.data = replace(loop.data, preprocess=Preprocess.from_state(state["preprocess"], loop.device))


def _take_random(loop: Loop, state: dict[str, Any]) -> None:
    saved = [state["random"], *state.get("random_of_others", ())]
    if loop.world.rank >= len(saved):  # it was trained by fewer processes: this one's chance is as new as theirs was
        return
    random = saved[loop.world.rank]
    torch.set_rng_state(random["cpu"].cpu())
    if loop.device.type == "cuda" and len(random["device"]):
        set_chance(loop.device, random["device"].cpu())


def random_state(device: torch.device) -> dict[str, torch.Tensor]:
    """Where this process's generators stand."""
    return {"cpu": torch.get_rng_state(), "device": _device_random_state(device)}


def _take_clock(loop: Loop, state: dict[str, Any]) -> None:
    loop.step = state["place"]["step"]
    loop.clock.earlier, loop.clock.training, loop.clock.images = (state["clock"][name] for name in ("elapsed", "training", "images"))


def _device_random_state(device: torch.device) -> torch.Tensor:
    return chance_of(device) if device.type == "cuda" else torch.empty(0, dtype=torch.uint8)
