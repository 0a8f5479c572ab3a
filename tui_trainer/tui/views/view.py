"""What all views of Inspect have in common: when they ask, and for what."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from textual.containers import Container

from tui_trainer.asking.questions import Split, Weights

if TYPE_CHECKING:
    from tui_trainer.tui.screens.inspect import InspectScreen


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at."""

    run: str
    """The run folder's path."""
    checkpoint: str
    """``best``, ``last``, a file's name, or empty for the run's result."""
    split: Split
    round: int = 0
    """Goes up when the same is to be looked at anew."""

    @property
    def weights(self) -> Weights:
        """The network."""
        return Weights(self.run, self.checkpoint)


class View(Container):
    """One view. It asks when it comes to the front, or when its subject changes while it is there."""

    MAIN: ClassVar[str] = ""
    """The part that takes the keys."""
    BY_SPLIT: ClassVar[bool] = True
    """Whether what it shows depends on the split."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, classes="view")
        self.loaded_for: Subject | None = None
        self.waits = False
        """Whether nothing is there yet, so that it says what is being done."""

    @property
    def inspect(self) -> "InspectScreen":
        """The screen it stands on."""
        return cast("InspectScreen", self.screen)

    def enter(self) -> None:
        """It is in front: take the keys, and catch up."""
        if self.MAIN:
            self.query_one(self.MAIN).focus()
        self.catch_up()

    def catch_up(self) -> None:
        """Ask, where what is shown is of another subject."""
        subject = self.inspect.subject
        if subject is None or self.loaded_for == subject:
            return
        self.loaded_for = subject
        self.run_worker(self.load(subject), exclusive=True, group=f"load-{self.id}")

    async def load(self, subject: Subject) -> None:
        """Ask for all there is to show of ``subject``, and show it."""

    def wait(self) -> None:
        """Nothing is there yet: say what is being done, until ``waits`` is taken back."""
        self.waits = True
        self.show_waiting(self.inspect.waiting_for)

    def show_waiting(self, text: str) -> None:
        """Say this in the place of what is waited for."""

    def forget(self) -> None:
        """What failed is asked again when it comes to the front."""
        self.loaded_for = None

    def arranged(self) -> None:
        """The screen's size class is another."""

    @property
    def narrow(self) -> bool:
        """Whether there is room for one part only."""
        return self.inspect.has_class("-narrow") or self.inspect.has_class("-short")
