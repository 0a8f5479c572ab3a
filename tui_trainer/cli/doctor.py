"""``tui-trainer doctor``: what this machine has, for people and for bug reports."""

import os
import sys
import time
from collections.abc import Iterator

from tui_trainer.cli.options import Json

PACKAGES = ("tui-trainer", "torchvision", "numpy", "pillow", "scikit-learn", "tensorboard", "textual", "typer", "rich", "pydantic", "safetensors")
VARIABLES = (
    "TUI_TRAINER_RUNS_DIR", "TUI_TRAINER_DATA_DIR", "TUI_TRAINER_CONFIG_DIR", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "OMP_WAIT_POLICY",
)  # fmt: skip


def doctor(as_json: Json = False) -> None:
    """Show versions, device, terminal and places."""
    from tui_trainer.cli.console import console, print_json
    from tui_trainer.cli.tables import facts

    if as_json:
        print_json({title: dict(rows()) for title, rows in SECTIONS.items()})
        return
    target = console()
    for title, rows in SECTIONS.items():
        target.print(title, style="bold")
        target.print(facts(rows()))
        target.print()


def _versions() -> Iterator[tuple[str, str]]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    yield "python", f"{platform.python_version()} ({sys.executable})"
    yield "system", f"{platform.system()} {platform.release()} {platform.machine()}"
    for name in PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "missing"


def _machine() -> Iterator[tuple[str, str]]:
    import psutil

    from tui_trainer.cli.console import size

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield "cores", f"{psutil.cpu_count(logical=False) or '?'} physical, {psutil.cpu_count()} logical, {usable} usable here"
    memory = psutil.virtual_memory()
    yield "memory", f"{size(memory.total)}, {size(memory.available)} free"


def _terminal() -> Iterator[tuple[str, str]]:
    from tui_trainer.cli.console import can_redraw, console

    if sys.stdout.isatty():
        width, height = os.get_terminal_size()
        yield "size", f"{width} x {height}"
        yield "colours", str(console().color_system or "none")
        yield "live line", "yes" if can_redraw(sys.stdout) else "no: TERM is dumb or not set"
    else:
        yield "output", "not a terminal: plain lines"
    yield "TERM", os.environ.get("TERM", "")
    yield "encoding", str(sys.stdout.encoding)
    yield "NO_COLOR", os.environ.get("NO_COLOR", "")
    yield "over SSH", "yes" if "SSH_CONNECTION" in os.environ else ""


def _places() -> Iterator[tuple[str, str]]:
    from tui_trainer.catalogue.places import data_root
    from tui_trainer.config import preset_names, presets_dir
    from tui_trainer.runs import run_names, runs_dir

    runs = runs_dir()
    yield "presets", f"{presets_dir()} ({len(preset_names())})"
    yield "runs", f"{runs.absolute()} ({len(run_names(runs))}{_free(runs)})"
    yield "data", f"{data_root(None)}{_free(data_root(None))}"
    for name in VARIABLES:
        yield name, os.environ.get(name, "")


def _free(place: "os.PathLike[str]") -> str:
    """Room left where ``place`` is or would be."""
    import shutil
    from pathlib import Path

    from tui_trainer.cli.console import size

    there = next((folder for folder in (Path(place), *Path(place).absolute().parents) if folder.is_dir()), None)
    return f", {size(shutil.disk_usage(there).free)} free" if there else ""


def _torch() -> Iterator[tuple[str, str]]:
    """Last, for its import takes seconds; a broken one is told, not fatal: that is what a doctor is for."""
    began = time.perf_counter()
    try:
        import torch
    except (ImportError, OSError) as error:
        yield "torch", f"cannot be imported: {error}"
        return
    yield "torch", f"{torch.__version__}, imported in {time.perf_counter() - began:.1f} s"
    yield "threads", f"{torch.get_num_threads()} (training chooses by the network's size)"
    yield "cpu", str(torch.backends.cpu.get_cpu_capability())
    names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    yield "cuda", ", ".join(names) or "none"
    yield "mps", "yes" if torch.backends.mps.is_available() else "none"
    try:
        import torchvision

        yield "torchvision", f"{torchvision.__version__}, imports"
    except Exception as error:
        yield "torchvision", f"does not fit this torch: {error}"


SECTIONS = {"Versions": _versions, "Machine": _machine, "Terminal": _terminal, "Places": _places, "Torch": _torch}
