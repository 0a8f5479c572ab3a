"""The process that the app asks: questions come in on one pipe, answers go out on another (see :mod:`tui_trainer.asking.wire`)."""

import multiprocessing
import os
import threading
import time
import traceback
from typing import BinaryIO

from tui_trainer.asking.message import Message
from tui_trainer.asking.wire import Asked, UnknownQuestionError, decode_question, encode_answer, encode_told
from tui_trainer.config import ConfigError
from tui_trainer.inspection.breath import Breathe, GivenUp
from tui_trainer.inspection.desk import Desk, is_quick
from tui_trainer.inspection.inspection import Inspection

TOLD_EVERY = 0.1
"""Seconds between words of progress."""


class Server:
    """Answers one question at a time; quick ones also between the chunks of a long one."""

    def __init__(self, inspection: Inspection, questions: BinaryIO, answers: BinaryIO) -> None:
        self.inspection, self.questions, self.answers = inspection, questions, answers
        self.desk = Desk(lambda number: self._send(encode_told(id=number, superseded=True)))
        self._sending = threading.Lock()
        self._subject, self._told = (0, ""), 0.0

    def serve(self) -> None:
        """Answer until the questions' pipe closes; then the process ends at once, whatever it is doing."""
        threading.Thread(target=self._read, daemon=True).start()
        self._send(encode_told(ready=True))
        while True:
            self._work(self.desk.take_up())

    def _read(self) -> None:
        for line in self.questions:
            try:
                self.desk.lay_down(decode_question(line))
            except UnknownQuestionError as error:
                self._send(encode_told(id=error.number, error=str(error)))
        _leave()

    def _work(self, asked: Asked) -> None:
        assert asked.question is not None
        try:
            line = encode_answer(asked.id, self._answer(asked))
        except GivenUp:
            line = b""
        except ConfigError as error:
            line = encode_told(id=asked.id, error=str(error))
        except MemoryError:
            line = encode_told(id=asked.id, error="there is not enough memory for this")
        except OSError as error:
            line = encode_told(id=asked.id, error=f"{f'{error.filename}: ' if error.filename else ''}{error.strerror or error}")
        except Exception as error:  # a fault of ours, or of a person's own module: said, and the process goes on
            traceback.print_exc()
            reason = " ".join(str(error).split())[:200]
            line = encode_told(id=asked.id, error=f"this could not be worked out: {type(error).__name__}{f': {reason}' if reason else ''}")
        if self.desk.finish(asked) and line:
            self._send(line)

    def _answer(self, asked: Asked) -> Message:
        assert asked.question is not None
        answer: Message = self.inspection.answer(asked.question, self._breathing(asked))
        return answer

    def _breathing(self, asked: Asked) -> Breathe:
        def breathe(what: str, done: int, total: int) -> None:
            self.desk.check(asked)
            while not is_quick(asked) and (quick := self.desk.take_up_quick()):
                self._work(quick)
            now = time.monotonic()
            if (asked.id, what) != self._subject or now - self._told >= TOLD_EVERY:
                self._subject, self._told = (asked.id, what), now
                self._send(encode_told(id=asked.id, progress=what, done=done, total=total))

        return breathe

    def _send(self, line: bytes) -> None:
        try:
            with self._sending:
                self.answers.write(line)
                self.answers.flush()
        except OSError:
            _leave()


def _leave() -> None:
    """Nobody is there any more: end now, even in the middle of a computation, and take along the processes that read images."""
    for child in multiprocessing.active_children():
        child.terminate()
    os._exit(0)
