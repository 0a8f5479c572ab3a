"""``tui-trainer data``: which images there are, and fetching or checking them."""

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui_trainer.cli import completion
from tui_trainer.cli.options import DataDir, Json

if TYPE_CHECKING:
    from tui_trainer.catalogue import Facts

app = typer.Typer(help="List and prepare data sets.", no_args_is_help=True)
OWN_SETS = ("folder", "npz")
STYLES = {"bundled": "green", "made": "green", "present": "green", "incomplete": "yellow", "absent": "dim"}
REDRAW_EVERY = 0.2


@app.command("list")
def list_all(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List data sets: present or not, sizes, where."""
    from rich.text import Text

    from tui_trainer.catalogue import list_sets
    from tui_trainer.cli.console import console, count, print_json, size
    from tui_trainer.cli.tables import print_table
    from tui_trainer.network import show

    sets = list_sets(data_dir)
    if as_json:
        print_json([_listed_json(each) for each in sets])
        return
    rows: list[list[str | Text]] = []
    for each in sets:
        amount = size(each.size) if each.present else f"{size(each.download_size)} to fetch" if each.download_size else ""
        rows.append([
            each.name, Text(each.state, style=STYLES.get(each.state, "")), count(each.train_images), count(each.test_images),
            show(each.shape), str(len(each.classes)), amount, str(each.where or ""),
        ])  # fmt: skip
    columns = ("data set", "state", ">train", ">test", "images", ">classes", ">size", "where")
    target = console()
    print_table(target, columns, rows, flexible="where", droppable=("classes", "images", "test"), keep_end=True)
    target.print()
    target.print("fetch one   tui-trainer data prepare NAME", style="dim")
    target.print("a folder    --dataset folder --data-dir PATH    of [train/]CLASS/*.png", style="dim")
    target.print("NumPy file  --dataset npz --data-dir FILE.npz   of x_train, y_train, ...", style="dim")


@app.command()
def prepare(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A data set; folder and npz are checked only, points are described.", show_default=False, autocompletion=completion.datasets)],
    data_dir: DataDir = None,
) -> None:
    """Fetch a data set, or check that it is whole."""
    from tui_trainer.cli.console import console
    from tui_trainer.config.sets import POINT_SETS

    if name in (*OWN_SETS, *POINT_SETS):
        _describe(name, data_dir)
        return
    from tui_trainer.catalogue import prepare_set
    from tui_trainer.cli.console import size
    from tui_trainer.cli.tables import table
    from tui_trainer.config import ConfigError

    download = DownloadLine()
    try:
        checked = prepare_set(name, data_dir, download)
    finally:
        download.close()
    made = table("file", ">size", "checked")
    for each in checked:
        made.add_row(str(each.path), size(each.size), each.finding)
    console().print(made)
    wrong = [each for each in checked if not each.good]
    if wrong:
        raise ConfigError(f"{wrong[0].path}: {wrong[0].finding}")
    print(f"{name} is ready: tui-trainer train PRESET --dataset {name}" + (f" --data-dir {data_dir}" if data_dir else ""))


class DownloadLine:
    """How far a download is: a live line on a terminal, else a line when each file begins."""

    def __init__(self) -> None:
        from tui_trainer.cli.console import can_redraw

        self.live = can_redraw(sys.stdout)
        self.file = ""
        self.drawn_at = 0.0

    def __call__(self, name: str, done: int, total: int) -> None:
        """Show ``done`` of ``total`` bytes of the file ``name``."""
        from tui_trainer.cli.console import clip, percent, size

        if name != self.file and not self.live:
            print(f"fetching {name}, {size(total)}", flush=True)
        if self.live and (name != self.file or time.monotonic() - self.drawn_at > REDRAW_EVERY):
            self.drawn_at = time.monotonic()
            sys.stdout.write("\r\x1b[2K" + clip(f"  fetching {name}  {size(done)} of {size(total)}  {percent(done / max(total, 1), 0)}"))
            sys.stdout.flush()
        self.file = name

    def close(self) -> None:
        """Take the line away."""
        if self.live and self.file:
            sys.stdout.write("\r\x1b[2K")
            sys.stdout.flush()


def _describe(name: str, data_dir: str | None) -> None:
    from tui_trainer.catalogue import data_facts
    from tui_trainer.cli.console import console
    from tui_trainer.cli.tables import facts
    from tui_trainer.config import Data

    console().print(facts(_facts(data_facts(Data.model_validate({"dataset": name, "directory": data_dir})))))


def _facts(found: "Facts") -> list[tuple[str, str]]:
    from tui_trainer.cli.console import count
    from tui_trainer.config.sets import POINT_SETS
    from tui_trainer.network import show

    is_points = found.dataset in POINT_SETS
    names = ", ".join(found.classes[:20]) + (" ..." if len(found.classes) > 20 else "")
    return [
        ("what", found.title) if is_points else ("where", str(found.where or "")),
        ("points" if is_points else "images", f"{count(found.train_images)} train, {count(found.validation_images)} validation, {count(found.test_images)} test, each {show(found.shape)}"),
        ("classes", f"{len(found.classes)}: {names}"),
        *(("note", note) for note in found.notes),
    ]


def _listed_json(each: Any) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(each) | {"where": str(each.where) if each.where else None, "present": each.present}
