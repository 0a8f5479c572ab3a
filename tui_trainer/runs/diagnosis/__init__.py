"""What the curves show, in words, from stated rules with the numbers behind them.

Each rule looks at figures that every run tells (losses, accuracies, the confusion matrix, dead units) and speaks only when its
thresholds are passed; the thresholds are constants beside it, and every finding carries the numbers it rests on.
"""

from tui_trainer.runs.diagnosis.diagnose import diagnose
from tui_trainer.runs.diagnosis.finding import Finding

__all__ = ["Finding", "diagnose"]
