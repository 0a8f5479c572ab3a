"""Asking a trained network: questions and answers, and the client of the process that computes them. Free of torch.

    questions.py   what can be asked, each with the type of its answer
    answers.py     what comes back: shapes, units, pictures as bytes
    picture.py     pixels, and numbers shown as pixels
    wire.py        both as JSON lines
    client.py      the process ``python -m tui_trainer.inspection``: started on demand, asked without waiting

The same answers without a process: ``tui_trainer.inspection`` (torch).
"""

from tui_trainer.asking.client import Inspector
from tui_trainer.asking.picture import Picture, read_png, save_png
from tui_trainer.asking.wire import AskingError, SupersededError

__all__ = ["AskingError", "Inspector", "Picture", "SupersededError", "read_png", "save_png"]
