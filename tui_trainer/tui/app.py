"""The app's wiring: which screen is in front, which run is followed, themes and palette. What a screen does stands in the screen."""

import gc
import os
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import events, work
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.screen import Screen

from tui_trainer.config.errors import ConfigError
from tui_trainer.tui.actions import EVERYWHERE, bindings
from tui_trainer.tui.messages import RunAdvanced
from tui_trainer.tui.pace import Pace
from tui_trainer.tui.preferences import read_theme, write_theme
from tui_trainer.tui.screens.first import FirstDesign, FirstTrain
from tui_trainer.tui.stylesheet import KeptStylesheet
from tui_trainer.tui.widgets import theme
from tui_trainer.tui.widgets.marks import glyphs
from tui_trainer.tui.widgets.shown import forget, write_only_changes

if TYPE_CHECKING:
    from tui_trainer.asking import Inspector
    from tui_trainer.config import Config
    from tui_trainer.runs.folder import RunFolder
    from tui_trainer.tui.feed import Feed
    from tui_trainer.tui.forms.forking import ForkDraft
    from tui_trainer.tui.screens.design import DesignScreen

LARGE = 8_000_000
"""Bytes of events above which they are read in a thread, while the screen is there already."""
THEMES = {"dark": "tui-dark", "light": "tui-light", "contrast": "tui-contrast"}


def _design() -> Screen[Any]:
    from tui_trainer.tui.screens.design import DesignScreen

    return DesignScreen()


def _train() -> Screen[Any]:
    from tui_trainer.tui.screens.train import TrainScreen

    return TrainScreen()


def _inspect() -> Screen[Any]:
    from tui_trainer.tui.screens.inspect import InspectScreen

    return InspectScreen()


def _runs() -> Screen[Any]:
    from tui_trainer.tui.screens.runs import RunsScreen

    return RunsScreen()


class TrainerApp(App[None]):
    """``root`` is the folder of runs, ``run`` the one to open, ``looks`` how often a second a run is looked at."""

    TITLE = "tui-trainer"
    CSS_PATH = ["styles/app.tcss", "styles/design.tcss"]
    BINDINGS = [*bindings(EVERYWHERE), Binding("ctrl+c", "interrupt", show=False, priority=True)]
    MODES = {"design": _design, "train": _train, "inspect": _inspect, "runs": _runs}
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(self, root: Path, run: Path | None = None, *, looks: float = 5.0, clock: Callable[[], float] = time.time) -> None:
        write_only_changes()
        super().__init__()
        theme.register(self)
        self.stylesheet = KeptStylesheet(self.get_css_variables())
        self.theme = THEMES.get(os.environ.get("TUI_TRAINER_THEME") or read_theme(), "tui-dark")
        self.set_class(glyphs().ascii, "-ascii")
        self.root = root
        self.first_run = run
        self.looks = looks
        self.now = clock
        self._pace = Pace()
        self.feed: Feed | None = None
        self.trainers: list[subprocess.Popen[bytes]] = []
        self._inspector: Inspector | None = None
        self._draft_to_open: tuple[Path, str] | None = None

    # --- start and end

    def get_default_screen(self) -> Screen[Any]:
        """What is there at once, while the rest is loaded."""
        if self.first_run is None and self.root.is_dir():
            from tui_trainer.runs.listing import newest_live_run

            self.first_run = newest_live_run(self.root)
        return FirstTrain(self.first_run.name) if self.first_run else FirstDesign()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The names of our colours, under Textual's own themes too."""
        return dict(theme.DARK.variables)

    def on_mount(self) -> None:
        """The first real screen, as soon as something is on the terminal."""
        self.app_resume_signal.subscribe(self, lambda _: self.action_redraw())
        self.call_after_refresh(self._begin)

    def on_resize(self, event: events.Resize) -> None:
        """A terminal that changes its size moves what it shows in ways of its own."""
        forget()

    def _begin(self) -> None:
        if self.first_run is not None:
            self.open_run(self.first_run)
        elif isinstance(self.screen, FirstDesign):  # nobody went elsewhere meanwhile
            typed = self.screen.typed
            self.switch_mode("design")
            self.call_after_refresh(self._type, typed)
        self.set_interval(1 / self.looks, self._poll, name="looks")
        self.set_timer(1.0, self._tidy)

    def _type(self, keys: list[str]) -> None:
        """What was pressed before the screen was there."""
        for key in keys:
            self.simulate_key(key)

    @staticmethod
    def _tidy() -> None:
        """Garbage is collected from now on, but for what was loaded."""
        gc.collect()
        gc.freeze()
        gc.enable()

    def last_words(self) -> list[str]:
        """What to print when the app has gone: how to come back."""
        if self.feed is None:
            return []
        from tui_trainer.tui.screens.paths import come_back

        self.feed.poll()
        back = come_back(self.feed.path, self.root)
        if not self.feed.live:
            return [f"{self.feed.name} is {self.feed.state}. To look at it again: {back}"]
        stop = back.replace("tui-trainer open", "tui-trainer stop", 1)
        return [f"{self.feed.name} goes on without this window.", f"  come back   {back}", f"  stop it     {stop}"]

    # --- the followed run

    def open_run(self, path: Path) -> None:
        """Follow this run and show it."""
        from tui_trainer.tui.feed import Feed

        feed = Feed(path, clock=self.now)
        self.feed = feed
        try:
            large = (path / "events.jsonl").stat().st_size > LARGE
        except OSError:
            large = False
        if large:
            self._load(feed)
        else:
            feed.load()
        self._go("train")
        self._tell()

    @work(thread=True, exclusive=True, group="load")
    def _load(self, feed: "Feed") -> None:
        feed.load()
        self.call_from_thread(self._tell)

    def _poll(self) -> None:
        self.trainers = [each for each in self.trainers if each.poll() is None]
        if self._pace.due() and self.feed is not None and self.feed.loaded and self.feed.poll():
            self._tell()

    def _tell(self) -> None:
        if self.feed is not None and self.feed.loaded and self.screen.id in ("train", "inspect"):
            self.screen.post_message(RunAdvanced(self.feed))
        elif self.feed is not None:
            for screen in self.screen_stack:
                if screen.id in ("train", "inspect"):
                    screen.post_message(RunAdvanced(self.feed))

    @property
    def inspector(self) -> "Inspector":
        """The process that looks into networks; it starts when it is first asked."""
        if self._inspector is None:
            from tui_trainer.asking import Inspector

            self._inspector = Inspector(on_state=self._inspector_changed)
        return self._inspector

    def _inspector_changed(self, _: str) -> None:
        if self._running and self.screen.id == "inspect" and (changed := getattr(self.screen, "process_changed", None)):
            changed()

    async def on_unmount(self) -> None:
        """That process goes with the app; trainers stay."""
        if self._inspector is not None:
            await self._inspector.close()

    def run_renamed(self, before: Path, after: Path) -> None:
        """Follow a run under its new name."""
        if self.feed is not None and self.feed.path == before:
            from tui_trainer.tui.feed import Feed

            self.feed = Feed(after, clock=self.now)
            self.feed.load()

    def train(self, config: "Config", preset: str, *, trusted: bool = False) -> None:
        """Make a run, start its trainer and watch it."""
        from tui_trainer.runs.folder import create_run

        self._start(lambda: create_run(config, self.root, preset=preset), trusted=trusted)

    def resume(self, path: Path) -> None:
        """Go on from a run's last checkpoint, in the same folder, and watch it."""
        from tui_trainer.runs.folder import RunFolder
        from tui_trainer.runs.start import refuse_resume

        def there() -> RunFolder:
            refuse_resume(RunFolder(path))
            return RunFolder(path)

        self._trusted(path, lambda trusted: self._start(there, resume="last", trusted=trusted))

    @work(group="report")
    async def report(self, paths: list[Path]) -> None:
        """Write a report of runs in the background, and say where it lies."""
        from tui_trainer.tui.reporting import report_folder, write_report

        out = report_folder(paths)
        self.notify(f"Writing {out / 'index.html'} …", markup=False)
        if wrong := await write_report(paths, out):
            self.notify(wrong, severity="error", markup=False, timeout=10)
        else:
            self.notify(f"The report lies in {out / 'index.html'} (and report.md beside it)", markup=False, timeout=15)

    def fork(self, path: Path) -> None:
        """Choose one of a run's checkpoints, and open Design to go on from it."""
        from tui_trainer.runs.checkpoints import Entry, read_index
        from tui_trainer.runs.folder import RunFolder
        from tui_trainer.tui.screens.checkpoints import PickCheckpoint
        from tui_trainer.tui.screens.paths import shell_name

        try:
            index = read_index(path / "checkpoints")
        except ConfigError as error:
            self.notify(str(error), severity="error", markup=False, timeout=10)
            return

        def chosen(entry: Entry | None) -> None:
            if entry is not None:
                from tui_trainer.tui.forms.forking import ForkPoint

                point = ForkPoint(RunFolder(path), entry, shell_name(path, self.root))
                self._into_design(lambda screen: screen.load_fork(point), f"Design goes on from {path.name}: change what is to be other, then ^r starts the fork")

        self.push_screen(PickCheckpoint(f"Fork {path.name} from", index), chosen)

    def start_fork(self, draft: "ForkDraft") -> None:
        """Make the fork that a draft says, start its trainer and watch it."""
        self._trusted(draft.point.run.path, lambda trusted: self._start(lambda: draft.make(self.root), resume="last", trusted=trusted))

    def _start(self, make: "Callable[[], RunFolder]", *, resume: str | None = None, trusted: bool = False) -> None:
        from tui_trainer.runs.start import start

        try:
            run = make()
            self.trainers.append(start(run, trusted=trusted, resume=resume))
        except ConfigError as error:
            self.notify(str(error), severity="error", markup=False, timeout=10)
            return
        except OSError as error:
            self.notify(f"the trainer cannot be started: {error}", severity="error", markup=False, timeout=10)
            return
        self.open_run(run.path)

    def _trusted(self, path: Path, then: Callable[[bool], None]) -> None:
        """Ask before a module of the user's own runs; ``then`` is told whether it may."""
        from tui_trainer.runs.folder import RunFolder

        try:
            network = RunFolder(path).config().network
        except ConfigError as error:
            self.notify(str(error), severity="error", markup=False, timeout=10)
            return
        if network.kind != "module":
            then(False)
            return
        from tui_trainer.tui.screens.dialogs import Confirm

        def answered(yes: bool | None) -> None:
            if yes:
                then(True)

        self.push_screen(Confirm("Run this code?", f"{network.source} is a program of yours or someone's: training runs it with your rights.", "run it", "no"), answered)

    def start_sweep(self, name: str, arguments: list[str]) -> None:
        """Start ``tui-trainer sweep ARGUMENTS`` as a process of its own, and show the sweep's table."""
        from tui_trainer.sweeps.detached import start_detached

        try:
            self.trainers.append(start_detached(self.root, name, arguments))
        except (OSError, ConfigError) as error:
            self.notify(f"the sweep cannot be started: {error}", severity="error", markup=False, timeout=10)
            return
        self.open_sweep(name)

    def open_sweep(self, name: str) -> None:
        """The table of a sweep, over the runs."""
        from tui_trainer.tui.screens.sweep import SweepScreen

        self._go("runs")
        if not (isinstance(self.screen, SweepScreen) and self.screen.sweep == name):
            self.call_after_refresh(lambda: self.push_screen(SweepScreen(name)))

    def design_from_run(self, path: Path) -> None:
        """A run's settings into Design."""
        from tui_trainer.runs.status import read_status

        try:
            preset = read_status(path).preset
        except (OSError, ValueError, TypeError):
            preset = ""
        self._into_design(lambda screen: screen.load_run(path, preset), f"Design holds the settings of {path.name}: change them, then ^r trains")

    def _into_design(self, load: "Callable[[DesignScreen], None]", said: str) -> None:
        from tui_trainer.tui.screens.design import DesignScreen

        def fill() -> None:
            screen = self.screen
            if not isinstance(screen, DesignScreen):
                return
            try:
                load(screen)
            except ConfigError as error:
                self.notify(str(error), severity="error", markup=False, timeout=10)
            else:
                self.notify(said, markup=False)

        self._go("design")
        self.call_after_refresh(fill)

    # --- actions of the whole app

    def _go(self, mode: str) -> None:
        if self.current_mode != mode:
            self.switch_mode(mode)

    def action_go(self, mode: str) -> None:
        """To one of the four screens."""
        while len(self.screen_stack) > 1 and self.screen.is_modal:
            self.pop_screen()
        self._go(mode)

    def action_redraw(self) -> None:
        """Every cell anew: another program wrote over them."""
        forget()
        self.screen.refresh()

    def action_theme_next(self) -> None:
        """The next theme."""
        names = list(THEMES.values())
        place = names.index(self.theme) if self.theme in names else -1
        self._choose_theme(names[(place + 1) % len(names)])

    def _choose_theme(self, name: str) -> None:
        self.theme = name
        word = next(word for word, known in THEMES.items() if known == name)
        if wrong := write_theme(word):
            self.log.warning(wrong)

    def action_help(self) -> None:
        """All keys."""
        from tui_trainer.tui.screens.help import Help

        explain = getattr(self.focused, "explanation", None)
        self.push_screen(Help(self.screen.id or "", explain() if explain else ""))

    def action_explain(self) -> None:
        """What the focused part means."""
        from tui_trainer.tui.about import asked_about
        from tui_trainer.tui.screens.explaining import Explain

        if asked := asked_about(self):
            self.push_screen(Explain(asked))
        else:
            self.notify("Nothing to explain here: F1 on a setting, layer, panel or figure does; ? lists the keys.")

    def action_leave(self) -> None:
        """Leave; the run goes on. What stands in Design and was neither trained nor saved is asked about."""
        unsaved = self.draft_unsaved()
        if not unsaved or self.screen.is_modal:
            self.exit()
            return
        from tui_trainer.tui.screens.dialogs import Confirm

        def answered(yes: bool | None) -> None:
            if yes:
                self.exit()

        self.push_screen(Confirm("Leave?", f"Design holds changes of {unsaved} that are in no preset and no run (1, then ^s keeps them).", "leave", "stay"), answered)

    def action_interrupt(self) -> None:
        """Copy what is selected; where nothing is, a person wants out, and is told how."""
        selected = getattr(self.focused, "selected_text", "") or self.screen.get_selected_text()
        if selected:
            self.copy(selected)
        else:
            self.notify("^q leaves (q where you do not type); a run goes on without the app")

    def draft_unsaved(self) -> str:
        """The preset whose changes in Design would be lost; empty where there are none."""
        for stack in self._screen_stacks.values():
            for screen in stack:
                if screen.id == "design" and (unsaved := getattr(screen, "unsaved", None)):
                    return str(unsaved())
        return ""

    def copy(self, text: str) -> None:
        """To the clipboard, through the terminal (OSC 52), and say so."""
        self.copy_to_clipboard(text)
        self.notify(text, title="Copied", markup=False)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: every action that has an effect now, and the themes by name."""
        seen = set()
        for node, binding, enabled, tooltip in screen.active_bindings.values():
            if not enabled or not tooltip or binding.action in seen:
                continue
            seen.add(binding.action)

            def call(action: str = binding.action, where: Any = node) -> None:
                self.call_later(self.run_action, action, where)

            yield SystemCommand(binding.description, f"{tooltip} ({binding.key_display or binding.key})", call)
        for word, name in THEMES.items():

            def choose(name: str = name) -> None:
                self._choose_theme(name)

            yield SystemCommand(f"Theme: {word}", "Change the colours.", choose)
