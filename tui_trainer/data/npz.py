"""Reading of .npz sets."""

import torch

from tui_trainer.catalogue.npz import read_images, scan_npz
from tui_trainer.catalogue.split import hold_out_test
from tui_trainer.config import Data
from tui_trainer.data.arrays import Arrays, Part


def read_npz(data: Data) -> Arrays:
    """The set in the file ``data.directory``; without a test part, a tenth of its images becomes one. Raises ConfigError."""
    file = scan_npz(data)
    train, test = read_images(file)
    images, labels = torch.from_numpy(train), torch.from_numpy(file.y_train)
    name = file.path.stem
    if test is not None and file.y_test is not None:
        return Arrays(name, file.classes, Part(images, labels), Part(torch.from_numpy(test), torch.from_numpy(file.y_test)))
    kept, held = (torch.from_numpy(part) for part in hold_out_test(file.y_train, data.seed))
    return Arrays(name, file.classes, Part(images[kept], labels[kept]), Part(images[held], labels[held]))
