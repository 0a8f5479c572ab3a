"""``tui-trainer presets``: the runs and sweeps that travel with the program, and a user's own."""

from typing import TYPE_CHECKING, Annotated

import typer

from tui_trainer.cli import completion
from tui_trainer.cli.options import Json, Set, asked_config

if TYPE_CHECKING:
    from tui_trainer.config import Config
    from tui_trainer.config.sweep import Planned, Sweep

app = typer.Typer(help="List, show and check presets.", no_args_is_help=True)


@app.command("list")
def list_presets(as_json: Json = False) -> None:
    """List all presets, your own first: data set and the figure each is held against; then the sweeps, of several runs each."""
    from tui_trainer.cli.console import complain, console, print_json
    from tui_trainer.cli.tables import print_table
    from tui_trainer.config import ConfigError, load_config, own_preset_names, preset_names

    configs: dict[str, Config] = {}
    own = own_preset_names()
    for name in (*own, *preset_names()):
        try:
            configs[name] = load_config(name)
        except ConfigError as error:
            complain(str(error))
    sweeps = _sweeps()
    if as_json:
        print_json([_preset_json(name, config, name in own) for name, config in configs.items()] + [_sweep_json(name, *found) for name, found in sweeps.items()])
        return
    rows = [(name, config.data.dataset, "yours" if name in own else _figure(config), config.title) for name, config in configs.items()]
    target = console()
    print_table(target, ("preset", "data", "reference", "title"), rows, flexible="title")
    target.print()
    print_table(target, ("sweep", ">runs", "title"), [(name, str(len(planned)), sweep.title) for name, (sweep, planned) in sweeps.items()], flexible="title")
    target.print("train one   tui-trainer train PRESET   tui-trainer sweep SWEEP", style="dim")


@app.command()
def show(
    source: Annotated[
        str, typer.Argument(metavar="PRESET|SWEEP|FILE", help="A preset's or sweep's name, or a TOML file like one.", show_default=False, autocompletion=completion.sweeps)
    ],
    sets: Set = [],  # noqa: B006
) -> None:
    """Print a preset with all settings that have an effect in it, as TOML that `train` takes: a start for one of your own.

    A sweep is printed as its file has it.
    """
    from tui_trainer.config import ConfigError
    from tui_trainer.config.effective import effective_toml
    from tui_trainer.config.presets import presets_dir
    from tui_trainer.config.sweep import sweep_names

    if source in sweep_names():
        if sets:
            raise ConfigError(f"--set {sets[0]}: a sweep is shown as its file has it; `tui-trainer sweep {source} --set {sets[0]}` trains it so")
        print((presets_dir() / f"{source}.toml").read_text("utf-8"), end="")
        return

    print(effective_toml(asked_config(source, sets)), end="")


@app.command()
def check(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PRESET|FILE]...", help="What to check (default: all presets and sweeps).", show_default=False, autocompletion=completion.sweeps),
    ] = None,
) -> None:
    """Check presets: keys, values, and whether every layer can take its input."""
    from tui_trainer.cli.console import complain
    from tui_trainer.config import ConfigError, preset_names
    from tui_trainer.config.sweep import sweep_names

    wrong = 0
    for source in sources or [*preset_names(), *sweep_names()]:
        try:
            print(f"{source}: {_checked(source)}")
        except ConfigError as error:
            wrong += 1
            complain(str(error))
    if wrong:
        raise typer.Exit(2)


def _checked(source: str) -> str:
    """What is known of a preset that is right. Raises ConfigError."""
    from tui_trainer.catalogue import data_facts
    from tui_trainer.cli.console import count
    from tui_trainer.config import ConfigError, load_config
    from tui_trainer.config.sweep import plan_sweep, read_sweep, sweep_names
    from tui_trainer.network import show as show_shape
    from tui_trainer.network import summarise

    if source in sweep_names():
        asked, beside = read_sweep(source)
        return f"ok, {len(plan_sweep(asked, source, {}, beside))} runs"
    config = load_config(source)
    if config.network.kind != "layers":
        return f"ok, {config.network.kind} {config.network.model or config.network.source or ''}".rstrip()
    facts = data_facts(config.data)
    try:
        total = summarise(config.network, facts.shape, len(facts.classes)).parameters
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from None
    return f"ok, {count(total)} parameters for {config.data.dataset} of {show_shape(facts.shape)}"


def _sweeps() -> "dict[str, tuple[Sweep, list[Planned]]]":
    """The sweeps that are right, with their runs; the others are complained of."""
    from tui_trainer.cli.console import complain
    from tui_trainer.config import ConfigError
    from tui_trainer.config.sweep import plan_sweep, read_sweep, sweep_names

    found = {}
    for name in sweep_names():
        try:
            asked, beside = read_sweep(name)
            found[name] = asked, plan_sweep(asked, name, {}, beside)
        except ConfigError as error:
            complain(str(error))
    return found


def _figure(config: "Config") -> str:
    from tui_trainer.cli.console import count, percent

    reference = config.reference
    if reference is None:
        return ""
    if reference.metric == "parameters":
        return f"{count(int(reference.value))} parameters"
    return f"{reference.split} {percent(reference.value, 1)}"


def _preset_json(name: str, config: "Config", own: bool) -> dict[str, object]:
    from tui_trainer.config import preset_path

    reference = config.reference.model_dump(mode="json", exclude_none=True) if config.reference else None
    return {
        "kind": "preset", "name": name, "own": own, "title": config.title, "description": config.description, "dataset": config.data.dataset,
        "reference": reference, "path": str(preset_path(name)),
    }  # fmt: skip


def _sweep_json(name: str, sweep: "Sweep", planned: "list[Planned]") -> dict[str, object]:
    from tui_trainer.config.presets import presets_dir

    return {
        "kind": "sweep", "name": name, "title": sweep.title, "description": sweep.description, "source": sweep.source,
        "trials": list(dict.fromkeys(each.label for each in planned)), "runs": len(planned), "path": str(presets_dir() / f"{name}.toml"),
    }  # fmt: skip
