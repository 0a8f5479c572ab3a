"""What baselines reached: one line of JSON each in ``baselines.jsonl`` beside the runs, so that they can stand beside runs on the same data."""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the app looks at baselines without the schema, which would cost it 20 MB
    from tui_trainer.config import Config

FILE = "baselines.jsonl"
TESTED_ON = ("dataset", "directory", "image_size", "channels")
"""Settings of the data on which it depends which test images there are; the held-out ones depend on the next too."""
HELD_OUT_BY = ("validation", "validation_split", "seed")


@dataclass(frozen=True, slots=True)
class BaselineResult:
    """One baseline that was fitted and measured."""

    time: float
    """Unix seconds."""
    preset: str
    settings: dict[str, Any]
    """The config's ``baseline`` table."""
    data: dict[str, Any]
    """The config's ``data`` table."""
    classes: list[str]
    train_images: int
    fit_seconds: float
    accuracy: dict[str, float]
    """0..1 of each split that was measured."""
    confusion: dict[str, list[list[int]]]
    """Counts of each split, rows true class, columns predicted class."""

    @property
    def model(self) -> str:
        """Such as ``svc-rbf``."""
        return str(self.settings.get("model", ""))

    def comparable(self, data: Mapping[str, Any], split: str) -> bool:
        """Whether its figure on ``split`` is of the same images as a run's whose config has this ``data`` table."""
        names = TESTED_ON if split == "test" else TESTED_ON + HELD_OUT_BY
        return isinstance(self.accuracy.get(split), float | int) and all(self.data.get(name) == data.get(name) for name in names)


def baseline_result(
    config: Config,
    preset: str,
    classes: tuple[str, ...],
    train_images: int,
    fit_seconds: float,
    accuracy: Mapping[str, float],
    confusion: Mapping[str, list[list[int]]],
) -> BaselineResult:
    """The record of a baseline of ``config``, made now."""
    assert config.baseline is not None
    settings, data = config.baseline.model_dump(mode="json"), config.data.model_dump(mode="json")
    return BaselineResult(time.time(), preset, settings, data, list(classes), train_images, fit_seconds, dict(accuracy), dict(confusion))


def add_baseline(root: Path, result: BaselineResult) -> None:
    """Append a result to the file in ``root``. Raises OSError."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")


def read_baselines(root: Path) -> list[BaselineResult]:
    """All results in ``root``, the oldest first; lines that are damaged or unknown are left out."""
    try:
        lines = (root / FILE).read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []
    names, found = {field.name for field in fields(BaselineResult)}, []
    for line in lines:
        try:
            values = json.loads(line)
            result = BaselineResult(**{name: value for name, value in values.items() if name in names})
        except (ValueError, TypeError, AttributeError, RecursionError):
            continue
        if isinstance(result.settings, dict) and isinstance(result.data, dict) and isinstance(result.accuracy, dict):
            found.append(result)
    return found


def best_baseline(run: Path, split: str) -> BaselineResult | None:
    """The best of the baselines beside a run's folder that were measured on the same images of ``split``."""
    try:
        data = tomllib.loads((run / "config.toml").read_text("utf-8")).get("data")
    except (OSError, ValueError, RecursionError):
        return None
    found = [each for each in read_baselines(run.parent) if isinstance(data, dict) and each.comparable(data, split)]
    return max(found, key=lambda each: each.accuracy[split], default=None)
