"""Screen 1, Design: say what to train."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from tui_trainer.config import Config, ConfigError, Data, Training, load_config, own_preset_names, preset_names, save_config
from tui_trainer.config.own import save_own_preset
from tui_trainer.explain import explain
from tui_trainer.sweeps.record import PLACE, free_name
from tui_trainer.tui.actions import DESIGN, bindings
from tui_trainer.tui.controls.header import Header
from tui_trainer.tui.controls.keybar import KeyBar
from tui_trainer.tui.controls.paint import fit, plain
from tui_trainer.tui.forms.draft import Draft, same, tree_of_run
from tui_trainer.tui.forms.entry import ChoiceEntry, Entry, TextEntry
from tui_trainer.tui.forms.forking import ForkDraft, ForkPoint
from tui_trainer.tui.forms.form import Form
from tui_trainer.tui.forms.outlook import DataView, Outlook, careful_view, look_ahead, quick_view
from tui_trainer.tui.range_test import RangeTest
from tui_trainer.tui.screens.choosing import list_choices
from tui_trainer.tui.screens.dialogs import Confirm, Option, Pick
from tui_trainer.tui.screens.first import DesignFrame
from tui_trainer.tui.screens.grid import AskGrid, Grid
from tui_trainer.tui.screens.network_panel import NetworkPanel
from tui_trainer.tui.screens.preset_row import PresetRow
from tui_trainer.tui.screens.rate_test import FindRate
from tui_trainer.tui.screens.ready import ReadyPanel
from tui_trainer.tui.screens.saving import AskPreset
from tui_trainer.tui.screens.stages import StagesRow

if TYPE_CHECKING:
    from tui_trainer.tui.app import TrainerApp

FIRST_PRESET = "digits-mlp"


class DesignScreen(DesignFrame):
    """Forms for data, network and training, and what would happen if it were trained now."""

    app: "TrainerApp"
    BINDINGS = bindings(DESIGN)
    AUTO_FOCUS = ""

    def __init__(self) -> None:
        super().__init__(id="design")
        self.draft = Draft(FIRST_PRESET)
        self.kept: dict[str, object] = {}
        """What was trained or loaded last: it is in a run."""
        self._view: DataView | None = None
        self._data_problem = ""
        self._viewed = ""
        self._explained = ""
        self.outlook = self._look()  # the first preset's data are known without a look at files

    def compose(self) -> ComposeResult:
        """Preset, data and training on the left, network and outlook on the right."""
        yield Header("design")
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield PresetRow(id="preset", classes="panel")
                with Vertical(id="forms"):
                    yield Form(Data, "data", id="data", classes="panel")
                    yield Form(Training, "training", id="training", classes="panel")
            with Vertical(id="right"):
                yield NetworkPanel(self, id="network", classes="panel")
                yield ReadyPanel(id="ready", classes="panel")
        yield Static("", id="explain", markup=False)
        yield KeyBar()

    async def on_mount(self) -> None:
        """Fill the forms."""
        self.query_one("#data").border_title = "Data"
        self.query_one("#training").border_title = "Training"
        await self.query_one("#training", Form).mount(StagesRow(self))
        self._fill()
        self.query_one(PresetRow).focus()

    def unsaved(self) -> str:
        """The source of changes that are neither saved nor trained; empty where there are none."""
        return self.draft.source if self.draft.touched and not same(self.draft.tree, self.kept) else ""

    # --- following the draft

    def load(self, draft: Draft) -> None:
        """Take another draft."""
        self.draft, self.kept = draft, copy.deepcopy(draft.tree)
        if self.is_mounted:
            self._fill()

    def load_run(self, folder: Path, preset: str) -> None:
        """Take the settings of a run. Raises ConfigError."""
        tree = tree_of_run(folder / "config.toml")
        draft = Draft(preset if preset in (*preset_names(), *own_preset_names()) else str(folder / "config.toml"))
        draft.tree = tree
        self.load(draft)

    def load_fork(self, point: ForkPoint) -> None:
        """Take the settings of a run, to go on from one of its checkpoints. Raises ConfigError."""
        self.load(ForkDraft(point))

    def _fill(self) -> None:
        for form in self.query(Form):
            form.fill(self.draft.get)
        self.query_one("#network-form", Form).keep(bool(self.draft.locked))
        self.draft_changed()

    def draft_changed(self) -> None:
        """Bring everything up to the draft: which fields apply, what is wrong, the network's table, what will run."""
        before, self.outlook = self.outlook, self._look()
        if self.outlook.ready and not before.ready:
            self.app.clear_notifications()  # what they said is put right
        for form in self.query(Form):
            form.follow(self.draft.get)
            form.mark(self.outlook.problems, self.draft)
        for row in self.query(StagesRow):
            row.show(self.draft)
        self.query_one(PresetRow).show(self.draft)
        self.query_one(NetworkPanel).show(self.outlook)
        self.query_one(ReadyPanel).show(self.outlook, *self.draft.command())
        self.query_one(Header).subject = self._subject()
        self._explain()
        self.refresh_bindings()

    def _subject(self) -> str:
        data = self.draft.get("data.dataset")
        count = f" · {self._view.images:,} images".replace(",", " ") if self._view and self._view.images else ""
        return f"{data if isinstance(data, str) else 'digits'}{count}"

    def _look(self) -> Outlook:
        raw = self.draft.tree.get("data", {})
        stamp = json.dumps(raw, sort_keys=True, default=str)
        if stamp != self._viewed:
            self._viewed = stamp
            try:
                data = Data.model_validate(raw)
            except ValueError:
                data = None
            if data is not None:
                try:
                    self._view, self._data_problem = quick_view(data), ""
                except ConfigError as error:
                    self._data_problem = str(error)
                else:
                    if self._view is None or self._view.images is None:
                        self._count(stamp, data)
        return self.draft.judged(look_ahead(self.draft, self._view, self._data_problem))

    @work(thread=True, exclusive=True, group="data")
    def _count(self, stamp: str, data: Data) -> None:
        try:
            view, problem = careful_view(data), ""
        except ConfigError as error:
            view, problem = None, str(error)
        except OSError as error:
            view, problem = None, f"data.directory: {error.filename}: {error.strerror}"
        self.app.call_from_thread(self._counted, stamp, view, problem)

    def _counted(self, stamp: str, view: DataView | None, problem: str) -> None:
        if stamp != self._viewed:
            return
        self._view, self._data_problem = view or self._view, problem
        self.draft_changed()

    def on_entry_changed(self, event: Entry.Changed) -> None:
        """Into the draft at once."""
        self.draft.set(event.entry.key, event.value)
        for form in self.query(Form):
            if event.entry.key in ("training.epochs", "training.iterations"):
                form.fill(self.draft.get)
        self.draft_changed()

    def on_choice_entry_list_asked(self, event: ChoiceEntry.ListAsked) -> None:
        """All choices."""
        list_choices(self.app, event.entry)

    def on_descendant_focus(self) -> None:
        """Explain the field in focus."""
        self._explain()

    def on_table_moved(self) -> None:
        """Explain the layer under the cursor."""
        self._explain()

    def on_resize(self) -> None:
        """The explanation has other room."""
        self.call_after_refresh(self._explain)

    def _explain(self) -> None:
        told = getattr(self.focused, "explanation", None)
        text = plain(told()) if told else ""
        line = self.query_one("#explain", Static)
        if not self.has_class("-tall"):
            text = fit(text, max(10, self.size.width - 2)).rstrip()
        elif text and (why := self._why()):
            text += f"\n{plain(why)}"
        if text != self._explained:
            self._explained = text
            line.update(text)

    def _why(self) -> str:
        """The explanation at hand of the focused field, for where there is room."""
        about = getattr(self.focused, "about_this", None)
        topics = about().known if about else ()
        found = explain(topics[-1]) if topics and isinstance(self.focused, Entry) else None
        return f"{found.why} (F1)" if found else ""

    # --- what one can do

    def relabel(self, action: str, label: str) -> str:
        """In a text field first how to get out of it; undo and reset where there is something to take back."""
        if isinstance(self.focused, TextEntry) and (told := {"next": "Next field", "leave_field": "Leave field"}.get(action)):
            return told
        idle = (action == "undo" and not self.draft.can_undo) or (action == "reset" and not self.draft.touched)
        return "" if idle else label

    def action_leave_field(self) -> None:
        """To the preset, where letters and digits are commands."""
        self.query_one(PresetRow).focus()

    def action_undo(self) -> None:
        """The last change back."""
        if self.draft.undo():
            self._fill()
        else:
            self.notify("nothing to undo")

    def action_reset(self) -> None:
        """The preset as it is."""
        if not self.draft.touched:
            self.notify(f"{self.draft.source} is as it was", markup=False)
        self.draft.reset()
        self._fill()

    def action_reset_field(self) -> None:
        """The field in focus as the preset or the run has it."""
        entry = self.focused
        if isinstance(entry, Entry):
            self.draft.replace(entry.key, copy.deepcopy(self.draft.before(entry.key)))
            self._fill()

    def action_pick_preset(self) -> None:
        """Another preset, or a file."""
        options = []
        own = own_preset_names()
        for name in (*own, *preset_names()):
            try:
                options.append(Option(name, name, "  ".join(filter(None, ["yours" if name in own else "", load_config(name).title]))))
            except ConfigError as error:
                options.append(Option(name, name, f"damaged: {error}"))

        def chosen(option: Option | None) -> None:
            if option is not None:
                self._load_source(str(option.value))

        self.app.push_screen(Pick("Preset", options, self.draft.source, free="the path of a file"), chosen)

    def _load_source(self, source: str) -> None:
        try:
            self.load(Draft(source))
        except ConfigError as error:
            self.notify(str(error), severity="error", markup=False, timeout=10)

    action_load_file = action_pick_preset

    def action_save_preset(self) -> None:
        """Write a preset file."""
        config = self.outlook.config
        if config is None:
            self.notify("correct what is marked first: a preset has to be right", severity="warning")
            return

        def named(answer: tuple[str, Path, str] | None) -> None:
            if answer is not None:
                self._save(*answer)

        own = self.draft.source if self.draft.source in own_preset_names() else ""
        self.app.push_screen(AskPreset(own, self.draft.about if own else ""), named)

    def _save(self, source: str, path: Path, title: str) -> None:
        def write(yes: bool | None = True) -> None:
            config = self.outlook.config
            if not yes or config is None:
                return
            try:
                save_own_preset(config, self.draft.source, path, title)
            except OSError as error:
                self.notify(f"{path} cannot be written: {error.strerror}", severity="error", markup=False, timeout=10)
                return
            self.load(Draft(source))
            self.notify(f"Saved: tui-trainer train {source}" + ("" if source == str(path) else f"  ({path})"), markup=False)

        if path.exists():
            self.app.push_screen(Confirm("Replace the preset?", f"There is a file {path} already.", "replace it", "keep it"), write)
        else:
            write()

    def action_copy_command(self) -> None:
        """The command for a prompt."""
        command, why = self.draft.command()
        if command:
            self.app.copy(command)
        else:
            self.notify(f"No command yet: {why}", severity="warning", markup=False)

    def action_train(self) -> None:
        """Start it."""
        config = self._checked()
        if config is None:
            return
        if isinstance(self.draft, ForkDraft):
            self.kept = copy.deepcopy(self.draft.tree)
            self.app.start_fork(self.draft)
            return
        preset = self.draft.source if self.draft.source in preset_names() else Path(self.draft.source).stem
        self.kept = copy.deepcopy(self.draft.tree)
        self._trusted(config, lambda trusted: self.app.train(config, preset, trusted=trusted))

    def _trusted(self, config: Config, then: Callable[[bool], None]) -> None:
        """Ask before a module of the user's own runs; ``then`` is told whether it may."""
        if config.network.kind != "module":
            then(False)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                then(True)

        self.app.push_screen(Confirm("Run this code?", f"{config.network.source} is a program of yours or someone's: training runs it with your rights.", "run it", "no"), answered)

    def _checked(self) -> Config | None:
        """What the forms hold, where it is right; what is wrong is said."""
        if self.outlook.config is not None and not self.outlook.problems:
            return self.outlook.config
        first = next((line.text for line in self.outlook.lines if line.kind == "wrong"), "something is wrong")
        self.notify(f"This cannot work yet: {first}", severity="error", markup=False, timeout=8)
        return None

    def action_sweep(self) -> None:
        """A grid around what the forms hold."""
        config = self._checked()
        if config is None:
            return
        if config.network.kind == "module":
            self.notify("a sweep over a network of your own is started at a prompt: tui-trainer sweep FILE --grid ...", severity="warning", markup=False)
            return

        def asked(grid: Grid | None) -> None:
            if grid is not None:
                self._sweep(config, grid)

        self.app.push_screen(AskGrid(self.draft.tree), asked)

    def _sweep(self, config: Config, grid: Grid) -> None:
        root = self.app.root
        name = free_name(root, Path(self.draft.source).stem)
        source = self.draft.source
        if self.draft.touched or source not in preset_names():
            place = root / PLACE / f"{name}.toml"
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                save_config(config, place)
            except OSError as error:
                self.notify(f"{place} cannot be written: {error.strerror}", severity="error", markup=False, timeout=10)
                return
            source = str(place)
        self.kept = copy.deepcopy(self.draft.tree)
        self.app.start_sweep(name, [source, *(part for each in grid.keys for part in ("--grid", each)), "--seeds", str(grid.seeds), "--name", name])

    def action_find_rate(self) -> None:
        """A range test of what the forms hold."""
        config = self._checked()
        if config is None:
            return

        def taken(rate: float | None) -> None:
            if rate is not None:
                self.draft.replace("training.learning_rate", rate)
                self._fill()
                self.notify(f"learning rate {rate:g}; ^z takes it back")

        def ask(trusted: bool) -> None:
            self.app.push_screen(FindRate(RangeTest(config, trusted=trusted), config.training.learning_rate), taken)

        self._trusted(config, ask)
