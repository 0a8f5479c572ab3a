"""What a person reads of a config: the settings with an effect in it, and a source in words."""

import tomllib

import pytest

from tui_trainer.config import load_config, parse_config, preset_names, to_tree
from tui_trainer.config.effective import effective_toml
from tui_trainer.runs.citation import citation


def test_settings_of_other_data_sets_and_optimisers_are_left_out() -> None:
    shown = tomllib.loads(effective_toml(load_config("mnist-cnn-16")))
    assert not {"points", "test_points", "noise", "classes", "features", "storage", "zca_epsilon"} & set(shown["data"])
    assert shown["data"]["augment"]["noise"] == 0.0
    assert {"learning_rate", "momentum"} <= set(shown["training"])
    assert not {"betas", "focal_gamma", "epochs"} & set(shown["training"])
    points = tomllib.loads(effective_toml(load_config("circles-mlp")))["data"]
    assert {"points", "noise", "features"} <= set(points)
    assert not {"augment", "classes"} & set(points)


def test_what_a_stage_inherits_stays() -> None:
    tree = to_tree(load_config("digits-mlp"))
    del tree["training"]["epochs"]
    tree["training"] |= {"optimiser": "sgd", "betas": [0.5, 0.9], "stages": [{"epochs": 1}, {"epochs": 1, "optimiser": "adam"}]}
    config = parse_config(tree, "staged")
    shown = tomllib.loads(effective_toml(config))
    assert shown["training"]["betas"] == [0.5, 0.9]
    assert parse_config(shown, "shown").training == config.training


@pytest.mark.parametrize("name", preset_names())
def test_a_shown_preset_trains_the_same(name: str) -> None:
    config = load_config(name)
    text = effective_toml(config)
    again = parse_config(tomllib.loads(text), name)
    assert effective_toml(again) == text
    assert (again.network, again.reference, again.title) == (config.network, config.reference, config.title)


def test_every_source_of_a_preset_is_cited_in_words() -> None:
    sources = {to_tree(load_config(name)).get("reference", {}).get("source", "") for name in preset_names()} - {""}
    assert sources
    assert not [source for source in sources if citation(source) == source]
    assert citation("LeCun 1998") == "LeCun 1998"
