"""From the config's network to a torch module: layer lists, torchvision's classifiers, the user's own code."""

from tui_trainer.models.build import build
from tui_trainer.models.probe import module_summary, parameter_count, wants_channels_last
from tui_trainer.models.trust import approve, is_trusted

__all__ = ["approve", "build", "is_trusted", "module_summary", "parameter_count", "wants_channels_last"]
