"""What a sweep is: trials of one base, by a grid, by name or by search, each an ordinary run."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from tui_trainer.config.base import Settings, setting
from tui_trainer.config.command import inline
from tui_trainer.config.config import PRINTABLE, Config
from tui_trainer.config.errors import ConfigError, nearest
from tui_trainer.config.files import describe_overrides, parse_config, read_tree
from tui_trainer.config.paths import is_file
from tui_trainer.config.presets import preset_path, presets_dir
from tui_trainer.config.problems import explain

FOLDER = "sweeps"
"""Of the presets: files there are sweeps."""
MOST_TRIALS = 10_000
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]+(\.[A-Za-z0-9_\-]+)*$")]
Triple = Annotated[tuple[float, float, float], Field(strict=False)]
Row = dict[Annotated[str, Field(pattern=r"^\d+(\.\d+)?$")], Triple]


class Trial(Settings):
    """One named trial."""

    name: str = setting(..., "Name", "What it is called in tables.", min_length=1, max_length=60, pattern=PRINTABLE)
    base: str = setting("", "Base", "Preset or file to begin with (default: the sweep's).", max_length=500)
    set: dict[Key, Any] = setting({}, "Set", "Settings to change: dotted key to value.")
    report: Row = setting({}, "Report", "What its source gives: epoch to accuracy in percent of train, validation and test.")


class Space(Settings):
    """Where a search looks for one setting."""

    low: float | None = setting(None, "Low", "Lowest value.")
    high: float | None = setting(None, "High", "Highest value.")
    log: bool = setting(False, "Log", "Draw on a logarithmic scale.")
    integer: bool = setting(False, "Integer", "Whole numbers only.")
    choices: Annotated[tuple[bool | int | float | str, ...], Field(strict=False)] = setting((), "Choices", "One of these, in place of low and high.")

    @model_validator(mode="after")
    def _one_kind(self) -> "Space":
        if bool(self.choices) == (self.low is not None or self.high is not None):
            raise ValueError("give either choices, or low and high")
        if not self.choices and (self.low is None or self.high is None or self.low >= self.high):
            raise ValueError("low must be below high")
        if self.log and (self.low or 0) <= 0:
            raise ValueError("a logarithmic scale begins above 0")
        return self


class Search(Settings):
    """A search by Optuna (tree-structured Parzen estimator)."""

    trials: int = setting(20, "Trials", "How many to try, those of earlier calls included.", ge=1, le=MOST_TRIALS)
    space: dict[Key, Space] = setting({}, "Space", "Dotted key to where to look.")
    goal: Literal["accuracy", "loss"] = setting("accuracy", "Goal", "Best validation accuracy, or lowest validation loss.")
    prune: bool = setting(True, "Prune", "Stop trials that are below the median of the others at an eighth, a quarter or half of their length.")
    seed: int = setting(0, "Seed", "Seed of the search itself.", ge=0, lt=2**31)


class Sweep(Settings):
    """Trials of one base."""

    title: str = setting("", "Title", "What this is, in a line.", max_length=200, pattern=PRINTABLE)
    description: str = setting("", "Description", "What it shows, and what to know.", max_length=5000, pattern=PRINTABLE)
    source: str = setting("", "Source", "Name of the report that it is held against.", max_length=500, pattern=PRINTABLE)
    base: str = setting("", "Base", "Preset or file that every trial begins with.", max_length=500)
    set: dict[Key, Any] = setting({}, "Set", "Settings that all trials share: dotted key to value.")
    grid: dict[Key, Annotated[tuple[Any, ...], Field(strict=False, min_length=1)]] = setting({}, "Grid", "Dotted key to values: every combination is a trial.")
    trials: Annotated[tuple[Trial, ...], Field(strict=False)] = setting((), "Trials", "Named trials, each with the grid's combinations.", max_length=MOST_TRIALS)
    seeds: int = setting(1, "Seeds", "Runs of each trial, with seeds counted on from the base's.", ge=1, le=1000)
    epochs: Annotated[tuple[float, ...], Field(strict=False)] = setting((), "Epochs", "When the table looks at the figures (default: at the end).")
    search: Search | None = setting(None, "Search", "Search in place of a grid.")


@dataclass(frozen=True, slots=True)
class Planned:
    """One run of a sweep, before it is made."""

    label: str
    """What the trial is called in tables; runs with other seeds share it."""
    settings: dict[str, Any]
    """What sets it apart from the sweep's other trials."""
    seed: int
    config: Config
    report: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    """Epoch to accuracy in percent of train, validation and test, as the source gives them."""


def sweep_names() -> list[str]:
    """The sweeps among the presets, as ``sweeps/NAME``."""
    return sorted(path.relative_to(presets_dir()).with_suffix("").as_posix() for path in (presets_dir() / FOLDER).rglob("*.toml"))


def read_sweep(source: str) -> tuple[Sweep, Path | None]:
    """The sweep of a sweep's name or file, and where files that it names lie beside; of a preset's name or file, the sweep that has it as its base.

    Raises ConfigError.
    """
    path = presets_dir() / f"{source}.toml" if source in sweep_names() else Path(source)
    if not is_file(path):
        if source.startswith(f"{FOLDER}/"):
            raise ConfigError(f"{source}: no such sweep{nearest(source, sweep_names())}; there are {', '.join(sweep_names())}")
        preset_path(source)  # raises where there is no such preset
        return Sweep(base=source), None
    tree = read_tree(path)
    if {"network", "data", "training"} & set(tree):
        return Sweep(base=source), None
    try:
        return Sweep.model_validate(tree), path.parent
    except ValidationError as error:
        raise explain(Sweep, error, str(path)) from None


def plan_sweep(sweep: Sweep, where: str, overrides: Mapping[str, Any], beside: Path | None = None) -> list[Planned]:
    """Every run of a sweep without a search, trial by trial. ``overrides`` have the last word but for grid and seeds.

    Raises ConfigError for the first trial that cannot be.
    """
    trials = sweep.trials or (Trial(name=sweep.base),)
    for key, values in sweep.grid.items():
        refuse_repeats(values, f"{where}: grid: {key}")
    refuse_repeats([trial.name for trial in sweep.trials], f"{where}: trials: the name")
    combinations = [dict(zip(sweep.grid, values, strict=True)) for values in itertools.product(*sweep.grid.values())]
    if len(trials) * len(combinations) * sweep.seeds > MOST_TRIALS:
        raise ConfigError(f"{where}: {len(trials) * len(combinations) * sweep.seeds} runs are too many; allowed are {MOST_TRIALS}")
    planned = []
    for trial in trials:
        for combination in combinations:
            settings = trial.set | combination
            named = (trial.name,) if sweep.trials or not combination else ()
            label = ", ".join((*named, *describe_overrides(combination)))
            shared = sweep.set | trial.set | dict(overrides)
            config = trial_config(sweep, trial.base, shared | combination, where, beside)
            report = trial.report or _reported(config)
            if combination and report and config != trial_config(sweep, trial.base, shared, where, beside):
                report = {}  # its source gives them for the trial as it is, not for this variant
            for number in range(sweep.seeds):
                seed = config.training.seed + number
                planned.append(Planned(label, settings, seed, with_seed(config, seed), report))
    return planned


def refuse_repeats(values: Sequence[Any], where: str) -> None:
    """Raises ConfigError where a value stands twice: the same run would be trained twice, and pass for another seed."""
    seen: set[str] = set()
    for value in values:
        text = json.dumps(float(value) if isinstance(value, int) and not isinstance(value, bool) else value, sort_keys=True, default=str)
        if text in seen:
            raise ConfigError(f"{where}: {inline(value)} is there twice; each value is tried once (--seeds N repeats with other seeds)")
        seen.add(text)


def trial_config(sweep: Sweep, base: str, settings: Mapping[str, Any], where: str, beside: Path | None) -> Config:
    """The config of one trial. Raises ConfigError."""
    name = base or sweep.base
    if not name:
        raise ConfigError(f"{where}: base: missing: the preset or file that the trials begin with has to be given")
    path = beside / name if beside and is_file(beside / name) else preset_path(name)
    return parse_config(read_tree(path), f"{where}: {name}", settings)


def with_seed(config: Config, seed: int) -> Config:
    """The config with another seed."""
    return config.model_copy(update={"training": config.training.model_copy(update={"seed": seed})})


def _reported(config: Config) -> dict[str, tuple[float, float, float]]:
    """The figures that a preset's reference gives, as a trial's ``report`` has them: where all three splits are known."""
    if config.reference is None:
        return {}
    found: dict[str, dict[str, float]] = {}
    for figure in (config.reference, *config.reference.also):
        if figure.metric == "accuracy" and figure.epoch is not None:
            found.setdefault(f"{figure.epoch:g}", {})[figure.split] = 100 * figure.value
    return {epoch: (each["train"], each["validation"], each["test"]) for epoch, each in found.items() if len(each) == 3}
