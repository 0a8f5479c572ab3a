"""What the app remembers from one start to the next, in a small file of the user's: the theme."""

import json
import os
from pathlib import Path

NAME = "app.json"


def preferences_file() -> Path:
    """In the user's place for settings, or where TUI_TRAINER_CONFIG_DIR says."""
    if folder := os.environ.get("TUI_TRAINER_CONFIG_DIR"):
        return Path(folder) / NAME
    from platformdirs import user_config_dir

    return Path(user_config_dir("tui-trainer")) / NAME


def read_theme() -> str:
    """The theme that was chosen last; empty where there is none, or none that can be read."""
    try:
        found = json.loads(preferences_file().read_bytes())
        return str(found["theme"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def write_theme(theme: str) -> str:
    """Remember it. Returns a sentence where that fails: no reason to stop anything."""
    from tui_trainer.runs.atomic import write_atomic

    file = preferences_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, json.dumps({"theme": theme}).encode(), durable=False)
    except OSError as error:
        return f"{file} cannot be written, so the theme is not remembered: {error.strerror}"
    return ""
