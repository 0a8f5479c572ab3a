"""``tui-trainer data``: which images there are, and fetching them."""

import typer

app = typer.Typer(help="List and prepare data sets.", no_args_is_help=True)
