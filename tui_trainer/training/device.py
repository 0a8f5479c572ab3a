"""Where to compute, and with how many threads."""

import os
import platform

import torch

from tui_trainer.config import ConfigError

SMALL_STEP = 3_000_000
"""Multiplications of a forward pass over one batch below which a second thread costs more than it brings (measured)."""


def pick_device(wanted: str) -> torch.device:
    """The device of ``training.device``. Raises ConfigError where it is not there."""
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return torch.device("cuda" if present["cuda"] else "mps" if present["mps"] else "cpu")
    if not present[wanted]:
        there = ", ".join(name for name, is_there in present.items() if is_there)
        raise ConfigError(f"training.device: {wanted} is not available on this machine; allowed here is auto, {there}")
    return torch.device(wanted)


def device_name(device: torch.device) -> str:
    """What the device is, in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU"
    return _processor() or platform.machine()


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            return next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "")
    except OSError:
        return platform.processor()


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pick_threads(wanted: int | None, multiply_adds: int, most: int) -> int:
    """The number of threads: ``wanted``, or by the multiplications of one batch's forward pass, up to ``most``."""
    if wanted:
        return wanted
    return 1 if multiply_adds < SMALL_STEP else max(1, min(most, 16))


def chance_of(device: torch.device) -> torch.Tensor:
    """Where the generator stands that layers draw from on ``device``, uint8 on the CPU."""
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def set_chance(device: torch.device, state: torch.Tensor) -> None:
    """Bring that generator to where :func:`chance_of` found it."""
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.set_rng_state(state)


def memory_bytes(device: torch.device) -> int:
    """Memory in use: allocated on a GPU, resident in the process elsewhere."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import psutil

        return int(psutil.Process().memory_info().rss)
