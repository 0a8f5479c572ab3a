"""Which contents of Python files a person has allowed to run: by SHA-256, so a changed file asks again.

Kept as JSON in ``trusted.json`` in the user's configuration folder (TUI_TRAINER_CONFIG_DIR overrides where).
"""

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platformdirs import user_config_dir

from tui_trainer.config import ConfigError
from tui_trainer.runs.atomic import write_atomic


def approvals_path() -> Path:
    """Where approvals are kept."""
    return Path(os.environ.get("TUI_TRAINER_CONFIG_DIR") or user_config_dir("tui-trainer")) / "trusted.json"


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def is_trusted_content(content: bytes) -> bool:
    """Whether exactly this content was approved. Approvals that cannot be read approve nothing."""
    try:
        return digest(content) in _read(approvals_path())
    except ConfigError:
        return False


def is_trusted(path: str | Path) -> bool:
    """Whether the file's present content was approved; False for a file that cannot be read."""
    try:
        return is_trusted_content(Path(path).read_bytes())
    except OSError:
        return False


def approve(path: str | Path) -> None:
    """Allow the file's present content to run, for this user. Raises ConfigError where it or the approvals cannot be read or written."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    approve_content(content, path)


def approve_content(content: bytes, path: str | Path) -> None:
    """Allow exactly this content, found at ``path``, to run. Raises ConfigError where the approvals cannot be read or written."""
    approvals = approvals_path()
    known = _read(approvals)
    if digest(content) in known:
        return
    known[digest(content)] = {"path": str(Path(path).resolve()), "approved": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        approvals.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(approvals, json.dumps({"files": known}, indent=1).encode())
    except OSError as error:
        raise ConfigError(f"{approvals}: cannot be written: {error.strerror or error}") from error


def _read(approvals: Path) -> dict[str, Any]:
    try:
        tree = json.loads(approvals.read_bytes())
        return dict(tree["files"])
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"{approvals}: cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{approvals}: is damaged: delete it, and allow your files again with --trust") from error
