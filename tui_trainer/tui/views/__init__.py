"""The views of Inspect, one file each. They ask the inspection process through the screen and show what comes back.

    errors.py       matrix and the images of its cells      image.py   one image, layer by layer
    figures.py      precision, recall, F1                    pad.py     draw, and see the probabilities
    calibration.py  reliability                              pair.py    two runs
    weights.py      kernels                                  listing.py images by pages
    histograms.py   how they moved                           shown.py   answers as what widgets draw
"""
