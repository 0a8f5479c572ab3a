"""The run folder: what a trainer writes and what everyone else reads, without torch."""

from tui_trainer.runs.folder import RunFolder, create_run, find_run, run_names, runs_dir

__all__ = ["RunFolder", "create_run", "find_run", "run_names", "runs_dir"]
