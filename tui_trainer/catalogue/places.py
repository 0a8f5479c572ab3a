"""Where data sets lie on this machine."""

import os
from pathlib import Path

from tui_trainer.catalogue.known import KNOWN, KnownSet
from tui_trainer.config import ConfigError
from tui_trainer.config.paths import given_path, is_file


def data_root(directory: str | None) -> Path:
    """The given directory, else TUI_TRAINER_DATA_DIR, else ``data`` in the user's cache."""
    chosen = directory or os.environ.get("TUI_TRAINER_DATA_DIR")
    if chosen:
        return given_path(chosen)
    import platformdirs

    return platformdirs.user_cache_path("tui-trainer") / "data"


def find_parts(known: KnownSet, root: Path) -> dict[str, Path]:
    """The files of ``known`` that lie at ``root``, by part name; a missing part has no entry.

    Looks for torchvision's layout below ``root`` (``MNIST/raw/...``), then at whether ``root`` is already a folder
    inside that layout, or simply holds the files; each file as it is or as .gz. Raises ConfigError where it may not look.
    """
    try:
        found = [_parts_in(known, folder) for folder in _folders(known, root)]
    except OSError as error:  # a folder that may not be entered
        raise ConfigError(f"{error.filename or root} cannot be read: {error.strerror}") from error
    return max(found, key=len)  # the first of several


def _parts_in(known: KnownSet, folder: Path) -> dict[str, Path]:
    found = {}
    for part in known.parts:
        for path in (folder / part.name, folder / f"{part.name}.gz"):
            if is_file(path):
                found[part.name] = path
                break
    return found


def _folders(known: KnownSet, root: Path) -> list[Path]:
    first, *rest = Path(known.folder).parts
    folders = [root / known.folder]
    others = {Path(other.folder).parts[0] for other in KNOWN.values() if other.folder} - {first}
    # MNIST and its relatives share their file names: the folder of one must not pass for another.
    if not others & {root.name, root.parent.name}:
        folders += [root / Path(*rest), root] if rest else [root]
    return folders


def need_parts(known: KnownSet, root: Path) -> dict[str, Path]:
    """All files of ``known`` at ``root``, by part name. Raises ConfigError that says what is missing and what to do."""
    found = find_parts(known, root)
    missing = [part.name for part in known.parts if part.name not in found]
    if not missing:
        return found
    if not found:
        raise ConfigError(
            f"{known.name} is not at {root} (looked for {root / known.folder / missing[0]}): "
            f"fetch it with `tui-trainer data prepare {known.name}`, or say where it lies with --data-dir"
        )
    raise ConfigError(
        f"{known.name} at {next(iter(found.values())).parent} lacks {', '.join(missing)}: `tui-trainer data prepare {known.name}` fetches what is missing"
    )
