"""A user's own presets: what is written says the same, as little as can be, and names find it."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tui_trainer.config import ConfigError, load_config, preset_names
from tui_trainer.config.effective import effective_toml
from tui_trainer.config.own import own_preset_toml, shipped_base
from tui_trainer.config.presets import own_preset_names, preset_path

CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("digits-mlp", {}),
    ("digits-mlp", {"training.epochs": 3, "training.optimiser": "adam"}),
    ("digits-mlp", {"training.iterations": 500}),
    ("digits-mlp", {"network.layers.1.units": 32, "data.augment.rotation": 10.0}),
    ("mnist-cnn-16", {"training.epochs": 2}),
    ("mnist-cnn-16", {"network.layers": [{"type": "flatten"}, {"type": "dense", "units": "classes"}]}),
    ("cifar10-cnn-16-staged", {"training.epochs": 4, "training.stages": []}),
]


@pytest.mark.parametrize(("source", "changes"), CHANGES)
def test_what_is_written_trains_the_same(source: str, changes: dict[str, Any], tmp_path: Path) -> None:
    config = load_config(source, changes)
    text = own_preset_toml(config, source, "Mine")
    (tmp_path / "mine.toml").write_text(text)
    again = load_config(tmp_path / "mine.toml")
    assert (again.title, again.description) == ("Mine", "")
    assert effective_toml(again) == effective_toml(config.model_copy(update={"title": "Mine", "description": ""}))


def test_it_is_the_difference_from_a_preset_of_the_programs(tmp_path: Path) -> None:
    text = own_preset_toml(load_config("digits-mlp", {"training.momentum": 0.5}), "digits-mlp")
    assert tomllib.loads(text) == {"extends": "digits-mlp", "title": "", "description": "", "training": {"momentum": 0.5}}
    (tmp_path / "mine.toml").write_text(text)
    assert shipped_base(str(tmp_path / "mine.toml")) == "digits-mlp"  # saved again, it still is


def test_what_a_difference_cannot_say_is_written_whole() -> None:
    config = load_config("losses/cross-entropy")
    whole = config.model_copy(update={"data": config.data.model_copy(update={"class_fractions": {}})})
    assert "extends" not in tomllib.loads(own_preset_toml(whole, "losses/cross-entropy"))


def test_own_presets_have_names_and_the_programs_keep_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUI_TRAINER_CONFIG_DIR", str(tmp_path))
    assert own_preset_names() == []
    (tmp_path / "presets").mkdir()
    for name in ("mynet", "digits-mlp"):
        (tmp_path / "presets" / f"{name}.toml").write_text('extends = "mnist-cnn"\n')
    assert own_preset_names() == ["mynet"]
    assert load_config("mynet").data.dataset == "mnist"
    assert load_config("digits-mlp").data.dataset == "digits"
    assert "mynet" not in preset_names()
    with pytest.raises(ConfigError, match="mynet"):
        preset_path("mynets")
