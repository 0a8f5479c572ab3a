"""``python -m tui_trainer`` is the ``tui-trainer`` program."""

from tui_trainer.entry import main

if __name__ == "__main__":
    main()
