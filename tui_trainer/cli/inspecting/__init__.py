"""``tui-trainer inspect``: why a network fails, and what it has learnt."""

import typer

from tui_trainer.cli.inspecting import failing, learnt

app = typer.Typer(name="inspect", help="See why a trained run fails, and what it has learnt.", rich_markup_mode=None, no_args_is_help=True)
app.command("errors")(failing.errors)
app.command("classes")(failing.classes)
app.command("calibration")(failing.calibration)
app.command("pair")(failing.pair)
app.command("kernels")(learnt.kernels)
app.command("features")(learnt.features)
app.command("saliency")(learnt.saliency)
app.command("histograms")(learnt.histograms)
