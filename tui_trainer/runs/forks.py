"""Making a fork: a new run folder that goes on where a checkpoint of another run stands, with settings changed from there on.

A fork goes on with the step, the epoch, the schedule and the order of the data. Without changes it equals the parent's own
continuation, bit for bit. Lengths are totals, the parent's part included. The folder needs its parent no more: the
checkpoint lies in it, and so do the parent's events up to it.
"""

import hashlib
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tui_trainer.config import Config, ConfigError, load_config
from tui_trainer.config.changes import changes, comparable, same_images
from tui_trainer.runs.bounded import read_small
from tui_trainer.runs.checkpoints import CheckpointIndex, Entry, read_index, write_index
from tui_trainer.runs.events import CheckpointSaved, Evaluated, Event, Forked, RunEnded, RunStarted, decode, encode
from tui_trainer.runs.folder import RunFolder, anchored, create_run
from tui_trainer.runs.lineage import Lineage, read_lineage, write_lineage
from tui_trainer.runs.status import Status, read_status, write_status
from tui_trainer.runs.versions import refuse_newer

STEP = re.compile(rb'"step":(\d+)')
ALLOWED = "data, training, title, description, reference"


@dataclass(frozen=True, slots=True)
class Fork:
    """What was asked, checked as far as that goes without torch."""

    parent: RunFolder
    entry: Entry
    config: Config
    changes: dict[str, list[Any]]
    comparable: bool
    """Whether the parent's figures measure the same as the fork's."""


def fork_run(parent: RunFolder, checkpoint: str, settings: Config | Mapping[str, Any], root: Path, name: str | None = None) -> RunFolder:
    """Make a fork's folder, ready for ``start(run, resume="last")``. Raises ConfigError; then there is no folder.

    ``checkpoint``: best, last, a file's name or a step. ``settings``: dotted keys and their values, or a whole config.
    """
    return make_fork(plan_fork(parent, checkpoint, settings), root, name)


def plan_fork(parent: RunFolder, checkpoint: str, settings: Config | Mapping[str, Any]) -> Fork:
    """Check what can be checked before anything is made. Raises ConfigError."""
    refuse_newer(parent.path)
    old = parent.config()
    entry = read_index(parent.checkpoints).find(checkpoint, parent.checkpoints)
    new = anchored(settings if isinstance(settings, Config) else load_config(parent.config_file, settings))
    changed = changes(old, new)
    _refuse_network(changed)
    _refuse_past_stages(old, new, entry, changed)
    _refuse_finished(new, entry)
    if not same_images(old.data, new.data):
        _refuse_unfit_data(parent, new)
    return Fork(parent, entry, new, changed, comparable(old, new, entry.stage, stage_in(new, entry)))


def stage_in(new: Config, entry: Entry) -> int:
    """The stage of ``new`` that a run at ``entry`` stands in (or has just ended)."""
    return entry.stage if new.training.stages else 0


def _refuse_network(changed: Mapping[str, Any]) -> None:
    if any(key.startswith("network.") for key in changed):
        raise ConfigError(f"network: a fork keeps its parent's network, whose weights it takes; allowed are {ALLOWED}; train a new run for another network")


def _refuse_past_stages(old: Config, new: Config, entry: Entry, changed: Mapping[str, Any]) -> None:
    if not (old.training.stages and new.training.stages):
        return
    if len(new.training.stages) <= entry.stage:
        raise ConfigError(f"--set training.stages: the checkpoint stands in stage {entry.stage + 1}; give at least so many, those that are past included")
    for number in range(entry.stage):
        if wrong := next((key for key in changed if key.startswith(f"training.stages.{number}.")), None):
            raise ConfigError(f"--set {wrong}: stage {number + 1} is past at {entry.file}; allowed are stages from training.stages.{entry.stage} on")


def _refuse_finished(new: Config, entry: Entry) -> None:
    """Say which length would leave something to train, where plain arithmetic can tell; the trainer checks the rest."""
    training, what = new.training, "lengths are totals, the parent's part included"
    steps = [stage.iterations for stage in training.stages] if training.stages else [training.iterations]
    if all(steps):
        if (total := sum(filter(None, steps))) <= entry.step:
            key = f"training.stages.{len(steps) - 1}.iterations" if training.stages else "training.iterations"
            least = entry.step + 1 - (total - (steps[-1] or 0))
            raise ConfigError(f"{key}: nothing is left to train: {entry.file} stands at step {entry.step} of {total}, and {what}; allowed is at least {least}")
    elif not training.stages and training.epochs <= entry.epoch + 1e-9:
        raise ConfigError(
            f"training.epochs: nothing is left to train: {entry.file} stands at epoch {entry.epoch:.4g} of {training.epochs:g}, and {what}; "
            f"allowed is more than {entry.epoch:.4g}, such as --set training.epochs={int(entry.epoch) + 1}"
        )


def _refuse_unfit_data(parent: RunFolder, new: Config) -> None:
    """Refuse images that the network does not take. Raises ConfigError."""
    from tui_trainer.catalogue import data_facts
    from tui_trainer.runs.results import read_results

    started, facts = read_results(parent).started, data_facts(new.data)
    if started is not None:
        refuse_unfit(new, tuple(started.input_shape), len(started.classes), facts.shape, len(facts.classes))


def refuse_unfit(new: Config, shape: tuple[int, ...], classes: int, new_shape: tuple[int, ...], new_classes: int) -> None:
    """Raises ConfigError where data of ``new_shape`` and so many classes does not fit a network made for the others."""
    if new_shape != shape:
        sizes = ["x".join(map(str, each)) for each in (new_shape, shape)]
        raise ConfigError(f"data: the images of {new.data.dataset} are {sizes[0]}, the network takes {sizes[1]}; data.image_size and data.channels can bring them there")
    if new_classes != classes:
        raise ConfigError(f"data: {new.data.dataset} has {new_classes} classes, the network tells {classes} apart; allowed are data with {classes} classes")


def make_fork(fork: Fork, root: Path, name: str | None = None) -> RunFolder:
    """Make the folder of a fork that was checked. Raises ConfigError; then there is no folder."""
    index, contents = _checkpoints(fork)
    status = _status(fork.parent)
    run = create_run(fork.config, root, name, status.preset)
    try:
        for file, content in contents.items():
            (run.checkpoints / file).write_bytes(content)
        write_index(run.checkpoints, index)
        clock = _copy_events(fork, run)
        above = _lineage(fork.parent)
        write_lineage(
            run.path,
            Lineage(
                parent=fork.parent.name, parent_path=str(fork.parent.path.absolute()), created=status.created, checkpoint=fork.entry.file,
                sha256=fork.entry.sha256, step=fork.entry.step, epoch=fork.entry.epoch, changes=fork.changes, time=time.time(),
                above=above.ancestors if above else (),
            ),
        )  # fmt: skip
        own = read_status(run.path)
        write_status(run.path, replace(own, step=fork.entry.step, epoch=fork.entry.epoch, parameters=status.parameters, training_seconds=clock))
    except OSError as error:
        shutil.rmtree(run.path, ignore_errors=True)
        raise ConfigError(f"{error.filename or run.path}: the fork's folder cannot be made: {error.strerror}") from None
    except BaseException:
        shutil.rmtree(run.path, ignore_errors=True)
        raise
    return run


def forked_event(run: RunFolder) -> Forked | None:
    """The event that ends the parent's part of a fork's events, where the run is a fork. Raises OSError."""
    found = None
    with run.events_file.open("rb") as file:
        for line in file:
            if line.startswith(b'{"event":"Forked"'):
                found = _decoded(line)
    return found if isinstance(found, Forked) else None


def _status(run: RunFolder) -> Status:
    try:
        return read_status(run.path)
    except (OSError, ValueError, TypeError):
        return Status(state="stopped")


def _lineage(run: RunFolder) -> Lineage | None:
    try:
        return read_lineage(run.path)
    except (OSError, ValueError):
        return None


def _checkpoints(fork: Fork) -> tuple[CheckpointIndex, dict[str, bytes]]:
    """The fork point and, where it is older and its figures still count, the parent's best: listed, read and checked."""
    index = read_index(fork.parent.checkpoints)
    kept = [fork.entry]
    best = next((entry for entry in index.entries.values() if entry.best), None)
    if fork.comparable and best and best.file != fork.entry.file and best.step <= fork.entry.step:
        kept.insert(0, best)
    contents = {}
    for entry in kept:
        path = fork.parent.checkpoints / entry.file
        try:
            contents[entry.file] = read_small(path, entry.bytes)
        except OSError as error:
            raise ConfigError(f"{path}: the checkpoint cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise ConfigError(f"{error}, which its entry in the index says it has; choose another with --from") from None
        if hashlib.sha256(contents[entry.file]).hexdigest() != entry.sha256:
            raise ConfigError(f"{path}: the checkpoint is damaged: its content does not fit its checksum; choose another with --from")
    entries = CheckpointIndex({entry.file: entry for entry in kept}).gone_back_to(fork.entry.file)
    if not fork.comparable:
        entries = CheckpointIndex({file: replace(entry, best=False) for file, entry in entries.entries.items()})
    return entries, contents


def _copy_events(fork: Fork, run: RunFolder) -> float:
    """Write what the parent told up to the checkpoint, without what it went back behind, and that it was forked there.

    Returns the training clock at the checkpoint, in seconds.
    """
    last, returns, saved = _cut(fork)
    clock = saved.elapsed if saved else 0.0
    with fork.parent.events_file.open("rb") as source, run.events_file.open("wb") as target:
        for number, line in enumerate(source):
            if number > last or not line.endswith(b"\n"):
                break
            limit = min((step for place, step in returns if place > number), default=None)
            if limit is not None and (place := STEP.search(line, 0, 200)) and int(place[1]) > limit:
                continue
            if not (line.startswith(b'{"event":"RunEnded"') or b'"final":true' in line):
                target.write(line)
                continue
            event = _decoded(line)
            if event is None or isinstance(event, RunEnded):
                continue
            if isinstance(event, Evaluated) and event.final:
                if event.checkpoint == "best":
                    continue
                event = replace(event, final=False)
            target.write(encode(event).encode())
            clock = clock if saved else event.elapsed
        forked = Forked(
            time=time.time(), elapsed=clock, step=fork.entry.step, epoch=fork.entry.epoch, parent=fork.parent.name, checkpoint=fork.entry.file,
            changes=fork.changes, comparable=fork.comparable,
        )  # fmt: skip
        target.write(encode(forked).encode())
    return clock


def _cut(fork: Fork) -> tuple[int, list[tuple[int, int]], CheckpointSaved | None]:
    """The number of the last line to copy, where the parent went back to which step, and the event of the checkpoint."""
    last, saved, count = -1, None, 0
    returns: list[tuple[int, int]] = []
    with fork.parent.events_file.open("rb") as file:
        for number, line in enumerate(file):
            count = number
            if line.startswith(b'{"event":"CheckpointSaved"') and fork.entry.file.encode() in line:
                event = _decoded(line)
                if isinstance(event, CheckpointSaved) and event.file == fork.entry.file:
                    last, saved = number, event
            elif line.startswith(b'{"event":"RunStarted"'):
                event = _decoded(line)
                if isinstance(event, RunStarted) and event.resumed_at is not None:
                    returns.append((number, event.resumed_at))
    if saved is None:  # the trainer was killed between saving it and telling so
        last = count
    # it was told when it was on disk: steps that were taken meanwhile stand before it
    return last, [*((number, step) for number, step in returns if number <= last), (last + 1, fork.entry.step)], saved


def _decoded(line: bytes) -> Event | None:
    try:
        return decode(line)
    except (ValueError, RecursionError):
        return None
