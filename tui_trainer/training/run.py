"""One run from its first step to its last event: the loop, the run folder, signals, and what becomes of failures."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import torch

from tui_trainer import __version__
from tui_trainer.config import ConfigError
from tui_trainer.runs import RunFolder
from tui_trainer.runs.checkpoints import CheckpointIndex, Entry, read_index, write_index
from tui_trainer.runs.events import CheckpointSaved, Event, Paused, RunEnded, RunStarted, Warned
from tui_trainer.runs.lock import only_trainer
from tui_trainer.runs.room import give_up_room, keep_room
from tui_trainer.runs.status import process_started
from tui_trainer.training.batches import mix
from tui_trainer.training.checkpoints import load_checkpoint
from tui_trainer.training.control import Control, command_reader, signals
from tui_trainer.training.device import cores, device_name
from tui_trainer.training.failures import machine_failure
from tui_trainer.training.leftovers import sweep
from tui_trainer.training.loop import SPLITS, Loop, NotFinite, Stopped, StoppedAfterEpoch, StoppedEarly
from tui_trainer.training.plan import total_epochs
from tui_trainer.training.prepare import Prepared
from tui_trainer.training.recorder import Listener, Recorder, Silent
from tui_trainer.training.relisting import sound_index
from tui_trainer.training.resume import Resumption, find_resumption, prefer_threads
from tui_trainer.training.saving import Saver
from tui_trainer.training.state import capture, random_state, restore, restore_fork, standing
from tui_trainer.training.world import lost_another

End = Literal["finished", "stopped", "failed"]
BESIDE = ("best", "epoch", "interval", "requested", "hangup")
"""Checkpoints that are written while training goes on."""
WORD = 2.0
"""Seconds to wait for the reason of a process that no longer answers."""


class LostProcess(Exception):
    """Another process of the run is gone without a word, and the launcher will start all of them again."""


def train(
    prepared: Prepared, run: RunFolder, listeners: Sequence[Listener] = (), *, resume: str | None = None, commands_from: int | None = None
) -> RunEnded:
    """Train a prepared run into its folder; returns its last event.

    ``listeners`` hear every event in this thread. ``resume`` names a checkpoint of the run to go on from.
    ``commands_from`` is the length of the command file when the process started. Failures of training and of the
    machine end as state ``failed``; a second Ctrl-C raises KeyboardInterrupt once the run is marked as stopped.
    Raises Refused where another trainer is at work on the run, or the checkpoint cannot be used: then the run is as it was;
    LostProcess where one of several processes is gone.
    """
    world = prepared.world
    with only_trainer(run) if world.first else nullcontext():
        found = world.agree(find_resumption(run, resume, prepared) if resume and world.first else None)
        if found and found.state and not world.first:
            prefer_threads(prepared, found.state["machine"])
        session = Session(prepared, run, listeners, commands_from)
        with signals(session.signalled):
            try:
                return session.train(found)
            finally:
                session.saver.finish()


class Session:
    """One process at work on one run."""

    def __init__(
        self, prepared: Prepared, run: RunFolder, listeners: Sequence[Listener], commands_from: int | None, make_loop: Callable[..., Loop] = Loop
    ) -> None:
        self.prepared, self.run, self.world = prepared, run, prepared.world
        self.control = Control()
        self.signalled = self.control if self.world.alone else Control()
        if self.world.first:
            sweep(run.path, run.checkpoints)
            keep_room(run.path)
        offset = run.commands_file.stat().st_size if commands_from is None and run.commands_file.exists() else commands_from or 0
        self.recorder = Recorder(run, listeners, self.world.keeper) if self.world.first else Silent()
        self.loop = make_loop(prepared, self.control, command_reader(run, offset), self.tell, self.save, self.beat)
        self.saver = Saver(run.checkpoints, prepared.config.training.keep_checkpoints)
        self.saving: tuple[Entry, float] | None = None
        """The checkpoint that is being written, and how long training stood still for it, in seconds."""
        self.loop.signalled = self.signalled
        self._own_chance()

    def _own_chance(self) -> None:
        """Each process drops out other values; the first one those that it would drop out alone."""
        if not self.world.first:
            torch.manual_seed(mix(self.prepared.config.training.seed, 4, self.world.rank, self.loop.step))

    def train(self, found: Resumption | None) -> RunEnded:
        """Train to the end, whatever it is, and tell it; from where an earlier trainer of the run stood, where ``found`` says so."""
        try:
            state, reason = self._train(found)
            self.signalled.ending = True
        except KeyboardInterrupt:
            self._end("stopped", f"interrupted at once; {self._last_good()}")
            raise
        except ConfigError as error:
            self._end("failed", str(error))
            raise
        except NotFinite as error:
            state, reason = "failed", f"{error}; {self._last_good()}"
        except Exception as error:
            if not self.world.alone and isinstance(error, RuntimeError) and lost_another(error):
                return self._end("failed", self._word_of_the_lost())
            refused = machine_failure(error, self.prepared.device.type)
            state, reason = "failed", f"{refused or _in_a_line(error)}; {self._last_good()}"
            if not refused:
                self._end(state, reason)
                raise
        return self._end(state, reason)

    def _word_of_the_lost(self) -> str:
        """Why another process is gone. Raises LostProcess where it went without a word and all will be started again."""
        word = self.world.reason(WORD)
        if not word and self.world.restarts_left:
            self.recorder.status = replace(self.recorder.status, state="starting", reason="a process was lost: all are started again")
            self.recorder.write_status()
            raise LostProcess
        return word or f"one of {self.world.size} processes was lost (killed, perhaps for want of memory); {self._last_good()}"

    def _train(self, found: Resumption | None) -> tuple[End, str]:
        loop = self.loop
        if found:
            self._go_on(found)
        self.recorder.tell(self._started(again=found is not None))
        for note in (*self._notes_on_processes(), *(found.notes if found else ()), *self.prepared.data.notes):
            self.recorder.tell(Warned(**loop.stamp(), message=note))
        try:
            loop.train()
        except StoppedAfterEpoch as stopped:
            self._finish()
            return "stopped", str(stopped)
        except Stopped as stopped:
            self.save("interrupted")
            return "stopped", str(stopped)
        except StoppedEarly as stopped:
            self._finish()
            return "finished", str(stopped)
        self._finish()
        return "finished", ""

    def _go_on(self, found: Resumption) -> None:
        """Take the checkpoint's state (then it is let go of), and let the list of checkpoints say that it is the newest."""
        self.recorder.recall(*((found.entry.step, found.entry.epoch) if found.entry else (0, 0.0)))
        if found.state is None or found.entry is None:
            return
        try:
            if found.transition:
                restore_fork(self.loop, found.state, found.transition)
                self._own_chance()
            else:
                restore(self.loop, found.state)
        except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:  # somebody wrote it by hand
            raise ConfigError(f"{self.run.checkpoints / found.entry.file}: the checkpoint is damaged: {_in_a_line(error)}") from error
        self.loop.unsaved, found.state = False, None
        if not self.world.first:
            return
        folder = self.run.checkpoints
        index = read_index(folder)
        now = index.without(found.damaged).gone_back_to(found.entry.file)
        if list(now.entries.values()) != list(index.entries.values()):
            write_index(folder, now)
        for file in found.damaged:
            with suppress(OSError):
                (folder / file).rename(folder / f"{file}.damaged")

    def _finish(self) -> None:
        """The last evaluation and checkpoint; where the best weights are the result, their evaluation too."""
        loop = self.loop
        self._warn_of_damaged_files()
        best = loop.judged_evaluation(final=True)
        loop.draw_boundary(now=True)
        self.save("best" if best else "end")
        self._settle(wait=True)
        if self.prepared.config.training.result != "best":
            return
        state, entry = self.world.agree(load_checkpoint(self.run.checkpoints, "best", self.prepared.device) if self.world.first else None)
        if entry.step != loop.step:
            loop.model.load_state_dict(state["weights"])
            loop.average = []
        for found in loop.evaluations(SPLITS):
            loop.tell_evaluation(found, final=True, checkpoint="best", at=(entry.step, entry.epoch))

    def _notes_on_processes(self) -> list[str]:
        world, notes = self.world, []
        if world.restarts:
            most = world.restarts + world.restarts_left
            notes.append(f"a process was lost: all were started again ({world.restarts} of at most {most} times), and training goes on from step {self.loop.step}")
        if self.prepared.device.type == "cpu" and world.local_size > 1:
            notes.append(
                f"{world.local_size} processes share the {cores()} cores of this machine: two on two cores reach 0.2 to 0.7 of the speed of one; "
                "several processes pay on several machines or GPUs"
            )
        return notes

    def _warn_of_damaged_files(self) -> None:
        """Files that could be read when the folder was scanned and not when a stream came to them."""
        data = self.prepared.data
        damaged = sorted({path for source in (data.train, data.validation, data.test) for path in getattr(source, "damaged", ())})
        if damaged:
            named = ", ".join(map(str, damaged[:5])) + (", ..." if len(damaged) > 5 else "")
            self.recorder.tell(Warned(**self.loop.stamp(), message=f"{len(damaged)} unreadable files were replaced by others of their class: {named}"))

    def save(self, reason: str) -> None:
        """Save the loop's state as a checkpoint, unless the newest one has it already.

        Most are written while training goes on, and told when they are on disk. Raises OSError, also where the
        one before could not be written.
        """
        loop, began = self.loop, time.perf_counter()
        self._settle(wait=True)
        index = self._index() if self.world.first else CheckpointIndex({})
        if self.world.agree(self.world.first and self._saved_already(reason, index)):
            return
        random = self.world.all(random_state(loop.device))
        if not self.world.first:
            return
        accuracy = self.recorder.last.get("validation", {})
        entry = Entry(
            file=index.free_name(loop.step, reason),
            step=loop.step,
            epoch=loop.epoch,
            time=time.time(),
            reason=reason,
            best=reason == "best",
            accuracy=accuracy.get("accuracy") if accuracy.get("step") == loop.step else None,
            stage=loop.stage,
        )
        self.saver.begin(self._standing | capture(loop, entry, random), entry, self.recorder.sync)
        loop.unsaved, loop.saved_time = False, time.monotonic()
        self.saving = entry, time.perf_counter() - began
        if reason not in BESIDE:
            self._settle(wait=True, began=began)

    def _index(self) -> CheckpointIndex:
        """The list of checkpoints. Raises OSError, and ConfigError where no checkpoint is whole."""
        if self.saver.index is None:
            self.saver.index, notes = sound_index(self.run.checkpoints)
            for note in notes:
                self.recorder.tell(Warned(**self.loop.stamp(), message=note))
        return self.saver.index

    @cached_property
    def _standing(self) -> dict[str, Any]:
        return standing(self.loop)

    def _settle(self, *, wait: bool, began: float | None = None) -> None:
        """Tell of a checkpoint that is on disk by now; ``began`` is when training stopped for it, where it still does. Raises OSError."""
        if self.saver.done(wait=wait) and self.saving:
            (entry, seconds), self.saving = self.saving, None
            stood = time.perf_counter() - began if began else seconds
            self.recorder.tell(CheckpointSaved(**self.loop.stamp(), step=entry.step, epoch=entry.epoch, file=entry.file, reason=entry.reason, seconds=stood))

    def tell(self, event: Event) -> None:
        """What the loop tells, and a checkpoint that was finished meanwhile; a run that is paused has none under way. Raises OSError."""
        if isinstance(event, Paused):
            self._settle(wait=True)
            event = Paused(**self.loop.place())
        self.recorder.tell(event)
        self._settle(wait=False)

    def beat(self) -> None:
        """A moment of a pause."""
        self._settle(wait=False)
        self.recorder.beat()

    def _saved_already(self, reason: str, index: CheckpointIndex) -> bool:
        """Whether the newest checkpoint has the loop's state; then it is kept as one that a person asked for, where one did."""
        loop, began = self.loop, time.perf_counter()
        if loop.unsaved or not index.last:
            return False
        if reason == "requested" and index.last.reason != reason:
            self.saver.index = index.with_entry(replace(index.last, reason=reason))
            write_index(self.run.checkpoints, self.saver.index)
            self.recorder.tell(CheckpointSaved(**loop.place(), file=index.last.file, reason=reason, seconds=time.perf_counter() - began))
        return True

    def _started(self, *, again: bool) -> RunStarted:
        prepared, loop = self.prepared, self.loop
        data, first = prepared.data, prepared.stages[0]
        return RunStarted(
            **loop.stamp(),
            name=self.run.name,
            host=self.recorder.status.host,
            pid=os.getpid(),
            device=prepared.device.type,
            device_name=device_name(prepared.device),
            threads=prepared.threads,
            precision=prepared.config.training.precision,
            versions={"tui-trainer": __version__, "torch": str(torch.__version__)},
            dataset=data.name,
            classes=list(data.classes),
            input_shape=list(data.shape),
            train_images=len(data.train),
            validation_images=len(data.validation),
            test_images=len(data.test),
            parameters=prepared.parameters,
            batch_size=first.recipe.batch_size,
            steps_per_epoch=first.steps_per_epoch,
            total_steps=prepared.stages[-1].end,
            total_epochs=total_epochs(prepared.stages),
            resumed_at=loop.step if again else None,
            processes=self.world.size,
            start_seconds=time.time() - (process_started() or time.time()),
        )

    def _last_good(self) -> str:
        with suppress(Exception):  # the failure that is being told came first
            self._settle(wait=True)
        try:
            last = read_index(self.run.checkpoints).last
        except ConfigError:
            last = None
        return f"the last good checkpoint is {last.file} of step {last.step}" if last else "there is no checkpoint yet"

    def _end(self, state: End, reason: str) -> RunEnded:
        """Tell the end, as far as the machine still lets us; the status at least is tried in any case."""
        loop, recorder = self.loop, self.recorder
        self.signalled.ending = True
        with suppress(Exception):  # what ends the run came first
            self._settle(wait=True)
        if self.world.first:
            give_up_room(self.run.path)
        if state == "failed":
            self.world.leave_reason(reason)
        event = RunEnded(**loop.place(), state=state, reason=reason, images_per_second=loop.clock.images_per_second())
        try:
            recorder.tell(event)
            recorder.sync()
        except OSError:
            recorder.status = replace(recorder.status, state=state, reason=reason)
            with suppress(OSError):
                recorder.write_status()
        recorder.close()
        return event


def _in_a_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
