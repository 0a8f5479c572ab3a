"""The process that has torch, as the app sees it: started at the first question, asked without waiting, restarted when it died."""

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from tui_trainer.asking.message import Message, Question, Reply
from tui_trainer.asking.wire import AskingError, SupersededError, Told, decode_told, encode_drop, encode_question

State = Literal["off", "starting", "ready", "died"]
Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""
COMMAND = (sys.executable, "-m", "tui_trainer.inspection")
LONGEST_LINE = 2**28
KEPT_LINES = 20
CLOSING_SECONDS = 2.0


@dataclass(slots=True)
class _Waiting:
    """A question that has no answer yet."""

    slot: str
    future: "asyncio.Future[Message]"
    progress: Progress | None


class Inspector:
    """One process that answers questions about trained networks. For one event loop; every method returns at once or awaits.

    ``state`` is off (not started, or closed), starting (torch is being imported: 1 to 4 s), ready, or died (the next
    question starts it anew). ``on_state`` is told of every change.
    """

    def __init__(self, on_state: Callable[[State], None] | None = None, command: Sequence[str] = COMMAND) -> None:
        self.state: State = "off"
        self._on_state, self._command = on_state, tuple(command)
        self._process: asyncio.subprocess.Process | None = None
        self._readers: tuple[asyncio.Task[None], ...] = ()
        self._starting: asyncio.Lock | None = None
        self._waiting: dict[int, _Waiting] = {}
        self._said: deque[str] = deque(maxlen=KEPT_LINES)
        self._number = 0

    async def start(self) -> None:
        """Start the process where it does not run: what a screen does when it opens, so that torch is there when it is asked.

        Raises AskingError where it cannot be started.
        """
        self._starting = self._starting or asyncio.Lock()
        async with self._starting:
            if self._process is not None:
                return
            self._said.clear()
            try:
                process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
                    limit=LONGEST_LINE, start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                self._change("died")
                raise AskingError(f"the inspection process cannot be started: {error.strerror or error}") from None
            self._process = process
            self._change("starting")
            listening = asyncio.create_task(self._keep_what_is_said(process))
            self._readers = (asyncio.create_task(self._listen(process, listening)), listening)

    async def ask(self, question: Question[Reply], slot: str = "", progress: Progress | None = None) -> Reply:
        """The answer to ``question``; starts the process where it does not run.

        A newer question of the same ``slot`` (default: of the same type) supersedes this one, wherever it stands: waiting
        or being worked on. Cancelling the awaiting task drops the question. ``progress`` is told of long work.
        Raises SupersededError; AskingError, one sentence, where there is no answer or the process died.
        """
        await self.start()
        process = self._process
        if process is None or process.stdin is None:
            raise AskingError("the inspection process ended; ask again to restart it")
        self._number += 1
        number, slot = self._number, slot or type(question).__name__
        for other in [each for each in self._waiting.values() if each.slot == slot and not each.future.done()]:
            other.future.set_exception(SupersededError(slot))
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[number] = _Waiting(slot, future, progress)
        try:
            process.stdin.write(encode_question(number, slot, question))
            await process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            self._waiting.pop(number, None)
            raise AskingError(self._epitaph(process)) from None
        try:
            return await future  # type: ignore[return-value]
        except asyncio.CancelledError:
            with contextlib.suppress(OSError, RuntimeError):
                process.stdin.write(encode_drop(number))
            raise
        finally:
            self._waiting.pop(number, None)

    async def close(self) -> None:
        """End the process; open questions raise AskingError. Asking again afterwards starts a new one."""
        process, self._process = self._process, None
        self._fail_all(AskingError("the inspection process was closed"))
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        await _ended(process)
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        self._change("off")

    async def _listen(self, process: asyncio.subprocess.Process, errors: "asyncio.Task[None]") -> None:
        assert process.stdout is not None
        with contextlib.suppress(ValueError, ConnectionError):  # a line that is too long, or a pipe that broke: as if it had died
            while line := await process.stdout.readline():
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    self._take(decode_told(line))
        if self._process is not process:
            return
        self._process = None
        await _ended(process)
        await asyncio.wait([errors], timeout=CLOSING_SECONDS)
        self._change("died")
        self._fail_all(AskingError(self._epitaph(process)))

    async def _keep_what_is_said(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while piece := await process.stderr.read(4096):
            self._said.extend(line for line in piece.decode("utf-8", "replace").splitlines() if line.strip())

    def _take(self, told: Told) -> None:
        if told.ready:
            self._change("ready")
        waiting = self._waiting.get(told.id)
        if waiting is None or waiting.future.done():
            return
        if told.progress:
            if waiting.progress:
                waiting.progress(told.progress, told.done, told.total)
        elif told.superseded:
            waiting.future.set_exception(SupersededError(waiting.slot))
        elif told.answer is None:
            waiting.future.set_exception(AskingError(told.error or "no answer came"))
        else:
            waiting.future.set_result(told.answer)

    def _epitaph(self, process: asyncio.subprocess.Process) -> str:
        code = process.returncode
        how = "" if code is None else f" with signal {-code}" if code < 0 else f" with status {code}"
        last = f": {self._said[-1].strip()[:200]}" if self._said else ""
        return f"the inspection process ended{how}{last}; ask again to restart it"

    def _fail_all(self, error: AskingError) -> None:
        for each in list(self._waiting.values()):
            if not each.future.done():
                each.future.set_exception(error)

    def _change(self, state: State) -> None:
        if state != self.state:
            self.state = state
            if self._on_state:
                self._on_state(state)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait for a process that was told to end, or lost its pipe; after a while it is killed, with the processes that read images for it.

    Not by ``process.kill``: that looks whether it lives, and so takes the exit status from under asyncio's nose.
    """
    try:
        await asyncio.wait_for(process.wait(), CLOSING_SECONDS)
    except asyncio.TimeoutError:  # noqa: UP041
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
