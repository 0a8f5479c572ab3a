"""Pair: two runs on the same images, what one gets right and the other wrong."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from textual.app import ComposeResult

from tui_trainer.asking.answers import Pair
from tui_trainer.asking.questions import Compare, Weights
from tui_trainer.runs.listing import list_runs
from tui_trainer.tui.actions import PAIR, bindings
from tui_trainer.tui.controls.table import Column, Table
from tui_trainer.tui.screens.dialogs import Option, Pick
from tui_trainer.tui.screens.panels import name
from tui_trainer.tui.views.images import ImagesPanel
from tui_trainer.tui.views.listing import Listing, Page
from tui_trainer.tui.views.shown import pair_tile_of
from tui_trainer.tui.views.view import Subject, View
from tui_trainer.tui.widgets.gallery import Tile
from tui_trainer.tui.wording import thousands

Kind = Literal["first", "second", "both", "neither"]


@dataclass(frozen=True, slots=True)
class Group:
    """Images that the two networks stand to alike."""

    kind: Kind
    words: str
    images: int
    share: float


GROUPS = [
    Column[Group]("words", "who is right", 12, lambda group: (group.words, "bold"), grows=True),
    Column[Group]("images", "images", 7, lambda group: thousands(group.images), "right"),
    Column[Group]("share", "%", 6, lambda group: f"{100 * group.share:.2f}", "right"),
]


class PairView(View):
    """This run, and another."""

    BINDINGS = bindings(PAIR)
    MAIN = "#groups"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.second: Path | None = None
        self.kind: Kind = "first"

    def compose(self) -> ComposeResult:
        """The groups, the pictures."""
        yield Table[Group](GROUPS, empty=["o chooses the run", "to compare with."], id="groups", classes="panel")
        yield ImagesPanel(self._tile, view="pair", id="pair-images", captions=3)

    def on_mount(self) -> None:
        """Name the table."""
        self.query_one("#groups").border_title = "Two runs"

    def _tile(self, image: object, listing: Listing) -> Tile:
        from tui_trainer.asking.answers import PairImage

        assert isinstance(image, PairImage)
        return pair_tile_of(image, listing.classes, ("", ""))

    @property
    def images(self) -> ImagesPanel:
        """The pictures."""
        return self.query_one(ImagesPanel)

    def _question(self, subject: Subject) -> Compare:
        return Compare(subject.weights, Weights(str(self.second)), subject.split, self.kind)

    def show_waiting(self, text: str) -> None:
        """What is being done, where it will stand."""
        self.images.clear(text)

    async def load(self, subject: Subject) -> None:
        """Counts and pictures."""
        table = self.query_one(Table)
        if self.second is None or str(self.second) == subject.run:
            self.second = None
            table.show([])
            self.images.clear("No second run yet: o chooses one.")
            return
        self.wait()
        question = self._question(subject)
        found: list[Pair] = []

        async def fetch(offset: int, limit: int) -> Page | None:
            answer = await self.inspect.ask(replace(question, offset=offset, limit=limit))
            if answer is None:
                return None
            found[:] = [answer]
            return Page(answer.total, answer.images)

        first = await fetch(0, 1)
        self.waits = False
        if first is None:
            self.forget()
            self.images.clear("")
            return
        answer = found[0]
        groups = groups_of(answer, Path(subject.run).name, self.second.name)
        table.show(groups, key=lambda group: group.kind)
        table.cursor = next(number for number, group in enumerate(groups) if group.kind == self.kind)
        table.border_subtitle = f"McNemar p {answer.p_value:.2g}"
        name(table, f"1 {Path(subject.run).name} · 2 {self.second.name}")
        words = groups[table.cursor].words
        await self.images.show(Listing(subject, words, answer.classes, fetch), f"None: {words} never happens here.")
        name(self.images, f"Right: {words} · {thousands(answer.total)}")
        self.inspect.tell_checkpoint(answer.first, (answer.both + answer.only_first) / max(1, sum(group.images for group in groups)))

    def on_table_moved(self, event: Table.Moved) -> None:
        """Another group's images."""
        event.stop()
        if isinstance(event.item, Group) and event.item.kind != self.kind:
            self.kind = event.item.kind
            self.forget()
            self.catch_up()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Its pictures take the keys."""
        event.stop()
        self.images.gallery.focus()

    def action_size(self) -> None:
        """Thumbnails, or whole pixels."""
        self.images.gallery.toggle_small()

    def action_other(self) -> None:
        """Choose the other run."""
        subject = self.inspect.subject
        if subject is None:
            return

        def chosen(option: Option | None) -> None:
            if option is not None:
                self.second = Path(str(option.value))
                self.forget()
                self.catch_up()

        others = _runs(self.inspect.app.root, Path(subject.run))
        if not others:
            self.notify("No other run is on the same data: 1 Design trains one.", markup=False)
            return
        self.app.push_screen(Pick("Compare with, of the same data", others, str(self.second)), chosen)


def _runs(root: Path, but: Path) -> list[Option]:
    """The other runs on the same data, which alone can be compared image by image."""
    data = _data_of(but)
    found = []
    for each in list_runs(root):
        if each.run.path.resolve() == but.resolve() or each.status is None or _data_of(each.run.path) != data:
            continue
        best = each.status.summary.get("best", {}) if isinstance(each.status.summary, dict) else {}
        accuracy = best.get("validation", {}).get("accuracy") if isinstance(best, dict) and isinstance(best.get("validation"), dict) else None
        found.append((each, each.status.preset or "", each.status.state, f"best {100 * accuracy:6.2f} %" if accuracy else ""))
    wide = max((len(preset) for _, preset, _, _ in found), default=0)
    return [Option(str(each.run.path), each.run.name, f"{preset:{wide}}  {state:8}  {best}".rstrip()) for each, preset, state, best in found]


def _data_of(run: Path) -> tuple[object, ...]:
    """What data a run is of: the set, and where it lies where that is a person's own."""
    try:
        data = tomllib.loads((run / "config.toml").read_text("utf-8")).get("data", {})
    except (OSError, ValueError):
        return ()
    return (data.get("dataset"), data.get("directory") if data.get("dataset") in ("folder", "npz") else None)


def groups_of(answer: Pair, first: str, second: str) -> Sequence[Group]:
    """The four groups, those that tell the two apart first."""
    total = max(1, answer.both + answer.only_first + answer.only_second + answer.neither)
    return [
        Group("first", f"only {first}", answer.only_first, answer.only_first / total),
        Group("second", f"only {second}", answer.only_second, answer.only_second / total),
        Group("neither", "neither", answer.neither, answer.neither / total),
        Group("both", "both", answer.both, answer.both / total),
    ]
