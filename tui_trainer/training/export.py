"""Weights for other programs."""

from pathlib import Path

from safetensors.torch import save

from tui_trainer.config import ConfigError
from tui_trainer.runs import RunFolder
from tui_trainer.runs.atomic import write_atomic
from tui_trainer.training.checkpoints import load_checkpoint


def export_weights(run: RunFolder, path: Path, checkpoint: str | None = None) -> int:
    """Write a checkpoint's weights (default: the run's result) as safetensors; returns the number of tensors.

    Names are the layers' places, such as ``1.weight``; the config and the place in training go into the metadata.
    Raises ConfigError, and OSError where it cannot be written.
    """
    state, entry = load_checkpoint(run.checkpoints, checkpoint or run.known_config()[0].training.result)
    try:
        weights = {name: value.contiguous() for name, value in state["weights"].items()}
        metadata = {"run": run.name, "checkpoint": entry.file, "step": str(entry.step), "config": state["config"]}
    except (KeyError, AttributeError) as error:
        raise ConfigError(f"{run.checkpoints / entry.file}: holds no weights: {error}") from None
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, save(weights, metadata), durable=False)  # safetensors' own writer leaves a file that nobody else may read
    return len(weights)
