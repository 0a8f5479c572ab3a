"""Finding the checkpoint that a run goes on from, and what to say about it."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from tui_trainer.config import Config, ConfigError, parse_config
from tui_trainer.config.changes import changes
from tui_trainer.config.files import parse_toml
from tui_trainer.runs import RunFolder
from tui_trainer.runs.checkpoints import Entry
from tui_trainer.runs.lineage import Lineage, read_lineage
from tui_trainer.runs.lock import Refused
from tui_trainer.training.device import cores
from tui_trainer.training.forks import Transition, transition
from tui_trainer.training.prepare import Prepared
from tui_trainer.training.relisting import sound_index
from tui_trainer.training.whole import load_whole

MACHINE = {"device": "on {} instead of {}", "precision": "in {} instead of {}", "torch": "by torch {} instead of {}", "processes": "by {} processes instead of {}"}
"""How to say what is another now than when the checkpoint was saved."""
FREE_KEYS = (
    "title", "description", "reference", "data.directory", "data.storage", "data.workers", "training.device", "training.threads", "training.precision",
    "training.compile", "training.keep_checkpoints", "training.checkpoint_minutes", "training.evaluate_test",
)  # fmt: skip
"""Settings that may be another in ``config.toml`` than in the checkpoint: they do not change what is trained."""


@dataclass(slots=True)
class Resumption:
    """Where a run goes on."""

    state: dict[str, Any] | None = None
    """The checkpoint's; None: the run begins again, for it has none."""
    entry: Entry | None = None
    transition: Transition | None = None
    """Where this is the first leg of a fork."""
    notes: list[str] = field(default_factory=list)
    """What a person should know, a sentence each."""
    damaged: set[str] = field(default_factory=set)


def find_resumption(run: RunFolder, which: str, prepared: Prepared) -> Resumption:
    """The checkpoint to go on from; for ``last`` the newest that is whole. Raises Refused."""
    try:
        found = _newest(run.checkpoints, prepared.device) if which == "last" else Resumption(*load_whole(run.checkpoints, which, prepared.device))
        if found.state is None or found.entry is None:
            return found
        saved = parse_config(parse_toml(found.state["config"], f"{run.checkpoints / found.entry.file}: its config"), found.entry.file)
        lineage = read_lineage(run.path)
    except ConfigError as error:
        raise Refused(str(error), error.problems) from None
    except (OSError, ValueError) as error:
        raise Refused(str(error)) from None
    if lineage and _is_fork_point(lineage, found.entry):
        found.transition = _transition(found.state, found.entry, saved, prepared)
    else:
        _refuse_changed(run, saved, prepared.config)
        _refuse_other_data(found.state, prepared)
    prefer_threads(prepared, found.state["machine"])
    if note := machine_note(found.state["machine"], prepared):
        found.notes.append(note)
    return found


def _transition(state: dict[str, Any], entry: Entry, saved: Config, prepared: Prepared) -> Transition:
    try:
        return transition(state, entry, saved, prepared)
    except ConfigError as error:
        raise Refused(str(error)) from None


def _is_fork_point(lineage: Lineage, entry: Entry) -> bool:
    return (entry.file, entry.sha256) == (lineage.checkpoint, lineage.sha256)


def _newest(folder: Path, device: torch.device) -> Resumption:
    """The newest checkpoint that is whole. Raises ConfigError where there are some and none is."""
    index, notes = sound_index(folder)
    found = Resumption(notes=notes)
    problems = []
    for entry in reversed(index.entries.values()):
        try:
            found.state, found.entry = load_whole(folder, entry.file, device)
        except ConfigError as error:
            problems.append(str(error))
            found.damaged.add(entry.file)
            continue
        found.notes += [f"{problem}; the one before it is taken: {entry.file} of step {entry.step}" for problem in problems[-1:]]
        return found
    if problems:
        raise ConfigError(f"{problems[0]}; there is no other that is whole")
    found.notes.append("there was no checkpoint yet: the run begins again")
    return found


def _refuse_changed(run: RunFolder, saved: Config, now: Config) -> None:
    """A run goes on with the settings it had; others are for a fork."""
    changed = {key: values for key, values in changes(saved, now).items() if not key.startswith(FREE_KEYS)}
    for key, (old, new) in changed.items():
        raise Refused(f"{run.config_file}: {key} is {new}, it was {old} when the checkpoint was saved: put it back, or fork the run to go on with other settings")


def _refuse_other_data(state: dict[str, Any], prepared: Prepared) -> None:
    was, now = state.get("data", {}).get("train"), len(prepared.data.train)
    if was is not None and was != now:
        raise Refused(f"data: there are {now} training images now, there were {was} when the checkpoint was saved: bring them back, or fork the run to go on with others")


def prefer_threads(prepared: Prepared, machine: dict[str, Any]) -> None:
    """Where the number of threads is ours to choose, take the checkpoint's: sums of other parts round otherwise."""
    threads = machine.get("threads")
    if prepared.device.type != "cpu" or prepared.config.training.threads is not None or not isinstance(threads, int) or not 1 <= threads <= cores():
        return
    prepared.threads = threads
    torch.set_num_threads(threads)


def machine_now(prepared: Prepared) -> dict[str, Any]:
    """What results depend on to the last bit, beside the settings."""
    return {
        "device": prepared.device.type,
        "threads": prepared.threads,
        "precision": prepared.config.training.precision,
        "torch": str(torch.__version__),
        "processes": int(os.environ.get("WORLD_SIZE", "1")),
    }


def machine_note(was: dict[str, Any], prepared: Prepared) -> str:
    """What is another now than it was, in a sentence; empty where nothing is."""
    now = machine_now(prepared)
    differing = [said.format(now[key], was[key]) for key, said in MACHINE.items() if key in was and was[key] != now[key]]
    if was.get("threads", now["threads"]) != now["threads"] and now["device"] == was.get("device") == "cpu":
        differing.insert(0, f"with {now['threads']} thread{'s' if now['threads'] != 1 else ''} instead of {was['threads']}")
    return f"resumed {', '.join(differing)}: later figures agree to rounding, not bit for bit" if differing else ""
