"""Everything a person can do in the app, in one table: keys, footer, command palette and help screen come from it."""

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do."""

    name: str
    """Textual's action, such as ``pause``; ``app.`` in front where it belongs to the app."""
    keys: str
    """As Textual names them, separated by commas."""
    label: str
    """A word or two for the key bar."""
    help: str
    """A sentence for help and palette."""
    key: str = ""
    """How the key is written, where Textual's way is clumsy."""
    footer: bool = True
    """Whether the key bar shows it."""

    @property
    def shown_key(self) -> str:
        """The key as people write it."""
        first = self.keys.split(",")[0]
        return self.key or first.replace("ctrl+", "^").replace("question_mark", "?")


EVERYWHERE = (
    Action("app.go('design')", "1,alt+1", "Design", "Say what to train.", footer=False),
    Action("app.go('train')", "2,alt+2", "Train", "Watch the run and take the wheel.", footer=False),
    Action("app.go('inspect')", "3,alt+3", "Inspect", "See where it fails: confusion and figures per class.", footer=False),
    Action("app.go('runs')", "4,alt+4", "Runs", "All runs, and what has been tried.", footer=False),
    Action("app.theme_next", "f9", "Theme", "Next theme: dark, light, high contrast.", footer=False),
    Action("app.command_palette", "ctrl+p", "Palette", "Find any action by its name.", footer=False),
    Action("app.redraw", "ctrl+l", "Redraw", "Draw the whole screen again, where another program wrote over it.", footer=False),
    Action("app.help", "question_mark,f1", "Help", "All keys, and what the focused part is for."),
    Action("app.leave", "q,ctrl+q", "Quit", "Leave the app; a run goes on without it."),
)

DESIGN = (
    Action("train", "ctrl+r", "Train", "Start a run with what the forms hold."),
    Action("save_preset", "ctrl+s", "Save preset", "Write the forms to a preset file."),
    Action("load_file", "ctrl+o", "Load", "Fill the forms from a preset or a file."),
    Action("copy_command", "ctrl+y", "Copy command", "Copy the command that trains the same from a prompt."),
    Action("undo", "ctrl+z", "Undo", "Take back the last change."),
    Action("reset", "ctrl+x", "Reset", "Back to the preset as it is (undo brings the changes back)."),
    Action("reset_field", "ctrl+t", "Field back", "The field in focus as the preset (or the forked run) has it.", footer=False),
    Action("leave_field", "escape", "Leave field", "Leave the text field, so that keys such as 2 and q are commands again.", footer=False, key="esc"),
)

NETWORK = (
    Action("add", "a", "Add", "Add a layer after this one.", footer=False),
    Action("edit", "enter", "Edit", "Change this layer.", footer=False, key="⏎"),
    Action("duplicate", "c", "Copy", "Duplicate this layer.", footer=False),
    Action("delete", "d,delete", "Delete", "Delete this layer.", footer=False),
    Action("move(-1)", "K,shift+up", "Up", "Move this layer up.", footer=False),
    Action("move(1)", "J,shift+down", "Down", "Move this layer down.", footer=False),
)

TRAIN = (
    Action("pause", "space", "Pause", "Wait after the current step, or go on.", key="space"),
    Action("next_panel", "v,tab", "View", "Next panel, where the screen is too small for all.", key="v"),
    Action("one_step", "n", "One step", "Take one step, then wait."),
    Action("one_epoch", "N", "One epoch", "Train to the end of the epoch, then wait."),
    Action("learning_rate", "l", "Learning rate", "Change the learning rate from the next step on."),
    Action("checkpoint", "c", "Checkpoint", "Save a checkpoint now and keep it."),
    Action("stop_after_epoch", "e", "Stop after epoch", "Stop at the end of the epoch."),
    Action("stop_now", "s", "Stop", "Finish the step, save a checkpoint and stop (asks)."),
    Action("resume", "u", "Resume", "Go on from the last checkpoint, in the same folder."),
    Action("fork", "f", "Fork", "A new run from one of this run's checkpoints, with other settings."),
    Action("again", "a", "Train again", "Load this run's settings into Design: change them, and train again."),
    Action("app.go('inspect')", "i", "Inspect", "See where it fails.", footer=True),
    Action("previous_panel", "V,shift+tab", "Back", "Previous panel.", footer=False, key="V"),
    Action("zoom", "z", "Zoom", "One panel as large as the screen, and back.", footer=False),
    Action("log_scale", "g", "Log scale", "Loss on a logarithmic scale, and back.", footer=False),
    Action("marks", "m", "Marks", "Curves in braille, in blocks, in ASCII.", footer=False),
    Action("window", "w", "Window", "The recent part of the curves, or all.", footer=False),
    Action("cursor(-1)", "left", "Read left", "Move the cursor that reads the curves.", footer=False, key="←"),
    Action("cursor(1)", "right", "Read right", "Move the cursor that reads the curves.", footer=False, key="→"),
    Action("cursor(0)", "escape", "No cursor", "Take the cursor away.", footer=False, key="esc"),
    Action("shares", "x", "Counts", "Confusion matrix in counts, or in per cent of the row.", footer=False),
    Action("split", "t", "Split", "Confusion matrix of the validation, the training or the test images.", footer=False),
    Action("trainer_log", "o", "Log", "What the trainer's process printed.", footer=False),
    Action("copy_come_back", "ctrl+y", "Copy command", "Copy the command that opens this run again.", footer=False),
)

INSPECT = (
    Action("shares", "x", "Counts / %", "Confusion matrix in counts, or in per cent of the row."),
    Action("split", "t", "Split", "The validation, the training or the test images."),
    Action("back", "b", "Back to the run", "To the curves of this run."),
)

RUNS = (
    Action("open", "enter", "Open", "Open this run.", key="⏎"),
    Action("again", "a", "Into Design", "Load this run's settings into Design."),
    Action("resume", "u", "Resume", "Go on from the last checkpoint, in the same folder."),
    Action("fork", "f", "Fork", "A new run from one of this run's checkpoints, with other settings."),
    Action("mark", "space", "Mark", "Mark this run for a comparison, or not; its colour and mark stay its own.", key="space"),
    Action("compare", "v", "Compare", "The marked runs beside each other: curves, figures, settings that differ."),
    Action("tree", "t", "Tree", "Forks under the runs they come from, or a plain table."),
    Action("filter", "slash", "Filter", "Show only runs that match what you type.", key="/"),
    Action("sort", "s", "Sort", "Sort by the next column (or click its title)."),
    Action("sort_order", "S", "Turn order", "Turn the order round.", footer=False),
    Action("rename", "r", "Rename", "Give this run another name (once it has ended)."),
    Action("note", "n", "Note", "Write a line about this run."),
    Action("delete", "d,delete", "Delete", "Delete this run's folder (asks; only once it has ended)."),
)

COMPARE = (
    Action("metric(1)", "m", "Metric", "Accuracy, loss, learning rate, gradient norm, images a second, memory."),
    Action("split", "t", "Split", "Of the validation, the training or the test images."),
    Action("axis", "x", "Axis", "Over epochs, steps or seconds of training."),
    Action("everything", "d", "All settings", "All settings, or only those that differ."),
    Action("log_scale", "g", "Log scale", "The curves on a logarithmic scale, and back.", footer=False),
    Action("window", "w", "Window", "The recent part of the curves, or all.", footer=False),
    Action("cursor(-1)", "left", "Read left", "Move the cursor that reads the curves.", footer=False, key="←"),
    Action("cursor(1)", "right", "Read right", "Move the cursor that reads the curves.", footer=False, key="→"),
    Action("back", "escape,b", "Back to the runs", "To the table of runs, where the marks stay.", key="esc"),
)

SECTIONS = {"Everywhere": EVERYWHERE, "Design": DESIGN, "Design: network table": NETWORK, "Train": TRAIN, "Inspect": INSPECT, "Runs": RUNS, "Compare": COMPARE}


def bindings(actions: tuple[Action, ...]) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """The table's rows as Textual takes them."""
    return [Binding(each.keys, each.name, each.label, show=each.footer, key_display=each.shown_key, tooltip=each.help) for each in actions]
