"""The app's budgets, measured in a real pseudo-terminal with a trainer at full load beside it.

    python benchmarks/app.py [--data-dir DIR] [--preset mnist-cnn] [--seconds 15] [--only NAME ...]

Prints one line a budget: what, measured, allowed. Not a test: figures depend on the machine and on who else uses it.
"""

import argparse
import dataclasses
import fcntl
import json
import os
import pty
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tui_trainer.runs.events import Evaluated, RunEnded, RunStarted, StepsTrained, encode

HERE = Path(__file__).resolve().parent.parent
ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[A-Za-z]")
EVENTS = 1_000_000


class Terminal:
    """The program in a pseudo-terminal, drained by a thread, as fast as ``rate`` (bytes a second; 0: at once)."""

    def __init__(self, *arguments: str, size: tuple[int, int] = (120, 40), rate: float = 0, runs: Path) -> None:
        self.master, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        env = {key: value for key, value in os.environ.items() if not key.startswith("TEXTUAL") and key != "PYTHONDONTWRITEBYTECODE"}
        env |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "TUI_TRAINER_RUNS_DIR": str(runs), "PYTHONPATH": str(HERE), "LC_ALL": "C.UTF-8"}
        env |= {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"} if rate else {}
        self.began = time.perf_counter()
        self.process = subprocess.Popen([sys.executable, "-m", "tui_trainer", *arguments], env=env, stdin=side, stdout=side, stderr=side, start_new_session=True)
        os.close(side)
        self.rate, self.bytes, self.shown, self.last = rate, 0, b"", 0.0
        self.changed = threading.Condition()
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        while True:
            try:
                block = os.read(self.master, 512 if self.rate else 65536)
            except OSError:
                return
            if self.rate:
                time.sleep(len(block) / self.rate)
            with self.changed:
                self.bytes += len(block)
                self.shown = (self.shown + block)[-200_000:]
                self.last = time.perf_counter()
                self.changed.notify_all()

    def wait(self, text: str, seconds: float = 60) -> float:
        """Seconds since the start (or the last :meth:`press`) until ``text`` was shown."""
        end = time.perf_counter() + seconds
        with self.changed:
            while text.encode() not in ESCAPES.sub(b"", self.shown):
                if time.perf_counter() > end or not self.changed.wait(max(0.0, end - time.perf_counter())):
                    raise TimeoutError(f"{text!r} was not shown; last: {ESCAPES.sub(b'', self.shown)[-300:]!r}")
            return self.last - self.began

    def comes(self, text: str, seconds: float = 2) -> bool:
        """Whether ``text`` is shown soon after the last :meth:`press`."""
        try:
            self.wait(text, seconds)
        except TimeoutError:
            return False
        return True

    def answered(self, seconds: float = 10) -> float:
        """Seconds since the last :meth:`press` until anything was written."""
        with self.changed:
            self.changed.wait_for(lambda: self.shown, seconds)
            return self.last - self.began

    def press(self, key: str) -> None:
        with self.changed:
            self.shown, self.began = b"", time.perf_counter()
        os.write(self.master, key.encode())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@contextmanager
def training(arguments: argparse.Namespace, runs: Path, epochs: float = 10_000) -> Iterator[Path]:
    """A real run in the background; stopped at the end."""
    env = os.environ | {"TUI_TRAINER_RUNS_DIR": str(runs), "PYTHONPATH": str(HERE)} | ({"TUI_TRAINER_DATA_DIR": arguments.data_dir} if arguments.data_dir else {})
    command = [sys.executable, "-m", "tui_trainer"]
    name = f"bench-{time.time_ns() % 10**9}"
    subprocess.run([*command, "train", arguments.preset, "--detach", "--quiet", "--name", name, "--set", f"training.epochs={epochs}"], env=env, check=True, capture_output=True)
    run = runs / name
    while b"StepsTrained" not in (run / "events.jsonl").read_bytes():
        time.sleep(0.2)
        if '"failed"' in (run / "status.json").read_text():
            raise SystemExit((run / "trainer.log").read_text() or (run / "status.json").read_text())
    try:
        yield run
    finally:
        subprocess.run([*command, "stop", name], env=env, check=False, capture_output=True)


def speed(run: Path, seconds: float) -> float:
    """Median images/s that the trainer tells over the next ``seconds``."""
    start = (run / "events.jsonl").stat().st_size
    time.sleep(seconds)
    lines = (run / "events.jsonl").read_bytes()[start:].split(b"\n")[:-1]
    return statistics.mean(json.loads(line)["images_per_second"] for line in lines if b"StepsTrained" in line)


def report(what: str, measured: str, allowed: str) -> None:
    print(f"{what:<58} {measured:>14}   {allowed}", flush=True)


def ratio(arguments: argparse.Namespace, runs: Path) -> None:
    """images/s with the app over images/s without, in turns, so that a change of the machine's mood hits both."""
    with training(arguments, runs) as run:
        alone, watched = [], []
        for _ in range(4):
            alone.append(speed(run, arguments.seconds / 2))
            app = Terminal("open", run.name, runs=runs)
            app.wait("Confusion")
            time.sleep(2)
            watched.append(speed(run, arguments.seconds / 2))
            app.close()
        report("images/s with the app over without", f"{statistics.median(watched) / statistics.median(alone):.3f}", ">= 0.97")


def load(arguments: argparse.Namespace, runs: Path) -> None:
    """Processor and bytes to the terminal while a run is live, and while it is paused."""
    with training(arguments, runs) as run:
        for size, allowed in (((80, 24), 5.0), ((120, 40), 10.0), ((200, 55), 10.0)):
            app = Terminal("open", run.name, size=size, runs=runs)
            app.wait(run.name)
            time.sleep(4)
            process = psutil.Process(app.process.pid)
            before, spent, then = app.bytes, sum(process.cpu_times()[:2]), time.perf_counter()
            time.sleep(arguments.seconds)
            took = time.perf_counter() - then
            name = f"{size[0]}x{size[1]}"
            report(f"{name}, live: processor", f"{100 * (sum(process.cpu_times()[:2]) - spent) / took:.1f} %", "<= 5 %")
            report(f"{name}, live: to the terminal", f"{(app.bytes - before) / took / 1000:.2f} kB/s", f"<= {allowed:.0f} kB/s")
            report(f"{name}, live: memory", f"{process.memory_info().rss / 1e6:.1f} MB", "")
            app.press(" ")
            time.sleep(3)
            before = app.bytes
            time.sleep(5)
            report(f"{name}, paused: bytes in 5 s", f"{app.bytes - before}", "0")
            app.press(" ")
            time.sleep(1)
            app.close()


def latency(arguments: argparse.Namespace, runs: Path) -> None:
    """From a key press to its effect on the screen, while a run is live."""
    with training(arguments, runs) as run:
        for what, rate, size, allowed in (("local, 120x40", 0, (120, 40), 50), ("at 20 kB/s, 80x24", 20_000, (80, 24), 200)):
            app = Terminal("open", run.name, size=size, rate=rate, runs=runs)
            app.wait(run.name)
            time.sleep(4)
            if size[0] < 100:  # one panel at a time: until it is the matrix
                app.press("v")
                while not app.comes("Confusion"):
                    app.press("v")
            times = []
            for number in range(60):
                app.press("x")
                times.append(1000 * app.wait("row %" if number % 2 else "counts"))
                time.sleep(0.15 + 0.01 * (number % 7))
            times.sort()
            report(f"key to effect, {what}: slowest", " ".join(f"{each:.0f}" for each in times[-6:]), "")
            report(f"key to effect, {what}: median", f"{statistics.median(times):.0f} ms", "")
            report(f"key to effect, {what}: 99 %", f"{times[int(0.99 * len(times)) - 1]:.0f} ms", f"< {allowed} ms")
            app.close()


def big_run(root: Path, count: int) -> Path:
    """A finished run of ``count`` events: hours at ten a second."""
    from tui_trainer.config import load_config
    from tui_trainer.runs import create_run
    from tui_trainer.runs.status import read_status, write_status

    run = create_run(load_config("digits-mlp"), root, "big", "digits-mlp")
    at = {"time": 1.75e9, "elapsed": 0.0}
    started = RunStarted(
        **at, name="big", host="lab", pid=1, device="cpu", device_name="", threads=2, precision="float32", versions={}, dataset="digits", classes=[str(each) for each in range(10)],
        input_shape=[1, 28, 28], train_images=1438, validation_images=144, test_images=359, parameters=50890, batch_size=32, steps_per_epoch=100, total_steps=count * 4, total_epochs=count / 25,
    )  # fmt: skip
    matrix = [[9 if row == column else 0 for column in range(10)] for row in range(10)]
    with run.events_file.open("w") as file:
        file.write(encode(started))
        for number in range(1, count):
            at = {"time": 1.75e9 + number / 10, "elapsed": number / 10, "step": 4 * number, "epoch": number / 25}
            loss = 2 / (1 + number / 1e4)
            if number % 500 == 0:
                file.write(encode(Evaluated(**at, split="validation", loss=loss, accuracy=1 - loss / 4, confusion=matrix, seconds=0.01)))
            else:
                file.write(
                    encode(StepsTrained(**at, loss=loss, accuracy=0.9123, learning_rate=0.1, gradient_norm=0.81234567, images_per_second=41230.123, memory_bytes=612_000_000))
                )
        file.write(encode(RunEnded(**at, state="finished", reason="", images_per_second=41_000.0)))
    write_status(run.path, dataclasses.replace(read_status(run.path), state="finished"))
    return run.path


def opening(_: argparse.Namespace, runs: Path) -> None:
    """Time to the first paint, and to a run of a million events; the app's memory with it."""
    first, design, opened, memory = [], [], [], []
    for _turn in range(5):
        app = Terminal(runs=runs / "none")
        first.append(app.wait("cross-entropy"))  # the first preset with its values
        design.append(app.wait("images to train on"))
        app.close()
    report("first paint", f"{1000 * min(first):.0f} ms", "<= 400 ms")
    report("Design filled", f"{1000 * min(design):.0f} ms", "")
    path = big_run(runs, EVENTS)
    for _turn in range(3):
        app = Terminal("open", path.name, runs=runs)
        app.wait("big")
        opened.append(app.wait("41 000 images/s"))
        time.sleep(2)
        memory.append(psutil.Process(app.process.pid).memory_info().rss / 1e6)
        app.close()
    size = (path / "events.jsonl").stat().st_size / 1e6
    report(f"start to a run of {EVENTS:,} events ({size:.0f} MB) on the screen", f"{1000 * min(opened):.0f} ms", "")
    report("  of which opening it (less the start of the app)", f"{1000 * (min(opened) - min(first)):.0f} ms", "<= 1000 ms")
    report("memory with it", f"{max(memory):.1f} MB", "< 80 MB")


def many(_: argparse.Namespace, runs: Path) -> None:
    """1 000 run folders in Runs: until they are there, what looking at them costs, and keys among them."""
    from tui_trainer.config import load_config
    from tui_trainer.runs import create_run
    from tui_trainer.runs.status import read_status, write_status

    config = load_config("digits-mlp")
    for number in range(1000):
        run = create_run(config, runs, f"run-{number:04d}", "digits-mlp")
        write_status(run.path, dataclasses.replace(read_status(run.path), state="finished", created=1.75e9 + number, epoch=30.0, total_epochs=30.0))
    there, keys = [], []
    for _turn in range(5):
        app = Terminal("open", "run-0000", runs=runs)
        app.wait("Finished")
        time.sleep(1)
        app.press("4")
        there.append(app.wait("run-0970"))
        time.sleep(1)
        process = psutil.Process(app.process.pid)
        spent, before = sum(process.cpu_times()[:2]), app.bytes
        time.sleep(5)
        standing = 20 * (sum(process.cpu_times()[:2]) - spent), app.bytes - before
        for _key in range(12):
            app.press("\x1b[6~")  # page down
            keys.append(app.answered())
            time.sleep(0.1)
        app.press("/")
        time.sleep(0.3)
        for key in "0777":
            app.press(key)
            keys.append(app.answered())
            time.sleep(0.1)
        app.close()
    report("Runs with 1 000 folders: key to the table", f"{1000 * min(there):.0f} ms", "<= 500 ms")
    report("  standing still: processor", f"{standing[0]:.1f} %", "<= 5 %")
    report("  standing still: bytes in 5 s", f"{standing[1]}", "0")
    keys.sort()
    report("  paging and filtering: median", f"{1000 * statistics.median(keys):.0f} ms", "")
    report("  paging and filtering: longest", f"{1000 * keys[-1]:.0f} ms", "< 50 ms")


def main() -> None:
    """Measure what is asked for."""
    parts = {"ratio": ratio, "load": load, "latency": latency, "opening": opening, "many": many}
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--preset", default="mnist-cnn")
    parser.add_argument("--data-dir", help="where MNIST lies")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--only", nargs="+", choices=parts, default=list(parts))
    arguments = parser.parse_args()
    report(f"on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", "measured", "allowed")
    for name in arguments.only:
        with tempfile.TemporaryDirectory() as folder:
            parts[name](arguments, Path(folder))


if __name__ == "__main__":
    main()
