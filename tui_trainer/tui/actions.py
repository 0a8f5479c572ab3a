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
        return self.key or written(self.keys.split(",")[0])


def written(key: str) -> str:
    """A key of Textual's as people write it."""
    return key.replace("ctrl+", "^").replace("question_mark", "?")


EVERYWHERE = (
    Action("app.go('design')", "1,alt+1", "Design", "Say what to train.", footer=False),
    Action("app.go('train')", "2,alt+2", "Train", "Watch the run and take the wheel.", footer=False),
    Action("app.go('inspect')", "3,alt+3", "Inspect", "See why it fails, what it has learnt, and try it.", footer=False),
    Action("app.go('runs')", "4,alt+4", "Runs", "All runs, and what has been tried.", footer=False),
    Action("app.theme_next", "f9", "Theme", "Next theme: dark, light, high contrast.", footer=False),
    Action("app.command_palette", "ctrl+p", "Palette", "Find any action by its name.", footer=False),
    Action("app.redraw", "ctrl+l", "Redraw", "Draw the whole screen again, where another program wrote over it.", footer=False),
    Action("app.explain", "f1", "Why", "What the focused setting, layer, panel or figure means, with its formula and limits.", footer=False, key="F1"),
    Action("app.help", "question_mark", "Help", "All keys, and what the focused part is for."),
    Action("app.leave", "q,ctrl+q", "Quit", "Leave the app; a run goes on without it."),
)

DESIGN = (
    Action("train", "ctrl+r", "Train", "Start a run with what the forms hold."),
    Action("leave_field", "escape", "Leave field", "Leave the text field, so that keys such as 2 and q are commands again.", footer=False, key="esc"),
    Action("find_rate", "ctrl+f,f7", "Find rate", "Find a learning rate: a range test for what the forms hold, its curve, and Enter to take it."),
    Action("sweep", "ctrl+g,f8", "Sweep", "Train what the forms hold with every combination of some settings, and several seeds."),
    Action("save_preset", "ctrl+s", "Save preset", "Write the forms to a preset of your own."),
    Action("load_file", "ctrl+o", "Load", "Fill the forms from a preset or a file."),
    Action("copy_command", "ctrl+y", "Copy command", "Copy the command that trains the same from a prompt."),
    Action("undo", "ctrl+z", "Undo", "Take back the last change."),
    Action("reset", "ctrl+x", "Reset", "Back to the preset as it is (undo brings the changes back)."),
    Action("reset_field", "ctrl+t", "Field back", "The field in focus as the preset (or the forked run) has it.", footer=False),
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
    Action("report", "p", "Report", "Write a report of this run to hand in."),
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
    Action("view('errors')", "e", "Errors", "The matrix, and the images of any of its cells, worst first.", footer=False),
    Action("view('figures')", "f", "Figures", "Precision, recall and F1 of every class; what is confused with what.", footer=False),
    Action("view('calibration')", "l", "Reliability", "Calibration: whether the network is as often right as it is sure.", footer=False),
    Action("view('weights')", "w", "Weights", "Kernels and dense weights as pictures.", footer=False),
    Action("view('histograms')", "h", "Histograms", "How weights and activations moved over the checkpoints; dead ReLUs.", footer=False),
    Action("view('image')", "i", "Image", "One image: probabilities, saliency, and what every layer makes of it.", footer=False),
    Action("view('pad')", "d", "Draw", "Draw with the mouse or the keys, and see what the network takes it for.", footer=False),
    Action("view('boundary')", "m", "Boundary", "The plane as the network sees it, where the data are points.", footer=False),
    Action("view('pair')", "p", "Pair", "Two runs: what one gets right and the other wrong.", footer=False),
    Action("split", "t", "Split", "The validation, the training or the test images."),
    Action("choose_checkpoint", "C", "Checkpoint", "Choose the weights: best, last, or any checkpoint of the run."),
    Action("reload", "r", "Reload", "Take the newest checkpoint, or try again what failed."),
    Action("back", "b", "Back to the run", "To the curves of this run.", footer=False),
)

PLANE = (
    Action("read(-1, 0)", "left", "Read left", "Move the cursor that reads the probabilities.", footer=False, key="←"),
    Action("read(1, 0)", "right", "Read right", "Move the cursor that reads the probabilities.", footer=False, key="→"),
    Action("read(0, -1)", "up", "Read up", "Move the cursor that reads the probabilities.", footer=False, key="↑"),
    Action("read(0, 1)", "down", "Read down", "Move the cursor that reads the probabilities.", footer=False, key="↓"),
)

ERRORS = (
    Action("all_errors", "a", "All errors", "Every mistake, worst first. On the matrix, ⏎ on a cell or a class's name lists its images."),
    Action("order", "o", "Order", "Worst first by the loss, or by how sure the network was."),
    Action("size", "z", "Size", "Thumbnails, or every pixel."),
    Action("shares", "x", "Counts / %", "Confusion matrix in counts, or in per cent of the row."),
    Action("matrix", "escape", "Matrix", "From the images back to the matrix.", key="esc", footer=False),
)
IMAGE = (
    Action("step(1)", "n", "Next", "The next image of the list."),
    Action("step(-1)", "N", "Previous", "The image before."),
    Action("layer(1)", "full_stop", "Next layer", "Feature maps of the next layer.", key="."),
    Action("layer(-1)", "comma", "Layer before", "Feature maps of the layer before.", key=",", footer=False),
    Action("size", "z", "Size", "All feature maps of a layer at once, or every pixel."),
    Action("part", "v", "View", "Probabilities, saliency or feature maps, where the screen is too small for all.", key="v"),
    Action("list", "escape", "List", "Back to the list of images.", key="esc"),
)
WEIGHTS = (
    Action("layer(1)", "full_stop", "Next layer", "The next layer that has weights.", key="."),
    Action("layer(-1)", "comma", "Layer before", "The layer before.", key=",", footer=False),
    Action("scale", "o", "Scale", "One scale for all pictures, or each on its own."),
)
HISTOGRAMS = (Action("what", "o", "Activations", "Histograms of the weights, or of the activations."),)
PAD = (
    Action("pen", "space", "Pen", "Lower or lift the pen; the arrows move it. The mouse draws with its left button and rubs out with its right.", key="space"),
    Action("rub", "x", "Erase", "Rub out instead of drawing, and back."),
    Action("clear", "c", "Clear", "An empty pad."),
    Action("undo_stroke", "u,ctrl+z", "Undo", "Take back the last stroke."),
    Action("open_file", "ctrl+o", "Open", "Take a picture file instead of a drawing."),
    Action("save", "ctrl+s", "Save", "Write the drawing as a PNG file."),
    Action("look", "enter", "Look inside", "Saliency and feature maps of the drawing.", key="⏎"),
)
PAIR = (
    Action("other", "o", "Other run", "Choose the run to compare with."),
    Action("size", "z", "Size", "Thumbnails, or every pixel."),
)

RUNS = (
    Action("open", "enter", "Open", "Open this run.", key="⏎"),
    Action("again", "a", "Into Design", "Load this run's settings into Design."),
    Action("resume", "u", "Resume", "Go on from the last checkpoint, in the same folder."),
    Action("fork", "f", "Fork", "A new run from one of this run's checkpoints, with other settings."),
    Action("mark", "space", "Mark", "Mark this run for a comparison, or not; its colour and mark stay its own.", key="space"),
    Action("compare", "v", "Compare", "The marked runs beside each other: curves, figures, settings that differ."),
    Action("report", "p", "Report", "Write a report of this run, or of the marked ones, to hand in."),
    Action("tree", "t", "Tree", "Forks under the runs they come from, or a plain table."),
    Action("sweeps", "w", "Sweeps", "All sweeps, and each as a live table of its trials."),
    Action("filter", "slash", "Filter", "Show only runs that match what you type.", key="/"),
    Action("all_runs", "escape", "All runs", "The filter away.", key="esc"),
    Action("sort", "s", "Sort", "Sort by the next column (or click its title)."),
    Action("sort_order", "S", "Turn order", "Turn the order round.", footer=False),
    Action("rename", "r", "Rename", "Give this run another name (once it has ended)."),
    Action("note", "n", "Note", "Write a line about this run."),
    Action("delete", "d,delete", "Delete", "Delete this run's folder (asks; only once it has ended)."),
)

SWEEPS = (
    Action("open", "enter", "Open", "This sweep's trials and its table.", key="⏎"),
    Action("go_on", "u", "Go on", "Go on with trials that wait, were stopped or crashed."),
    Action("stop", "s", "Stop", "Stop its trials with a checkpoint each (asks)."),
    Action("back", "escape,b", "Back to the runs", "To the table of all runs.", key="esc"),
)

TRIALS = (
    Action("open", "enter", "Open", "This trial's run.", key="⏎"),
    Action("mark", "space", "Mark", "Mark this trial for a comparison, or not.", key="space"),
    Action("compare", "v", "Compare", "The marked trials beside each other."),
    Action("epochs(-1)", "left", "Earlier", "Earlier epochs in the table of figures.", footer=False, key="←"),
    Action("epochs(1)", "right", "Later", "Later epochs in the table of figures.", footer=False, key="→"),
    Action("go_on", "u", "Go on", "Go on with trials that wait, were stopped or crashed."),
    Action("stop", "s", "Stop", "Stop its trials with a checkpoint each (asks)."),
    Action("back", "escape,b", "Back", "To the list of sweeps.", key="esc"),
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

SECTIONS = {
    "Everywhere": EVERYWHERE, "Design": DESIGN, "Design: network table": NETWORK, "Train": TRAIN, "Inspect": INSPECT, "Inspect: errors": ERRORS,
    "Inspect: one image": IMAGE, "Inspect: weights": WEIGHTS, "Inspect: histograms": HISTOGRAMS, "Inspect: draw": PAD, "Inspect: boundary": PLANE, "Inspect: pair of runs": PAIR, "Runs": RUNS, "Sweeps": SWEEPS, "Sweeps: one sweep": TRIALS, "Compare": COMPARE,
}  # fmt: skip


def bindings(actions: tuple[Action, ...]) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """The table's rows as Textual takes them. Each key is written as itself: where one is typed, the key bar shows the other."""
    return [
        Binding(key, each.name, each.label, show=each.footer, key_display=written(key) if number else each.shown_key, tooltip=each.help)
        for each in actions
        for number, key in enumerate(each.keys.split(","))
    ]
