"""What happened in the app: past tense, carried from the part where it happened to the part that acts on it."""

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from tui_trainer.tui.feed import Feed


class RunAdvanced(Message):
    """The followed run has something new. A queued one is replaced, not stacked."""

    def __init__(self, feed: "Feed") -> None:
        super().__init__()
        self.feed = feed

    def can_replace(self, message: Message) -> bool:
        """A newer look makes an older one needless."""
        return isinstance(message, RunAdvanced)


class RunOpened(Message):
    """A run was chosen to be watched."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
