"""Where ``tui-trainer`` begins: without arguments straight into the app, which is then on the screen 0.08 s earlier."""

import sys


def main() -> None:
    """Run the program and exit."""
    if len(sys.argv) == 1:
        from tui_trainer.tui.start import open_app

        sys.exit(open_app())
    from tui_trainer.cli.main import main as command_line

    command_line()
