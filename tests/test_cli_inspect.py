"""``tui-trainer inspect``, as a person calls it."""

import json
import re

import numpy as np
import pytest
from conftest import TrainedRun
from PIL import Image
from rich.console import Console

from tui_trainer.asking.picture import Picture
from tui_trainer.cli.inspecting.asked import class_number
from tui_trainer.cli.inspecting.gallery import print_tiles
from tui_trainer.cli.inspecting.sheet import GAP, HEADING, SIDE, Group, write_sheet
from tui_trainer.cli.main import app
from tui_trainer.config import ConfigError


@pytest.fixture
def told(trained: TrainedRun, monkeypatch, capfd):
    """The program in this process: importing torch anew for each command would take most of the time."""
    monkeypatch.chdir(trained.root)
    monkeypatch.setenv("TUI_TRAINER_CONFIG_DIR", str(trained.root / "settings"))

    def run(*arguments: str):
        capfd.readouterr()
        app(list(arguments), standalone_mode=False)
        printed = capfd.readouterr().out
        return json.loads(printed) if "--json" in arguments else printed

    return run


def test_errors_classes_and_calibration_tell_what_evaluate_tells(told, trained: TrainedRun):
    evaluated = told("evaluate", "first", "--json")
    classes = told("inspect", "classes", "first", "--json")
    assert classes["confusion"] == evaluated["confusion"]
    assert (classes["macro"], classes["weighted"]) == (evaluated["macro"], evaluated["weighted"])
    told_twice = [(each["loss"], each["nll"], each["calibration"]["ece"], each["calibration"]["mce"]) for each in (classes, evaluated)]
    assert told_twice[0] == pytest.approx(told_twice[1])
    pair = classes["pairs"][0]
    cell = told("inspect", "errors", "first", "--true", str(pair["true"]), "--predicted", str(pair["predicted"]), "--limit", "500", "--json")
    assert cell["total"] == len(cell["images"]) == pair["images"]
    wrong = sum(evaluated["misclassified"].values())
    assert f"{wrong} errors on test, 3 shown" in told("inspect", "errors", "first", "--limit", "3", "--out", "errors.png")
    assert Image.open(trained.root / "errors.png").size[0] > 3 * 84
    assert f"calibration error {100 * evaluated['calibration']['ece']:.2f}%" in told("inspect", "calibration", "first")


def test_pictures_are_written_and_a_run_is_no_better_than_itself(told, trained: TrainedRun):
    assert "64 units, 28×28" in told("inspect", "kernels", "first", "--out", "weights.png")
    assert Image.open(trained.root / "weights.png").getpixel((GAP + 56, GAP + HEADING + 56)) != (255, 255, 255)
    assert told("inspect", "pair", "first", "first", "--json")["p_value"] == 1
    assert re.search(r"2 relu +\d", told("inspect", "histograms", "first"))


def test_what_a_network_has_learnt_is_told_as_numbers(told, trained: TrainedRun, tmp_path):
    kernels = told("inspect", "kernels", "first", "--limit", "2", "--json")
    assert (kernels["run"], kernels["checkpoint"], kernels["total"], len(kernels["kernels"])) == ("first", told("inspect", "classes", "first", "--json")["checkpoint"]["file"], 64, 2)
    weights = np.array(kernels["kernels"][0]["values"])
    assert weights.shape == (28, 28)
    assert 0 < np.abs(weights).max() <= kernels["largest"]
    features = told("inspect", "features", "first", "--index", "2", "--json")
    assert (features["run"], features["split"], features["index"]) == ("first", "test", 2)
    assert features["predicted"] == max(features["probabilities"], key=features["probabilities"].get)
    assert [layer["place"] for layer in features["layers"]][-1] == "3"
    assert len(features["layers"][-1]["values"]) == 10
    saliency = told("inspect", "saliency", "first", "--index", "2", "--class", "3", "--json")
    assert (saliency["true"], saliency["predicted"], saliency["class"]) == (features["true"], features["predicted"], "3")
    assert np.array(saliency["magnitude"]).shape == np.array(saliency["signed"]).shape == (28, 28)
    assert f"test image 2: {features['true']}, taken for {features['predicted']}" in told("inspect", "features", "first", "--index", "2")


def test_a_sheet_has_a_heading_for_each_layer_and_lines_below_its_pictures(tmp_path):
    large, small = (Picture.of(np.zeros((side, side), np.uint8)) for side in (28, 7))
    sheet = np.asarray(Image.open(write_sheet([Group("0 conv", [(large, ["0"])] * 11), Group("1 pool", [(small, ["0", "#1"])] * 2)], str(tmp_path / "sheet"))))
    assert sheet.shape[1] == 10 * (SIDE + GAP) + GAP
    dark = (sheet[:, GAP : GAP + SIDE] < 128).all(axis=2)
    full = dark.all(axis=1)  # rows of pictures; letters are never as wide
    rows = np.flatnonzero(np.diff(full.astype(int)) == 1)
    assert len(rows) == 3
    before = [dark[max(0, start - HEADING + 1) : start].any() for start in rows]
    assert before == [True, True, True]
    assert dark[rows[-1] + SIDE + 2 :].any()


def test_the_program_itself(trained: TrainedRun):
    done = trained.program("inspect", "errors", "first", "--limit", "1", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["images"][0]["true"] in "0123456789"
    refused = trained.program("inspect", "errors", "first", "--sort", "los")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["errors", "first", "--true", "eleven"], "--true eleven: not known; allowed is 0, 1, 2"),
        (["errors", "first", "--sort", "los"], "did you mean 'loss'"),
        (["errors", "first", "--true", "3", "--predicted", "3"], "these images are right, and right ones are listed with --all only"),
        (["errors", "first", "--out", "x.jpg"], "x.jpg: pictures are written as PNG; allowed is a name that ends in .png"),
        (["features", "first", "--image", "."], "this is a folder"),
        (["pair", "first", "second"], "second: no such run"),
        (["features", "first", "--index", "100000"], "index 100000: the test split has the images 0 to 358"),
        (["saliency", "first", "--image", "none.png"], "none.png: no such file"),
        (["kernels", "first", "--layer", "2"], "layer 2: the network has none there"),
    ],
)
def test_bad_input_is_one_sentence(told, arguments: list[str], words: str):
    with pytest.raises(ConfigError) as error:
        told("inspect", *arguments)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("colour", ["truecolor", None])
def test_images_are_drawn_beside_each_other(capsys, colour):
    picture = Picture.of(np.tile(np.array([0, 255], np.uint8).repeat(14), (28, 1)))
    target = Console(width=64, force_terminal=True, color_system=colour, no_color=colour is None)
    print_tiles(target, [(picture, ["one", "#1"]), (picture, ["two", "#2"]), (picture, ["three", "#3"])])
    plain = re.sub(r"\x1b\[[0-9;]*m", "", (drawn := capsys.readouterr().out)).splitlines()
    assert len(plain) == 2 * (14 + 2 + 1)  # two rows of tiles: 14 lines, 2 captions, a gap
    assert plain[14].split() == ["one", "two"]
    assert plain[17 + 14].split() == ["three"]
    assert ("48;2;255;255;255" in drawn) == (colour is not None)
    if colour is None:
        assert plain[0] == 14 * " " + 14 * "█" + 2 * " " + 14 * " " + 14 * "█"


def test_a_class_is_found_in_letters_of_either_case():
    assert class_number("--true", "DOG", ["cat", "dog"]) == 1
    assert class_number("--true", "Dog", ["dog", "Dog"]) == 1
    with pytest.raises(ConfigError, match="not known"):
        class_number("--true", "DOG", ["dog", "Dog"])
