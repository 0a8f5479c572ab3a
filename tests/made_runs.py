"""Run folders with untrained networks, made without a trainer: enough to look into."""

from pathlib import Path

import numpy as np
from PIL import Image

from tui_trainer.config import Config
from tui_trainer.runs import RunFolder, create_run
from tui_trainer.runs.checkpoints import Entry
from tui_trainer.training.checkpoints import save_checkpoint
from tui_trainer.training.prepare import prepare

OWN = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 3)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Linear(5, classes)

    def forward(self, x):
        x = self.relu(self.second(self.relu(self.first(x))))
        return self.head(x.mean((2, 3)))

def make(input_shape, classes):
    print("a module may print what it likes")
    return Net(classes)
"""


def made_run(root: Path, tree: dict, name: str, *, seeds: tuple[int, ...] = (0,)) -> RunFolder:
    """A run of this config with one checkpoint for each seed: untrained weights, each an epoch later."""
    run = None
    for epoch, seed in enumerate(seeds, 1):
        config = Config.model_validate({**tree, "training": {"epochs": 1, "batch_size": 2, **tree.get("training", {}), "seed": seed}})
        run = run or create_run(config, root, name)
        ready = prepare(config, trusted=True)
        state = {"weights": ready.model.state_dict(), "preprocess": ready.data.preprocess.state(), "config": ""}
        save_checkpoint(run.checkpoints, state, Entry(file=f"step-{epoch:08}.pt", step=epoch, epoch=float(epoch), time=0.0, reason="epoch", best=epoch == 1))
    assert run
    return run


def colour_folder(root: Path, each: int = 8, side: int = 20) -> Path:
    """Two classes of colour pictures, as a folder."""
    random = np.random.default_rng(0)
    for split in ("train", "test"):
        for label in ("warm", "cold"):
            (root / split / label).mkdir(parents=True)
            for number in range(each):
                Image.fromarray(random.integers(0, 256, (side, side, 3), dtype=np.uint8)).save(root / split / label / f"{number}.png")
    return root
