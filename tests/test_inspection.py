"""What is told of a trained network, against scikit-learn, plain references and the network itself."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made_runs import OWN, colour_folder, made_run
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support

from tui_trainer.asking.picture import Picture, read_png, save_png
from tui_trainer.asking.questions import (
    Compare,
    Drawn,
    FromFile,
    FromSplit,
    ListImages,
    Open,
    Predict,
    ShowFeatures,
    ShowHistograms,
    ShowKernels,
    ShowSaliency,
    Summarise,
    Weights,
)
from tui_trainer.catalogue.digits import digits_as_mnist, read_digits
from tui_trainer.config import ConfigError
from tui_trainer.inspection import Inspection
from tui_trainer.inspection.calibration import calibrate
from tui_trainer.inspection.images import mcnemar
from tui_trainer.inspection.looking import input_gradient
from tui_trainer.runs import RunFolder
from tui_trainer.training.inference import evaluate_split, load_trained, predict

CNN = {
    "data": {"dataset": "digits"},
    "network": {
        "layers": [
            {"type": "conv2d", "channels": 3, "kernel": 5}, {"type": "relu"}, {"type": "max-pool", "size": 4},
            {"type": "residual", "layers": [{"type": "conv2d", "channels": 3, "kernel": 3, "padding": "same"}, {"type": "relu"}]},
            {"type": "flatten"}, {"type": "dropout", "probability": 0.5}, {"type": "dense", "units": "classes"},
        ]
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def inspection():
    return Inspection("cpu")


@pytest.fixture(scope="module")
def cnn(tmp_path_factory):
    run = made_run(tmp_path_factory.mktemp("runs"), CNN, "cnn", seeds=(1, 2))
    return Weights(str(run.path), "last")


@pytest.fixture
def mlp(trained):
    return Weights(str(trained.folder))


def folder(weights):
    return RunFolder(Path(weights.run))


def probabilities(weights):
    """Of the test split by the plain way: the module, in evaluation mode, on normalised images."""
    run = load_trained(folder(weights), weights.checkpoint or None, "cpu")
    evaluate_split(run, "test")
    images, labels = run.data.test.read(slice(None))
    with torch.no_grad():
        return run.model.eval()(run.preprocess(images)).softmax(1).numpy(), labels.numpy(), images


def test_figures_are_those_of_scikit_learn_and_of_evaluate(inspection, mlp):
    told = inspection.answer(Summarise(mlp, "test"))
    shares, labels, _ = probabilities(mlp)
    predicted = shares.argmax(1)
    assert np.array_equal(told.confusion, confusion_matrix(labels, predicted))
    each = precision_recall_fscore_support(labels, predicted, zero_division=0)
    rows = [(row.precision, row.recall, row.f1, row.support) for row in told.per_class]
    assert np.allclose(rows, np.array(each).T)
    for mean, average in ((told.macro, "macro"), (told.weighted, "weighted")):
        assert (mean.precision, mean.recall, mean.f1) == pytest.approx(precision_recall_fscore_support(labels, predicted, average=average, zero_division=0)[:3])
    assert told.nll == pytest.approx(log_loss(labels, shares.astype(np.float64), labels=range(10)), rel=1e-5)
    evaluated = evaluate_split(load_trained(folder(mlp), device="cpu"), "test")
    assert (told.accuracy, told.loss, told.images) == (evaluated.accuracy, evaluated.loss, evaluated.images)
    assert sum(pair.images for pair in told.pairs) == (predicted != labels).sum()
    assert [pair.images for pair in told.pairs] == sorted((pair.images for pair in told.pairs), reverse=True)


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_calibration_against_a_plain_loop(bins):
    random = np.random.default_rng(3)
    sure = np.concatenate([random.uniform(0.1, 1, 500), [1.0, 0.5, 0.2, 0.1]])
    right = random.uniform(size=len(sure)) < sure**2
    told = calibrate(torch.from_numpy(sure), torch.from_numpy(right), bins)
    error = worst = 0.0
    for number in range(bins):
        inside = (sure > number / bins) & (sure <= (number + 1) / bins)
        assert told.bins[number].images == inside.sum()
        if inside.any():
            gap = abs(right[inside].mean() - sure[inside].mean())
            assert (told.bins[number].confidence, told.bins[number].accuracy) == pytest.approx((sure[inside].mean(), right[inside].mean()))
            error, worst = error + inside.mean() * gap, max(worst, gap)
    assert (told.ece, told.mce, told.confidence) == pytest.approx((error, worst, sure.mean()))


def test_errors_come_worst_first_page_by_page_with_their_pixels(inspection, mlp):
    shares, labels, images = probabilities(mlp)
    wrong = np.flatnonzero(shares.argmax(1) != labels)
    losses = -np.log(shares[np.arange(len(labels)), labels])
    expected = sorted(wrong, key=lambda index: -losses[index])
    pages = [inspection.answer(ListImages(mlp, "test", offset=offset, limit=7)) for offset in range(0, len(wrong), 7)]
    told = [image for page in pages for image in page.images]
    assert {page.total for page in pages} == {len(wrong)}
    assert [image.index for image in told] == expected
    for image in told[:5]:
        assert np.array_equal(image.picture.array(), images[image.index, 0])
        assert np.allclose(image.probabilities, shares[image.index], atol=1e-5)
        assert (image.true, image.predicted) == (labels[image.index], shares[image.index].argmax())
        assert image.loss == pytest.approx(losses[image.index], rel=1e-3)
    surest = [image.index for image in inspection.answer(ListImages(mlp, "test", sort="confidence", limit=500)).images]
    assert surest == sorted(wrong, key=lambda index: -shares[index].max())


def test_a_cell_of_the_matrix_lists_as_many_images_as_it_counts(inspection, mlp):
    confusion = inspection.answer(Summarise(mlp, "validation")).confusion
    for true, predicted in ((3, 3), *((pair.true, pair.predicted) for pair in inspection.answer(Summarise(mlp, "validation")).pairs[:3])):
        page = inspection.answer(ListImages(mlp, "validation", true=true, predicted=predicted, only="all"))
        assert page.total == len(page.images) == confusion[true][predicted]
        assert {(image.true, image.predicted) for image in page.images} <= {(true, predicted)}


def test_two_networks_on_the_same_images(inspection, mlp, cnn):
    one, labels, _ = probabilities(mlp)
    other, _, _ = probabilities(cnn)
    right, also = one.argmax(1) == labels, other.argmax(1) == labels
    told = inspection.answer(Compare(mlp, cnn, "test", limit=500))
    assert (told.both, told.only_first, told.only_second, told.neither) == ((right & also).sum(), (right & ~also).sum(), (~right & also).sum(), (~right & ~also).sum())
    assert {image.index for image in told.images} == set(np.flatnonzero(right & ~also))
    second = inspection.answer(Compare(mlp, cnn, "test", show="second", limit=500))
    assert {image.index for image in second.images} == set(np.flatnonzero(~right & also))


def test_networks_of_other_images_are_not_compared(inspection, mlp, tmp_path):
    other = made_run(tmp_path, {"data": {"dataset": "folder", "directory": str(colour_folder(tmp_path / "data"))}, "network": {"layers": [{"type": "flatten"}, {"type": "dense", "units": "classes"}]}}, "b")
    with pytest.raises(ConfigError, match="different classes"):
        inspection.answer(Compare(mlp, Weights(str(other.path))))


@pytest.mark.parametrize(("only_first", "only_second"), [(0, 0), (5, 5), (1, 8), (12, 3), (130, 190), (4000, 4300)])
def test_mcnemar_is_the_binomial_test(only_first, only_second):
    expected = binomtest(only_first, only_first + only_second).pvalue if only_first + only_second else 1.0
    assert mcnemar(only_first, only_second) == pytest.approx(expected)
    assert mcnemar(6000, 6400) == pytest.approx(binomtest(6000, 12400).pvalue, rel=0.01)


def test_kernels_and_dense_weights_are_the_networks(inspection, mlp, cnn):
    weights = load_trained(folder(cnn), "last", "cpu").model.state_dict()
    told = inspection.answer(ShowKernels(cnn))
    assert [layer.place for layer in told.layers] == ["0", "3.0", "6"]
    assert told.total == len(told.kernels) == 3
    for kernel in told.kernels:
        assert np.allclose(kernel.picture.values(), weights["0.weight"][kernel.unit, 0], atol=told.largest / 250)
    assert told.largest == pytest.approx(float(weights["0.weight"].abs().max()))
    inner = inspection.answer(ShowKernels(cnn, "3.0", scale="each", offset=4, limit=2))
    assert [(kernel.unit, kernel.channel) for kernel in inner.kernels] == [(1, 1), (1, 2)]
    assert np.allclose(inner.kernels[0].picture.values(), weights["3.0.weight"][1, 1], atol=0.01)
    assert inner.kernels[0].picture.array().max() == 255 or inner.kernels[0].picture.array().min() == 1
    head = inspection.answer(ShowKernels(cnn, "6", limit=5))  # looks through dropout and flatten at 3 channels of 6x6
    assert np.allclose(head.kernels[4].picture.values(), weights["6.weight"][1].view(3, 6, 6)[1], atol=head.largest / 250)
    first = load_trained(folder(mlp), None, "cpu").model.state_dict()["1.weight"]
    dense = inspection.answer(ShowKernels(mlp))
    assert (dense.kernels[0].picture.height, dense.kernels[0].picture.width, dense.total) == (28, 28, len(first))
    assert np.allclose(dense.kernels[9].picture.values(), first[9].view(28, 28), atol=dense.largest / 250)


def test_features_are_what_each_layer_gives(inspection, cnn):
    told = inspection.answer(ShowFeatures(cnn, FromSplit("test", 5)))
    assert [layer.place for layer in told.layers] == ["0", "1", "2", "3.0", "3.1", "3", "4", "5", "6"]
    model = load_trained(folder(cnn), "last", "cpu").model.eval()
    x = torch.from_numpy(told.input.array().copy())[None, None] / 255
    with torch.no_grad():
        conv = model.get_submodule("0")(x)
        pooled = torch.nn.functional.max_pool2d(conv.relu(), 4)
        block = model.get_submodule("3.0")(pooled).relu() + pooled
        logits = model.get_submodule("6")(block.flatten(1))
    by_place = {layer.place: layer for layer in told.layers}
    for place, expected in (("0", conv), ("1", conv.relu()), ("2", pooled), ("3", block)):
        layer = by_place[place]
        assert layer.shape == tuple(expected.shape[1:])
        maps = np.stack([picture.values() for picture in layer.maps])
        assert np.allclose(maps, expected[0], atol=(layer.high - layer.low) / 500 + 1e-6)
    assert by_place["1"].zeros == pytest.approx(float((conv <= 0).float().mean()))
    assert np.allclose(by_place["6"].values, logits[0], atol=1e-5)
    assert np.allclose(told.probabilities, logits.softmax(1)[0], atol=1e-5)


def test_saliency_is_how_the_logit_moves_with_each_pixel(inspection, cnn):
    told = inspection.answer(ShowSaliency(cnn, FromSplit("test", 5)))
    assert told.target == int(np.argmax(told.probabilities))
    loaded = inspection.store.network(cnn)
    pixels = torch.from_numpy(told.input.array().copy())[None, None]
    _, _, gradient = input_gradient(loaded, pixels)
    model, flat, row, column = loaded.trained.model, pixels.float() / 255, *divmod(int(gradient.abs().argmax()), 28)
    moved = [flat.clone(), flat.clone()]
    for image, step in zip(moved, (-1e-3, 1e-3), strict=True):
        image[0, 0, row, column] += step
    with torch.no_grad():
        slope = float(model(moved[1])[0, told.target] - model(moved[0])[0, told.target]) / 2e-3
    assert told.signed.values()[row, column] == pytest.approx(slope, rel=0.03)
    assert told.magnitude.values()[row, column] == pytest.approx(abs(slope), rel=0.03)
    assert inspection.answer(ShowSaliency(cnn, FromSplit("test", 5), target=3)).target == 3


def test_saliency_reaches_through_whitening_and_standardised_colour(tmp_path):
    folder = str(colour_folder(tmp_path / "data", side=6))
    for normalise in ("zca", "standardise"):
        tree = {"data": {"dataset": "folder", "directory": folder, "normalise": normalise}, "network": {"layers": [{"type": "flatten"}, {"type": "dense", "units": "classes"}]}}
        run = made_run(tmp_path, tree, normalise)
        loaded = Inspection("cpu").store.network(Weights(str(run.path)))
        pixels = torch.randint(0, 256, (1, 3, 6, 6), dtype=torch.uint8)
        _, _, gradient = input_gradient(loaded, pixels, 1)
        brighter = pixels.float()
        brighter[0, 2, 3, 4] += 1
        with torch.no_grad():  # linear, so that a whole level is as good as a small step
            difference = loaded.trained.model(loaded.trained.preprocess(brighter)) - loaded.trained.model(loaded.trained.preprocess(pixels.float()))
        assert float(gradient[2, 3, 4]) == pytest.approx(float(difference[0, 1]) * 255, rel=0.02, abs=1e-3)


def test_histograms_over_the_checkpoints_and_dead_units(inspection, tmp_path):
    run = made_run(tmp_path, CNN, "moving", seeds=(1, 2, 3))
    from tui_trainer.runs.checkpoints import read_index
    from tui_trainer.training.checkpoints import load_checkpoint, save_checkpoint

    state, entry = load_checkpoint(run.checkpoints, "last")
    state["weights"]["0.bias"][1] = -1e6  # the second channel never fires again
    state.pop("version")
    save_checkpoint(run.checkpoints, state, entry)
    told = inspection.answer(ShowHistograms(Weights(str(run.path)), images=50, bins=20))
    assert told.images == 50
    assert [point.file for point in told.weights[0].checkpoints] == list(read_index(run.checkpoints).entries)
    layer = {each.place: each for each in told.weights}["3.0"]
    for point in layer.checkpoints:
        weights = load_checkpoint(run.checkpoints, point.file)[0]["weights"]["3.0.weight"].numpy()
        assert point.counts == tuple(np.histogram(weights, 20, (layer.low, layer.high))[0])
        assert (point.mean, point.deviation) == pytest.approx((weights.mean(), weights.std()), rel=1e-4)
    relu = {each.place: each for each in told.activations}["1"]
    assert [point.dead for point in relu.checkpoints] == pytest.approx([0, 0, 1 / 3])
    values = 50 * 3 * 24 * 24
    for point in relu.checkpoints:  # its zeros are a share, not a column beside which the rest vanishes
        assert sum(point.counts) + round(point.zeros * values) == values
    assert relu.checkpoints[-1].zeros > 1 / 3


def test_long_work_breathes_within_a_pass_and_a_stroke_answered_there_changes_nothing(inspection, cnn):
    weights = cnn
    alone = inspection.answer(ShowHistograms(weights, images=200))
    breaths = []

    def breathe(what: str, done: int, total: int) -> None:
        breaths.append(done)
        inspection.answer(Predict(weights, Drawn(Picture.of(np.zeros((28, 28), np.uint8)))))

    assert inspection.answer(ShowHistograms(weights, images=200), breathe) == alone
    assert len(breaths) >= 4 * len(set(breaths)), "several in each pass"


def test_checkpoints_of_one_step_are_one_row_that_says_it_is_the_best(inspection, tmp_path):
    from tui_trainer.training.checkpoints import load_checkpoint, save_checkpoint

    run = made_run(tmp_path, CNN, "twice", seeds=(1, 2))
    state, entry = load_checkpoint(run.checkpoints, "last")
    state.pop("version")
    save_checkpoint(run.checkpoints, state, replace(entry, file=f"step-{entry.step:08d}-best.pt", best=True))
    rows = inspection.answer(ShowHistograms(Weights(str(run.path)), images=20)).weights[0].checkpoints
    assert [row.step for row in rows] == sorted({row.step for row in rows})
    assert [row.best for row in rows] == [False] * (len(rows) - 1) + [True]


def test_a_drawing_is_brought_to_the_input_as_the_digits_were(inspection, mlp, tmp_path):
    ink, labels = read_digits()
    fields = digits_as_mnist(ink[:40])
    answers = []
    for small, field in zip(ink, fields, strict=False):
        large = np.zeros((90, 70), np.uint8)
        large[50:82, 8:40] = np.kron((small * (255 / 16)).round().astype(np.uint8), np.ones((4, 4), np.uint8))  # four times the size, in a corner
        told = inspection.answer(Predict(mlp, Drawn(Picture.of(large))))
        seen = told.input.array().astype(float)
        middle = (seen.sum(1) @ np.arange(28) / seen.sum(), seen.sum(0) @ np.arange(28) / seen.sum())
        assert middle == pytest.approx((13.5, 13.5), abs=1)
        assert np.abs(seen - field).mean() < 25
        answers.append(told.predicted)
    assert np.mean(np.array(answers) == labels[:40]) > 0.8

    path = save_png(Picture.of(fields[3]), tmp_path / "saved" / "three")
    assert (path.suffix, read_png(path).pixels) == (".png", fields[3].tobytes())
    from_file = inspection.answer(Predict(mlp, FromFile(str(path))))
    plain = predict(load_trained(folder(mlp), device="cpu"), [path])[0]
    assert from_file.probabilities == pytest.approx(plain.probabilities)  # of the network's size already: as it is
    paper = Picture.of(np.where(np.kron(fields[3], np.ones((5, 5), np.uint8)) > 100, 40, 230).astype(np.uint8))
    scanned = inspection.answer(Predict(mlp, FromFile(str(save_png(paper, tmp_path / "scan.png")))))
    assert scanned.predicted == from_file.predicted  # dark ink on bright paper is turned over
    assert scanned.input.array()[0].max() == 0
    assert inspection.answer(Predict(mlp, Drawn(Picture.of(np.zeros((28, 28), np.uint8))))).empty


def test_of_a_folder_only_the_split_that_is_asked_for_is_read(tmp_path, monkeypatch):
    from tui_trainer.data import folder as folders

    read = []
    monkeypatch.setattr(folders, "decode", lambda files, shape, bad, name, progress, decode=folders.decode: read.append(name) or decode(files, shape, bad, name, progress))
    data = {"dataset": "folder", "directory": str(colour_folder(tmp_path / "photos")), "image_size": 12, "normalise": "standardise", "validation": 0.25, "storage": "memory"}
    run = made_run(tmp_path, {"data": data, "network": {"layers": [{"type": "flatten"}, {"type": "dense", "units": "classes"}]}}, "pictures")
    read.clear()
    inspection, weights = Inspection("cpu"), Weights(str(run.path))
    found = inspection.answer(Summarise(weights, "test"))
    assert (found.images, read) == (16, ["test"])
    assert found.accuracy == evaluate_split(load_trained(run, None, "cpu"), "test").accuracy
    read.clear()
    assert inspection.answer(ShowHistograms(weights, "validation")).images == 4
    assert read == ["validation"]


def test_a_module_of_ones_own_on_colour_images_read_from_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("TUI_TRAINER_CONFIG_DIR", str(tmp_path / "settings"))
    (tmp_path / "own.py").write_text(OWN)
    data = {"dataset": "folder", "directory": str(colour_folder(tmp_path / "data")), "storage": "stream", "workers": 0, "validation": 0.0}
    run = made_run(tmp_path, {"data": data, "network": {"kind": "module", "source": f"{tmp_path / 'own.py'}:make"}}, "own")
    asked, inspection = Weights(str(run.path)), Inspection("cpu")
    opened = inspection.answer(Open(asked))
    assert [(layer.place, layer.shape) for layer in opened.layers] == [("first", (4, 18, 18)), ("relu", (4, 18, 18)), ("second", (5, 16, 16)), ("relu:2", (5, 16, 16)), ("head", (2,))]
    page = inspection.answer(ListImages(asked, "test", only="all", side=10))
    assert (page.total, page.images[0].picture.channels, page.images[0].picture.height) == (16, 3, 10)
    layers = {layer.place: layer for layer in inspection.answer(ShowFeatures(asked, FromSplit("test", 0))).layers}
    assert layers["first"].low < 0 <= layers["relu"].low  # the network overwrites the one with the other
    assert layers["relu:2"].shape == (5, 16, 16)
    kernel = inspection.answer(ShowKernels(asked)).kernels[0].picture
    assert (kernel.channels, kernel.height, kernel.signed) == (3, 3, True)
    assert inspection.answer(ShowKernels(asked, "second")).total == 20
    assert inspection.answer(ShowSaliency(asked, FromSplit("test", 1))).magnitude.array().max() == 255
    assert [layer.place for layer in inspection.answer(ShowHistograms(asked)).weights] == ["first", "second", "head"]
    assert inspection.answer(ShowHistograms(asked)).split == "train"  # nothing is held out
    tall = np.zeros((40, 20, 3), np.uint8)
    assert inspection.answer(Predict(asked, Drawn(Picture.of(tall)))).input.array().shape == (20, 20, 3)
    monkeypatch.setenv("TUI_TRAINER_CONFIG_DIR", str(tmp_path / "nobody"))
    with pytest.raises(ConfigError, match="--trust"):
        Inspection("cpu").answer(Open(asked))


def test_a_classifier_of_torchvision(tmp_path):
    data = {"dataset": "folder", "directory": str(colour_folder(tmp_path / "data", each=2, side=32))}
    run = made_run(tmp_path, {"data": data, "network": {"kind": "torchvision", "model": "squeezenet1_1"}}, "vision")
    asked, inspection = Weights(str(run.path)), Inspection("cpu")
    opened = inspection.answer(Open(asked))
    features = inspection.answer(ShowFeatures(asked, FromSplit("test", 0), maps=2))
    assert [layer.place for layer in features.layers] == [layer.place for layer in opened.layers]
    assert all(layer.shape == info.shape for layer, info in zip(features.layers, opened.layers, strict=True))
    assert inspection.answer(ShowSaliency(asked, FromSplit("test", 0))).magnitude.channels == 1


def test_the_newest_checkpoint_is_looked_up_with_every_question(inspection, tmp_path):
    made = made_run(tmp_path, CNN, "live", seeds=(1,))
    asked = Weights(str(made.path), "last")
    before = inspection.answer(ListImages(asked, "test", only="all", limit=1))
    again = made_run(tmp_path / "aside", CNN, "live", seeds=(1, 2))
    for file in again.checkpoints.iterdir():
        (made.checkpoints / file.name).write_bytes(file.read_bytes())
    after = inspection.answer(ListImages(asked, "test", only="all", limit=1))
    assert (before.checkpoint.step, after.checkpoint.step) == (1, 2)
    assert before.images[0].probabilities != after.images[0].probabilities
    assert inspection.answer(ListImages(Weights(str(made.path), "best"), "test", only="all", limit=1)).checkpoint.step == 1


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (lambda asked: ListImages(asked, true=10), "no class 10; allowed is 0 to 9"),
        (lambda asked: ListImages(asked, limit=10_000), "limit of 0 to 500"),
        (lambda asked: Summarise(asked, bins=0), "1 to 100"),
        (lambda asked: ShowKernels(asked, "2"), "there are 0, 3.0, 6"),
        (lambda asked: ShowFeatures(asked, FromSplit("test", 10**6)), "0 to 358"),
        (lambda asked: ShowSaliency(asked, FromSplit("test", 0), target=-1), "no class -1"),
        (lambda asked: Predict(asked, FromFile("/nowhere/x.png")), "/nowhere/x.png: no such file"),
        (lambda asked: Predict(asked, Drawn(Picture(28, 28, 1, b"abc"))), "3 bytes"),
        (lambda asked: Open(Weights(asked.run, "step-00000099.pt")), "no such checkpoint"),
        (lambda _: Open(Weights("/nowhere")), "/nowhere: there is no run here"),
    ],
)
def test_what_has_no_answer_is_said_in_a_sentence(inspection, cnn, question, words):
    with pytest.raises(ConfigError) as told:
        inspection.answer(question(cnn))
    assert words in str(told.value)
    assert "\n" not in str(told.value)
