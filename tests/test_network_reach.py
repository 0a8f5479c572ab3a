"""Jump and receptive field against what really reaches an output."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_trainer.config.network import Network
from tui_trainer.models import build
from tui_trainer.network import summarise

CONV = st.fixed_dictionaries(
    {"type": st.just("conv2d"), "channels": st.just(1), "bias": st.just(False), "kernel": st.integers(1, 4), "stride": st.integers(1, 2),
     "dilation": st.integers(1, 2), "padding": st.integers(0, 2)}
)  # fmt: skip
SAME = st.fixed_dictionaries({"type": st.just("conv2d"), "channels": st.just(1), "bias": st.just(False), "kernel": st.integers(1, 5), "padding": st.just("same")})
POOL = st.fixed_dictionaries({"type": st.sampled_from(["max-pool", "avg-pool"]), "size": st.integers(2, 3), "stride": st.integers(1, 3), "padding": st.integers(0, 1)})


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@settings(deadline=None, max_examples=40)
@given(st.lists(CONV | SAME | POOL, min_size=1, max_size=3))
def test_rows_that_reach_an_output_are_as_many_and_as_far_apart_as_the_table_says(layers: list[dict[str, Any]]) -> None:
    network = Network.model_validate({"layers": [*layers, {"type": "global-pool"}]})
    row = summarise(network, (1, 400, 400), 1).layers[-2]
    reach, jump = row.receptive_field, row.jump
    assert reach is not None
    assert jump is not None
    side = 2 * reach + 4 * jump + 8
    outputs = summarise(network, (1, side, side), 1).layers[-2].output[1]
    flat = Network.model_validate({"layers": [*layers, {"type": "flatten"}]})
    model = build(flat, (1, side, side), outputs * outputs)
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(1)
        lit = torch.eye(side).reshape(side, 1, side, 1).expand(side, 1, side, side)  # image r has row r lit
        reached = model(lit.contiguous()).reshape(side, outputs, outputs)[:, :, outputs // 2] > 0
    middle = [reached[:, outputs // 2 + shift].nonzero().flatten().tolist() for shift in (-1, 0, 1)]
    assert [rows[-1] - rows[0] + 1 for rows in middle] == [reach] * 3
    assert [middle[1][0] - middle[0][0], middle[2][0] - middle[1][0]] == [jump] * 2
