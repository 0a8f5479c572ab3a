"""Histograms: weights and activations of every layer over the checkpoints, and the share of dead ReLUs."""

from collections.abc import Sequence

from textual.app import ComposeResult

from tui_trainer.asking.answers import Counts, Histograms, LayerHistograms
from tui_trainer.asking.questions import ShowHistograms
from tui_trainer.tui.actions import HISTOGRAMS, bindings
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.screens.panels import name
from tui_trainer.tui.views.view import Subject, View
from tui_trainer.tui.widgets.ridges import Ridge, Ridges

FEW = 4
"""Checkpoints below which one sees little of how anything moved."""
MORE = ("A run keeps its best and its last checkpoint. More of them show how the layers moved:", "--set training.keep_checkpoints=20 keeps the newest 20, one an epoch.")


class HistogramsView(View):
    """How the layers moved."""

    BINDINGS = bindings(HISTOGRAMS)
    MAIN = "Ridges"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.what = "weights"
        self._found: Histograms | None = None

    def compose(self) -> ComposeResult:
        """The lines."""
        yield Ridges(id="ridges", classes="panel")

    def show_waiting(self, text: str) -> None:
        """What is being done, where it will stand."""
        self.query_one(Ridges).show((), empty=text)

    async def load(self, subject: Subject) -> None:
        """Count."""
        self._found = None
        ridges = self.query_one(Ridges)
        self.wait()
        self._found = await self.inspect.ask(ShowHistograms(subject.weights, subject.split))
        self.waits = False
        if self._found is None:
            self.forget()
            ridges.show(())
            return
        self._show(self._found)

    def _show(self, found: Histograms) -> None:
        layers = found.weights if self.what == "weights" else found.activations
        few = max((len(layer.checkpoints) for layer in layers), default=0) < FEW
        self.query_one(Ridges).show(ridges_of(layers), empty="No layer has any.", foot=MORE if few else ())
        dead = dead_words(found.activations)
        over = "over the checkpoints, oldest first"
        name(self.query_one(Ridges), f"Weights {over}" if self.what == "weights" else f"Activations of {found.images} {found.split} images {over}")
        self.query_one(Ridges).border_subtitle = plain(dead)

    def action_what(self) -> None:
        """Weights or activations."""
        self.what = "activations" if self.what == "weights" else "weights"
        if self._found is not None:
            self._show(self._found)
        self.screen.refresh_bindings()

    def relabel(self, action: str, label: str) -> str:
        """What the key turns to."""
        return "Weights" if action == "what" and self.what == "activations" else label


def ridges_of(layers: Sequence[LayerHistograms]) -> list[Ridge]:
    """A heading a layer, and below it a line a checkpoint."""
    found: list[Ridge] = []
    for layer in layers:
        found.append(Ridge(plain(f"{layer.place}  {layer.name}   {layer.low:.3g} … {layer.high:.3g}"), (), 0, 0, heading=True))
        widest = max((len(f"{each.epoch:.2f}") for each in layer.checkpoints), default=0)
        for number, each in enumerate(layer.checkpoints, 1):
            marks = "".join(" " + word for word, holds in (("best", each.best), ("last", number == len(layer.checkpoints))) if holds)
            found.append(Ridge(f"  epoch {each.epoch:{widest}.2f}{marks}", each.counts, layer.low, layer.high, plain(_note(each)), _shares(each)))
    return found


def _note(each: Counts) -> str:
    return f"mean {each.mean:+.3f}  ± {each.deviation:.3f}".replace("-", "−")


def _shares(each: Counts) -> str:
    return "  ".join(f"{word} {100 * value:5.1f} %" for word, value in (("zero", each.zeros), ("dead", each.dead)) if value is not None)


def dead_words(layers: Sequence[LayerHistograms]) -> str:
    """The share of dead units of every ReLU at the newest checkpoint."""
    shares = [f"layer {layer.place}: {100 * layer.checkpoints[-1].dead:.0f} %" for layer in layers if layer.checkpoints and layer.checkpoints[-1].dead is not None]
    return f"dead ReLUs: {', '.join(shares)}" if shares else ""
