"""Small dense networks that differ in little train together: ordinary runs, one batched step for all of them."""

from tui_trainer.lab.together.train import Member, prepare_together, train_together

__all__ = ["Member", "prepare_together", "train_together"]
