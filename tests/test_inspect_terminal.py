"""Inspect, for once with nothing recorded: the real app in a pseudo-terminal, the real inspection process, a trained run, mouse and keys."""

import os
import re

import psutil
import pytest
from conftest import TrainedRun
from test_app_terminal import Terminal

ANSWERED = re.compile(rb"\d %.*\d+ ms")


def mouse(terminal: Terminal, *cells: tuple[int, int]) -> None:
    """Press on the first cell, move through the others, release on the last: what a terminal sends (SGR, counted from 1)."""
    codes = [f"\x1b[<0;{cells[0][0]};{cells[0][1]}M", *(f"\x1b[<32;{x};{y}M" for x, y in cells[1:]), f"\x1b[<0;{cells[-1][0]};{cells[-1][1]}m"]
    for code in codes:
        terminal.press(code)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a pseudo-terminal")
def test_errors_of_a_real_run_and_a_digit_drawn_with_the_mouse_and_with_the_keys(trained: TrainedRun) -> None:
    terminal = Terminal("open", trained.name, cwd=trained.root)
    try:
        terminal.wait("Finished", 60)
        terminal.press("3")
        terminal.wait("All errors", 90)
        terminal.redrawn(rb"\d+ *% *loss *\d", "no picture's caption came")
        (process,) = (each for each in psutil.Process(terminal.process.pid).children() if "tui_trainer.inspection" in " ".join(each.cmdline()))
        terminal.press("d")
        terminal.wait("An empty pad", 60)
        terminal.shown = b""
        mouse(terminal, (30, 8), (30, 12), (30, 16), (30, 20), (30, 26))
        terminal.until(lambda: ANSWERED.search(terminal.shown) is not None, f"no answer came: {terminal.shown[-400:].decode(errors='replace')!r}")
        terminal.press("c")
        terminal.wait("An empty pad", 30)
        terminal.shown = b""
        terminal.press(" ", *["\x1b[B"] * 6, *["\x1b[C"] * 4)
        terminal.until(lambda: ANSWERED.search(terminal.shown) is not None, f"the keys drew nothing: {terminal.shown[-400:].decode(errors='replace')!r}")
        terminal.press("q")
        terminal.until(lambda: terminal.process.poll() is not None, "it did not quit")
        assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, "the inspection process ends with the app"
    finally:
        terminal.process.kill()
