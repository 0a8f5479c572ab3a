"""Where ``tui-trainer`` begins. The bare program and ``open RUN`` go straight into the app: 0.08 s earlier, and 8 MB smaller."""

import os
import sys

from tui_trainer.config.errors import ConfigError


def main() -> None:
    """Run the program and exit."""
    asked = sys.argv[1:]
    completing = "_TUI_TRAINER_COMPLETE" in os.environ  # the shell asks typer what comes next
    if not completing and (asked in ([], ["open"]) or (len(asked) == 2 and asked[0] == "open" and not asked[1].startswith("-"))):
        sys.exit(_open(*asked[1:]))
    try:
        from tui_trainer.cli.main import main as command_line

        command_line()
    except KeyboardInterrupt:  # before the command line stood
        sys.exit(130)


def _open(run: str | None = None) -> int:
    from tui_trainer.tui.start import open_app

    try:
        return open_app(run)
    except ConfigError as error:
        print(f"tui-trainer: {error}", file=sys.stderr)
        return 2
