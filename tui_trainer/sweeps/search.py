"""A search for the best settings: Optuna proposes, trials train, those that fall behind are stopped.

A few trials begin with settings by chance; every later one is proposed from what those before it came to, as soon as there is
room. So no more than a quarter of a search is in the air at once: what is proposed blindly learns nothing.

The study lies beside the sweep's record in Optuna's journal, a file that several machines may share; who asks next takes part.
"""

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tui_trainer.config.files import apply_overrides, describe_overrides, parse_config
from tui_trainer.config.sweep import Planned, Search, Space
from tui_trainer.runs.commands import StopNow, send
from tui_trainer.runs.events import Evaluated, Event, RunStarted, decode
from tui_trainer.runs.follow import Follower
from tui_trainer.runs.results import read_results
from tui_trainer.runs.status import LIVE
from tui_trainer.sweeps.conduct import PRUNING, Conductor
from tui_trainer.sweeps.pruning import is_behind, progress
from tui_trainer.sweeps.record import SweepRecord, TrialRun, append_trials, trial_run

if TYPE_CHECKING:
    import optuna

TOGETHER = 8
"""Trials in one batched step, where they can train in one: more at once learn less from each other."""
AT_ONCE = 4
"""A search has no more than one in so many of its trials in the air, unless there are processes for more."""
DIVERGED = "the loss is"
"""How the reason begins where the settings made a trial fail: the sampler learns to keep away, as from those that were pruned."""
BY_CHANCE = (3, 10)
"""A quarter of the trials begin with settings by chance, but no fewer and no more than these."""


@dataclass(slots=True)
class _Watched:
    """A trial that trains."""

    trial: "optuna.Trial"
    run: TrialRun
    follower: Follower[Event]
    reported: set[int]
    """Its progress at each evaluation that the study knows, those of an earlier call included."""
    total_steps: int = 0
    pruned: bool = False


@dataclass(slots=True)
class Searcher:
    """Asks for trials, reports how they do, and tells how they ended."""

    record: SweepRecord
    base: dict[str, Any]
    """The config that every trial begins with, as tables."""
    search: Search
    conductor: Conductor
    study: "optuna.Study"
    watched: list[_Watched] = field(default_factory=list)

    def tick(self) -> bool:
        """Report, prune, tell and ask as far as is due; whether there is more to do. Raises ConfigError, OSError."""
        news = [watched for watched in self.watched if self._report(watched)]
        if news and self.search.prune:
            self._prune(news)
        busy = self.conductor.tick()
        over = self._over()
        for watched in over:
            self._tell(watched)
        self.watched = [watched for watched in self.watched if watched not in over]
        room = min(self._left(), self._at_once() - len(self.watched))
        if room > 0 and self.conductor.free > 0:
            self._ask(room)
            return True
        return busy or bool(self.watched)

    def _over(self) -> list[_Watched]:
        """Those whose run has ended, here or in a process that an earlier call left behind."""
        at_hand = self.conductor.at_hand()
        states = [(watched, self.conductor.state(watched.run)) for watched in self.watched if watched.run.run not in at_hand]
        return [watched for watched, state in states if state is None or state.state not in LIVE]

    def take_up(self) -> None:
        """Go on with the trials of an earlier call that have not ended yet."""
        import optuna

        runs = {trial.run: trial for trial in self.record.trials}
        for frozen in self.study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
            if run := runs.get(str(frozen.user_attrs.get("run", ""))):
                self.watched.append(self._watch(optuna.Trial(self.study, frozen._trial_id), run, set(frozen.intermediate_values)))

    def _left(self) -> int:
        return self.search.trials - len(self.study.get_trials(deepcopy=False))

    def _at_once(self) -> int:
        from tui_trainer.config.together import OWN, stackable

        alike = {key.removeprefix("training.") for key in self.search.space} <= set(OWN)
        jobs, wanted = self.conductor.jobs, min(TOGETHER * self.conductor.jobs, self.search.trials // AT_ONCE)
        return max(jobs, wanted) if alike and stackable(parse_config(self.base, self.record.name)) else jobs

    def _ask(self, count: int) -> None:
        asked: list[tuple[optuna.Trial, TrialRun]] = []
        for _ in range(count):
            trial = self.study.ask()
            settings = {key: _suggest(trial, key, space) for key, space in self.search.space.items()}
            config = parse_config(apply_overrides(self.base, settings), f"{self.record.name}: trial {trial.number + 1}")
            label = ", ".join(describe_overrides({key: _short(value) for key, value in settings.items()}))
            run = trial_run(self.record.name, trial.number + 1, Planned(label, settings, config.training.seed, config))
            trial.set_user_attr("run", run.run)
            asked.append((trial, run))
        self.record = self.conductor.record = append_trials(self.record, [run for _, run in asked])
        self.conductor.add([run for _, run in asked])
        self.watched += [self._watch(*each) for each in asked]

    def _watch(self, trial: "optuna.Trial", run: TrialRun, reported: set[int] | None = None) -> _Watched:
        return _Watched(trial, run, Follower(self.record.folder(run).events_file, decode), reported or set())

    def _report(self, watched: _Watched) -> bool:
        """Tell the study of the trial's new evaluations; whether there are any."""
        if not self.record.folder(watched.run).events_file.exists():
            return False
        before = len(watched.reported)
        for event in watched.follower.poll():
            if isinstance(event, RunStarted):
                watched.total_steps = event.total_steps
            elif isinstance(event, Evaluated) and event.split == "validation" and event.checkpoint == "last" and not event.final:
                place = progress(event.step, watched.total_steps)
                if place not in watched.reported:
                    watched.trial.report(event.accuracy if self.search.goal == "accuracy" else event.loss, place)
                    watched.reported.add(place)
        return len(watched.reported) > before

    def _prune(self, news: list[_Watched]) -> None:
        """Stop those of ``news`` that are behind; all have reported before the first is judged, so that those in step with each other are compared alike."""
        courses = {frozen._trial_id: frozen.intermediate_values for frozen in self.study.get_trials(deepcopy=False)}
        for watched in news:
            own = watched.trial._trial_id
            others = [course for number, course in courses.items() if number != own]
            if not watched.pruned and is_behind(courses[own], others, higher=self.search.goal == "accuracy"):
                watched.pruned = True
                send(self.record.folder(watched.run).path, StopNow(), by=PRUNING)

    def _tell(self, watched: _Watched) -> None:
        import optuna

        state = self.conductor.state(watched.run)
        diverged = state and state.state == "failed" and state.reason.startswith(DIVERGED)
        if diverged or (state and state.state == "stopped" and PRUNING in state.reason):
            self.study.tell(watched.trial, state=optuna.trial.TrialState.PRUNED)
        elif state and state.state == "finished" and (value := self._value(watched.run)) is not None:
            self.study.tell(watched.trial, value)
        elif state is None or state.state not in ("stopped", "crashed"):  # those are gone on with by the next call
            self.study.tell(watched.trial, state=optuna.trial.TrialState.FAIL)

    def _value(self, run: TrialRun) -> float | None:
        judged = [event for event in read_results(self.record.folder(run)).evaluations if event.split == "validation"]
        if not judged:
            return None
        return max(event.accuracy for event in judged) if self.search.goal == "accuracy" else min(event.loss for event in judged)


def open_search(record: SweepRecord, base: dict[str, Any], search: Search, conductor: Conductor) -> Searcher:
    """The search of a record, as far as it is."""
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study(
            study_name=record.name,
            storage=optuna.storages.JournalStorage(JournalFileBackend(str(record.path.with_suffix(".journal")))),
            direction="maximize" if search.goal == "accuracy" else "minimize",
            sampler=optuna.samplers.TPESampler(seed=search.seed + len(record.trials), n_startup_trials=by_chance(search.trials), constant_liar=True),
            load_if_exists=True,
        )
    searcher = Searcher(record, base, search, conductor, study)
    searcher.take_up()
    return searcher


def by_chance(trials: int) -> int:
    """How many trials of a search of so many begin with settings by chance."""
    fewest, most = BY_CHANCE
    return min(most, max(fewest, trials // AT_ONCE))


def _suggest(trial: "optuna.Trial", key: str, space: Space) -> Any:
    if space.choices:
        return trial.suggest_categorical(key, list(space.choices))
    assert space.low is not None
    assert space.high is not None
    if space.integer:
        return trial.suggest_int(key, int(space.low), int(space.high), log=space.log)
    return trial.suggest_float(key, space.low, space.high, log=space.log)


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value
