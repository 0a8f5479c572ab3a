"""The layers of any network by the places and names of its table, and what comes out of each."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from tui_trainer.asking.answers import LayerInfo
from tui_trainer.config import ConfigError
from tui_trainer.config.errors import nearest
from tui_trainer.models.probe import module_summary
from tui_trainer.network import summarise
from tui_trainer.training.inference import Trained

Take = Callable[["Tap", Tensor], None]


@dataclass(frozen=True, slots=True)
class Tap:
    """A layer whose output can be looked at."""

    info: LayerInfo
    module: nn.Module
    call: int
    """Which call of the module in one forward pass, from 0: networks may use one module several times."""

    @property
    def rectifies(self) -> bool:
        """Whether its zeros are those of a ReLU."""
        return isinstance(self.module, nn.ReLU | nn.ReLU6)


def taps(trained: Trained) -> tuple[Tap, ...]:
    """Every row of the network's table that has a module, in the order in which they run."""
    config, shape, classes = trained.config, trained.preprocess.shape, len(trained.classes)
    summary = summarise(config.network, shape, classes) if config.network.kind == "layers" else module_summary(trained.model, shape, classes)
    modules = dict(trained.model.named_modules())
    calls: Counter[str] = Counter()
    found = []
    for row in summary.layers[1:]:  # the first is the input
        module = modules.get("" if row.place == "model" else row.place)
        if module is None:
            continue
        call = calls[row.place]
        calls[row.place] += 1
        place = f"{row.place}:{call + 1}" if call else row.place
        found.append(Tap(LayerInfo(place, row.name, tuple(row.output), row.parameters), module, call))
    return tuple(found)


def find_tap(all_taps: Sequence[Tap], place: str) -> Tap:
    """The layer at ``place``. Raises ConfigError that names the nearest."""
    for tap in all_taps:
        if tap.info.place == place:
            return tap
    places = [tap.info.place for tap in all_taps]
    raise ConfigError(f"layer {place}: the network has none there{nearest(place, places)}; there are {', '.join(places)}")


@contextmanager
def tapped(model: nn.Module, chosen: Sequence[Tap], take: Take) -> Iterator[None]:
    """Forward passes of ``model`` in here tell ``take`` the output (B, ...) of each chosen layer.

    It must copy what it keeps: the next layer may overwrite it.
    """
    by_module: dict[nn.Module, dict[int, Tap]] = {}
    for tap in chosen:
        by_module.setdefault(tap.module, {})[tap.call] = tap
    calls: Counter[nn.Module] = Counter()

    def anew(*_: Any) -> None:
        calls.clear()

    def note(module: nn.Module, _: Any, output: Any) -> None:
        tap = by_module[module].get(calls[module])
        calls[module] += 1
        if tap is not None and isinstance(output, Tensor):
            take(tap, output.detach())

    handles = [model.register_forward_pre_hook(anew), *(module.register_forward_hook(note) for module in by_module)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
