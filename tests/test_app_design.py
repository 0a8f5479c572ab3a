"""Design: forms from the schema, the network list, what is said before the start, and the command for the prompt."""

import json
import shlex
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import run_program
from textual import events
from textual.pilot import Pilot

from tui_trainer.config import Data, load_config, parse_override
from tui_trainer.config.base import Settings
from tui_trainer.config.config import Config
from tui_trainer.tui.app import TrainerApp
from tui_trainer.tui.controls.keybar import ActionLine, KeyBar
from tui_trainer.tui.controls.table import Table
from tui_trainer.tui.forms.draft import Draft
from tui_trainer.tui.forms.entry import Entry
from tui_trainer.tui.forms.outlook import careful_view, quick_view
from tui_trainer.tui.forms.schema import MISSING, fields, parse, show
from tui_trainer.tui.screens import first
from tui_trainer.tui.screens.design import DesignScreen
from tui_trainer.tui.screens.layer import LayerDialog
from tui_trainer.tui.screens.layer_list import LayerTable
from tui_trainer.tui.screens.ready import ReadyPanel


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainerApp:
    monkeypatch.chdir(tmp_path)
    return TrainerApp(tmp_path / "runs")


async def settled(pilot: Pilot[Any]) -> DesignScreen:
    """The design screen, once its images are counted."""
    for _ in range(100):
        await pilot.pause(0.05)
        if isinstance(pilot.app.screen, DesignScreen) and pilot.app.screen.is_mounted and pilot.app.screen._view and pilot.app.screen._view.images:
            return pilot.app.screen
    raise AssertionError("Design did not open")


def entry(screen: DesignScreen, key: str) -> Entry:
    return next(each for each in screen.query(Entry) if each.key == key)


async def type_into(pilot: Pilot[Any], screen: DesignScreen, key: str, text: str) -> None:
    entry(screen, key).focus()
    await pilot.press("ctrl+u", *text)
    await pilot.pause()


def words(screen: DesignScreen) -> str:
    return "\n".join("".join(part[0] for part in line) for line in screen.query_one(ReadyPanel).lines)


async def test_every_setting_of_the_schema_has_a_field(app: TrainerApp) -> None:
    def keys(model: type[Settings], above: str) -> set[str]:
        found = set()
        for field in fields(model):
            key = f"{above}.{field.name}" if above else field.name
            found |= keys(field.model, key) if field.kind == "group" and field.model else {key}
        return found

    wanted = {key for key in keys(Config, "") if key.split(".")[0] in ("data", "network", "training")}
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await settled(pilot)
        have = {each.key for each in screen.query(Entry)}
    assert wanted - have == {"network.layers", "training.stages"}  # which have lists of their own


async def test_dependent_fields_appear_when_they_apply(app: TrainerApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await settled(pilot)
        assert entry(screen, "training.momentum").display
        assert not entry(screen, "training.betas").display
        entry(screen, "training.optimiser").focus()
        await pilot.press("right")
        await pilot.pause()
        assert screen.draft.get("training.optimiser") == "adam"
        assert entry(screen, "training.betas").display
        assert not entry(screen, "training.momentum").display


async def test_a_bad_value_is_marked_at_its_field_with_the_schemas_sentence(app: TrainerApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await settled(pilot)
        await type_into(pilot, screen, "training.learning_rate", "-1")
        assert entry(screen, "training.learning_rate").problem == "-1 is out of range; allowed is more than 0.0"
        await pilot.press("ctrl+r")
        await pilot.pause()
        assert not (app.root).exists()  # nothing was started
        await pilot.press("ctrl+u", "1")
        assert entry(screen, "training.learning_rate").problem == ""
        await type_into(pilot, screen, "training.batch_size", "99999")
        assert "larger than the" in entry(screen, "training.batch_size").problem


async def test_the_network_table_follows_each_key_press(app: TrainerApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await settled(pilot)
        table = screen.query_one(LayerTable)
        table.focus()
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        await pilot.press("ctrl+u", "1")
        assert screen.outlook.parameters == 784 + 1 + 10 + 10
        await pilot.press("2")
        assert screen.outlook.parameters == 12 * 785 + 10 * 13
        await pilot.press("x")
        assert any(row.wrong for row in table.items)
        await pilot.press("backspace", "escape")
        await pilot.pause()
        assert app.screen is screen
        assert screen.draft.get("network.layers.1.units") == 12


async def test_layers_are_added_duplicated_moved_and_deleted_with_keys(app: TrainerApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await settled(pilot)

        def types() -> list[str]:
            return [layer["type"] for layer in screen.draft.get("network.layers")]

        screen.query_one(LayerTable).focus()
        await pilot.press("down", "down", "down", "a")
        await pilot.pause()
        await pilot.press(*"dropout", "enter")
        await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert types() == ["flatten", "dense", "relu", "dropout", "dense"]
        await pilot.press("K")
        assert types() == ["flatten", "dense", "dropout", "relu", "dense"]
        await pilot.press("c")
        assert types() == ["flatten", "dense", "dropout", "dropout", "relu", "dense"]
        await pilot.press("d", "up", "J")
        assert types() == ["flatten", "dense", "relu", "dropout", "dense"]
        for _ in range(5):
            await pilot.press("ctrl+z")
        assert types() == ["flatten", "dense", "relu", "dense"]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_mouse_adds_duplicates_moves_deletes_and_edits_layers(app: TrainerApp, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        screen = await settled(pilot)
        keys = screen.query_one("#layer-keys", ActionLine)

        async def click(label: str) -> None:
            left = next(left for left, key in keys._placed() if key.label == label)
            await pilot.click(keys, offset=(left, 0))
            await pilot.pause()

        def kinds() -> list[str]:
            return [layer["type"] for layer in screen.draft.get("network.layers")]

        await pilot.click("#layers", offset=(4, 2))  # the first layer, below the titles and the input
        await click("Copy")
        assert kinds() == ["flatten", "flatten", "dense", "relu", "dense"]
        await click("Down")
        assert kinds() == ["flatten", "dense", "flatten", "relu", "dense"]
        await click("Up")
        await click("Delete")
        assert kinds() == ["flatten", "dense", "relu", "dense"]
        await click("Add")
        assert app.screen.is_modal
        await pilot.press("escape")
        await pilot.pause()
        await pilot.click("#layers", offset=(4, 3), times=2)
        await pilot.pause()
        assert isinstance(app.screen, LayerDialog)
        assert app.screen.key == "network.layers.1"


async def test_what_cannot_work_is_said_before_it_is_started(app: TrainerApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await settled(pilot)
        screen.query_one(LayerTable).focus()
        await pilot.press("down", "d")
        await pilot.pause()
        assert "dense takes a vector but gets an image of 1×28×28" in " ".join(words(screen).split())
        assert screen.query_one(ReadyPanel).border_title == "Not ready"


async def test_nothing_typed_is_lost_by_switching_screens(app: TrainerApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await settled(pilot)
        await type_into(pilot, screen, "training.epochs", "7")
        await pilot.press("escape", "4")
        await pilot.pause()
        assert app.screen.id == "runs"
        await pilot.press("1")
        await pilot.pause()
        assert app.screen is screen
        assert entry(screen, "training.epochs").value == 7


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("digits-mlp", {}),
        ("digits-mlp", {"training.optimiser": "adam", "training.betas": [0.8, 0.9], "data.augment.rotation": 5.0}),
        ("digits-mlp", {"training.momentum": 0.5, "training.optimiser": "adam"}),
        ("digits-mlp", {"training.iterations": 500}),
        ("digits-mlp", {"network.layers.1.units": 12, "data.class_fractions": {"3": 0.1}}),
        ("digits-mlp", {"network.layers": [{"type": "flatten"}, {"type": "dense", "units": "classes", "bias": False}]}),
        ("mnist-cnn-16", {"training.epochs": 2.5}),
        ("mnist-lenet-2k", {"training.epochs": 3}),
    ],
)
def test_the_command_says_what_the_form_holds(source: str, changes: dict[str, Any]) -> None:
    draft = Draft(source)
    for key, value in changes.items():
        draft.set(key, value)
    config, problems = draft.check()
    assert config is not None, problems
    command, why = draft.command()
    assert command, why
    given = shlex.split(command)
    assert given[:3] == ["tui-trainer", "train", source]
    again = load_config(source, dict(map(parse_override, given[4::2])))
    idle = {"momentum"} if "adam" in changes.values() else set()
    assert again.model_dump(exclude={"training": idle}) == config.model_dump(exclude={"training": idle})


def test_what_cannot_be_said_in_options_is_said_so() -> None:
    draft = Draft("mnist-lenet-2k")
    draft.set("data.train_images", MISSING)
    assert draft.command()[0] == ""
    assert "save as preset" in draft.command()[1]


@pytest.mark.parametrize("text", ["0.1", "1e-05", "12", "classes", "0.9, 0.999", "28", "3 = 0.5, 5 = 0.1"])
def test_values_survive_being_shown_and_typed_again(text: str) -> None:
    kinds = {"classes": "number", "3 = 0.5, 5 = 0.1": "table", "0.9, 0.999": "list"}
    field = next(each for model in (Config.model_fields["training"].annotation, Config.model_fields["data"].annotation) for each in fields(model) if each.kind == kinds.get(text, "number"))  # type: ignore[arg-type]
    assert show(parse(field, text)) == text


async def test_presets_are_saved_loaded_and_reset(app: TrainerApp, tmp_path: Path) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await settled(pilot)
        await type_into(pilot, screen, "training.epochs", "3")
        await pilot.press("ctrl+s")
        await pilot.pause()
        await pilot.press("ctrl+u", *"mine.toml", "enter")
        await pilot.pause()
        assert load_config(tmp_path / "mine.toml").training.epochs == 3
        await pilot.press("ctrl+o")
        await pilot.pause()
        await pilot.press(*"mnist-cnn-16", "enter")
        await pilot.pause()
        assert screen.draft.get("data.dataset") == "mnist"
        await type_into(pilot, screen, "training.epochs", "99")
        await pilot.press("ctrl+x")
        assert screen.draft.get("training.iterations") == load_config("mnist-cnn-16").training.iterations
        assert screen.draft.get("training.epochs") is MISSING
        await pilot.press("ctrl+o")
        await pilot.pause()
        await pilot.press(*"mine.toml", "enter")
        await pilot.pause()
        assert screen.draft.get("training.epochs") == 3


async def test_a_preset_of_ones_own_is_found_by_its_name_from_then_on(app: TrainerApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUI_TRAINER_CONFIG_DIR", str(tmp_path / "settings"))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await settled(pilot)
        await type_into(pilot, screen, "training.epochs", "3")
        await pilot.press("ctrl+s")
        await pilot.pause()
        await pilot.press(*"digits-mlp", "enter")
        await pilot.pause()
        assert app.screen is not screen  # the name is taken
        await pilot.press("ctrl+u", *"mynet", "tab", *"Three epochs", "enter")
        await pilot.pause()
        file = tmp_path / "settings" / "presets" / "mynet.toml"
        assert tomllib.loads(file.read_text()) == {"extends": "digits-mlp", "title": "Three epochs", "description": "", "training": {"epochs": 3.0}}
        assert screen.draft.source == "mynet"
        await pilot.press("ctrl+y")
        assert app.clipboard == "tui-trainer train mynet"
        await pilot.press("ctrl+o")
        await pilot.pause()
        option = app.screen.query_one(Table).items[0]
        assert (option.name, option.about) == ("mynet", "yours  Three epochs")
        await pilot.press("escape")
    listed = json.loads(run_program("presets", "list", "--json", cwd=tmp_path).stdout)
    assert listed[0] | {"name": "mynet", "own": True, "title": "Three epochs"} == listed[0]
    assert run_program("presets", "check", "mynet", cwd=tmp_path).returncode == 0


async def test_the_command_goes_to_the_clipboard(app: TrainerApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await settled(pilot)
        await type_into(pilot, screen, "training.seed", "5")
        await pilot.press("ctrl+y")
        assert app.clipboard == "tui-trainer train digits-mlp --set training.seed=5"


@pytest.mark.parametrize("changes", [{}, {"validation": 100}, {"validation": 0.25, "train_images": 700}, {"train_images": 99_999, "image_size": 32}, {"channels": 3, "validation_split": "stratified"}])
def test_what_is_told_without_looking_is_what_looking_tells(changes: dict[str, Any]) -> None:
    data = Data.model_validate({"dataset": "digits", **changes})
    quick, careful = quick_view(data), careful_view(data)
    assert quick is not None
    assert replace(quick, where="") == replace(careful, where="")


async def test_leaving_asks_about_changes_that_are_nowhere_else(app: TrainerApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await settled(pilot)
        assert app.draft_unsaved() == ""
        await type_into(pilot, screen, "training.epochs", "9")
        await pilot.press("escape", "q")
        await pilot.pause()
        assert app.screen.is_modal
        await pilot.press("n")
        await pilot.pause()
        assert app.screen is screen
        await pilot.press("q", "y")
        await pilot.pause()
        assert not app.is_running


async def test_a_value_that_is_back_is_no_change(app: TrainerApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await settled(pilot)
        entry(screen, "data.validation").focus()
        await pilot.press(*"abc")
        assert screen.draft.touched
        await pilot.press("backspace", "backspace", "backspace")
        assert not screen.draft.touched
        await type_into(pilot, screen, "training.momentum", "0.5")
        assert app.draft_unsaved()
        await type_into(pilot, screen, "training.momentum", "0")  # which holds anyway
        assert app.draft_unsaved() == ""


async def test_the_field_in_focus_and_what_is_wrong_with_it_stay_in_sight(app: TrainerApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await settled(pilot)
        form = screen.query_one("#data")

        def seen(key: str) -> bool:
            return form.content_region.contains_region(entry(screen, key).region)

        rows = [each.key for each in screen.query_one("#data").query(Entry) if each.display]
        lowest = next(key for key in reversed(rows) if seen(key) and entry(screen, key).field.kind == "number")
        await type_into(pilot, screen, lowest, "-7")
        await pilot.pause(0.1)
        assert entry(screen, lowest).size.height > 1
        assert seen(lowest)
        form.scroll_end(animate=False)
        await pilot.press("7")
        await pilot.pause(0.1)
        assert seen(lowest)
        entry(screen, "data.dataset").focus()
        await pilot.press("end")
        await pilot.pause(0.1)
        assert isinstance(screen.focused, Entry)
        assert screen.focused.key == [each.key for each in form.query(Entry) if each.display][-1]
        assert seen(screen.focused.key)


async def test_what_is_wrong_is_said_by_its_label_and_goes_when_it_is_put_right(app: TrainerApp) -> None:
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await settled(pilot)
        await type_into(pilot, screen, "data.seed", "-1")
        assert "Data seed: " in words(screen)
        await pilot.press("ctrl+r")
        assert app._notifications
        await pilot.press("ctrl+u", "1")
        await pilot.pause()
        assert not app._notifications


async def test_the_deviation_is_asked_for_where_weights_are_drawn_with_it(app: TrainerApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await settled(pilot)
        assert not entry(screen, "network.deviation").display
        screen.draft.set("network.layers", [{"type": "flatten"}, {"type": "dense", "units": "classes", "initialiser": "normal"}])
        screen._fill()
        assert entry(screen, "network.deviation").display
        screen.query_one("#layers").focus()
        await pilot.press("end")
        await pilot.pause(0.1)
        assert "dense 10: " in screen._explained


async def test_in_a_text_field_the_key_bar_says_how_to_get_out(app: TrainerApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await settled(pilot)

        def offered() -> str:
            return " ".join(f"{key.shown} {key.label}" for _, key in screen.query_one(KeyBar)._placed())

        await pilot.pause(0.1)
        assert "^f Find rate ^g Sweep" in offered()
        assert offered().endswith("? more q Quit")
        entry(screen, "data.directory").focus()
        await pilot.pause(0.1)
        assert offered().startswith("⏎ Next field ^r Train esc Leave field")
        assert offered().endswith("^q Quit")


async def test_the_first_picture_says_what_the_forms_say_then_and_keeps_the_keys(app: TrainerApp, monkeypatch: pytest.MonkeyPatch) -> None:
    early = first.FirstDesign()
    early.on_key(events.Key("ctrl+y", None))  # before Design is there
    monkeypatch.setattr(app, "get_default_screen", lambda: early)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await settled(pilot)
        for form, rows in (("data", first.DATA), ("training", first.TRAINING)):
            shown = [each for each in screen.query_one(f"#{form}").query(Entry) if each.display]
            values = tuple((each.field.label, "".join(text for text, _ in each._value(21)).strip(" ▾")) for each in shown)
            assert values[: len(rows)] == rows
        await pilot.pause(0.1)
        assert app.clipboard == "tui-trainer train digits-mlp"


async def test_a_residual_block_is_a_list_of_its_own(app: TrainerApp) -> None:
    from tui_trainer.tui.screens.block import BlockDialog

    async with app.run_test(size=(120, 40)) as pilot:
        screen = await settled(pilot)
        block = {"type": "residual", "layers": [{"type": "dense", "units": 64}, {"type": "relu"}]}
        screen.draft.set("network.layers", [{"type": "flatten"}, {"type": "dense", "units": 64}, block, {"type": "dense", "units": "classes"}])
        screen._fill()
        table = screen.query_one("#layers", LayerTable)
        table.focus()
        table.cursor = next(number for number, row in enumerate(table.items) if row.key == "network.layers.2")
        await pilot.press("enter")
        await pilot.pause(0.1)
        box = app.screen
        assert isinstance(box, BlockDialog)
        inner = box.query_one(LayerTable)

        def kinds() -> list[str]:
            return [each["type"] for each in screen.draft.get("network.layers.2.layers")]

        await pilot.press("home", "c", "J", "a")
        await pilot.pause(0.1)
        await pilot.press(*"tanh", "enter")
        await pilot.pause(0.1)
        assert kinds() == ["dense", "relu", "dense", "tanh"]
        assert [row.place for row in inner.items] == ["2.0", "2.1", "2.2", "2.3"]
        await pilot.press("home", "enter")
        await pilot.pause(0.1)
        await pilot.press("ctrl+u", "3", "2", "escape")
        await pilot.pause(0.1)
        assert app.screen is box
        assert inner.items[0].output == "32"
        await pilot.press("d", "d", "d", "d")
        await pilot.pause(0.1)
        assert kinds() == []
        assert str(box.query_one("#comes-out").render()).startswith("✗")
        await pilot.press("ctrl+z", "escape")
        await pilot.pause(0.1)
        assert app.screen is screen
        assert kinds() == ["tanh"]
