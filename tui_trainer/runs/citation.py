"""What a person reads for the source of a reference figure; presets name the file that the figure stands in."""

CITATIONS = {
    "000_44bc90a355b687b3.txt": "report A, an MLP and a regularised CNN on MNIST, and three losses",
    "001_48257f351adae782.txt": "report B, from hand-written backpropagation to a CNN on CIFAR-10",
    "002_81e37961bc8b8da5.txt": "report C, a small network on MNIST and the tricks of the trade",
    "003_8b13b3db76bb8f90.txt": "report D, a small CNN on MNIST and CIFAR-10, trained in stages",
    "004_ba420095d57258c7.txt": "report E, a hand-written perceptron and LeNet on 2 000 or 50 000 images",
    "shared/design/house.md": "measurements with this project's trainer",
}


def citation(source: str) -> str:
    """The source in words; a source that is none of the presets' is cited as its author wrote it."""
    return CITATIONS.get(source, source)
