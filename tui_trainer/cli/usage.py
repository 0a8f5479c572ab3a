"""A command line that is not understood, in one sentence, as every other bad input is told."""

from typing import Any

import typer

from tui_trainer.config.errors import nearest
from tui_trainer.config.problems import allowed

NO_NUMBER = {"int": "no whole number", "float": "no number"}


def sentence(error: Any) -> str:
    """What is wrong with the command line (an error of click's or of the click within typer), and where its help stands."""
    path = error.ctx.command_path if error.ctx is not None else "tui-trainer"
    kind, help_there = type(error).__name__, f"; `{path} -h` shows how" if error.ctx is not None else ""
    if kind == "NoSuchOption":
        return f"{error.option_name}: no such option{_near(error)}{help_there}"
    if kind == "MissingParameter":
        return f"{path.removeprefix('tui-trainer ')}: {_name(error.param)} is missing{help_there}"
    if isinstance(error, typer.BadParameter):
        return f"{_name(error.param)} {_refused(error)}"
    said = error.format_message().rstrip(".")
    if said.startswith("No such command"):
        word = said.split("'")[1]
        return f"{word}: no such command{nearest(word, error.ctx.command.list_commands(error.ctx))}; `{path} -h` lists them all"
    return f"{said[:1].lower()}{said[1:]}{help_there}"


def _near(error: Any) -> str:
    options = [name for parameter in error.ctx.command.params for name in parameter.opts if name.startswith("--")] if error.ctx is not None else []
    return nearest(error.option_name, options)


def _name(parameter: Any) -> str:
    """As a person writes it: the longest of an option's names, an argument's place."""
    if parameter is None:
        return "a value"
    return str(max(parameter.opts, key=len) if parameter.param_type_name == "option" else parameter.metavar or parameter.name)


def _refused(error: Any) -> str:
    """What typer's pydantic found, in the words that settings are refused in; what a click found as it says it."""
    cause = error.__cause__
    if not hasattr(cause, "errors"):
        return str(error.message).rstrip(".")
    found = cause.errors()[0]
    if limits := allowed(found):
        return f"{found['input']} is out of range; allowed is {limits}"
    return f"{found['input']} is {NO_NUMBER.get(found['type'].split('_')[0], 'not allowed')}"
