"""The whole thing, once: the real app in a real pseudo-terminal on the real trainer, a terminal that is closed, and coming back."""

import fcntl
import os
import pty
import random
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from conftest import REPOSITORY, run_program

from tui_trainer.runs.events import Evaluated, LearningRateChanged, Paused, RunEnded, decode
from tui_trainer.runs.status import read_status, true_status

ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()=>][0-9A-B]?")


class Terminal:
    """``tui-trainer`` in a pseudo-terminal of 100 columns."""

    def __init__(self, *arguments: str, cwd: Path, locale: str = "C.UTF-8") -> None:
        self.master, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 34, 100, 0, 0))
        env = {key: value for key, value in os.environ.items() if not key.startswith(("TEXTUAL", "TUI_TRAINER", "SSH"))}
        env |= {"TERM": "xterm-256color", "LC_ALL": locale, "PYTHONPATH": str(REPOSITORY)}
        env |= {"COLUMNS": "80", "LINES": "24"}  # exported by some shell long ago: the terminal knows better
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tui_trainer", *arguments], cwd=cwd, env=env, stdin=side, stdout=side, stderr=side, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - it does nothing else
        )  # fmt: skip
        os.close(side)
        self.shown = b""

    def read(self, seconds: float = 0.05) -> None:
        while select.select([self.master], [], [], seconds)[0]:
            try:
                block = os.read(self.master, 65536)
            except OSError:
                return
            if not block:
                return
            self.shown += ESCAPES.sub(b"", block)

    def wait(self, text: str, seconds: float = 60) -> None:
        self.until(lambda: text.encode() in self.shown, f"{text!r} never came; the last were {self.shown[-600:].decode(errors='replace')!r}", seconds)

    def until(self, holds: Callable[[], bool], otherwise: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not holds():
            self.read()
            assert time.monotonic() < end, otherwise

    def redrawn(self, pattern: bytes, otherwise: str, seconds: float = 60) -> None:
        """Have the whole screen drawn anew until ``pattern`` is on it: by itself the app writes cells that changed, and no others."""
        end = time.monotonic() + seconds
        while True:
            self.shown = b""
            self.press("\x0c")
            pause = time.monotonic() + 0.7
            while time.monotonic() < pause:
                self.read()
            if re.search(pattern, self.shown):
                return
            assert time.monotonic() < end, f"{otherwise}: {self.shown[-2000:].decode(errors='replace')!r}"

    def press(self, *keys: str) -> None:
        for key in keys:
            os.write(self.master, key.encode())
            self.read(0.1)

    def close(self) -> None:
        """As when a window is closed or a link is lost."""
        os.close(self.master)
        self.process.wait(10)


def happened(run: Path, kind: type) -> bool:
    return any(isinstance(decode(line), kind) for line in (run / "events.jsonl").read_bytes().split(b"\n")[:-1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a pseudo-terminal")
def test_train_pause_steer_close_the_terminal_come_back_and_see_it_finish(tmp_path: Path) -> None:
    (tmp_path / "long.toml").write_text('extends = "digits-mlp"\n[training]\nepochs = 60\nthreads = 1\n')
    first = Terminal(cwd=tmp_path)
    trainer = 0
    try:
        first.wait("images to train on")
        first.press("\x0f", *"long.toml", "\r")  # load
        first.redrawn(rb"tui-trainer train long\.toml", "the command never came")
        first.press("\x12")  # train
        first.until(lambda: (tmp_path / "runs").exists() and any((tmp_path / "runs").iterdir()), "no run was made")
        run = next((tmp_path / "runs").iterdir())
        first.press(" ")
        first.until(lambda: happened(run, Paused), "it did not pause", 60)
        trainer = read_status(run).pid
        first.press("l", "\x15", *"0.05", "\r")
        first.until(lambda: happened(run, LearningRateChanged), "the learning rate did not change")
        first.redrawn(rb"lr 0\.05", "the curve has no mark")

        first.close()
        assert first.process.returncode == -signal.SIGHUP or first.process.returncode is not None
        time.sleep(0.5)
        assert psutil.pid_exists(trainer)
        assert true_status(run).state == "paused"

        second = Terminal("open", cwd=tmp_path)
        try:
            second.wait(run.name)
            second.wait("paused")
            second.press(" ")
            second.until(lambda: happened(run, RunEnded), "it did not finish", 120)
            second.wait("Finished")
            second.press("q")
            second.until(lambda: second.process.poll() is not None, "it did not quit")
            second.read()
            assert second.process.returncode == 0
            assert f"tui-trainer open {run.name}".encode() in second.shown
        finally:
            second.process.kill()
        assert true_status(run).state == "finished"
        assert (run / "trainer.log").read_text() == ""
    finally:
        first.process.kill()
        if trainer and psutil.pid_exists(trainer):
            os.kill(trainer, signal.SIGKILL)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a pseudo-terminal")
def test_apps_killed_while_they_steer_leave_the_run_as_if_it_were_alone(tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text('extends = "digits-mlp"\n[training]\nepochs = 4\nthreads = 1\n')
    assert run_program("train", "short.toml", "--name", "alone", "--quiet", cwd=tmp_path).returncode == 0
    assert run_program("train", "short.toml", "--name", "steered", "--quiet", "--detach", cwd=tmp_path).returncode == 0
    assert run_program("pause", "steered", cwd=tmp_path).returncode == 0
    run, draw = tmp_path / "runs" / "steered", random.Random(4)
    trainer = true_status(run).pid
    for _ in range(3):
        app = Terminal("open", "steered", cwd=tmp_path)
        app.wait("steered")
        for _ in range(draw.randrange(1, 6)):
            app.press(draw.choice("nncNxvl\x1b"))
        time.sleep(draw.random() * 0.2)
        app.process.kill()
        app.process.wait()
        os.close(app.master)
        assert psutil.pid_exists(trainer)
    with (run / "commands.jsonl").open("ab") as file:
        file.write(b'{"command":"On')  # one was killed in the middle of a line
    run_program("continue", "steered", cwd=tmp_path)
    try:
        psutil.Process(trainer).wait(60)
    except psutil.NoSuchProcess:
        pass
    finally:
        if psutil.pid_exists(trainer):
            os.kill(trainer, signal.SIGKILL)
    assert true_status(run).state == "finished"
    assert figures(run) == figures(tmp_path / "runs" / "alone")


def figures(run: Path) -> list[tuple[str, int, float, float]]:
    events = [decode(line) for line in (run / "events.jsonl").read_bytes().split(b"\n")[:-1]]
    return [(event.split, event.step, event.loss, event.accuracy) for event in events if isinstance(event, Evaluated)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("locale", "ascii"), [("C", True), ("POSIX", True), ("C.UTF-8", False), ("xx_XX.UTF-8", False)])
def test_where_the_locale_is_not_utf_8_every_mark_is_ascii(tmp_path: Path, locale: str, ascii: bool) -> None:
    terminal = Terminal(cwd=tmp_path, locale=locale)
    try:
        terminal.wait("images to train on")
        terminal.read(0.3)
        assert terminal.shown.isascii() == ascii
    finally:
        terminal.process.kill()


@pytest.mark.parametrize("arguments", [["--ascii", "--fps", "5", "open"], ["open", "--ascii", "--fps", "5"], ["--ascii", "--fps", "5"]])
def test_options_before_the_command_count_too(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from tui_trainer.cli.main import app
    from tui_trainer.tui import start

    asked: list[dict[str, object]] = []
    monkeypatch.setattr(start, "open_app", lambda *_, **options: asked.append(options) or 0)
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert asked == [{"fps": 5.0, "ascii": True}]
