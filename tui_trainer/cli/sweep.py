"""``tui-trainer sweep``: many runs of one kind, a live table of them, and the table that a report prints."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui_trainer.cli import completion
from tui_trainer.cli.options import DataDir, Dataset, Device, Json, RunsDir, Set

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from tui_trainer.config import Config
    from tui_trainer.runs.status import Status
    from tui_trainer.sweeps.conduct import Conductor
    from tui_trainer.sweeps.record import SweepRecord
    from tui_trainer.sweeps.search import Searcher

LOOK = 0.5
"""Seconds between two looks at the trials."""
NARROWEST_TRIAL = 32
"""Columns in which two settings mostly fit: rather than cut them, the live table leaves out figures."""


def sweep(
    source: Annotated[
        str | None, typer.Argument(metavar="SWEEP|PRESET|FILE", help="A sweep's or preset's name, or a file like one.", show_default=False, autocompletion=completion.sweeps)
    ] = None,
    grid: Annotated[list[str], typer.Option("--grid", metavar="KEY=A,B,C", help="Try these values; several grids: every combination.", show_default=False, autocompletion=completion.settings)] = [],  # noqa: B006
    seeds: Annotated[int | None, typer.Option("--seeds", metavar="N", min=1, max=1000, help="Runs of each trial, with seeds counted on from the preset's.", show_default=False)] = None,
    search: Annotated[int | None, typer.Option("--search", metavar="N", min=1, max=10_000, help="Search by Optuna with N trials, in place of a grid.", show_default=False)] = None,
    space: Annotated[list[str], typer.Option("--space", metavar="KEY=LOW:HIGH", help="Where to search: LOW:HIGH, log:LOW:HIGH, int:LOW:HIGH or A,B,C.", show_default=False, autocompletion=completion.settings)] = [],  # noqa: B006
    no_pruning: Annotated[bool, typer.Option("--no-pruning", help="Let every trial of a search run to its end.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", metavar="N", min=1, max=1000, help="Processes at a time.")] = 1,
    sets: Set = [],  # noqa: B006 - typer reads it, nobody changes it
    dataset: Dataset = None,
    data_dir: DataDir = None,
    device: Device = None,
    epochs: Annotated[float | None, typer.Option("--epochs", metavar="N", help="Passes over the training set.", show_default=False)] = None,
    runs_dir: RunsDir = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="The sweep's name; its runs are NAME.001 and so on.", show_default=False)] = None,
    go_on: Annotated[str | None, typer.Option("--go-on", metavar="NAME", help="Go on with a sweep: trials that wait, were stopped or crashed.", show_default=False, autocompletion=completion.sweep_names)] = None,
    show: Annotated[str | None, typer.Option("--show", metavar="NAME", help="Print the table of a sweep as far as it is, and start nothing.", show_default=False, autocompletion=completion.sweep_names)] = None,
    as_json: Json = False,
) -> None:
    """Train many runs of one kind: a grid, named trials with several seeds, or a search.

    Each trial is an ordinary run. Dense networks that differ in seed, learning rate, momentum or weight decay alone train
    together in one process. Ctrl-C stops the trials with a checkpoint each; --go-on goes on with them.

    A search begins with settings by chance (a quarter of the trials, 3 to 10) and proposes each later trial from what those
    before it reached; no more than a quarter of it trains at once, unless --jobs asks for more. A trial whose best validation
    figure is below the median of the others at an eighth, a quarter or half of its length is stopped there.
    """
    from tui_trainer.cli.console import console
    from tui_trainer.cli.sweep_table import print_sweep
    from tui_trainer.config import ConfigError
    from tui_trainer.runs import runs_dir as runs_root
    from tui_trainer.sweeps import read_sweep_record
    from tui_trainer.sweeps.detached import conducting

    root = runs_root(runs_dir)
    if sum(each is not None for each in (source, go_on, show)) != 1:
        raise ConfigError("give a sweep or preset to train, or --go-on NAME, or --show NAME")
    if show is not None:
        print_sweep(console(), read_sweep_record(root, show), as_json)
        return
    if go_on is not None:
        record = read_sweep_record(root, go_on)
    else:
        given = {"data.dataset": dataset, "data.directory": data_dir, "training.device": device, "training.epochs": epochs}
        record = _create(root, source or "", grid, seeds, search, space, not no_pruning, sets, {key: value for key, value in given.items() if value is not None}, name)
    with conducting(record):
        record = _conduct(record, jobs, quiet=as_json)
    print_sweep(console(), record, as_json)
    raise typer.Exit(_status(record))


def _create(
    root: Path, source: str, grid: list[str], seeds: int | None, search: int | None, space: list[str], prune: bool, sets: list[str], given: dict[str, Any], name: str | None
) -> "SweepRecord":
    """The record of a new sweep. Raises ConfigError."""
    from tui_trainer.config import ConfigError, parse_override, to_tree
    from tui_trainer.config.sweep import Search, plan_sweep, read_sweep, sweep_names, trial_config
    from tui_trainer.runs.start import check_place
    from tui_trainer.sweeps import create_sweep
    from tui_trainer.sweeps.options import check_search, parse_space, several
    from tui_trainer.sweeps.record import free_name

    check_place(root)
    asked, beside = read_sweep(source)
    changes: dict[str, Any] = {"grid": asked.grid | several(grid, "--grid")} | ({"seeds": seeds} if seeds else {})
    looked_for = asked.search
    if space and not (search or looked_for):
        raise ConfigError("--space: say how many trials to search with, such as --search 20")
    if search or space:
        where = (looked_for.space if looked_for else {}) | dict(map(parse_space, space))
        looked_for = (looked_for or Search()).model_copy(update={"space": where, "prune": prune} | ({"trials": search} if search else {}))
    asked = asked.model_copy(update=changes)
    overrides = given | dict(map(parse_override, sets))
    facts = {"title": asked.title, "source": asked.source, "preset": source, "epochs": asked.epochs}
    called = name or free_name(root, Path(source).stem)
    if looked_for is None:
        if not asked.grid and not asked.trials and asked.seeds == 1:
            names = ", ".join(sweep_names())
            raise ConfigError(f"{source}: this is one run, which `train` takes: say what to try with --grid, --seeds or --search, or name a sweep ({names}, or a file)")
        planned = plan_sweep(asked, source, overrides, beside)
        _check_data([(f"{source}: {each.label}", each.config) for each in planned])
        return create_sweep(root, called, planned, **facts)
    if asked.grid or asked.trials or asked.seeds > 1:
        raise ConfigError("--search: a search has neither --grid nor --seeds nor named trials")
    base = trial_config(asked, "", asked.set | overrides, source, beside)
    _check_data(check_search(looked_for, to_tree(base), source))
    return create_sweep(root, called, (), search=looked_for.model_dump(mode="json") | {"base": to_tree(base)}, **facts)


def _check_data(trials: "list[tuple[str, Config]]") -> None:
    """Fetch what is fetched by itself, and raise ConfigError once where the trials would all fail."""
    import sys

    from tui_trainer.cli.data import DownloadLine
    from tui_trainer.sweeps.ready import check_trials

    download = DownloadLine()
    try:
        check_trials(trials, download if sys.stdout.isatty() else None)
    finally:
        download.close()


def _conduct(record: "SweepRecord", jobs: int, *, quiet: bool) -> "SweepRecord":
    """Train the trials to their ends, showing them; returns the record with what a search added. Raises ConfigError, OSError, KeyboardInterrupt."""
    import os
    import sys

    from tui_trainer.cli.console import can_redraw, complain, console
    from tui_trainer.sweeps.conduct import Conductor

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    conductor = Conductor(record, jobs, cores=cores)
    _check_data([(trial.run, trial.parsed()) for trials in conductor.waiting for trial in trials])
    searcher = _searcher(record, conductor) if record.search else None
    tick = searcher.tick if searcher else conductor.tick
    target = console()
    try:
        if quiet or not can_redraw(sys.stdout):
            said: set[str] = set()
            while tick():
                _say_ends(target, conductor, said, quiet)
                time.sleep(LOOK)
            _say_ends(target, conductor, said, quiet)
        else:
            _conduct_live(target, conductor, tick)
        while conductor.live_elsewhere():
            time.sleep(LOOK)
    except KeyboardInterrupt:
        conductor.stop()
        complain(f"stopped; `tui-trainer sweep --go-on {record.name}` goes on with the trials")
        raise
    return conductor.record


def _searcher(record: "SweepRecord", conductor: "Conductor") -> "Searcher":
    from tui_trainer.config.sweep import Search
    from tui_trainer.sweeps.search import open_search

    settings = dict(record.search)
    base = settings.pop("base")
    return open_search(record, base, Search.model_validate(settings), conductor)


def _conduct_live(target: "Console", conductor: "Conductor", tick: Any) -> None:
    from rich.live import Live

    with Live(console=target, auto_refresh=False, transient=True) as live:
        while tick():
            live.update(_live_table(target, conductor), refresh=True)
            time.sleep(LOOK)


def _live_table(target: "Console", conductor: "Conductor") -> Any:
    """How many trials train, wait and have ended, and how; and what they do, as many as there is room for."""
    from collections import Counter

    from rich.console import Group
    from rich.text import Text

    from tui_trainer.cli.console import percent
    from tui_trainer.cli.tables import fitted_table, words
    from tui_trainer.runs.status import LIVE
    from tui_trainer.sweeps.conduct import trial_state
    from tui_trainer.sweeps.results import short_label

    room = max(4, target.height - 4)
    states = [conductor.state(trial) for trial in conductor.record.trials]
    ended = Counter(trial_state(state) for state in states if state and state.state not in LIVE)
    rows = []
    for place in _most_wanted(states, room):
        trial, state = conductor.record.trials[place], states[place]
        name = (trial.run, short_label(trial.label), str(trial.seed))
        if state is None:
            rows.append([Text(cell, style="dim") for cell in (*name, "waiting", "", "", "")])
            continue
        figures = [state.summary.get(which, {}).get("validation", {}).get("accuracy") for which in ("best", "last")]
        epoch = f"{state.epoch:.1f}/{state.total_epochs:g}" if state.total_epochs else ""
        rows.append([Text(cell) for cell in (*name, trial_state(state), epoch, *map(percent, figures))])
    live, waiting = sum(state is not None and state.state in LIVE for state in states), states.count(None)
    rest = f"{len(states) - room} not shown" if len(states) > room else ""
    counts = words((f"{live} running", *(f"{number} {state}" for state, number in sorted(ended.items())), f"{waiting} waiting", rest))
    made = fitted_table(target, ("run", "trial", ">seed", "state", ">epoch", ">best", ">last"), rows, flexible="trial", droppable=("last", "best"), narrowest=NARROWEST_TRIAL)
    return Group(Text(f"{conductor.record.name}: {counts}"), made)


def _most_wanted(states: "Sequence[Status | None]", room: int) -> list[int]:
    """Places of the trials that train, of the newest that have ended, of the next that wait: as many as there is room for, in their order."""
    from tui_trainer.runs.status import LIVE

    def rank(place: int) -> tuple[int, int]:
        state = states[place]
        if state is None:
            return 2, place
        return (0, place) if state.state in LIVE else (1, -place)

    return sorted(sorted(range(len(states)), key=rank)[:room])


def _say_ends(target: "Console", conductor: "Conductor", said: set[str], quiet: bool) -> None:
    """A line for every trial that ended since the last look."""
    from tui_trainer.cli.console import percent
    from tui_trainer.runs.status import LIVE
    from tui_trainer.sweeps.conduct import PRUNED, trial_state

    for trial in conductor.record.trials:
        state = conductor.state(trial) if trial.run not in said else None
        if state is None or state.state in LIVE:
            continue
        said.add(trial.run)
        if not quiet:
            best = state.summary.get("best", {}).get("validation", {}).get("accuracy")
            word = trial_state(state)
            why = f" at epoch {state.epoch:.1f}" if word == PRUNED else f" ({state.reason})" if state.reason else ""
            target.print(f"{trial.run}  {trial.label}, seed {trial.seed}: {word}{why}{f', best validation {percent(best)}' if best is not None else ''}", soft_wrap=True)


def _status(record: "SweepRecord") -> int:
    """0 where every trial finished (of a search: one at least), else 1."""
    from tui_trainer.sweeps.conduct import Conductor

    conductor = Conductor(record, 1)
    states = [state.state for trial in record.trials if (state := conductor.state(trial))]
    done = sum(state == "finished" for state in states)
    return 0 if done == len(record.trials) or (record.search and done) else 1
