"""Whether a network is as sure as it is right."""

import torch
from torch import Tensor

from tui_trainer.asking.answers import Bin, Calibration
from tui_trainer.config import ConfigError
from tui_trainer.runs.calibration import BINS

MOST_BINS = 100


class Confidences:
    """How sure a network is of each image and whether it is right, gathered batch by batch: what ``evaluate`` tells."""

    def __init__(self) -> None:
        self._sure: list[Tensor] = []
        self._right: list[Tensor] = []
        self._losses: list[Tensor] = []

    def __call__(self, logits: Tensor, labels: Tensor) -> None:
        """Take in a batch: logits (B, K), labels int64 (B,)."""
        shares = logits.log_softmax(1)
        best = shares.max(1)
        self._sure.append(best.values.exp().cpu())
        self._right.append((best.indices == labels).cpu())
        self._losses.append(-shares.gather(1, labels[:, None]).squeeze(1).double().cpu())

    def calibration(self, bins: int = BINS) -> Calibration:
        """See :func:`calibrate`."""
        return calibrate(torch.cat(self._sure), torch.cat(self._right), bins)

    @property
    def nll(self) -> float:
        """Mean of -log p(true class)."""
        return float(torch.cat(self._losses).mean())


def calibrate(confidence: Tensor, correct: Tensor, bins: int = BINS) -> Calibration:
    """The reliability diagram and the calibration errors of ``confidence`` (float [N], highest probability) against ``correct`` (bool [N]).

    Bin m of M holds the images with confidence in ((m-1)/M, m/M], as in Guo et al., On calibration of modern neural networks,
    2017, section 2: ECE = sum_m |B_m|/N * |acc(B_m) - conf(B_m)|, MCE = max_m |acc(B_m) - conf(B_m)|. Raises ConfigError for a
    number of bins that is not allowed.
    """
    if not 1 <= bins <= MOST_BINS:
        raise ConfigError(f"bins: {bins} is not allowed; allowed is 1 to {MOST_BINS}")
    sure, right = confidence.double(), correct.double()
    place = (torch.ceil(sure.nan_to_num(0.0) * bins).long() - 1).clamp_(0, bins - 1)
    images = torch.bincount(place, minlength=bins)
    share = images.clamp(min=1)
    mean_sure = torch.zeros(bins, dtype=torch.float64).index_add_(0, place, sure) / share
    mean_right = torch.zeros(bins, dtype=torch.float64).index_add_(0, place, right) / share
    gaps = (mean_right - mean_sure).abs()
    found = tuple(
        Bin(number / bins, (number + 1) / bins, count, *means)
        for number, (count, *means) in enumerate(zip(images.tolist(), mean_sure.tolist(), mean_right.tolist(), strict=True))
    )
    total = max(1, len(sure))
    return Calibration(found, float((images * gaps).sum() / total), float(gaps.max()), float(sure.sum() / total))
