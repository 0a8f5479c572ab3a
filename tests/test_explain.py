"""Every setting, layer, loss, optimiser and schedule has its explanation, and no explanation is of something that is not there."""

from typing import get_args

from tui_trainer.config import Config
from tui_trainer.config.data import Augmentation, Data
from tui_trainer.config.network import Network
from tui_trainer.config.training import Loss, Optimiser, Schedule, Training
from tui_trainer.explain import explain, topics
from tui_trainer.tui.forms.catalogue import models

SETTINGS = {
    *(f"data.{name}" for name in Data.model_fields),
    *(f"augment.{name}" for name in Augmentation.model_fields),
    *(f"network.{name}" for name in Network.model_fields),
    *(f"training.{name}" for name in Training.model_fields),
}
PARTS = {
    *(f"layer.{name}" for name in models()),
    *(f"loss.{name}" for name in get_args(Loss)),
    *(f"optimiser.{name}" for name in get_args(Optimiser)),
    *(f"schedule.{name}" for name in get_args(Schedule)),
}


def test_everything_that_can_be_chosen_is_explained_and_nothing_else() -> None:
    assert set(Config.model_fields) >= {"data", "network", "training"}
    assert {topic for topic in topics() if not topic.startswith("figure.")} == SETTINGS | PARTS


def test_a_stage_and_an_augmentation_are_found_by_their_own_keys() -> None:
    assert explain("training.stages.2.momentum") == explain("training.momentum") is not None
    assert explain("data.augment.mixup") == explain("augment.mixup") is not None
    assert explain("training.nonsense") is None


def test_explanations_fit_a_few_lines() -> None:
    for topic in topics():
        found = explain(topic)
        assert found is not None
        assert found.why.endswith((".", ")"))
        assert len(found.why) <= 330
