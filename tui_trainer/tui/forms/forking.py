"""A draft that goes on from a checkpoint of a run: the run's settings to change, its network to keep."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from tui_trainer.config import ConfigError, parse_config
from tui_trainer.config.command import fork_command
from tui_trainer.runs.checkpoints import Entry
from tui_trainer.runs.folder import RunFolder
from tui_trainer.runs.forks import fork_run, plan_fork
from tui_trainer.tui.forms.draft import Draft, tree_of_run
from tui_trainer.tui.forms.outlook import Line, Outlook
from tui_trainer.tui.wording import thousands


@dataclass(frozen=True, slots=True)
class ForkPoint:
    """Where a fork begins: a run's folder and one of its checkpoints; ``named`` is how a shell finds the run."""

    run: RunFolder
    entry: Entry
    named: str


class ForkDraft(Draft):
    """What the forms hold while a fork is prepared. Raises ConfigError where the run's config cannot be read."""

    locked = "a fork keeps its parent's network, whose weights it takes"

    def __init__(self, point: ForkPoint) -> None:
        super().__init__(f"fork of {point.run.name}", tree_of_run(point.run.config_file))
        self.point = point

    @property
    def about(self) -> str:
        """Where it goes on."""
        entry = self.point.entry
        return f"at epoch {entry.epoch:.4g} ({entry.file})"

    def command(self) -> tuple[str, str]:
        """The shell command that makes the same fork, or a sentence that says why there is none."""
        try:
            origin, config = parse_config(self.origin, self.source), parse_config(self.tree, "this form")
        except ConfigError:
            return "", "correct what is marked, then the command stands here"
        return fork_command(self.point.named, self.point.entry.file, origin, config)

    def judged(self, outlook: Outlook) -> Outlook:
        """With what a fork may not do, and what becomes of the parent's figures."""
        if outlook.config is None or outlook.problems:
            return outlook
        entry = self.point.entry
        try:
            fork = plan_fork(self.point.run, entry.file, outlook.config)
        except ConfigError as error:
            text = str(error).removeprefix("--set ")
            key = text.split(":")[0]
            return dataclasses.replace(outlook, lines=(*outlook.lines, Line("wrong", text)), problems={key if "." in key and " " not in key else "": text})
        goes_on = f"goes on at step {thousands(entry.step)}, epoch {entry.epoch:.4g}; lengths are totals, the parent's part included"
        lines = [*outlook.lines, Line("ok", goes_on)]
        if not fork.comparable:
            lines.append(Line("warning", "its figures measure something else than the parent's: the best so far counts no more"))
        return dataclasses.replace(outlook, lines=tuple(lines))

    def make(self, root: Path) -> RunFolder:
        """The fork's folder. Raises ConfigError."""
        return fork_run(self.point.run, self.point.entry.file, parse_config(self.tree, "this form"), root)
