"""Every preset that ships trains: here two steps on the bundled digits, brought to the preset's kind of image."""

import pytest

from tui_trainer.cli.options import asked_config
from tui_trainer.config import ConfigError, load_config, preset_names
from tui_trainer.network import summarise
from tui_trainer.runs import create_run
from tui_trainer.training.prepare import prepare
from tui_trainer.training.run import train

SHAPES = {"cifar10": (3, 32, 32)}


@pytest.mark.parametrize("name", preset_names())
def test_two_steps_on_digits(name, tmp_path):
    colour = ["data.image_size=32", "data.channels=3"] if load_config(name).data.dataset == "cifar10" else []
    config = asked_config(name, ["training.threads=1", *colour], dataset="digits")
    training = config.training.model_copy(update={"iterations": 2, "stages": (), "batch_size": 16, "evaluate_every": 2, "compile": False})
    config = config.model_copy(update={"training": training})
    ended = train(prepare(config), create_run(config, tmp_path))
    assert (ended.state, ended.step) == ("finished", 2), ended.reason


@pytest.mark.parametrize("name", preset_names())
def test_parameters_are_the_references(name):
    config = load_config(name)
    summary = summarise(config.network, SHAPES.get(config.data.dataset, (1, 28, 28)), 10)
    for figure in (config.reference, *config.reference.also) if config.reference else ():
        if figure.metric == "parameters":
            assert summary.parameters == figure.value


def test_absurd_sizes_are_refused_before_any_memory_is_taken():
    wide = [{"type": "flatten"}, {"type": "dense", "units": 1_000_000}, {"type": "dense", "units": 1_000_000}, {"type": "dense", "units": "classes"}]
    deep = [{"type": "conv2d", "channels": 65536, "kernel": 1023, "padding": 1024}, {"type": "flatten"}, {"type": "dense", "units": "classes"}]
    for settings in ({"data.image_size": 4096}, {"network.layers": wide}, {"network.layers": deep}):
        with pytest.raises(ConfigError, match=r"GiB|too large"):
            prepare(load_config("digits-mlp", settings))
