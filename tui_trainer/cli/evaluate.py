"""``tui-trainer evaluate`` and ``tui-trainer predict``: using what a run has learnt."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui_trainer.cli import completion
from tui_trainer.cli.options import Checkpoint, Device, Json, Run, RunsDir, Trust

if TYPE_CHECKING:
    from tui_trainer.training.inference import Prediction, Trained

SHOWN_GUESSES = 3
SPLITS = ("train", "validation", "test")


def evaluate(
    run: Run,
    split: Annotated[str, typer.Option("--split", metavar="NAME", help="train, validation or test.", autocompletion=completion.splits)] = "test",
    checkpoint: Checkpoint = None,
    device: Device = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    trust: Trust = False,
) -> None:
    """Measure a trained run on a whole split."""
    import contextlib

    from tui_trainer.cli.console import claimed_stdout, console, count, duration, percent
    from tui_trainer.cli.figures import figures_json, print_by_class
    from tui_trainer.cli.tables import words
    from tui_trainer.config import ConfigError
    from tui_trainer.config.errors import nearest

    if split not in SPLITS:
        raise ConfigError(f"--split {split}: no such split{nearest(split, SPLITS)}; allowed is {', '.join(SPLITS)}")
    with claimed_stdout() if as_json else contextlib.nullcontext():
        trained = _load(run, checkpoint, device, runs_dir, trust)
        from tui_trainer.inspection.calibration import Confidences
        from tui_trainer.training.inference import evaluate_split

        confidences = Confidences()
        found = evaluate_split(trained, split, confidences)
        told = confidences.calibration()
    if as_json:
        from tui_trainer.cli.console import print_json

        head = {"run": trained.run.name, "checkpoint": trained.checkpoint.file, "split": found.split, "loss": found.loss, "accuracy": found.accuracy}
        head |= {"nll": confidences.nll, "calibration": {"ece": told.ece, "mce": told.mce, "confidence": told.confidence, "bins": len(told.bins)}}
        print_json(head | {"images": found.images, "seconds": found.seconds} | figures_json(found.confusion, found.classes))
        return
    target = console()
    target.print(words([trained.run.name, f"checkpoint {trained.checkpoint.file} of epoch {trained.checkpoint.epoch:.4g}", f"{count(found.images)} {found.split} images in {duration(found.seconds)}"]), style="dim")
    target.print(f"{found.split} accuracy {percent(found.accuracy)}   loss {found.loss:.4f}   calibration error {percent(told.ece)}", style="bold")
    target.print()
    target.print("rows true class, columns predicted", style="dim")
    print_by_class(target, found.confusion, found.classes)


def predict(
    run: Run,
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="Image files.", show_default=False)],
    checkpoint: Checkpoint = None,
    device: Device = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    trust: Trust = False,
) -> None:
    """Say what a trained run sees in image files."""
    import contextlib

    from tui_trainer.cli.console import claimed_stdout

    with claimed_stdout() if as_json else contextlib.nullcontext():
        trained = _load(run, checkpoint, device, runs_dir, trust)
        from tui_trainer.training.inference import predict as predict_images

        predictions = predict_images(trained, list(map(Path, images)))
    if as_json:
        from tui_trainer.cli.console import print_json

        print_json([_prediction_json(each, trained.classes) for each in predictions])
    else:
        _print_predictions(predictions, trained.classes)


def _load(run: str, checkpoint: str | None, device: str | None, root: str | None, trust: bool) -> "Trained":
    from tui_trainer.cli.console import complain
    from tui_trainer.runs import find_run, runs_dir

    found = find_run(run, runs_dir(root))
    from tui_trainer.training.inference import load_trained

    if unknown := found.known_config()[1]:
        complain(f"{found.config_file}: not known to this version, and left out: {', '.join(unknown)}")
    return load_trained(found, checkpoint, device=device or "auto", trusted=trust)


def _prediction_json(prediction: "Prediction", classes: Sequence[str]) -> dict[str, object]:
    return {
        "path": str(prediction.path),
        "label": prediction.label,
        "probability": prediction.probability,
        "probabilities": dict(zip(classes, prediction.probabilities, strict=True)),
    }


def _print_predictions(predictions: "list[Prediction]", classes: Sequence[str]) -> None:
    from tui_trainer.cli.console import console, percent
    from tui_trainer.cli.tables import print_table

    rows = []
    for each in predictions:
        guesses = sorted(zip(classes, each.probabilities, strict=True), key=lambda guess: -guess[1])[1:SHOWN_GUESSES]
        others = ", ".join(f"{label} {percent(share, 1)}" for label, share in guesses)
        rows.append((str(each.path), each.label, percent(each.probability, 1), others))
    print_table(console(), ("image", "class", ">probability", "next"), rows, flexible="image", droppable=("next",), keep_end=True)
