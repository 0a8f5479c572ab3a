"""Several runs in one process: each an ordinary run with a folder of its own, their steps taken as one."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import torch
from greenlet import getcurrent, greenlet
from torch import Tensor

from tui_trainer.config import Config
from tui_trainer.lab.together.member import MemberLoop, Shared, Stretch, Taken
from tui_trainer.lab.together.step import StackedStep
from tui_trainer.runs import RunFolder
from tui_trainer.runs.events import RunEnded
from tui_trainer.runs.lock import only_trainer
from tui_trainer.training.control import Control, signals
from tui_trainer.training.device import chance_of
from tui_trainer.training.loop import WAIT
from tui_trainer.training.prepare import Prepared, prepare
from tui_trainer.training.resume import find_resumption
from tui_trainer.training.run import Session


@dataclass(frozen=True, slots=True)
class Member:
    """A prepared run, and the state of its device's generator after its network was built."""

    prepared: Prepared
    run: RunFolder
    random_state: Tensor


def prepare_together(configs: Sequence[Config], runs: Sequence[RunFolder]) -> list[Member]:
    """Prepare runs of one group (see :mod:`tui_trainer.config.together`); they share the images. Raises ConfigError."""
    members: list[Member] = []
    for config, run in zip(configs, runs, strict=True):
        prepared = prepare(config, data=members[0].prepared.data if members else None)
        members.append(Member(prepared, run, chance_of(prepared.device)))
    return members


def train_together(members: Sequence[Member], resume: Sequence[str | None] = (), *, commands_from: int | None = None) -> list[RunEnded | Exception]:
    """Train the members to their ends; returns each one's last event, or what broke it while the others went on.

    ``resume`` names a checkpoint for each member to go on from, ``commands_from`` is as :func:`tui_trainer.training.run.train` takes it.
    Raises KeyboardInterrupt at a second signal, and ConfigError where another trainer is at work on one of the runs.
    """
    meeting = _Meeting(len(members))
    with ExitStack() as locks:
        for member in members:
            locks.enter_context(only_trainer(member.run))
        for member, checkpoint in zip(members, resume or [None] * len(members), strict=True):
            meeting.join(member, checkpoint, commands_from)
        with signals(_Everybody([each.session.control for each in meeting.seats])):
            meeting.hold()
    return [seat.end for seat in meeting.seats if seat.end is not None]


@dataclass(slots=True, eq=False)
class _Seat:
    """One member at the meeting."""

    session: Session
    loop: MemberLoop
    routine: greenlet
    asked: Stretch | None = None
    """The steps that it waits for; None while it is paused or over."""
    losses: list[Tensor] = field(default_factory=list)
    """Of those whose steps are taken while it waits for the rest, some in a row."""
    end: RunEnded | Exception | None = None


class _Everybody(Control):
    """Signals reach every member."""

    members: Sequence[Control] = ()

    def __init__(self, members: Sequence[Control]) -> None:
        super().__init__()
        self.__dict__["members"] = members

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        for each in self.members:
            setattr(each, name, value)


class _Meeting:
    """Members run as coroutines; when all that train have brought a batch, the batched step is taken."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.shared: Shared = {}
        self.seats: list[_Seat] = []
        self.of: dict[MemberLoop, _Seat] = {}
        self.host = getcurrent()
        self._stacked: StackedStep | None = None
        self._for: tuple[object, ...] = ()

    def join(self, member: Member, resume: str | None, commands_from: int | None) -> None:
        """Take a seat; the member begins when the meeting does."""

        def make_loop(*arguments: object) -> MemberLoop:
            return MemberLoop(self, member.random_state, *arguments)

        found = find_resumption(member.run, resume, member.prepared) if resume else None
        session = Session(member.prepared, member.run, (), commands_from, make_loop=make_loop)
        assert isinstance(session.loop, MemberLoop)
        seat = _Seat(session, session.loop, greenlet(lambda: session.train(found), self.host))
        self.seats.append(seat)
        self.of[session.loop] = seat

    # -- called by members, in their coroutines -------------------------------------------------------------------

    def take(self, member: MemberLoop, stretch: Stretch) -> Taken:
        """Wait for the others, take the steps together, and return this member's part."""
        self.of[member].asked = stretch
        taken: Taken = self.host.switch()
        return taken

    def rest(self, member: MemberLoop) -> None:
        """Let the others go on for a moment."""
        self.host.switch()

    # -- the host -------------------------------------------------------------------------------------------------

    def hold(self) -> None:
        """Go on until every member's run is over. Raises KeyboardInterrupt at a second signal, once all are told."""
        try:
            for seat in self.seats:
                self._go_on(seat)
            looked = time.monotonic()
            while any(seat.end is None for seat in self.seats):
                ready = [seat for seat in self.seats if seat.asked]
                if ready:
                    self._take_steps(ready)
                else:
                    time.sleep(WAIT)
                if time.monotonic() - looked >= WAIT:
                    looked = time.monotonic()
                    for seat in self.seats:
                        if seat.end is None and not seat.asked and seat not in ready:
                            self._go_on(seat)
        except KeyboardInterrupt:
            for seat in self.seats:
                if seat.end is None and not seat.routine.dead:
                    self._interrupt(seat)
            raise

    def _go_on(self, seat: _Seat, taken: Taken | None = None) -> None:
        try:
            found = seat.routine.switch(taken) if taken is not None else seat.routine.switch()
        except Exception as error:
            seat.end = error
            return
        if seat.routine.dead:
            seat.end = found

    @staticmethod
    def _interrupt(seat: _Seat) -> None:
        try:
            seat.routine.throw(KeyboardInterrupt)
        except KeyboardInterrupt as error:
            seat.end = RuntimeError(str(error))

    def _take_steps(self, ready: list[_Seat]) -> None:
        """As many steps as all of them have asked for; those who then have theirs go on."""
        loops, asked = [seat.loop for seat in ready], [seat.asked for seat in ready if seat.asked]
        count = min(stretch.steps for stretch in asked)
        if not any(seat.losses or seat.loop.losses for seat in ready):  # they waited for each other to start or to evaluate
            for loop in loops:
                loop.clock.steps_begin()
        now = [stretch.part(slice(count)) for stretch in asked]
        if len(ready) > 1 and len({(loop.stage, loop.batch) for loop in loops}) == 1:
            found = self._stack(loops)(now)
        else:
            found = [loop.steps_alone(stretch) for loop, stretch in zip(loops, now, strict=True)]
        for seat, stretch, taken in zip(ready, asked, found, strict=True):
            seat.losses.append(taken.losses)
            seat.asked = stretch.part(slice(count, None)) if stretch.steps > count else None
            if seat.asked is None:
                whole, seat.losses = taken._replace(losses=torch.cat(seat.losses)), []
                self._go_on(seat, whole)

    def _stack(self, loops: list[MemberLoop]) -> StackedStep:
        """The batched step of these loops; made anew when one pauses, goes on, ends, or a stage begins."""
        wanted = (*loops, loops[0].stage)
        if self._stacked is None or self._for != wanted:
            self._stacked, self._for = StackedStep(loops, [loop.generator for loop in loops]), wanted
        return self._stacked
