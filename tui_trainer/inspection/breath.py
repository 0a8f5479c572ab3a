"""Long work draws breath between its chunks: it tells how far it is, lets quick questions in, and learns that nobody waits any more."""

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

import torch

Breathe = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much (0: unknown). May answer other questions, and may raise
GivenUp."""


BREATH = 0.005
"""Seconds between breaths."""
Made = TypeVar("Made")


class GivenUp(Exception):
    """Nobody waits for the answer that is being worked on: what a breath raises to end the work."""


def no_breath(what: str, done: int, total: int) -> None:
    """For callers that wait."""


def meanwhile(work: Callable[[Breathe], Made], breathe: Breathe) -> Made:
    """What ``work`` makes, in a thread of its own, while this one draws breath: for work that knows no chunks, or seldom tells.

    It is finished even where nobody waits any more, for the next question will need it.
    """
    if breathe is no_breath:
        return work(no_breath)
    newest: tuple[str, int, int] = ("reading the data", 0, 0)

    def tell(what: str, done: int, total: int) -> None:
        nonlocal newest
        newest = (what, done, total)

    def start(threads: int) -> Made:
        torch.set_num_threads(threads)  # a new thread would take all cores
        return work(tell)

    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(start, torch.get_num_threads())
        while not wait([made], BREATH).done:
            with contextlib.suppress(GivenUp):
                breathe(*newest)
        return made.result()
