"""Dead ReLUs: units that are 0 for every image of a sample."""

from collections.abc import Iterator

from tui_trainer.runs.diagnosis.finding import Finding
from tui_trainer.runs.history import History

DEAD = 0.2
"""Share of a layer's ReLUs that are dead, below which nothing is said."""
MOST = 0.5
"""Share from which it is said of any run."""
GREW = 0.1
"""Growth of the share since it was first measured, from which it is said of fewer."""
WORSE = 0.05
"""Validation accuracy (0..1) below its best, from which it is said of fewer."""


def dead_relus(history: History) -> Iterator[Finding]:
    """Layers of which half of the ReLUs and more are dead; or a fifth and more, where that share grew by 10 pp during training or
    validation accuracy is 5 pp below its best. A fifth that was dead from the start in a run that learns is a smaller network, no fault."""
    if not history.units:
        return
    first, newest = history.units[0], history.units[-1]
    accuracy = history.split("validation").track["accuracy"]
    suffers = bool(accuracy) and accuracy[-1] < max(accuracy) - WORSE
    worst = sorted(
        (
            (share, place)
            for place, share in newest.dead.items()
            if share >= MOST or (share >= DEAD and (suffers or share - first.dead.get(place, 0.0) >= GREW))
        ),
        reverse=True,
    )
    if not worst:
        return
    share, place = worst[0]
    told = list(history.units)
    since = next(each.epoch for number, each in enumerate(told) if all(later.dead.get(place, 0.0) >= DEAD for later in told[number:]))
    more = f"; layer{'s' if len(worst) > 2 else ''} {', '.join(name for _, name in worst[1:])} too" if len(worst) > 1 else ""
    yield Finding(
        "dead-relus", "warning",
        f"Dead ReLUs in layer {place}: {100 * share:.0f} % of its units are 0 for all of {newest.images} training images, "
        f"{100 * DEAD:.0f} % and more since epoch {since:.3g}{more}.",
        "They get no gradient and stay dead: a lower training.learning_rate or training.warmup, initialiser he, batch-norm before them, or leaky-relu.", since,
    )  # fmt: skip
