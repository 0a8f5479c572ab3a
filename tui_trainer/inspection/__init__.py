"""Looking into a trained network: what it gets wrong, what it has learnt, what it makes of a drawing. With torch, without a screen.

inspection.py   the questions of ``tui_trainer.asking`` and who answers them
shelf.py        networks, data and probabilities that are kept between questions
classes.py, calibration.py, images.py     a whole split: figures, pages of images, two networks side by side
kernels.py, looking.py, histograms.py     weights; one image layer by layer; both over the checkpoints
subject.py, taps.py                       the image that is looked at; the layers by place
server.py       the process that the app starts
"""

from tui_trainer.inspection.inspection import Inspection

__all__ = ["Inspection"]
