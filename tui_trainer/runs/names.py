"""Readable names of runs."""

import random
import re
from collections.abc import Sequence

from tui_trainer.config.errors import ConfigError

ADJECTIVES = (
    "amber ample apt brave brisk calm clear crisp deft eager early fair fleet fond frank fresh gentle glad grand green happy hardy keen kind "
    "light lively loyal lucid mellow merry mild neat nimble noble patient plain proud quick quiet rapid ready robust royal sharp silver sleek "
    "smooth snug solid spry stable steady still stout sunny sure swift tidy true vivid warm wise witty young"
).split()
ANIMALS = (
    "adder alpaca badger bat bear beaver bison boar bream camel carp cat cod condor crane crow deer dingo dove drake duck eagle eel egret elk "
    "falcon ferret finch fox gecko goat goose grouse gull hare hawk heron hound ibex ibis jackal jay kestrel kite koala lark lemur lion llama "
    "lynx magpie marten mink mole moose moth mouse newt ocelot orca osprey otter owl panda perch pike plover pony puffin quail rabbit raven "
    "robin salmon seal shark shrew sloth snipe sparrow stoat stork swan swift tapir tern tiger toad trout viper vole walrus weasel whale wolf wren yak"
).split()
ALLOWED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def check_name(name: str) -> str:
    """``name``, where it may be a run's. Raises ConfigError."""
    if not ALLOWED.fullmatch(name) or name.endswith("."):
        raise ConfigError(f"--name {name!r} is not allowed; allowed are up to 80 letters, digits, '-', '_' and '.', beginning with a letter or digit")
    return name


def new_name() -> str:
    """Such as ``brisk-otter``; never drawn from the seeded generators of training."""
    draw = random.SystemRandom()
    return f"{draw.choice(ADJECTIVES)}-{draw.choice(ANIMALS)}"


def report_name(runs: Sequence[str]) -> str:
    """The folder of the report of these runs, where none is given."""
    return f"report-{runs[0]}" if len(runs) == 1 else f"report-of-{len(runs)}-runs"
