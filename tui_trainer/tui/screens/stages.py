"""Stages of a training: parts with settings of their own, as a list one can edit."""

import copy
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from tui_trainer.config import Stage
from tui_trainer.tui.about import About
from tui_trainer.tui.actions import Action, bindings
from tui_trainer.tui.controls.keybar import ActionLine
from tui_trainer.tui.controls.paint import fit, strip
from tui_trainer.tui.controls.table import Column, Table
from tui_trainer.tui.forms.draft import Draft
from tui_trainer.tui.forms.entry import LABEL
from tui_trainer.tui.forms.schema import show
from tui_trainer.tui.screens.dialogs import Dialog
from tui_trainer.tui.screens.layer import LayerDialog

if TYPE_CHECKING:
    from tui_trainer.tui.screens.design import DesignScreen

KEY = "training.stages"
Row = tuple[int, str, str]


def stages_of(draft: Draft) -> list[dict[str, Any]]:
    """The draft's stages as tables."""
    found = draft.get(KEY)
    return list(found) if isinstance(found, list | tuple) else []


def length_of(stage: dict[str, Any]) -> str:
    """``20 epochs``, ``500 steps``."""
    if "epochs" in stage:
        return f"{show(stage['epochs'])} epochs"
    return f"{show(stage['iterations'])} steps" if "iterations" in stage else "no length"


class StagesRow(Widget, can_focus=True):
    """One line of the training form; Enter opens the list."""

    BINDINGS = [
        Binding("enter,space", "open", "Stages", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]
    text = reactive("none")
    wrong = reactive("")

    def __init__(self, design: "DesignScreen") -> None:
        super().__init__()
        self.design = design

    def show(self, draft: Draft) -> None:
        """Follow the draft."""
        stages = stages_of(draft)
        self.text = f"{len(stages)}: {', '.join(map(length_of, stages))}" if stages else "none"
        self.wrong = next((text for key, text in self.design.outlook.problems.items() if key.startswith(KEY)), "")

    def explanation(self) -> str:
        """What it is for."""
        return "Parts with settings of their own, in place of epochs and iterations. Enter lists them."

    def about_this(self) -> About:
        """What F1 says of it."""
        return About("Stages", (KEY,), self.explanation())

    def render_line(self, y: int) -> Strip:
        """Label and summary."""
        focus = "bold" if self.has_focus else "muted"
        looks = "bad" if self.wrong else "on-panel" if self.has_focus else ""
        label = min(LABEL, max(8, self.size.width // 2))
        return strip(self, [(" ", ""), (fit("Stages", label - 1) + " ", focus), (fit(self.wrong or self.text, max(1, self.size.width - label - 4)), looks), (" ›", "muted")], self.size.width)

    def action_open(self) -> None:
        """The list."""
        self.app.push_screen(StagesDialog(self.design))

    def on_click(self, event: events.Click) -> None:
        """The list."""
        self.action_open()

    def on_focus(self) -> None:
        """Its looks change."""
        self.refresh()

    on_blur = on_focus


KEYS = (
    Action("add", "a", "Add", "Add a stage after this one."),
    Action("edit", "enter", "Edit", "Change this stage.", key="⏎"),
    Action("duplicate", "c", "Copy", "Duplicate this stage."),
    Action("delete", "d,delete", "Delete", "Delete this stage."),
    Action("move(-1)", "K,shift+up", "Up", "Move this stage up."),
    Action("move(1)", "J,shift+down", "Down", "Move this stage down."),
    Action("undo", "ctrl+z", "Undo", "Take back the last change."),
    Action("close", "escape", "Done", "Back to the form.", key="esc"),
)


class StagesDialog(Dialog[None]):
    """The list of stages."""

    BINDINGS = bindings(tuple(each for each in KEYS if each.name not in ("edit", "close")))

    def __init__(self, design: "DesignScreen") -> None:
        super().__init__("Stages of the training")
        self.design = design

    def compose(self) -> ComposeResult:
        """The list and its keys."""
        with Vertical(id="box", classes="layer"):
            yield Static("Each stage has a length and what it sets otherwise; the rest stays as in Training.", classes="about", markup=False)
            yield Table[Row](
                [Column("n", "#", 3, lambda row: str(row[0] + 1), "right"), Column("length", "length", 14, lambda row: row[1]), Column("sets", "sets", 20, lambda row: row[2], grows=True)],
                empty=["No stages: a adds one (it takes the place of epochs)."],
            )
            yield ActionLine(classes="keys")

    def opened(self) -> None:
        """Filled."""
        self._fill()
        self.query_one(ActionLine).offer(KEYS, self)
        self.query_one(Table).focus()

    def on_screen_resume(self) -> None:
        """After a stage was edited."""
        self._fill()

    def _fill(self) -> None:
        rows = []
        for number, stage in enumerate(stages_of(self.design.draft)):
            sets = ", ".join(f"{name.replace('_', ' ')} {show(value)}" for name, value in stage.items() if name not in ("epochs", "iterations"))
            rows.append((number, length_of(stage), sets))
        self.query_one(Table).show(rows)

    def _change(self, stages: list[dict[str, Any]], cursor: int) -> None:
        self.design.draft.replace(KEY, stages)
        self.design._fill()
        self._fill()
        self.query_one(Table).cursor = cursor

    def action_add(self) -> None:
        """A stage of five epochs after this one."""
        stages, table = stages_of(self.design.draft), self.query_one(Table)
        at = table.cursor + 1 if stages else 0
        self._change([*stages[:at], {"epochs": 5.0}, *stages[at:]], at)
        self._edit(at)

    def action_duplicate(self) -> None:
        """Once more."""
        stages, at = stages_of(self.design.draft), self.query_one(Table).cursor
        if stages:
            self._change([*stages[: at + 1], copy.deepcopy(stages[at]), *stages[at + 1 :]], at + 1)

    def action_delete(self) -> None:
        """Away with it."""
        stages, at = stages_of(self.design.draft), self.query_one(Table).cursor
        if stages:
            self._change([*stages[:at], *stages[at + 1 :]], max(0, at - 1))

    def action_move(self, by: int) -> None:
        """Earlier or later."""
        stages, at = stages_of(self.design.draft), self.query_one(Table).cursor
        if stages and 0 <= at + by < len(stages):
            stages.insert(at + by, stages.pop(at))
            self._change(stages, at + by)

    def action_undo(self) -> None:
        """The last change back."""
        self.design.action_undo()
        self._fill()

    def action_edit(self) -> None:
        """Open it."""
        if stages_of(self.design.draft):
            self._edit(self.query_one(Table).cursor)

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Edit it."""
        assert isinstance(event.item, tuple)
        self._edit(event.item[0])

    def _edit(self, number: int) -> None:
        self.app.push_screen(LayerDialog(self.design, f"{KEY}.{number}", Stage, f"Stage {number + 1}"))
