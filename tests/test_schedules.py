"""Learning rates over a stage."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer.config import Recipe
from tui_trainer.config.training import Training
from tui_trainer.training.plan import plan_stages, total_epochs
from tui_trainer.training.schedules import learning_rate

NAMES = ("constant", "step", "exponential", "inverse-time", "cosine", "one-cycle", "plateau")


@given(st.sampled_from(NAMES), st.integers(1, 500), st.integers(0, 50), st.floats(1, 100))
def test_stays_between_0_and_its_highest_value(name, steps, warmup, per_epoch):
    recipe = Recipe(schedule=name, learning_rate=0.3, warmup=warmup, decay=0.5)
    rates = [learning_rate(recipe, step, steps, per_epoch) for step in range(steps)]
    assert all(0 <= rate <= 0.3 + 1e-12 for rate in rates)
    if warmup and warmup < steps:
        assert rates[0] == pytest.approx(0.3 / warmup)


def test_values_at_known_places():
    def at(step, **settings):
        return learning_rate(Recipe(learning_rate=1.0, **settings), step, 100, 10)

    assert at(25, schedule="step", decay=0.5, decay_every=1.0) == 0.25
    assert at(20, schedule="exponential", decay=0.9) == pytest.approx(0.81)
    assert at(30, schedule="inverse-time", decay=0.5) == pytest.approx(1 / 2.5)
    assert at(50, schedule="cosine", final_factor=0.2) == pytest.approx(0.6)
    assert at(0, schedule="one-cycle", start_factor=0.04) == pytest.approx(0.04)
    assert at(30, schedule="one-cycle", peak_at=0.3) == pytest.approx(1.0)
    assert at(99, schedule="one-cycle", final_factor=0.01) == pytest.approx(0.01)


def test_stages_inherit_and_add_up():
    training = Training.model_validate(
        {"batch_size": 64, "learning_rate": 1e-4, "stages": [{"iterations": 50, "batch_size": 16, "learning_rate": 1e-3}, {"epochs": 2, "momentum": 0.99}]}
    )
    first, second = plan_stages(training, images=640)
    assert (first.steps, first.recipe.batch_size, first.recipe.learning_rate, first.recipe.momentum) == (50, 16, 1e-3, 0.0)
    assert (second.first_step, second.steps, second.recipe.batch_size, second.recipe.momentum) == (50, 20, 64, 0.99)
    assert total_epochs((first, second)) == pytest.approx(50 / 40 + 2)


@given(st.integers(1, 300), st.integers(1, 300), st.floats(0.1, 20), st.booleans())
def test_length_by_epochs(images, batch, epochs, drop_last):
    (stage,) = plan_stages(Training(batch_size=batch, epochs=epochs, drop_last=drop_last), images)
    per_epoch = max(images // batch, 1) if drop_last else math.ceil(images / batch)
    assert abs(stage.steps - epochs * per_epoch) <= 0.5 or stage.steps == 1
