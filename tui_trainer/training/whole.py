"""Whether a checkpoint holds all that going on from it takes; a checksum says only that it is as it was written."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tui_trainer.config import ConfigError
from tui_trainer.runs.checkpoints import Entry
from tui_trainer.training.checkpoints import load_checkpoint

NUMBER = (int, float)
PARTS: dict[str, Any] = {
    "config": str, "weights": dict, "raw_weights": list, "average": list, "optimiser": {"kind": str, "steps": Tensor, "state": dict},
    "preprocess": {"shape": Tensor, "classes": Tensor, "scale": Tensor, "offset": Tensor},
    "judge": {"best_accuracy": NUMBER, "best_loss": NUMBER, "lowest_loss": NUMBER, "stale": int, "stale_on_plateau": int},
    "place": {"step": int, "stage": int, "epoch": int, "seen": int, "origin": int, "factor": NUMBER},
    "plan": list, "clock": {"elapsed": NUMBER, "training": NUMBER, "images": int}, "random": {"cpu": Tensor, "device": Tensor}, "machine": dict,
}  # fmt: skip
"""What a state holds, and of which kinds."""


def load_whole(folder: Path, which: str, device: torch.device | str = "cpu") -> tuple[dict[str, Any], Entry]:
    """As :func:`load_checkpoint`, to train on from. Raises ConfigError also where a part is missing, or not what it should be."""
    state, entry = load_checkpoint(folder, which, device)
    if wrong := _wrong(state, PARTS) or _at_odds(state, entry):
        raise ConfigError(f"{folder / entry.file}: the checkpoint is damaged: {wrong}")
    return state, entry


def _wrong(state: dict[str, Any], parts: dict[str, Any], above: str = "") -> str:
    """What is missing or of another kind, in words; empty where all is there."""
    for name, kind in parts.items():
        if name not in state:
            return f"it has no {above}{name}"
        found, inner = state[name], kind if isinstance(kind, dict) else None
        if isinstance(found, bool) or not isinstance(found, dict if inner else kind):
            return f"its {above}{name} is not what it should be"
        if inner and (wrong := _wrong(found, inner, f"{above}{name}.")):
            return wrong
    return ""


def _at_odds(state: dict[str, Any], entry: Entry) -> str:
    place, plan = state["place"], state["plan"]
    if not state["weights"]:
        return "its weights are none"
    if not plan or not all(isinstance(row, list) and len(row) == 3 and all(type(number) is int for number in row) for row in plan):
        return "its plan is not what it should be"
    if (place["step"], place["stage"]) != (entry.step, entry.stage):
        return f"it stands at step {place['step']}, its entry in the list says {entry.step}"
    return "" if 0 <= place["stage"] < len(plan) and min(place["epoch"], place["seen"], place["origin"]) >= 0 else "its place in the training is none"
