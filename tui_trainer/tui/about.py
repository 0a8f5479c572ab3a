"""What F1 is asked about: every part of a screen that can be explained says so by a method ``about``."""

from dataclasses import dataclass
from typing import Any

from textual.app import App
from textual.dom import DOMNode

from tui_trainer.explain import explain

TITLES = {"f1": "F1", "images-per-second": "Images/s", "mcnemar": "McNemar's test", "dead-relu": "Dead ReLUs", "confusion": "Confusion matrix", "reference": "Reference"}
EVERYWHERE: dict[str, tuple[str, ...]] = {
    "inspect": (
        "figure.confusion", "figure.precision", "figure.recall", "figure.f1", "figure.support", "figure.macro-mean", "figure.weighted-mean", "figure.calibration",
        "figure.kernels", "figure.feature-maps", "figure.saliency", "figure.dead-relu", "figure.mcnemar",
    ),
    "runs": ("figure.accuracy", "figure.parameters", "figure.reference"),
}  # fmt: skip
"""What a screen is about that does not say so itself."""


@dataclass(frozen=True, slots=True)
class About:
    """One thing that can be explained."""

    title: str
    topics: tuple[str, ...] = ()
    """Of :func:`tui_trainer.explain.explain`; those without an explanation are left out."""
    help: str = ""
    """What the schema says of it, in a sentence."""
    facts: tuple[tuple[str, str], ...] = ()
    """Names and values, such as its default."""

    @property
    def known(self) -> tuple[str, ...]:
        """Topics that are explained."""
        return tuple(topic for topic in self.topics if explain(topic) is not None)


def title_of(topic: str) -> str:
    """``figure.gradient-norm`` as ``Gradient norm``; ``layer.max-pool`` as ``max-pool``."""
    kind, _, name = topic.partition(".")
    if name in TITLES:
        return TITLES[name]
    return name.replace("-", " ").replace("_", " ").capitalize() if kind in ("figure", "training", "data", "augment", "network") else name


def first_sentence(topic: str) -> str:
    """How the explanation of a topic begins; empty where there is none."""
    found = explain(topic)
    return found.why.split(". ")[0].rstrip(".") if found else ""


def asked_about(app: App[Any]) -> list[About]:
    """What has the focus and what it stands in, innermost first; empty where nothing of it can be explained."""
    found: list[About] = []
    node: DOMNode | None = app.focused or app.screen
    while node is not None and not isinstance(node, App):
        told = getattr(node, "about_this", None)
        about = told() if told is not None else None
        if about is not None and (about.known or about.help):
            found.append(about)
        node = node.parent
    here = EVERYWHERE.get(app.screen.id or "")
    if not found and here:
        found.append(About("What stands here", here))
    return found
