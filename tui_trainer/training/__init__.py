"""Losses, optimisers, schedules, evaluation, checkpoints and the loop that uses them."""
