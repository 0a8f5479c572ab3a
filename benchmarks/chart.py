"""What a live line chart costs: processor time and bytes to the terminal, in a real pty.

    python benchmarks/chart.py [--size 200x50] [--seconds 20] [--rate 10]

Two series grow by one point each, ``rate`` times a second, on one chart that fills the terminal; once from nothing and
once on top of a million points a series; then the same app stands still. Bytes are what the terminal would have to read.
"""

import argparse
import fcntl
import math
import os
import pty
import random
import select
import struct
import sys
import termios
import time

import psutil

PLANNED = 1000


def app(points: int, rate: float) -> None:
    """The program that is measured: it runs in the pty."""
    from textual.app import App, ComposeResult

    from tui_trainer.tui.widgets import theme
    from tui_trainer.tui.widgets.chart import LineChart
    from tui_trainer.tui.widgets.shown import write_only_changes

    write_only_changes()

    class Chart(App[None]):
        """One chart, fed by a timer."""

        def compose(self) -> ComposeResult:
            yield LineChart("Loss", y_min=0.0, x_unit="step")

        def on_mount(self) -> None:
            theme.register(self)
            self.theme = "tui-dark"

        def on_ready(self) -> None:
            self.chart = self.query_one(LineChart)
            self.chart.set_range(0, PLANNED)
            self.step = 0.0
            draw = random.Random(0)
            self.noise = lambda: draw.gauss(0, 0.05)
            if points:
                import numpy as np

                xs = np.linspace(0, PLANNED / 2, points)
                for name in ("train", "validation"):
                    self.chart.extend(name, xs, 2.3 * np.exp(-xs / 200) + 0.3 + np.random.default_rng(1).normal(0, 0.05, points))
                self.step = PLANNED / 2
            if rate:
                self.set_interval(1 / rate, self.grow)

        def grow(self) -> None:
            self.step += 1
            loss = 2.3 * math.exp(-self.step / 200) + 0.3
            self.chart.add("train", self.step, loss + self.noise())
            self.chart.add("validation", self.step, loss + 0.1 + self.noise())

    Chart().run()


def measure(size: tuple[int, int], seconds: float, points: int, rate: float) -> tuple[float, float, float]:
    """Share of a core in per cent, bytes a second and memory in MB, without the first two seconds."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execv(sys.executable, [sys.executable, __file__, "--app", str(points), str(rate)])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    child = psutil.Process(pid)

    def read_until(end: float) -> int:
        count = 0
        while (left := end - time.monotonic()) > 0:
            if select.select([terminal], [], [], left)[0]:
                count += len(os.read(terminal, 1 << 16))
        return count

    try:
        start = time.monotonic() + 3
        read_until(start)
        before = child.cpu_times()
        written = read_until(start + seconds)
        after, memory = child.cpu_times(), child.memory_info().rss / 1e6
    finally:
        child.kill()
        os.waitpid(pid, 0)
        os.close(terminal)
    busy = after.user + after.system - before.user - before.system
    return 100 * busy / seconds, written / seconds, memory


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="200x50")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--app", nargs=2, metavar=("POINTS", "RATE"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.app:
        return app(int(chosen.app[0]), float(chosen.app[1]))
    columns, rows = map(int, chosen.size.split("x"))
    print(f"{columns}x{rows}, 2 series, {chosen.rate:g} points a second each, {chosen.seconds:g} s")
    print(f"{'':28}{'core %':>8}{'bytes/s':>10}{'MB':>8}")
    for name, points, rate in (("from nothing", 0, chosen.rate), ("on 1 000 000 points a series", 10**6, chosen.rate), ("standing still", 10**4, 0.0)):
        core, written, memory = measure((columns, rows), chosen.seconds, points, rate)
        print(f"{name:28}{core:8.2f}{written:10.0f}{memory:8.0f}", flush=True)


if __name__ == "__main__":
    main()
