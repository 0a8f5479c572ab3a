"""``tui-trainer presets``: the runs that travel with the program."""

from typing import TYPE_CHECKING, Annotated

import typer

from tui_trainer.cli import completion
from tui_trainer.cli.options import Json, Set, Source, asked_config

if TYPE_CHECKING:
    from tui_trainer.config import Config

app = typer.Typer(help="List, show and check presets.", no_args_is_help=True)


@app.command("list")
def list_presets(as_json: Json = False) -> None:
    """List all presets: data set, network and the figure each is held against."""
    from tui_trainer.cli.console import complain, console, print_json
    from tui_trainer.cli.tables import print_table
    from tui_trainer.config import ConfigError, load_config, preset_names

    configs: dict[str, Config] = {}
    for name in preset_names():
        try:
            configs[name] = load_config(name)
        except ConfigError as error:
            complain(str(error))
    if as_json:
        print_json([_preset_json(name, config) for name, config in configs.items()])
        return
    rows = [(name, config.data.dataset, _figure(config), config.title) for name, config in configs.items()]
    print_table(console(), ("preset", "data", "reference", "title"), rows, flexible="title")


@app.command()
def show(source: Source, sets: Set = []) -> None:  # noqa: B006
    """Print a preset with all settings that have an effect in it, as TOML that `train` takes: a start for one of your own."""
    from tui_trainer.config.effective import effective_toml

    print(effective_toml(asked_config(source, sets)), end="")


@app.command()
def check(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PRESET|FILE]...", help="What to check (default: all presets).", show_default=False, autocompletion=completion.presets),
    ] = None,
) -> None:
    """Check presets: keys, values, and whether every layer can take its input."""
    from tui_trainer.cli.console import complain
    from tui_trainer.config import ConfigError, preset_names

    wrong = 0
    for source in sources or preset_names():
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
    from tui_trainer.network import show as show_shape
    from tui_trainer.network import summarise

    config = load_config(source)
    if config.network.kind != "layers":
        return f"ok, {config.network.kind} {config.network.model or config.network.source or ''}".rstrip()
    facts = data_facts(config.data)
    try:
        total = summarise(config.network, facts.shape, len(facts.classes)).parameters
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from None
    return f"ok, {count(total)} parameters for {config.data.dataset} of {show_shape(facts.shape)}"


def _figure(config: "Config") -> str:
    from tui_trainer.cli.console import count, percent

    reference = config.reference
    if reference is None:
        return ""
    if reference.metric == "parameters":
        return f"{count(int(reference.value))} parameters"
    return f"{reference.split} {percent(reference.value, 1)}"


def _preset_json(name: str, config: "Config") -> dict[str, object]:
    from tui_trainer.config import preset_path

    reference = config.reference.model_dump(mode="json", exclude_none=True) if config.reference else None
    return {
        "name": name, "title": config.title, "description": config.description, "dataset": config.data.dataset,
        "reference": reference, "path": str(preset_path(name)),
    }  # fmt: skip
