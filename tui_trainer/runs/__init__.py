"""The run folder: what a trainer writes and what everyone else reads, without torch.

The names below are imported when they are first used: the app follows events without the config's schema, which
takes 0.12 s to import.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui_trainer.runs.folder import RunFolder, create_run, find_run, run_names, runs_dir

__all__ = ["RunFolder", "create_run", "find_run", "run_names", "runs_dir"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tui_trainer.runs import folder

    return getattr(folder, name)
