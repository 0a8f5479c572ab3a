"""How long a process asks to compute before others get their turn (Linux 6.12 and newer; nothing happens elsewhere).

A process that asks for short turns gets them soon: the app waits for keys and computes for a few milliseconds, and beside a
trainer that keeps every core busy each hand-over from one of its threads to the next would cost a whole turn of the trainer.
"""

import ctypes
import os
import platform
import struct

SHORT = 100_000
"""Nanoseconds: the least that the kernel takes."""
CALLS = {"x86_64": 314, "aarch64": 274, "riscv64": 274}
"""Numbers of the system call sched_setattr."""


def short_turns() -> None:
    """Ask for short turns, for this process and those it starts."""
    _ask(SHORT)


def usual_turns() -> None:
    """Ask for turns as the system usually gives them: what computes for long is faster for it."""
    _ask(0)


def _ask(nanoseconds: int) -> None:
    call = CALLS.get(platform.machine())
    if platform.system() != "Linux" or call is None or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return
    # struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period
    attributes = struct.pack("IIQiIQQQ", 48, os.SCHED_OTHER, 0, os.nice(0), 0, nanoseconds, 0, 0)
    ctypes.CDLL(None).syscall(call, 0, attributes, 0)
