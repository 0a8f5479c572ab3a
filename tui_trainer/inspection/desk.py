"""Questions on their way to being answered: the newest of each slot, quick ones first."""

import threading
from collections.abc import Callable
from typing import Any

from tui_trainer.asking.questions import FromSplit, Predict, ShowFeatures, ShowSaliency
from tui_trainer.asking.wire import Asked
from tui_trainer.inspection.breath import GivenUp


def is_quick(asked: Asked) -> bool:
    """Whether a question is answered between the chunks of longer work: those of one image that lies in no data set."""
    question: Any = asked.question
    return isinstance(question, Predict | ShowFeatures | ShowSaliency) and not isinstance(question.image, FromSplit)


class Desk:
    """Where one thread lays down questions and another takes them up."""

    def __init__(self, superseded: Callable[[int], None]) -> None:
        """``superseded`` is told the id of every question that will not be answered because a newer one of its slot came."""
        self._superseded = superseded
        self._waiting: dict[str, Asked] = {}
        self._working: list[Asked] = []
        self._given_up: set[int] = set()
        self._changed = threading.Condition()

    def lay_down(self, asked: Asked) -> None:
        """A new question takes the place of one of its slot; None as question withdraws the one of its id."""
        gone: list[int] = []
        with self._changed:
            if asked.question is None:
                self._waiting = {slot: each for slot, each in self._waiting.items() if each.id != asked.id}
                self._given_up |= {each.id for each in self._working if each.id == asked.id}
                return
            older = self._waiting.pop(asked.slot, None)
            working = [each.id for each in self._working if each.slot == asked.slot and each.id not in self._given_up]
            gone = working + ([older.id] if older else [])
            self._given_up |= set(working)
            self._waiting[asked.slot] = asked
            self._changed.notify()
        for number in gone:
            self._superseded(number)

    def take_up(self) -> Asked:
        """The next question, quick ones first, else the one that has waited longest; waits for one."""
        with self._changed:
            while not self._waiting:
                self._changed.wait()
            return self._take(next((each for each in self._waiting.values() if is_quick(each)), next(iter(self._waiting.values()))))

    def take_up_quick(self) -> Asked | None:
        """A quick question, if one waits."""
        with self._changed:
            found = next((each for each in self._waiting.values() if is_quick(each)), None)
            return self._take(found) if found else None

    def _take(self, asked: Asked) -> Asked:
        del self._waiting[asked.slot]
        self._working.append(asked)
        return asked

    def finish(self, asked: Asked) -> bool:
        """The question is done; whether somebody still waits for its answer."""
        with self._changed:
            self._working.remove(asked)
            wanted = asked.id not in self._given_up
            self._given_up.discard(asked.id)
            return wanted

    def check(self, asked: Asked) -> None:
        """Raises GivenUp where nobody waits for the answer any more."""
        if asked.id in self._given_up:
            raise GivenUp
