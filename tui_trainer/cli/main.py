"""The ``tui-trainer`` program: its commands, and how errors reach a person."""

import errno
import os
import sys
from typing import Annotated, Any

import typer

from tui_trainer import __version__
from tui_trainer.cli import (
    again,
    baseline,
    data,
    doctor,
    ensemble,
    evaluate,
    find_lr,
    forms,
    gradcheck,
    inspecting,
    network,
    presets,
    reports,
    runs,
    serve,
    steer,
    sweep,
    train,
    watch,
)
from tui_trainer.cli.console import complain, plain_where_needed
from tui_trainer.config.errors import ConfigError

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
USAGE_ERROR: Any = typer.BadParameter.__mro__[2]
"""All that is wrong with a command line: click's ClickException, or that of the click that newer typers carry within."""

app = typer.Typer(
    name="tui-trainer",
    help="A terminal trainer for image classifiers.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("open")(watch.open_run)
app.command("train")(train.train)
app.command("resume")(again.resume)
app.command("fork")(again.fork)
app.command("watch")(watch.watch)
app.command("sweep")(sweep.sweep)
app.command("pause")(steer.pause)
app.command("continue")(steer.go_on)
app.command("stop")(steer.stop)
app.command("set-lr")(steer.set_lr)
app.command("evaluate")(evaluate.evaluate)
app.command("predict")(evaluate.predict)
app.add_typer(inspecting.app, name="inspect")
app.command("report")(reports.report)
app.command("serve")(serve.serve)
app.command("network")(network.network)
app.add_typer(presets.app, name="presets")
app.add_typer(runs.app, name="runs")
app.add_typer(data.app, name="data")
app.command("ensemble")(ensemble.ensemble)
app.command("baseline")(baseline.baseline)
app.command("find-lr")(find_lr.find_lr)
app.command("gradcheck")(gradcheck.gradcheck)
app.command("four-forms")(forms.four_forms)
app.command("doctor")(doctor.doctor)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"tui-trainer {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def program(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)] = False,
    fps: watch.Fps = None,
    ascii: watch.Ascii = False,
) -> None:
    """A terminal trainer for image classifiers. Without a command it opens the app."""
    context.obj = watch.Before(fps, ascii)
    if context.invoked_subcommand is None:
        watch.open_run(context)


def main() -> None:
    """Run the program and exit: 0 done, 1 failed, 2 bad input, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        plain_where_needed(stream)
    try:
        status = app(prog_name="tui-trainer", standalone_mode=False) or 0
    except USAGE_ERROR as error:
        status = _explain_usage(error)
    except typer.Abort:
        complain("aborted")
        status = 1
    except KeyboardInterrupt:
        status = 130
    except Exception as error:
        status = _explain(error)
    _leave(status)


def _explain(error: Exception) -> int:
    """Say in a sentence what a person can do something about; returns the exit status. Raises what is a fault of ours."""
    if isinstance(error, BrokenPipeError):
        return 1
    if isinstance(error, ConfigError):
        complain(str(error))
        return 2
    if isinstance(error, OSError):
        complain(describe(error))
        return 1
    raise error


def _explain_usage(error: Any) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":  # a group without a command: its help
        error.show()
    else:
        from tui_trainer.cli.usage import sentence  # not before: --help does without the schema

        complain(sentence(error))
    return 2


def describe(error: OSError) -> str:
    """What the system refused, in a sentence."""
    reason = error.strerror or str(error)
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{reason[:1].lower()}{reason[1:]}" + ("; free some and try again" if error.errno in NO_SPACE else "")


def _leave(status: int) -> None:
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still in the buffer would complain when Python exits
        if not isinstance(error, BrokenPipeError):
            complain(describe(error))
            status = status or 1
    sys.exit(status)


if __name__ == "__main__":
    main()
