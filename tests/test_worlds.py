"""Points in the plane: made the same every time, told without torch as they are loaded, trained, and held against support vectors."""

import base64
import subprocess
import sys
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from tests.conftest import run_program
from tui_trainer.asking.questions import ShowBoundary, Weights
from tui_trainer.asking.wire import decode_question, decode_told, encode_answer, encode_question
from tui_trainer.catalogue.facts import data_facts
from tui_trainer.catalogue.points import FEATURES, Extent, make_points
from tui_trainer.config import ConfigError, Data, load_config
from tui_trainer.config.sets import POINT_SETS
from tui_trainer.data import Preprocess, load_dataset
from tui_trainer.data.points import seen
from tui_trainer.inspection.inspection import Inspection
from tui_trainer.lab.baseline import fit, load, measure
from tui_trainer.runs import create_run
from tui_trainer.runs.boundary import Field, field_of, pack, unpack
from tui_trainer.runs.events import BoundaryDrawn, decode, encode
from tui_trainer.runs.reading import read_history
from tui_trainer.training.boundary import Boundary
from tui_trainer.training.inference import evaluate_split, load_trained, probabilities
from tui_trainer.training.prepare import prepare
from tui_trainer.training.run import train
from tui_trainer.tui.forms.outlook import careful_view, quick_view

CPU = torch.device("cpu")


def points(name: str, **settings: object) -> Data:
    return Data.model_validate({"dataset": name, **settings})


@pytest.mark.parametrize("name", POINT_SETS)
def test_the_same_settings_give_the_same_points_and_others_give_others(name: str) -> None:
    train, test = make_points(points(name))
    again, _ = make_points(points(name, test_points=50))
    other, _ = make_points(points(name, seed=1))
    assert np.array_equal(train.xy, again.xy), "the test part's size is no matter to the training part"
    assert np.array_equal(train.labels, again.labels)
    assert not np.allclose(train.xy, other.xy)
    assert (len(train.labels), len(test.labels)) == (400, 200)
    assert set(np.bincount(train.labels)) == {400 // (train.labels.max() + 1)}, "classes are of one size"
    assert not any((train.xy == each).all(1).any() for each in test.xy), "no test point is trained on"
    assert np.abs(train.xy).max() < 3


def test_points_stay_what_they_are_from_version_to_version() -> None:
    train, _ = make_points(points("circles", points=10, noise=0.1))
    assert train.labels.tolist() == [0, 1, 0, 0, 0, 0, 1, 1, 1, 1]
    assert train.xy[0] == pytest.approx([-0.6444408195116165, 0.6759937311176247], abs=1e-9)


@pytest.mark.parametrize("name", POINT_SETS)
@pytest.mark.parametrize("more", [{}, {"features": "all", "validation": 31, "points": 123, "seed": 7}, {"train_images": 40, "normalise": "standardise"}], ids=str)
def test_facts_are_what_is_loaded(name: str, more: dict[str, object]) -> None:
    data = points(name, **more)
    facts, loaded = data_facts(data), load_dataset(data, CPU)
    assert facts.shape == loaded.shape == (len(FEATURES[data.features]), 1, 1)
    assert facts.classes == loaded.classes
    assert (facts.train_images, facts.validation_images, facts.test_images) == (len(loaded.train), len(loaded.validation), len(loaded.test))
    quick, careful = quick_view(data), careful_view(data)
    assert quick == careful


def test_the_catalogue_tells_of_points_without_torch() -> None:
    code = "import sys; from tui_trainer.catalogue import data_facts, list_sets; from tui_trainer.config import Data; "
    code += "data_facts(Data(dataset='spirals')); list_sets(); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_normalising_is_by_feature_and_leaves_the_set_as_it_was() -> None:
    loaded = load_dataset(points("moons", normalise="standardise", features="squares"), CPU)
    before = loaded.train.read(slice(None))[0]
    seen = loaded.preprocess(loaded.train.read(slice(None))[0]).flatten(1)
    assert torch.allclose(seen.mean(0), torch.zeros(4), atol=1e-5)
    assert torch.allclose(seen.std(0, correction=0), torch.ones(4), atol=1e-5)
    assert torch.equal(before, loaded.train.read(slice(None))[0])
    assert torch.equal(Preprocess.from_state(loaded.preprocess.state())(before.clone()).flatten(1), seen)
    scaled = load_dataset(points("moons", normalise="min-max"), CPU)
    seen = scaled.preprocess(scaled.train.read(slice(None))[0]).flatten(1)
    assert seen.amin(0).tolist() == pytest.approx([0, 0], abs=1e-6)
    assert seen.amax(0).tolist() == pytest.approx([1, 1], abs=1e-6)
    centred = load_dataset(points("moons", normalise="centre"), CPU)
    seen = centred.preprocess(centred.train.read(slice(None))[0]).flatten(1)
    assert seen.mean(0).tolist() == pytest.approx([0, 0], abs=1e-6)
    assert (seen.amax(0) - seen.amin(0)).tolist() == pytest.approx([2, 2], abs=1e-6)


@pytest.mark.parametrize(
    ("preset", "changes", "words"),
    [
        ("mnist-cnn-16", {"data.dataset": "circles"}, "layers.0, conv2d needs images"), ("circles-mlp", {"data.normalise": "zca"}, "zca whitens images"),
        ("circles-mlp", {"data.image_size": 8}, "has no effect here"), ("digits-mlp", {"data.features": "all"}, "has no effect here"),
        ("moons-mlp", {"data.classes": 3}, "has no effect here"),
    ],
)  # fmt: skip
def test_what_points_cannot_have_is_refused_in_a_sentence(preset: str, changes: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load_config(preset, changes)


def test_circles_are_learnt_by_hand_and_by_autograd_alike(tmp_path) -> None:
    weights = []
    for gradients in ("autograd", "manual"):
        settings = {"training.gradients": gradients, "training.epochs": 60, "training.learning_rate": 0.3, "training.threads": 1}
        config = load_config("circles-mlp", settings)
        run = create_run(config, tmp_path, gradients)
        assert train(prepare(config), run).state == "finished"
        trained = load_trained(run)
        weights.append(torch.cat([each.detach().flatten() for each in trained.model.parameters()]))
        assert evaluate_split(trained, "test").accuracy >= 0.98
    assert torch.allclose(*weights, atol=1e-3)
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"")
    refused = run_program("predict", str(run.path), str(picture), cwd=tmp_path)
    assert refused.returncode == 2
    assert "takes no pictures" in refused.stderr


@pytest.mark.parametrize(
    ("row", "low", "high"),
    [("linear", 0.4, 0.65), ("poly-1", 0.4, 0.65), ("poly-2", 0.97, 1), ("poly-3", 0.4, 0.75), ("poly-6", 0.97, 1), ("rbf", 0.97, 1), ("linear-squares", 0.97, 1)],
)  # fmt: skip
def test_the_reports_rows_of_support_vectors(row: str, low: float, high: float) -> None:
    config = load_config(f"circles-svm/{row}")
    assert low <= measure(fit(config, load(config)), "test").accuracy <= high


def boundaries(run) -> list[BoundaryDrawn]:
    return [event for event in map(decode, run.events_file.read_bytes().splitlines()) if isinstance(event, BoundaryDrawn)]


def test_the_boundary_of_the_weights_is_told_while_it_trains_and_changes_nothing(tmp_path, monkeypatch) -> None:
    settings = {"training.iterations": 40, "training.threads": 1}
    config = load_config("moons-mlp", settings)
    run = create_run(config, tmp_path, "drawn")
    train(prepare(config), run)
    told = boundaries(run)
    assert [told[0].step, told[-1].step] == [0, 40]
    trained = load_trained(run)
    last = told[-1]
    field = unpack(last.cells, last.columns, last.rows)
    middles = Extent(last.left, last.right, last.bottom, last.top).centres(last.columns, last.rows)
    expected = field_of(probabilities(trained, seen(middles, config.data)).numpy(), last.columns)
    assert np.array_equal(field.winner, expected.winner)
    assert np.abs(field.sureness - expected.sureness).max() <= 0.5 / 15 + 1e-6
    asked = ShowBoundary(Weights(str(run.path)), last.columns)
    answer = decode_told(encode_answer(1, Inspection("cpu").answer(decode_question(encode_question(1, "", asked)).question))).answer
    shares = np.frombuffer(answer.levels, np.uint8).reshape(-1, 2) / 255
    assert np.array_equal(field_of(shares.astype(np.float32), answer.side).winner[expected.sureness > 0.02], expected.winner[expected.sureness > 0.02])
    assert (answer.left, answer.top, answer.classes) == (last.left, last.top, ("upper", "lower"))
    for part in make_points(config.data):
        assert part.xy.min(0).tolist() >= [last.left, last.bottom]
        assert part.xy.max(0).tolist() <= [last.right, last.top]
    monkeypatch.setattr(Boundary, "of", lambda prepared: None)
    silent = create_run(config, tmp_path, "silent")
    train(prepare(config), silent)
    assert not boundaries(silent)
    for one, other in zip(trained.model.parameters(), load_trained(silent).model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_history_keeps_the_newest_boundary_alone(tmp_path) -> None:
    config = load_config("moons-mlp")
    run = create_run(config, tmp_path, "long")
    grid = Field(np.zeros((48, 48), np.uint8), np.ones((48, 48), np.float32))

    def line(step: int) -> str:
        place = {"left": -1.0, "right": 1.0, "bottom": -1.0, "top": 1.0, "columns": 48, "rows": 48}
        return encode(BoundaryDrawn(time=0.0, elapsed=0.0, step=step, epoch=0.0, cells=pack(grid), **place))

    with run.events_file.open("a") as file:
        file.writelines(line(step) for step in range(3000))
    history, _ = read_history(run.events_file)
    assert (history.boundary.step, len(history.events), history.count) == (2999, 0, 3000)
    history.observe(decode(line(4000)))
    assert (history.boundary.step, len(history.events)) == (4000, 0)


@pytest.mark.parametrize("cells", ["", "!!", "AAAA", base64.b64encode(zlib.compress(bytes(10_000_000))).decode()])
def test_a_damaged_boundary_is_a_value_error(cells: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(cells, 48, 48)
    with pytest.raises(ValueError, match="grid"):
        unpack(cells, 10**9, 10**9)


def test_baselines_and_reports_draw_the_boundary(tmp_path) -> None:
    picture = tmp_path / "rbf.png"
    drawn = run_program("baseline", "circles-svm/rbf", "--boundary", str(picture), "--no-record", cwd=tmp_path)
    assert drawn.returncode == 0, drawn.stderr
    with Image.open(picture) as image:
        assert min(image.size) > 400
    refused = run_program("baseline", "digits-mlp", "--boundary", str(picture), cwd=tmp_path)
    assert refused.returncode == 2
    assert "digits are images" in refused.stderr
    run = create_run(load_config("moons-mlp", {"training.iterations": 5}), tmp_path, "short")
    train(prepare(run.config()), run)
    assert run_program("report", str(run.path), "--recorded", "--out", str(tmp_path / "report"), cwd=tmp_path).returncode == 0
    text = next((tmp_path / "report").glob("*.md")).read_text()
    assert "Decision boundary" in text
    assert "Misclassified images" not in text
