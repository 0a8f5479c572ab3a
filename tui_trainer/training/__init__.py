"""Losses, optimisers, schedules, evaluation, checkpoints and the loop that uses them."""

import os

from tui_trainer.runs.turns import usual_turns

# Read by OpenMP when torch is loaded, so it stands here, before anything imports that. A thread that waits for another
# spins for so many rounds, then sleeps. The default of 300 000 brings a network of small layers to a hundredth of its
# speed as soon as one other program wants a core; 1000 keeps a tenth of it or more, and costs nothing on an idle machine.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

usual_turns()  # an app that started this process has asked for short ones
