"""The known data sets and what of them is on this machine."""

from dataclasses import dataclass
from pathlib import Path

from tui_trainer.catalogue.digits import digits_file
from tui_trainer.catalogue.known import KNOWN, KnownSet
from tui_trainer.catalogue.places import data_root, find_parts
from tui_trainer.catalogue.points import FEATURES, TITLES, class_names
from tui_trainer.config import ConfigError, Data
from tui_trainer.config.sets import POINT_SETS


@dataclass(frozen=True)
class Listed:
    """One row of ``tui-trainer data list``."""

    name: str
    title: str
    state: str
    """``bundled``, ``made`` (points, by a formula), ``present``, ``incomplete`` or ``absent``."""
    where: Path | None
    """Where its files lie, or would be put; None: not installed."""
    size: int
    """Bytes of its files on disk."""
    download_size: int
    """Bytes to fetch where it is absent."""
    train_images: int
    test_images: int
    shape: tuple[int, int, int]
    """Channels, height, width."""
    classes: tuple[str, ...]

    @property
    def present(self) -> bool:
        """Whether it can be trained on now."""
        return self.state in ("bundled", "made", "present")


def list_sets(directory: str | None = None) -> list[Listed]:
    """All known sets and the sets of points, looked for at ``directory`` (default: see :func:`data_root`)."""
    root = data_root(directory)
    return [_listed(known, root) for known in KNOWN.values()] + [_listed_points(name) for name in POINT_SETS]


def _listed(known: KnownSet, root: Path) -> Listed:
    where: Path | None
    if known.bundled:
        try:
            where = digits_file()
            size, state = where.stat().st_size, "bundled"
        except ConfigError:
            where, size, state = None, 0, "absent"
    else:
        found = find_parts(known, root)
        where = next(iter(found.values())).parent if found else root / known.folder
        size = sum(path.stat().st_size for path in found.values())
        state = "present" if len(found) == len(known.parts) else "incomplete" if found else "absent"
    return Listed(
        known.name, known.title, state, where, size, known.download_size, known.train_images, known.test_images, known.shape, known.classes
    )


def _listed_points(name: str) -> Listed:
    data = Data.model_validate({"dataset": name})
    shape = (len(FEATURES[data.features]), 1, 1)
    return Listed(name, TITLES[name], "made", None, 0, 0, data.points, data.test_points, shape, class_names(data))
