"""The schema: what it takes, what it says when it does not, and that files carry it whole."""

import string
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_trainer.config import Config, ConfigError, Recipe, applies, load_config, parse_config, parse_override, preset_names, to_toml
from tui_trainer.config.base import conditions
from tui_trainer.config.config import Config as Root
from tui_trainer.config.files import MAX_BYTES

LAYERS = [{"type": "flatten"}, {"type": "dense", "units": "classes"}]


def refusal(*settings, preset="digits-mlp"):
    with pytest.raises(ConfigError) as caught:
        load_config(preset, dict(map(parse_override, settings)))
    return str(caught.value)


@pytest.mark.parametrize("name", preset_names())
def test_presets_survive_being_written_and_read(name):
    config = load_config(name)
    assert parse_config(tomllib.loads(to_toml(config)), "again") == config
    assert config.title


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["training.momentun=0.9"], "training.momentun: unknown key (did you mean 'momentum'?)"),
        (["training.learning_rate=-1"], "training.learning_rate: -1 is out of range; allowed is more than 0.0"),
        (["training.learning_rate=fast"], "training.learning_rate: 'fast' does not fit: input should be a valid number"),
        (["training.learning_rate=nan"], "training.learning_rate: nan does not fit: input should be a finite number"),
        (["training.batch_size=2.5"], "training.batch_size: 2.5 does not fit"),
        (["training.batch_size=true"], "training.batch_size: True does not fit"),
        (["training.optimiser=adm"], "training.optimiser: 'adm' is not allowed (did you mean 'adam'?)"),
        (["data.dataset=mnst"], "data.dataset: 'mnst' is not allowed (did you mean 'mnist'?)"),
        (["data.augment.rotations=3"], "data.augment.rotations: unknown key (did you mean 'rotation'?)"),
        (["network.layers.1.unitz=3"], "network.layers.1.unitz: unknown key (did you mean 'units'?)"),
        (["network.layers.0.type=flaten"], "network.layers.0: unknown type 'flaten' (did you mean 'flatten'?)"),
        (["network.layers.7.units=3"], "network.layers.7.units: 7 is no item of a list of 4; allowed is 0 to 3"),
        (["training.optimiser=adam", "training.momentum=0.5"], "training.momentum: has no effect here; it applies with optimiser = sgd or rmsprop"),
        (["training.epochs=2", "training.iterations=5"], "training: give either epochs or iterations, not both"),
        (["training.stages=[{epochs=1, iterations=2}]"], "training.stages.0: give the stage either epochs or iterations"),
        (["training.stages=[{iterations=2}]", "training.epochs=3"], "training: the stages give the length: leave out epochs"),
        (["training.stages=[{epochs=1, momentum=2.0}]"], "training.stages.0.momentum: 2.0 is out of range; allowed is less than 1"),
        (["momentum"], "write KEY=VALUE"),
        (["training.epochs.x=1"], "training.epochs is no table"),
        (["training.class_weights=[0, 0.0]"], "at least one class needs a weight above 0"),
        (["training.batch_size=" + "9" * 5000], "training.batch_size: '999"),
        (["network.kind=module", "network.source=a.py:b", "network.arguments.scale=inf"], "network.arguments: inf is not allowed"),
        (["network.kind=module", "network.source=a.py:b", "network.arguments.when=1979-05-27"], "network.arguments: 1979-05-27 is not allowed"),
        ([".".join(["a"] * 3000) + "=1"], "nested too deeply"),
    ],
)
def test_one_sentence_says_what_where_and_what_is_allowed(settings, sentence):
    said = refusal(*settings)
    assert sentence in said
    assert "\n" not in said


def test_a_new_length_takes_the_place_of_the_old_one():
    assert load_config("digits-mlp", {"training.iterations": 7}).training.iterations == 7
    staged = load_config("digits-mlp", {"training.stages": [{"iterations": 7}]}).training
    assert len(staged.stages) == 1
    by_epochs = load_config("mnist-cnn-16", {"training.epochs": 2.0}).training
    assert (by_epochs.epochs, by_epochs.iterations) == (2.0, None)


def test_dependent_fields_know_when_they_apply():
    assert applies(Recipe(optimiser="sgd"), "momentum")
    assert not applies(Recipe(optimiser="adam"), "momentum")
    for group in (Recipe,):
        for name in group.model_fields:
            for sibling, values in conditions(group, name).items():
                assert sibling in group.model_fields
                for value in values:
                    group.model_validate({sibling: value})


def test_extends_merges_and_circles_are_found(tmp_path):
    (tmp_path / "base.toml").write_text('extends = "digits-mlp"\n[training]\nepochs = 3\n')
    (tmp_path / "child.toml").write_text('extends = "base.toml"\n[training]\nlearning_rate = 0.5\n')
    config = load_config(tmp_path / "child.toml")
    assert (config.training.epochs, config.training.learning_rate, config.training.batch_size) == (3.0, 0.5, 32)
    (tmp_path / "base.toml").write_text('extends = "child.toml"\n')
    with pytest.raises(ConfigError, match="circle"):
        load_config(tmp_path / "child.toml")
    (tmp_path / "child.toml").write_text('extends = "no-such-preset"\n')
    with pytest.raises(ConfigError, match="no such preset"):
        load_config(tmp_path / "child.toml")


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00", b"training = [", b"a" * (MAX_BYTES + 1), b"x = " + b"[" * 5000 + b"]" * 5000, b'[network]\nlayers = "all"\n', b"[[training]]\n[[training]]\n"],
)
def test_hostile_files_are_refused_in_one_sentence(tmp_path, content):
    path = tmp_path / "hostile.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 500


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
keys = st.sampled_from(["data", "network", "training", "layers", "type", "stages", "augment", "units", "reference", "dense", "epochs", "arguments"]) | st.text(string.ascii_letters, max_size=8)
trees = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=20)


@given(st.dictionaries(keys, trees, max_size=5))
@settings(max_examples=300)
def test_nothing_but_a_config_or_a_sentence_comes_of_any_tree(tree):
    try:
        assert isinstance(parse_config(tree, "fuzz"), Config)
    except ConfigError as error:
        if not str(error).startswith("fuzz: "):
            raise


recipes = st.fixed_dictionaries(
    {},
    optional={
        "batch_size": st.integers(1, 10**6),
        "learning_rate": st.floats(1e-9, 1e6),
        "momentum": st.floats(0, 0.999),
        "betas": st.lists(st.floats(0, 0.999), min_size=2, max_size=2),
        "class_weights": st.sampled_from(["none", "balanced"]) | st.lists(st.floats(0, 10), min_size=1, max_size=5).filter(any),
        "schedule": st.sampled_from(["constant", "cosine", "plateau"]),
        "clip_norm": st.floats(1e-3, 10),
        "loss": st.sampled_from(["dice", "focal"]),
    },
)
layers = st.recursive(
    st.sampled_from([{"type": "relu"}, {"type": "batch-norm"}, {"type": "max-pool", "size": 3, "stride": 2}, {"type": "leaky-relu", "slope": 0.2}])
    | st.builds(lambda c, k, p: {"type": "conv2d", "channels": c, "kernel": k, "padding": p}, st.integers(1, 99), st.integers(1, 9), st.integers(0, 4) | st.just("same")),
    lambda inner: st.builds(lambda parts: {"type": "residual", "layers": parts}, st.lists(inner, min_size=1, max_size=3)),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {
            "training": recipes.flatmap(lambda one: st.lists(recipes, max_size=2).map(lambda rest: one | ({"stages": [{"epochs": 1, **each} for each in rest]} if rest else {}))),
            "network": st.lists(layers, max_size=4).map(lambda found: {"layers": [*found, *LAYERS], "arguments": {"depth": 3}}),
            "title": st.text(st.characters(exclude_categories=["C"]), max_size=50),
            "data": st.fixed_dictionaries({}, optional={"image_size": st.integers(1, 99) | st.just([3, 4]), "class_fractions": st.dictionaries(st.text(max_size=5), st.floats(0, 1), max_size=3)}),
        }
    )
)
def test_any_config_survives_being_written_and_read(tree):
    config = Root.model_validate(tree)
    assert parse_config(tomllib.loads(to_toml(config)), "again") == config


def test_words_that_a_terminal_would_obey_are_refused(tmp_path):
    (tmp_path / "coloured.toml").write_text('extends = "digits-mlp"\ntitle = "\\u001b[31mred"\n')
    with pytest.raises(ConfigError, match="title"):
        load_config(tmp_path / "coloured.toml")
