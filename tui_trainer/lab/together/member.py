"""A training loop that takes its steps together with others."""

from collections.abc import Iterator
from typing import Any, Protocol

import torch
from torch import Tensor

from tui_trainer.config import Recipe
from tui_trainer.training.batches import Batches
from tui_trainer.training.loop import TICK, Loop
from tui_trainer.training.steps import Step, Stepped

Chunk = tuple[Tensor, Tensor]
"""Images ready for the network, and targets."""
PreparedLast = dict[int, tuple[tuple[int, int, int], Chunk]]
"""By seed: epoch, start and size of the chunk that was prepared last, and the chunk."""


class Meeting(Protocol):
    """Where members meet."""

    chunks: PreparedLast
    size: int
    """Members at first."""

    def step(self, member: "MemberLoop", images: Tensor, targets: Tensor) -> Stepped:
        """Wait for the others, take the batched step, and return this member's part."""
        ...

    def rest(self, member: "MemberLoop") -> None:
        """Let the others go on for a moment."""
        ...


class SharedBatches(Batches):
    """Batches of which members with one seed prepare each chunk once."""

    def __init__(self, prepared_last: PreparedLast, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.prepared_last = prepared_last

    def chunks(self, epoch: int, start: int, size: int) -> Iterator[Chunk]:
        """See :meth:`Batches.chunks`; images are in memory, so nothing is read ahead."""
        order = self.order(epoch)
        for first in range(start, self.images, size):
            place, known = (epoch, first, size), self.prepared_last.get(self.seed)
            if known is None or known[0] != place:
                wanted = slice(first, first + size) if order is None else order[first : first + size]
                known = place, self.prepared(*self.data.train.read(wanted), epoch, first)
                self.prepared_last[self.seed] = known
            yield known[1]


class MemberLoop(Loop):
    """An ordinary loop whose steps are part of a batched one; everything between the steps is its own."""

    def __init__(self, meeting: Meeting, random_state: Tensor, *arguments: Any) -> None:
        """``random_state`` is the CPU generator's as it is after the network was built: dropout goes on from it."""
        super().__init__(*arguments)
        self.meeting = meeting
        self.batches = SharedBatches(meeting.chunks, self.data, self.training.seed, self.training.shuffle, self.prepared.channels_last)
        self.generator = torch.Generator()
        self.generator.set_state(random_state)
        self._save = self.save
        self.save = self._save_own

    def train(self) -> None:
        """See :meth:`Loop.train`."""
        if self.step:
            self.generator.set_state(torch.get_rng_state())  # which a checkpoint was just restored to
        super().train()

    def make_step(self, recipe: Recipe) -> Step:
        """The step that waits for the others."""
        self.alone = super().make_step(recipe)
        return self._meet

    def _meet(self, images: Tensor, targets: Tensor) -> Stepped:
        return self.meeting.step(self, images, targets)

    def step_alone(self, images: Tensor, targets: Tensor) -> Stepped:
        """The step it would take without the others."""
        torch.set_rng_state(self.generator.get_state())
        stepped = self.alone(images, targets)
        self.generator.set_state(torch.get_rng_state())
        return stepped

    def _save_own(self, reason: str) -> None:
        torch.set_rng_state(self.generator.get_state())  # what a checkpoint keeps is what this run alone would have
        self._save(reason)

    def _schedule(self) -> None:
        super()._schedule()
        self.next_tick += TICK * (self.meeting.size - 1)  # all of them tell as often as a run alone does

    def rest(self) -> None:
        """While this one is paused, the others train."""
        self.meeting.rest(self)
