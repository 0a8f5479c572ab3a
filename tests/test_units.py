"""Dead ReLUs are found, and finding them leaves the training as it is."""


import torch
from torch import nn

from tui_trainer.config import load_config
from tui_trainer.data import load_dataset
from tui_trainer.training.steps import autocast
from tui_trainer.training.units import DeadUnits


def test_dead_units_are_counted_and_nothing_is_touched() -> None:
    data = load_dataset(load_config("digits-mlp").data, torch.device("cpu"))
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.LazyLinear(20), nn.ReLU(), nn.Dropout(0.5), nn.Linear(20, 10))
    with torch.no_grad():
        model(data.preprocess(next(iter(data.train.chunks(None, 0, 4)))[0]))
        model[1].bias[:2] = -1000.0
        model[4].weight[:5] = 0.0
        model[4].bias[:5] = -1.0
    units = DeadUnits(model.train(), data, 0, 100, channels_last=False, precision=autocast(torch.device("cpu"), "float32"))
    state = {name: value.clone() for name, value in model.state_dict().items()}
    random = torch.get_rng_state()
    found = units.share()
    assert found["2"] == 0.25
    assert 0.25 <= found["5"] < 1
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert model.training
    assert all(module.training for module in model.modules())
    assert not any(module._forward_hooks for module in model.modules())
    assert units.share() == found
