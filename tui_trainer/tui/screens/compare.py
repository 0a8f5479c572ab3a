"""Runs side by side: curves on one chart with a colour and a mark per run, best and last figures, the settings that differ."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events, work
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen

from tui_trainer.config.flat import SettingRow
from tui_trainer.runs.compare import MEASURED, Axis, ComparedRun, best_figures, compared_settings, last_figures, read_compared, series
from tui_trainer.runs.folder import RunFolder
from tui_trainer.runs.status import LIVE
from tui_trainer.tui.about import About, title_of
from tui_trainer.tui.actions import COMPARE, bindings
from tui_trainer.tui.controls.header import Header
from tui_trainer.tui.controls.keybar import KeyBar
from tui_trainer.tui.controls.table import Column, Table
from tui_trainer.tui.feed import Feed
from tui_trainer.tui.widgets.chart import LineChart, run_style
from tui_trainer.tui.widgets.marks import glyphs
from tui_trainer.tui.widgets.progress import clock

if TYPE_CHECKING:
    from tui_trainer.tui.app import TrainerApp


@dataclass(frozen=True, slots=True)
class Metric:
    """What can be drawn: its column, its name on the screen, and how values are written."""

    column: str
    title: str
    scale: float = 1.0
    decimals: int = 4
    unit: str = ""
    low: float | None = 0.0
    high: float | None = None


METRICS = (
    Metric("accuracy", "Accuracy", 100.0, 2, "%", 0.0, 100.0), Metric("loss", "Loss"), Metric("learning_rate", "Learning rate", 1.0, 5), Metric("gradient_norm", "Gradient norm", 1.0, 3),
    Metric("images_per_second", "Images/s", 1.0, 0), Metric("memory_bytes", "Memory", 1e-6, 0, "MB"),
)  # fmt: skip
METRIC_TOPICS = {
    "accuracy": "figure.accuracy", "loss": "figure.loss", "learning_rate": "figure.learning-rate", "gradient_norm": "figure.gradient-norm",
    "images_per_second": "figure.images-per-second", "memory_bytes": "figure.memory",
}  # fmt: skip
SPLITS = ("validation", "train", "test")
AXES: tuple[Axis, ...] = ("epoch", "step", "time")
EVERY = 1.0
"""Seconds between looks at the runs that are at work."""


@dataclass(frozen=True, slots=True)
class Result:
    """A run's row of figures."""

    slot: int
    name: str
    state: str
    best: str
    at: str
    last: str
    loss: str
    test: str
    time: str


LONGEST_NAME, LONGEST_VALUE, LONGEST_KEY = 24, 40, 34
"""Cells of a run's name, of a setting's value and of its name at most."""
PANEL_EDGES = 5
"""Cells of a panel's frame and padding, and of the scroll bar that may stand in it."""
NORMAL_WIDTH = 110
"""Columns of a terminal that has room for two tables beside each other."""
MOST_RESULTS = 58
SHORTEST = 8
"""Cells of a column that has to give way to others."""
RESULTS: list[Column[Result]] = [
    Column("mark", "", 1, lambda row: (glyphs().runs[row.slot], f"run-{row.slot + 1}")),
    Column("name", "run", 10, lambda row: (row.name, "bold")),
    Column("state", "state", 8, lambda row: (row.state, "muted")),
    Column("best", "best %", 6, lambda row: row.best, "right"),
    Column("at", "epoch", 6, lambda row: (row.at, "muted"), "right"),
    Column("last", "last %", 6, lambda row: row.last, "right"),
    Column("loss", "loss", 7, lambda row: row.loss, "right"),
    Column("test", "test %", 6, lambda row: row.test, "right"),
    Column("time", "time", 7, lambda row: (row.time, "muted"), "right"),
]


class CompareScreen(Screen[None]):
    """``slots``: the runs, each with the number that gives its colour and mark, which others do not change."""

    app: "TrainerApp"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NORMAL_WIDTH, "-normal")]
    BINDINGS = bindings(COMPARE)
    AUTO_FOCUS = "#settings"

    def __init__(self, slots: dict[Path, int]) -> None:
        super().__init__(id="compare")
        self.slots = dict(sorted(slots.items(), key=lambda each: each[1]))
        self.found: dict[Path, ComparedRun] = {}
        self.metric, self.split, self.axis = METRICS[0], SPLITS[0], AXES[0]
        self.everything = False
        self._feeds: dict[Path, Feed] = {}
        self._drawn: dict[Path, tuple[object, int, float]] = {}

    def compose(self) -> ComposeResult:
        """Chart, figures, settings."""
        yield Header("runs")
        yield Container(id="chart")
        with Container(id="tables"):
            yield Table[Result](RESULTS, cursor=False, id="results", classes="panel")
            yield Table[SettingRow]([], empty=["The runs are being read."], cursor=False, id="settings", classes="panel")
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the runs beside the screen; then follow those at work."""
        results = self.query_one("#results", Table)
        results.border_title = "Best and last"
        results.columns = result_columns([path.name for path in self.slots])
        self.query_one(Header).subject = f"{len(self.slots)} runs side by side"
        self._new_chart()
        self._read()

    def on_resize(self, event: events.Resize) -> None:
        """Beside the settings, the figures take what they need and no more."""
        results = self.query_one("#results", Table)
        beside = event.size.width >= NORMAL_WIDTH
        results.styles.width = min(MOST_RESULTS, sum(column.width + 1 for column in results.columns if column.key != "state") + PANEL_EDGES) if beside else None

    @work(thread=True, exclusive=True, group="compare")
    def _read(self) -> None:
        found, feeds = {}, {}
        for path in self.slots:
            try:
                found[path] = each = read_compared(RunFolder(path))
            except OSError:
                continue
            if each.state in LIVE:
                feeds[path] = Feed(path, clock=self.app.now)
                feeds[path].load()
                each.history = feeds[path].history
        self.app.call_from_thread(self._there, found, feeds)

    def _there(self, found: dict[Path, ComparedRun], feeds: dict[Path, Feed]) -> None:
        if not self.is_mounted:
            return
        self.found, self._feeds = found, feeds
        self._settings()
        self._new_chart()
        self._draw()
        if feeds:
            self.set_interval(EVERY, self._follow)

    def _follow(self) -> None:
        news = [path for path, feed in self._feeds.items() if feed.poll()]
        for path in news:
            self.found[path].status = self._feeds[path].status
        if news and self.is_current:
            self._draw()

    def about_this(self) -> About:
        """What is drawn."""
        topic = METRIC_TOPICS[self.metric.column]
        return About(title_of(topic), tuple(dict.fromkeys((topic, "figure.accuracy", "figure.loss"))))

    # --- drawing

    def _new_chart(self) -> None:
        box, metric = self.query_one("#chart"), self.metric
        over = "" if metric.column not in MEASURED else f" {glyphs().separator} {self.split}"
        unit = {"time": "s"}.get(self.axis, self.axis)
        chart = LineChart(
            f"{metric.title}{over}", [run_style(slot, path.name, str(path)) for path, slot in self.slots.items()], x_unit=unit, decimals=metric.decimals, unit=metric.unit,
            y_min=metric.low, y_max=metric.high, empty="no such figures in these runs" if self.found else "the runs are being read", classes="panel",
        )  # fmt: skip
        self._drawn = {}
        box.remove_children()
        box.mount(chart)
        self._chart = chart

    def _draw(self) -> None:
        furthest = 0.0
        for path, each in self.found.items():
            xs, ys = series(each.history, self.metric.column, self.split, self.axis)
            furthest = max([furthest, *xs[-1:]])
            state = (each.history.steps.cuts, len(xs), xs[-1] if xs else 0.0)
            if self._drawn.get(path) != state:
                self._drawn[path] = state
                self._chart.clear(str(path))
                self._chart.extend(str(path), xs, [self.metric.scale * value for value in ys])
        planned = [each.history.started.total_epochs for each in self.found.values() if each.history.started and each.state in LIVE] if self.axis == "epoch" else []
        self._chart.set_range(0.0, max([furthest, *planned]) or None)
        self.query_one("#results", Table).show([_result(self.slots[path], each) for path, each in self.found.items()])

    def _settings(self) -> None:
        rows = compared_settings(list(self.found.values()))
        shown = rows if self.everything else [row for row in rows if row.differs]
        table = self.query_one("#settings", Table)
        width = min(LONGEST_KEY, max((cell_len(setting_name(row.key)) for row in shown), default=SHORTEST))
        columns: list[Column[SettingRow]] = [Column("key", "setting", min(2 * SHORTEST, width), lambda row: (setting_name(row.key), "" if row.differs else "muted"), grows=True, most=width)]
        for number, (path, each) in enumerate(self.found.items()):

            def value(row: SettingRow, number: int = number) -> tuple[str, str]:
                return row.texts[number], "" if row.differs else "muted"

            title = f"{glyphs().runs[self.slots[path]]} {each.name}"
            width = min(LONGEST_VALUE, max([cell_len(title), *(cell_len(row.texts[number]) for row in shown)]))
            columns.append(Column(str(path), title, min(SHORTEST, width), value, grows=True, most=width))
        table.columns = columns
        table.empty = ["They have the same settings."]
        table.show(shown)
        table.refresh()
        differing = sum(row.differs for row in rows)
        table.border_title = "All settings" if self.everything else f"Settings that differ: {differing}"

    # --- what one can do

    def _again(self) -> None:
        self._new_chart()
        self._draw()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The split is asked of accuracy and loss only."""
        return self.metric.column in MEASURED if action == "split" else True

    def action_metric(self, by: int) -> None:
        """The next one."""
        self.metric = METRICS[(METRICS.index(self.metric) + by) % len(METRICS)]
        self._again()

    def action_split(self) -> None:
        """The next one."""
        self.split = SPLITS[(SPLITS.index(self.split) + 1) % len(SPLITS)]
        self._again()

    def action_axis(self) -> None:
        """The next one."""
        self.axis = AXES[(AXES.index(self.axis) + 1) % len(AXES)]
        self._again()

    def action_everything(self) -> None:
        """All settings, or those that differ."""
        self.everything = not self.everything
        self._settings()

    def action_log_scale(self) -> None:
        """And back."""
        self._chart.toggle_log()

    def action_window(self) -> None:
        """Recent part or all."""
        self._chart.toggle_window()

    def action_cursor(self, by: int) -> None:
        """Read the curves."""
        self._chart.move_cursor(by)

    def action_back(self) -> None:
        """To the runs."""
        self.dismiss()


def result_columns(names: Sequence[str]) -> list[Column[Result]]:
    """As wide as what stands in them; the time, and then the state, only where all others are there whole."""
    name = max(3, min(LONGEST_NAME, max(map(cell_len, names), default=0)))
    columns = [replace(column, width=name) if column.key == "name" else column for column in RESULTS]
    total = sum(column.width + 1 for column in columns)
    room = {"state": total, "time": total - next(column.width + 1 for column in columns if column.key == "state")}
    return [replace(column, from_width=room.get(column.key, 0)) for column in columns]


def setting_name(key: str) -> str:
    """A setting's key as it stands here: most are of the training, which need not be said in every line."""
    return key.removeprefix("training.")


def _result(slot: int, each: ComparedRun) -> Result:
    best, last = best_figures(each.history), last_figures(each.history)
    validation, test = best.get("validation"), best.get("test") or last.get("test")
    newest = last.get("validation")
    elapsed = each.history.elapsed
    return Result(
        slot, each.name, each.state, f"{100 * validation.accuracy:.2f}" if validation else "", f"{validation.epoch:.2f}" if validation else "",
        f"{100 * newest.accuracy:.2f}" if newest else "", f"{newest.loss:.4f}" if newest else "", f"{100 * test.accuracy:.2f}" if test else "", clock(elapsed) if elapsed else "",
    )  # fmt: skip
