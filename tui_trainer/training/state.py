"""Everything that a run needs to go on as if it had never stopped, as tensors, numbers, strings, lists and dicts."""

from typing import Any

import torch

from tui_trainer.config import to_toml
from tui_trainer.training.batches import Position
from tui_trainer.training.loop import Loop


def capture(loop: Loop) -> dict[str, Any]:
    """The state of a loop between two steps. ``weights`` are those to use: averaged ones, where an average is kept."""
    with loop.averaged():
        weights = {name: value.detach().clone() for name, value in loop.model.state_dict().items()}
    position, clock = loop.position, loop.clock
    return {
        "config": to_toml(loop.prepared.config),
        "preprocess": loop.data.preprocess.state(),
        "weights": weights,
        "raw_weights": [parameter.detach().clone() for parameter in loop.params] if loop.average else [],
        "average": loop.average,
        "optimiser": {"kind": loop.recipe.optimiser, **loop.optimiser.state_dict()},
        "judge": loop.judge.state_dict(),
        "place": {
            "step": loop.step,
            "stage": loop.stage,
            "epoch": position.epoch,
            "seen": position.seen,
            "origin": position.origin,
            "factor": loop.factor,
        },
        "clock": {"elapsed": clock.elapsed(), "training": clock.training, "images": clock.images},
        "random": {"cpu": torch.get_rng_state(), "device": _device_random_state(loop.device)},
        "machine": {"device": loop.device.type, "threads": loop.prepared.threads, "precision": loop.training.precision, "torch": str(torch.__version__)},
    }


def restore(loop: Loop, state: dict[str, Any]) -> None:
    """Bring a fresh loop of the same config to the captured state."""
    loop.model.load_state_dict(state["weights"])
    with torch.no_grad():
        for parameter, raw in zip(loop.params, state["raw_weights"], strict=False):
            parameter.copy_(raw)
        for mean, saved in zip(loop.average, state["average"], strict=True):
            mean.copy_(saved)
    place = state["place"]
    loop.enter(place["stage"])
    loop.optimiser.load_state_dict(state["optimiser"])
    loop.judge.load_state_dict(state["judge"])
    loop.step, loop.factor = place["step"], place["factor"]
    loop.position = Position(place["epoch"], place["seen"], place["origin"])
    loop.clock.earlier, loop.clock.training, loop.clock.images = state["clock"]["elapsed"], state["clock"]["training"], state["clock"]["images"]
    torch.set_rng_state(state["random"]["cpu"].cpu())
    if loop.device.type == "cuda" and len(state["random"]["device"]):
        torch.cuda.set_rng_state(state["random"]["device"].cpu(), loop.device)


def _device_random_state(device: torch.device) -> torch.Tensor:
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.empty(0, dtype=torch.uint8)
