"""A training loop that takes its steps together with others."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from tui_trainer.config import Recipe
from tui_trainer.training.batches import Batches
from tui_trainer.training.device import chance_of, set_chance
from tui_trainer.training.loop import TICK, Loop
from tui_trainer.training.steps import Step, Stepped

Chunk = tuple[Tensor, Tensor]
"""Images, ready for the network or named by their places, and targets."""
Shared = dict[tuple[str, int], tuple[object, Any]]
"""What was made last of a kind for a seed: for which place of the training, and what it is."""
STRETCH = 16
"""Steps that a member asks for at once: between two looks at the world there are hundreds, and coming and going for each costs a tenth of it."""


class Batch(NamedTuple):
    """What a step needs."""

    images: Tensor
    """(B, C, H, W) ready for the network, or their places in the set (B,)."""
    targets: Tensor
    """(B,) or soft (B, K)"""
    rate: float
    """Learning rate."""


class Taken(NamedTuple):
    """What becomes of the steps that were asked for."""

    losses: Tensor
    """(S,), before each of the updates."""
    last: Stepped


class Meeting(Protocol):
    """Where members meet."""

    shared: Shared
    size: int
    """Members at first."""

    def take(self, member: "MemberLoop", batches: list[Batch]) -> Taken:
        """Wait for the others, take a batched step for each batch, and return this member's part."""
        ...

    def rest(self, member: "MemberLoop") -> None:
        """Let the others go on for a moment."""
        ...


class MemberBatches(Batches):
    """Batches of members, who are at the same place of their passes: what is the same for some of them is made once.

    Images are named by their places in the set alone, int64 (B,): where members meet, all of them are prepared in one go.
    Augmented ones are prepared here, once for each seed.
    """

    def __init__(self, shared: Shared, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.shared = shared

    def chunks(self, epoch: int, start: int, size: int) -> Iterator[Chunk]:
        """See :meth:`Batches.chunks`; images are in memory, so nothing is read ahead."""
        places = self._places(epoch)
        if self.data.augment is None:
            yield places[start:], self.data.train.labels[places[start:]]
            return
        for first in range(start, self.images, size):
            wanted = places[first : first + size]
            yield self._once("prepared", (epoch, first, size), partial(self._augmented, wanted, epoch, first))

    def _augmented(self, places: Tensor, epoch: int, start: int) -> Chunk:
        return self.prepared(*self.data.train.read(places), epoch, start)

    def _places(self, epoch: int) -> Tensor:
        def drawn() -> Tensor:
            order = self.order(epoch)
            return torch.arange(self.images, device=self.data.train.labels.device) if order is None else order

        found: Tensor = self._once("places", epoch, drawn)
        return found

    def _once(self, what: str, place: object, make: Callable[[], Any]) -> Any:
        known = self.shared.get((what, self.seed))
        if known is None or known[0] != place:
            self.shared[what, self.seed] = known = place, make()
        return known[1]


class MemberLoop(Loop):
    """An ordinary loop whose steps are part of a batched one; everything between the steps is its own."""

    def __init__(self, meeting: Meeting, random_state: Tensor, *arguments: Any) -> None:
        """``random_state`` is the device's generator's as it is after the network was built: dropout goes on from it."""
        super().__init__(*arguments)
        self.meeting = meeting
        self.tick = TICK * meeting.size  # all of them tell as often as a run alone does
        self.asked: list[Batch] = []
        self.batches = MemberBatches(meeting.shared, self.data, self.training.seed, self.training.shuffle, self.prepared.channels_last)
        self.generator = torch.Generator(self.device if self.device.type == "cuda" else "cpu")
        self.generator.set_state(random_state)
        self._save = self.save
        self.save = self._save_own

    def train(self) -> None:
        """See :meth:`Loop.train`."""
        if self.step:
            self.generator.set_state(chance_of(self.device))  # which a checkpoint was just restored to
        super().train()

    def make_step(self, recipe: Recipe) -> Step:
        """The step it would take without the others."""
        self.alone = self.plain_step(recipe)
        return self.alone

    def _train_step(self, images: Tensor, targets: Tensor) -> None:
        """Ask for the step; where it is time to look up after it, or it is one of many, they are taken."""
        if self.asked and len(self.asked[0].images) != len(images):
            self._take_asked()
        rate = float(self.optimiser.lr) if self.constant_rate else self.rate(len(self.asked))
        self.asked.append(Batch(images, targets, rate))
        if self.step + len(self.asked) >= self.next_stop or len(self.asked) >= (1 if self.average else STRETCH):
            self._take_asked()

    def _take_asked(self) -> None:
        asked, self.asked = self.asked, []
        steps, targets = len(asked), asked[-1].targets
        self.batch = len(asked[0].images)
        losses, last = self.meeting.take(self, asked)
        self.losses.append(losses)
        if self.average:
            self._fold_average()
        self._trained(steps, last, targets)

    def step_alone(self, batch: Batch) -> Stepped:
        """One step without the others."""
        images, targets, self.optimiser.lr = batch
        if images.dim() == 1:
            images = self.batches.prepared(*self.data.train.read(images), self.position.epoch, self.position.seen)[0]
        set_chance(self.device, self.generator.get_state())
        stepped = self.alone(images, targets)
        self.generator.set_state(chance_of(self.device))
        return stepped

    def _save_own(self, reason: str) -> None:
        set_chance(self.device, self.generator.get_state())  # what a checkpoint keeps is what this run alone would have
        self._save(reason)

    def rest(self) -> None:
        """While this one is paused, the others train."""
        self.meeting.rest(self)
