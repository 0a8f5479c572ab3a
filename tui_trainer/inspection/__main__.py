"""``python -m tui_trainer.inspection``: answers questions from standard input on standard output until the input closes."""

import argparse
import os
import signal
import sys

import torch

from tui_trainer.inspection.inspection import Inspection
from tui_trainer.inspection.server import Server
from tui_trainer.training.device import cores

POLITE = 5
"""Niceness: training and the app go first."""
SWITCH = 0.001
"""Seconds that a thread keeps the interpreter: while data is read, strokes are answered in another one."""


def main() -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser(prog="python -m tui_trainer.inspection", description="Answer questions about trained networks; what the app starts.")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--threads", type=int, default=1 if cores() <= 2 else 2, help="threads to compute with")
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the app's affair
    if hasattr(os, "nice"):
        os.nice(POLITE)
    sys.setswitchinterval(SWITCH)
    torch.set_num_threads(max(1, arguments.threads))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a person's own module prints is no answer
    Server(Inspection(arguments.device), sys.stdin.buffer, answers).serve()


if __name__ == "__main__":
    main()
