"""A learning-rate range test in a process of its own (``tui-trainer find-lr --json``), followed line by line."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui_trainer.config import Config, save_config

STEPS = 200
GRACE = 2.0
"""Seconds in which the process may end by itself once it is told to."""


@dataclass(frozen=True, slots=True)
class Point:
    """One step at one learning rate."""

    learning_rate: float
    loss: float
    """Averaged over the steps before."""


@dataclass(frozen=True, slots=True)
class Suggested:
    """What the curve suggests."""

    learning_rate: float
    """Where the loss falls fastest."""
    cautious: float
    """A tenth of the rate at which it was lowest."""
    lowest_at: float
    lowest: float
    diverged_at: float | None


class RangeTest:
    """Starts with :meth:`start`; :meth:`poll` takes in what is new."""

    def __init__(self, config: Config, *, trusted: bool = False) -> None:
        self.config, self.trusted = config, trusted
        self.points: list[Point] = []
        self.suggested: Suggested | None = None
        self.problem = ""
        """Why there is no suggestion, as a sentence, once it is over."""
        self.over = False
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._rest = b""

    def start(self) -> None:
        """Start the process. Raises OSError."""
        self._folder = tempfile.TemporaryDirectory(prefix="tui-trainer-find-lr-")
        place = Path(self._folder.name)
        save_config(self.config, place / "form.toml")
        command = [
            sys.executable,
            "-m",
            "tui_trainer",
            "find-lr",
            str(place / "form.toml"),
            "--steps",
            str(STEPS),
            "--json",
            *(["--trust"] if self.trusted else []),
        ]
        with (place / "errors").open("wb") as errors:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, start_new_session=True)
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)

    def poll(self) -> bool:
        """Whether anything is new."""
        process = self._process
        if process is None or process.stdout is None or self.over:
            return False
        ended = process.poll() is not None  # before the last lines are read
        lines = self._read(process.stdout)
        for line in lines:
            self._take(line)
        if ended:
            self.over = True
            if self.suggested is None and not self.problem:
                self.problem = self._last_words()
            self._clean()
        return ended or bool(lines)

    def _read(self, stream: Any) -> list[bytes]:
        found = b""
        while chunk := stream.read(65_536):
            found += chunk
        *lines, self._rest = (self._rest + found).split(b"\n")
        return lines

    def _take(self, line: bytes) -> None:
        try:
            values = json.loads(line)
            if values["type"] == "tried" and values["smoothed"] is not None:
                self.points.append(Point(values["learning_rate"], values["smoothed"]))
            elif values["type"] == "suggested" and values["learning_rate"] is None:
                self.problem = str(values["reason"])[:1].upper() + str(values["reason"])[1:]
            elif values["type"] == "suggested":
                self.suggested = Suggested(values["learning_rate"], values["tenth_of_minimum"], values["lowest_at"], values["lowest"], values["diverged_at"])
        except (ValueError, KeyError, TypeError):
            return

    def _last_words(self) -> str:
        text = ""
        if self._folder is not None:
            with contextlib.suppress(OSError):
                text = (Path(self._folder.name) / "errors").read_text("utf-8", "replace")
        lines = [line for line in text.splitlines() if line.strip()]
        said = lines[-1].removeprefix("tui-trainer: ") if lines else "it said nothing"
        return f"The test ended without a suggestion: {said}"

    def stop(self) -> None:
        """End the process, if it is still there, and take away its files."""
        process, self.over = self._process, True
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._clean()

    def _clean(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
