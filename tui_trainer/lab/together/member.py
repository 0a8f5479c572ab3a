"""A training loop that takes its steps together with others."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from tui_trainer.config import Recipe
from tui_trainer.training.batches import Batches, Position
from tui_trainer.training.device import chance_of, set_chance
from tui_trainer.training.loop import TICK, Loop
from tui_trainer.training.steps import Step, Stepped

Chunk = tuple[Tensor, Tensor]
"""Images, ready for the network or named by their places, and targets."""
Shared = dict[tuple[str, int], tuple[object, Any]]
"""What was made last of a kind for a seed: for which place of the training, and what it is."""
STRETCH = 16
"""Steps that a member asks for at once: between two looks at the world there are hundreds, and coming and going for each costs a tenth of it."""


class Stretch(NamedTuple):
    """What S steps need."""

    images: Tensor
    """(S, B, C, H, W) ready for the network, or their places in the set (S, B)."""
    targets: Tensor
    """(S, B) or soft (S, B, K)"""
    rates: list[float]
    """The learning rate of each step."""

    @property
    def steps(self) -> int:
        """S"""
        return len(self.rates)

    def part(self, which: slice) -> "Stretch":
        """Some of the steps."""
        return Stretch(self.images[which], self.targets[which], self.rates[which])


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

    def take(self, member: "MemberLoop", stretch: Stretch) -> Taken:
        """Wait for the others, take the steps together, and return this member's part."""
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

    def stretches(self, position: Position, batch_size: int, smallest: int, most: Callable[[], int]) -> Iterator[Chunk]:
        """What :meth:`rest_of_epoch` gives, up to ``most()`` batches at a time: (S, B, ...) each."""
        for ready, targets in self.rest_of_chunks(position, batch_size):
            first = 0
            while (left := len(targets) - first) >= min(smallest, batch_size):
                size = min(batch_size, left)
                which = slice(first, first + size * min(left // size, most()))
                yield ready[which].view(-1, size, *ready.shape[1:]), targets[which].view(-1, size, *targets.shape[1:])
                first = which.stop

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

    batches: MemberBatches

    def __init__(self, meeting: Meeting, random_state: Tensor, *arguments: Any) -> None:
        """``random_state`` is the device's generator's as it is after the network was built: dropout goes on from it."""
        super().__init__(*arguments)
        self.meeting = meeting
        self.tick = TICK * meeting.size  # all of them tell as often as a run alone does
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

    def _train_pass(self) -> None:
        """See :meth:`Loop._train_pass`."""
        for images, targets in self.batches.stretches(self.position, self.recipe.batch_size, self.planned.smallest_batch, self._most):
            steps, self.batch = images.shape[:2]
            rates = [float(self.optimiser.lr)] * steps if self.constant_rate else [self.rate(ahead) for ahead in range(steps)]
            losses, last = self.meeting.take(self, Stretch(images, targets, rates))
            self.optimiser.lr = rates[-1]
            self.losses.append(losses)
            if self.average:
                self._fold_average()
            self._trained(steps, last, targets[-1])
            if self.step >= self.planned.end:
                break

    def _most(self) -> int:
        """Steps to ask for next."""
        return 1 if self.average else min(STRETCH, self.next_stop - self.step)

    def steps_alone(self, stretch: Stretch) -> Taken:
        """The steps without the others."""
        steps = [self._step_alone(*step) for step in zip(*stretch, strict=True)]
        return Taken(torch.stack([each.loss for each in steps]), steps[-1])

    def _step_alone(self, images: Tensor, targets: Tensor, rate: float) -> Stepped:
        self.optimiser.lr = rate
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
