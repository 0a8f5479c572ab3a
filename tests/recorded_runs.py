"""Run folders as a trainer leaves them, in every state, the same on every call: what the app's tests and pictures look at."""

import math
import os
import random
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui_trainer.config import Config, load_config
from tui_trainer.runs import RunFolder, create_run
from tui_trainer.runs.events import (
    BoundaryDrawn,
    CheckpointSaved,
    EpochEnded,
    Evaluated,
    Event,
    LearningRateChanged,
    Paused,
    RunEnded,
    RunStarted,
    Steered,
    StepsTrained,
    Warned,
    decode,
    encode,
)
from tui_trainer.runs.status import Status, process_started, write_status

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

NOON = 1_750_000_000.0
"""When recorded runs began."""
CLASSES = [str(digit) for digit in range(10)]
STEPS = 51
PER_EPOCH = 8
"""Reports of progress in an epoch."""
TRACEBACK = """Traceback (most recent call last):
  File "/home/ada/tui_trainer/training/loop.py", line 88, in train
    self.step(images, labels)
  File "/home/ada/tui_trainer/training/steps.py", line 41, in step
    raise NotFinite(f"the loss is {loss} at step {step}")
tui_trainer.training.steps.NotFinite: the loss is nan at step 714
"""


def confusion(accuracy: float, seed: int, images: int = 18, classes: int = 10) -> list[list[int]]:
    """A matrix of ``classes`` with ``images`` a row and about this accuracy; mistakes gather on a few pairs, as they do."""
    draw = random.Random(seed)
    matrix = []
    for true in range(classes):
        row = [0] * classes
        for _ in range(images):
            row[true if draw.random() < accuracy else (true + draw.choice((2, 5, 5, 7))) % classes] += 1
        matrix.append(row)
    return matrix


def recorded(epochs: float, total: int = 30, *, name: str = "brisk-otter", host: str = "", lr_change_at: float | None = 2.5) -> list[Event]:
    """What a trainer tells of ``epochs`` epochs on the digits."""
    draw = random.Random(7)
    events: list[Event] = [
        RunStarted(
            time=NOON, elapsed=0.0, name=name, host=host or socket.gethostname(), pid=4711, device="cpu", device_name="2 threads", threads=2, precision="float32",
            versions={"python": "3.11", "torch": "2.8"}, dataset="digits", classes=CLASSES, input_shape=[1, 28, 28], train_images=1617, validation_images=180,
            test_images=0, parameters=50890, batch_size=32, steps_per_epoch=STEPS, total_steps=STEPS * total, total_epochs=total, start_seconds=2.1,
        )
    ]  # fmt: skip
    rate, best, clock = 0.1, 0.0, 0.0
    for tick in range(1, int(epochs * PER_EPOCH) + 1):
        epoch = tick / PER_EPOCH
        step, clock = round(epoch * STEPS), clock + 0.25
        at = {"time": NOON + clock, "elapsed": clock, "step": step}
        if lr_change_at and rate == 0.1 and epoch > lr_change_at:
            events.append(Steered(**at, epoch=epoch, command="SetLearningRate", value=0.05, by="ada@lab"))
            events.append(LearningRateChanged(**at, epoch=epoch, old=0.1, new=0.05, by="ada@lab"))
            rate = 0.05
        loss = 2.3 * math.exp(-epoch / 2) + 0.05 + draw.gauss(0, 0.02) / (1 + epoch / 4)
        accuracy = min(1.0, 1 - 0.9 * math.exp(-epoch / 1.5) + draw.gauss(0, 0.02))
        events.append(
            StepsTrained(
                **at, epoch=epoch, loss=max(loss, 0.01), accuracy=accuracy, learning_rate=rate, gradient_norm=0.4 + abs(draw.gauss(0.5, 0.2)),
                images_per_second=41_000 + draw.gauss(0, 900), memory_bytes=612_000_000,
            )
        )  # fmt: skip
        if tick % PER_EPOCH:
            continue
        events.append(EpochEnded(**at, epoch=int(epoch)))
        for split, gap in (("train", 0.0), ("validation", 0.012)):
            value = round(1 - 0.9 * math.exp(-epoch / 1.5) - gap - abs(draw.gauss(0, 0.004)), 4)
            is_best = split == "validation" and value > best
            best = max(best, value) if split == "validation" else best
            events.append(
                Evaluated(**at, epoch=epoch, split=split, loss=2.2 * math.exp(-epoch / 2) + 0.06 + gap, accuracy=value, confusion=confusion(value, tick), seconds=0.02, best=is_best)
            )
        if int(epoch) % 5 == 0:
            events.append(CheckpointSaved(**at, epoch=epoch, file="best.pt", reason="best", seconds=0.0014))
    return events


def make_run(root: Path, state: str, *, name: str = "brisk-otter", epochs: float | None = None, total: int = 30, config: Config | None = None, preset: str = "digits-mlp", created: float = NOON, host: str = "") -> RunFolder:
    """A run in ``state``: starting, running, paused, finished, stopped, failed, crashed. Live ones carry this process's number."""
    config = config or load_config(preset).model_copy(update={})
    run = create_run(config, root, name, preset)
    done = {"starting": 0.0, "running": 4.5, "paused": 3.25, "finished": float(total), "stopped": 6.0, "failed": 14.0, "crashed": 5.5}[state] if epochs is None else epochs
    events = recorded(done, total, name=name, host=host) if state != "starting" else []
    if events:
        last = events[-1]
        at = {"time": last.time + 0.1, "elapsed": last.elapsed, "step": round(done * STEPS), "epoch": done}
        if state == "paused":
            events += [Steered(**at, command="Pause", value=None, by="ada@lab"), Paused(**at)]
        if state in ("finished", "stopped"):
            events += [event for split, value in (("train", 0.9969), ("validation", 0.9722)) for event in (final(split, value, at),)]
            events.append(CheckpointSaved(**at, file="last.pt", reason="end", seconds=0.0014))
            events.append(RunEnded(**at, state=state, reason="" if state == "finished" else "asked to by ada@lab", images_per_second=41_230.0))
        if state == "failed":
            events.append(Warned(time=at["time"], elapsed=at["elapsed"], message="the gradient norm is 1.2e+08 at step 713"))
            events.append(RunEnded(**at, state="failed", reason="the loss is nan at step 714; the last good checkpoint is best.pt", images_per_second=40_120.0))
            run.log_file.write_text(TRACEBACK)
        run.events_file.write_text("".join(map(encode, events)))
    live = state in ("starting", "running", "paused", "crashed")
    validation = [event for event in events if isinstance(event, Evaluated) and event.split == "validation"]
    summary = {}
    if validation:
        top = max(validation, key=lambda event: event.accuracy)
        summary = {kind: {"validation": {"accuracy": event.accuracy, "loss": event.loss, "step": event.step, "epoch": event.epoch}} for kind, event in (("best", top), ("last", validation[-1]))}
    pid = os.getpid() if state != "crashed" else 2**22 - 1
    write_status(
        run.path,
        Status(
            state="running" if state == "crashed" else state, pid=pid if live else 4711, pid_started=(process_started(pid) or 0.0) if live else NOON, host=host or socket.gethostname(),
            heartbeat=time.time() if host else created + 60, created=created, reason=events[-1].reason if events and isinstance(events[-1], RunEnded) else "", dataset=config.data.dataset, title=config.title,
            preset=preset, parameters=50890 if events else 0, step=round(done * STEPS), total_steps=STEPS * total, epoch=done, total_epochs=total,
            training_seconds=events[-1].elapsed if events else 0.0, images_per_second=41_230.0 if events else 0.0, summary=summary,
        ),
    )  # fmt: skip
    return run


def most_of_the_ring(side: int) -> "npt.NDArray[np.float32]":
    """Probabilities of the preset's two rings on a grid, (side * side, 2), of a network that has not quite got there."""
    import numpy as np

    from tui_trainer.catalogue.points import extent

    inner = 1 / (1 + np.exp(8 * (np.hypot(*(extent(load_config("circles-mlp").data).centres(side, side) - (0.15, 0)).T) - 0.8)))
    return np.stack((1 - inner, inner), 1).astype(np.float32)


def make_plane_run(root: Path, state: str = "running") -> RunFolder:
    """A run on circles in ``state``, whose network has found most of the inner ring."""
    from tui_trainer.catalogue.points import extent
    from tui_trainer.runs.boundary import field_of, pack

    config = load_config("circles-mlp")
    run = make_run(root, state, config=config, preset="circles-mlp")
    events = [decode(line) for line in run.events_file.read_text().splitlines()]
    plane, shares = extent(config.data), most_of_the_ring(48)
    place = {"left": plane.left, "right": plane.right, "bottom": plane.bottom, "top": plane.top, "columns": 48, "rows": 48}
    drawn = BoundaryDrawn(time=NOON, elapsed=1.0, step=200, epoch=4.0, cells=pack(field_of(shares, 48)), **place)
    changed = [_on_circles(event) for event in events if event is not None]
    run.events_file.write_text("".join(map(encode, [*changed[:-1], drawn, changed[-1]])))
    return run


def _on_circles(event: Event) -> Event:
    match event:
        case RunStarted():
            return replace(event, dataset="circles", classes=["outer", "inner"], input_shape=[2, 1, 1], train_images=360, validation_images=40)
        case Evaluated():
            return replace(event, confusion=[[18, 2], [3, 17]])
        case _:
            return event


def final(split: str, accuracy: float, at: dict[str, float]) -> Evaluated:
    """The figures of the end."""
    return Evaluated(**at, split=split, loss=0.0412, accuracy=accuracy, confusion=confusion(accuracy, 99), seconds=0.02, final=True, checkpoint="best")


if __name__ == "__main__":
    import sys

    for each in ("running", "paused", "finished", "stopped", "failed", "crashed"):
        make_run(Path(sys.argv[1]), each, name=f"{each}-run")
