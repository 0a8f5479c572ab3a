"""Sweeps: many runs of one kind, started a few at a time, and the table that comes of them. Torch-free, as the app and the prompt both show them."""

from tui_trainer.sweeps.record import SweepRecord, TrialRun, create_sweep, read_sweep_record, sweep_records

__all__ = ["SweepRecord", "TrialRun", "create_sweep", "read_sweep_record", "sweep_records"]
