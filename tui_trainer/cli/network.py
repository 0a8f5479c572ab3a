"""``tui-trainer network``: what a network looks like, layer by layer, without training it."""

from typing import TYPE_CHECKING, Any

from tui_trainer.cli.options import DataDir, Dataset, Json, Set, Source, Trust, asked_config

if TYPE_CHECKING:
    from tui_trainer.config import Config
    from tui_trainer.network import LayerSummary


def network(
    source: Source,
    sets: Set = [],  # noqa: B006 - typer reads it, nobody changes it
    dataset: Dataset = None,
    data_dir: DataDir = None,
    as_json: Json = False,
    trust: Trust = False,
) -> None:
    """Show the layers of a network without training it."""
    from tui_trainer.catalogue import data_facts
    from tui_trainer.cli.console import console, count, print_json
    from tui_trainer.network import show

    config = asked_config(source, sets, dataset, data_dir)
    facts = data_facts(config.data)
    rows = layer_rows(config, facts.shape, len(facts.classes), trusted=trust)
    total = sum(row.parameters for row in rows)
    if as_json:
        print_json({"input_shape": list(facts.shape), "classes": list(facts.classes), "parameters": total, "layers": list(map(_row_json, rows))})
        return
    target = console()
    target.print(f"{config.data.dataset}: images of {show(facts.shape)}, {len(facts.classes)} classes", style="dim")
    target.print(_table(rows, total))
    adds = sum(row.multiply_adds for row in rows)
    target.print(f"{count(adds)} multiplications an image" if adds else "", style="dim")


def layer_rows(config: "Config", shape: tuple[int, int, int], classes: int, *, trusted: bool) -> "tuple[LayerSummary, ...]":
    """The rows of the network's table: from arithmetic for a list of layers, else from the built module. Raises ConfigError."""
    if config.network.kind == "layers":
        from tui_trainer.network import summarise

        return summarise(config.network, shape, classes).layers
    from tui_trainer.models import build, module_summary

    return module_summary(build(config.network, shape, classes, trusted=trusted), shape, classes).layers


def _table(rows: "tuple[LayerSummary, ...]", total: int) -> Any:
    from tui_trainer.cli.console import count
    from tui_trainer.cli.tables import table
    from tui_trainer.network import show

    made = table("place", "layer", ">output", ">parameters", ">jump", ">receptive field")
    for row in rows:
        made.add_row(
            row.place, row.name, show(row.output), count(row.parameters) if row.parameters else "",
            str(row.jump or ""), "all" if row.receptive_field is None else str(row.receptive_field),
        )  # fmt: skip
    made.add_row("total", "", "", count(total), "", "", style="bold")
    return made


def _row_json(row: "LayerSummary") -> dict[str, object]:
    return {
        "place": row.place, "layer": row.name, "output": list(row.output), "parameters": row.parameters,
        "jump": row.jump, "receptive_field": row.receptive_field, "multiply_adds": row.multiply_adds,
    }  # fmt: skip
