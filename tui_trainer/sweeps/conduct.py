"""Running a sweep: trials are started a few processes at a time, those that fit each other as one batched step."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from tui_trainer.config import Config
from tui_trainer.config.together import groups
from tui_trainer.runs import create_run
from tui_trainer.runs.commands import StopNow, send
from tui_trainer.runs.start import start, start_together
from tui_trainer.runs.status import LIVE, Status, true_status
from tui_trainer.sweeps.record import SweepRecord, TrialRun

AGAIN = ("stopped", "crashed")
"""States of earlier trials that are gone on with; what failed would fail again."""
PRUNING = "pruning"
"""Who stopped a trial that fell behind."""
PRUNED = "pruned"


def trial_state(status: Status) -> str:
    """A trial's state in a word: that of its run, but ``pruned`` where the search stopped it."""
    return PRUNED if status.state == "stopped" and PRUNING in status.reason else status.state


@dataclass(slots=True, eq=False)
class Job:
    """One process and the trials that it trains."""

    trials: tuple[TrialRun, ...]
    process: "subprocess.Popen[bytes]"


class Conductor:
    """Starts the trials of a record, ``jobs`` processes at a time. Every run lives on when this process is gone."""

    def __init__(self, record: SweepRecord, jobs: int, *, cores: int = 1, trusted: bool = False) -> None:
        """``cores`` are shared out among the jobs where a trial does not say how many threads it wants."""
        self.record, self.jobs, self.trusted = record, jobs, trusted
        self.threads = max(1, cores // jobs) if jobs > 1 else None
        self.running: list[Job] = []
        self.waiting: list[tuple[TrialRun, ...]] = []
        self.add(record.trials)

    def add(self, trials: Sequence[TrialRun]) -> None:
        """Line up the trials that are not over; those of one kind and state as one job, or as many as there is room for."""
        jobs = max(1, self.free)
        for again in (False, True):
            due = [trial for trial in trials if self._due(trial) == ("again" if again else "new")]
            for places in groups([trial.parsed() for trial in due]):
                size = -(-len(places) // jobs)
                self.waiting += [tuple(due[place] for place in places[first : first + size]) for first in range(0, len(places), size)]

    @property
    def free(self) -> int:
        """Processes that could be started besides those that run and wait."""
        return self.jobs - len(self.running) - len(self.waiting)

    def at_hand(self) -> set[str]:
        """Names of the runs that train here or wait to."""
        return {trial.run for trials in (*(job.trials for job in self.running), *self.waiting) for trial in trials}

    def _due(self, trial: TrialRun) -> str:
        state = self.state(trial)
        if state is None:
            return "new"
        return "again" if state.state in AGAIN and PRUNING not in state.reason else ""

    def state(self, trial: TrialRun) -> Status | None:
        """What the trial's run is doing; None while there is none. A folder whose status cannot be read counts as failed."""
        folder = self.record.folder(trial)
        if not folder.config_file.exists():
            return None
        try:
            return true_status(folder.path)
        except (OSError, ValueError, TypeError):
            return Status(state="failed", reason="its status cannot be read")

    def tick(self) -> bool:
        """Take note of processes that ended, start others; whether anything runs or waits. Raises OSError, ConfigError."""
        self.running = [job for job in self.running if job.process.poll() is None]
        while self.waiting and len(self.running) < self.jobs:
            self.running.append(self._start(self.waiting.pop(0)))
        return bool(self.running or self.waiting)

    def live_elsewhere(self) -> list[TrialRun]:
        """Trials that an earlier call started and that still run."""
        mine = {trial.run for job in self.running for trial in job.trials}
        states = ((trial, self.state(trial)) for trial in self.record.trials if trial.run not in mine)
        return [trial for trial, state in states if state and state.state in LIVE]

    def _start(self, trials: tuple[TrialRun, ...]) -> Job:
        again = self.state(trials[0]) is not None
        runs = [self.record.folder(trial) for trial in trials]
        if not again:
            runs = [create_run(self._config(trial), self.record.root, trial.run, self.record.preset) for trial in trials]
        if len(runs) > 1:
            return Job(trials, start_together(runs, resume=again))
        return Job(trials, start(runs[0], trusted=self.trusted, resume="last" if again else None))

    def _config(self, trial: TrialRun) -> Config:
        config = trial.parsed()
        if self.threads is None or config.training.threads is not None:
            return config
        return config.model_copy(update={"training": config.training.model_copy(update={"threads": self.threads})})

    def stop(self) -> None:
        """Ask every running trial to save a checkpoint and stop, and wait for it; nothing else is started."""
        self.waiting = []
        for job in self.running:
            for trial in job.trials:
                send(self.record.folder(trial).path, StopNow())
        for job in self.running:
            job.process.wait()
