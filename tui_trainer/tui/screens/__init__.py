"""The screens: they turn the run folder and the draft into what widgets show, and keys into commands."""
