"""Reading the history of a run from disk in one quick pass.

A run of an hour has a million events of 230 bytes. ``event`` is the first key of each line, so kinds are told
apart without parsing, and of the steps only every k-th is decoded: enough for any screen.
"""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tui_trainer.runs.bounded import open_regular
from tui_trainer.runs.events import BoundaryDrawn, Event, RunStarted, StepsTrained, decode
from tui_trainer.runs.history import RECENT, STEP_COLUMNS, History, Track, newest_of
from tui_trainer.runs.lines import BLOCK, Lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

READ_POINTS = 8_192
"""Of a long run so many, and up to twice as many, are read: chosen by decoding one step in so many."""
STEP_LINE = b'{"event":"StepsTrained"'
BOUNDARY_LINE = b'{"event":"BoundaryDrawn"'
START_LINE = b'{"event":"RunStarted"'
TELLING = (10, 13, 22)
"""Where a line of StepsTrained has an S, a p and a quotation mark: no other kind has all of them there."""
END_OF_LINE = ord("\n")
STEP_BYTES = 230
"""About the length of a line of StepsTrained."""
AT_ONCE = 512
"""Lines of steps that are decoded together."""
WHOLE, PLACES = ("step", "memory_bytes"), ("time", "epoch", "elapsed")
KINDS = {"time": {int, float}} | {name: {int} if name in WHOLE else {int, float} if name in PLACES else {int, float, type(None)} for name in STEP_COLUMNS}
"""What the values of a step may be in JSON; a figure may be none."""
LARGEST = 2.0**62


def read_history(path: Path) -> tuple[History, int]:
    """The history that ``events.jsonl`` at ``path`` tells, and the offset from which to follow it on.

    A file that is not there is an empty history. A torn last line is left for the follower.
    Raises OSError where it cannot be read or is no ordinary file.
    """
    history = History()
    try:
        size = os.stat(path).st_size  # noqa: PTH116
    except FileNotFoundError:
        return history, 0
    every = max(1, size // STEP_BYTES // READ_POINTS)
    history.steps.stride = every
    seen, drawn, newest, boundary = 0, 0, b"", b""
    steps: list[bytes] = []
    reader, marks = Lines(path), np.empty(BLOCK, np.bool_)
    for block in reader.wholes():
        if len(block) > len(marks):
            marks = np.empty(len(block), np.bool_)
        starts, ends, trained = _lines(block, marks)
        numbers = seen + np.cumsum(trained)
        seen = int(numbers[-1])
        last = int(trained.nonzero()[0][-1]) if trained.any() else -1
        if last >= 0:
            newest = bytes(block[starts[last] : ends[last]])
        for number in np.flatnonzero(~trained | (numbers % every == 0)).tolist():
            line = bytes(block[starts[number] : ends[number]])
            if trained[number]:
                steps.append(line)
                if len(steps) >= AT_ONCE:
                    _take_steps(history, steps)
            elif line.startswith(BOUNDARY_LINE):
                drawn += 1
                boundary = line
            elif line:
                if line.startswith(START_LINE):
                    _take_steps(history, steps)
                    _take_boundary(history, boundary)
                    boundary = b""
                    newest = newest if last > number else b""  # it may be taken again
                _take(history, line)
    _take_steps(history, steps)
    history.steps.seen, history.steps._waiting = seen, seen % every
    history.damaged += reader.overlong
    history.count += seen - seen // every + drawn
    _take_boundary(history, boundary)
    if newest and seen % every:
        _take_newest(history, newest)
    history.recent = _tail(path, size)
    return history, reader.offset


def _lines(block: memoryview, marks: "NDArray[np.bool_]") -> tuple["NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.bool_]"]:
    """Where the lines of a block begin and end, and which of them are steps: told by three of their characters. ``marks`` is room to work in."""
    characters = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(np.equal(characters, END_OF_LINE, out=marks[: len(block)]))
    starts = np.concatenate((ends[:0], [0], ends[:-1] + 1))
    trained = ends - starts > len(STEP_LINE)
    for place in TELLING:
        trained &= characters[np.minimum(starts + place, len(block) - 1)] == STEP_LINE[place]
    return starts, ends, trained


def _take_steps(history: History, lines: list[bytes]) -> None:
    """Take in lines of steps, in one go where all of them are sound, and empty the list."""
    columns = _columns(lines)
    if columns is None:
        for line in lines:
            history.steps._waiting = history.steps.stride
            _take(history, line)
    elif lines:
        history.count += len(lines)
        history.steps.extend(columns)
        history.newest = newest_of(history.steps, float(columns["time"][-1]))
    lines.clear()


def _columns(lines: list[bytes]) -> "dict[str, NDArray[np.float64]] | None":
    """The values of lines of steps; None where one of them may be none, which :func:`decode` will tell."""
    try:
        rows = json.loads(b"[" + b",".join(lines) + b"]")
        if len(rows) != len(lines) or any(row["event"] != StepsTrained.__name__ for row in rows):
            return None
        values = {name: [row[name] for row in rows] for name in KINDS}
        columns = {name: np.array(column, np.float64) for name, column in values.items()}
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError):
        return None
    right = all(set(map(type, column)) <= KINDS[name] for name, column in values.items())
    return columns if right and all((np.abs(columns[name]) < LARGEST).all() for name in (*WHOLE, *PLACES)) else None


def _take(history: History, line: bytes) -> None:
    try:
        event = decode(line)
    except (ValueError, RecursionError):
        history.damaged += 1
        return
    if event is not None:
        history.observe(event)


def _take_newest(history: History, line: bytes) -> None:
    event = _decoded(line)
    if isinstance(event, StepsTrained):
        history.newest = event


def _take_boundary(history: History, line: bytes) -> None:
    try:
        event = decode(line) if line else None
    except (ValueError, RecursionError):
        history.damaged += 1
        return
    if isinstance(event, BoundaryDrawn):
        history.boundary = event


def _tail(path: Path, size: int) -> Track:
    """Every step of the file's end, not only each k-th."""
    recent = Track(STEP_COLUMNS, RECENT, newest_only=True)
    with open_regular(path) as file:
        file.seek(max(0, size - RECENT * STEP_BYTES))
        lines = file.read(RECENT * STEP_BYTES).split(b"\n")
    steps: list[bytes] = []
    for line in lines[1 if size > RECENT * STEP_BYTES else 0 : -1]:
        if line.startswith(STEP_LINE):
            steps.append(line)
        elif line.startswith(START_LINE):
            _extend(recent, steps)
            event = _decoded(line)
            if isinstance(event, RunStarted) and event.resumed_at is not None:
                recent.cut_after(event.resumed_at)
    _extend(recent, steps)
    return recent


def _extend(track: Track, lines: list[bytes]) -> None:
    """Take in lines of steps, those that are sound, and empty the list."""
    columns = _columns(lines)
    if columns is not None:
        track.extend(columns)
    else:
        for event in map(_decoded, lines):
            if isinstance(event, StepsTrained):
                track.append(event)
    lines.clear()


def _decoded(line: bytes) -> Event | None:
    try:
        return decode(line)
    except (ValueError, RecursionError):
        return None
