"""F1 explains what is in focus, wherever that is."""

from pathlib import Path
from typing import Any

import pytest
from recorded_runs import NOON, make_run
from textual.pilot import Pilot
from textual.widgets import Static

from tui_trainer.explain import explain
from tui_trainer.tui.app import TrainerApp
from tui_trainer.tui.forms.draft import Draft
from tui_trainer.tui.forms.entry import Entry
from tui_trainer.tui.forms.outlook import DataView, look_ahead
from tui_trainer.tui.screens.design import DesignScreen
from tui_trainer.tui.screens.explaining import Explain
from tui_trainer.tui.screens.layer_list import LayerTable
from tui_trainer.tui.screens.preset_row import facts


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainerApp:
    monkeypatch.chdir(tmp_path)
    return TrainerApp(Path("runs"), looks=20, clock=lambda: NOON + 3600)


async def there(pilot: Pilot[Any], screen: str) -> Any:
    for _ in range(100):
        await pilot.pause(0.02)
        if pilot.app.screen.id == screen and pilot.app.screen.is_mounted:
            break
    await pilot.pause(0.1)
    return pilot.app.screen


async def why(pilot: Pilot[Any]) -> str:
    """What F1 says now; the box is closed again."""
    await pilot.press("f1")
    await pilot.pause(0.1)
    box = pilot.app.screen
    assert isinstance(box, Explain), pilot.app.screen
    text = f"{box.box_title}\n{box.query_one(Static).render()}"
    await pilot.press("f1")
    await pilot.pause(0.05)
    assert pilot.app.screen is not box
    return text


def said(topic: str) -> str:
    found = explain(topic)
    assert found is not None
    return found.why


async def test_a_setting_its_choice_a_listed_choice_a_layer_and_its_setting(app: TrainerApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen: DesignScreen = await there(pilot, "design")
        by_key = {entry.key: entry for entry in screen.query(Entry)}

        by_key["training.momentum"].focus()
        await pilot.pause()
        text = await why(pilot)
        assert said("training.momentum") in text
        assert "at least 0 and less than 1" in text
        assert "Default" in text
        assert said("training.momentum") in str(screen.query_one("#explain", Static).render())

        by_key["training.optimiser"].focus()
        await pilot.press("right")
        await pilot.pause()
        text = await why(pilot)
        assert said("optimiser.adam") in text
        assert said("training.optimiser") in text

        await pilot.press("enter")
        await pilot.pause(0.1)
        await pilot.press("down")
        assert said("optimiser.adamw") in await why(pilot)
        await pilot.press("escape")

        table = screen.query_one(LayerTable)
        table.focus()
        table.cursor = 2
        await pilot.pause()
        text = await why(pilot)
        assert said("layer.dense") in text
        assert "(784 + 1) × 64 = 50 240" in text
        assert said("figure.receptive-field") not in text
        table.cursor = 3
        await pilot.pause()
        text = await why(pilot)
        assert said("layer.relu") in text
        assert "n_in" not in text
        assert "Parameters" not in text
        table.cursor = 2
        await pilot.press("enter")
        await pilot.pause(0.1)
        text = await why(pilot)
        assert text.startswith("Units")
        assert said("layer.dense") in text


async def test_the_preset_as_the_app_opens(app: TrainerApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await there(pilot, "design")
        text = await why(pilot)
        assert text.startswith("Preset digits-mlp")
        assert said("figure.preset") in text
        assert "A small dense network on the bundled digits" in text


def test_a_preset_says_whose_report_it_follows_and_its_figures() -> None:
    found = dict(facts(Draft("mnist-lenet-2k")))
    assert found["Report"].startswith("report E")
    assert found["Reference"] == "validation accuracy 96.50 %, train accuracy 97.00 %, 44 426 parameters"


def test_layers_are_worked_out_with_their_own_numbers() -> None:
    draft = Draft("digits-cnn")
    layers = [
        {"type": "conv2d", "channels": 6, "kernel": 5, "dilation": 2, "bias": False}, {"type": "max-pool", "size": 2}, {"type": "batch-norm"},
        {"type": "residual", "layers": [{"type": "conv2d", "channels": 8, "kernel": 3, "stride": 2, "padding": "same"}]},
        {"type": "flatten"}, {"type": "dense", "units": "classes"},
    ]  # fmt: skip
    draft.replace("network.layers", layers)
    rows = {row.place: dict(row.worked) for row in look_ahead(draft, DataView((1, 28, 28), 10)).rows}
    assert rows["0"] == {
        "Output": "6×20×20: 28 − (2 × 4 + 1) + 1 = 20", "Parameters": "5² × 1 × 6 = 150",
        "Receptive field": "r' = r + d (k − 1) j = 1 + 2 × 4 × 1 = 9", "Jump": "j' = j s = 1 × 1 = 1",
    }  # fmt: skip
    assert rows["1"]["Receptive field"] == "r' = r + (k − 1) j = 9 + 1 × 1 = 10"
    assert rows["2"]["Parameters"] == "2 × 6 channels = 12"
    assert rows["3.0"]["Output"] == "8×5×5: ⌊(10 − 3 + 2 × 1)/2⌋ + 1 = 5"
    assert rows["3.0"]["Receptive field"] == "r' = r + (k − 1) j = 10 + 2 × 2 = 14"
    assert rows["3"]["Parameters"] == "(6 + 1) × 8 = 56 of the shortcut"
    assert rows["4"] == {"Output": "8×5×5 = 200"}
    assert rows["5"] == {"Output": "10", "Parameters": "(200 + 1) × 10 = 2 010"}


async def test_panels_of_a_run_and_the_table_of_runs(app: TrainerApp) -> None:
    run = make_run(Path("runs"), "running")
    app.first_run = run.path
    async with app.run_test(size=(80, 24)) as pilot:
        await there(pilot, "train")
        assert said("figure.loss") in await why(pilot)
        await pilot.press("v", "v", "v")
        text = await why(pilot)
        assert text.startswith("Confusion matrix")
        assert said("figure.gradient-norm") in text
        await pilot.press("4")
        await there(pilot, "runs")
        assert said("figure.accuracy") in await why(pilot)


async def test_every_field_has_limits_as_the_schema_holds_them(app: TrainerApp) -> None:
    from tui_trainer.config import Training
    from tui_trainer.tui.forms.schema import fields

    limits = {field.name: field.limits for field in fields(Training)}
    assert limits["batch_size"] == "at least 1 and at most 1000000"
    assert limits["betas"] == "at least 0 and less than 1"
    assert limits["class_weights"] == "at least 0, or none, or balanced"
    assert limits["clip_norm"] == "more than 0"
