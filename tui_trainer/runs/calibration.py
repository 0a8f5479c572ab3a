"""How calibration is told: the bins and the words, the same in the app, on the command line and in reports."""

BINS = 15
"""Of the reliability diagram, as Guo et al. (2017) take: the calibration error depends on their number."""
TOLERATED = 0.01
"""Difference of mean confidence and accuracy up to which a network is as sure as it is right."""


def verdict(confidence: float, accuracy: float) -> str:
    """What a network with this mean confidence and this accuracy (0..1) is, to follow "it is"."""
    gap = confidence - accuracy
    return "as sure as it is right" if abs(gap) <= TOLERATED else "too sure of itself" if gap > 0 else "right more often than it says"


def gap_points(confidence: float, accuracy: float) -> str:
    """By how much it is more often right than sure, in points with sign and one decimal; nothing is ``0.0``, without one."""
    text = f"{100 * (accuracy - confidence):+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text
