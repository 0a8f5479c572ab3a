"""Themes dark, light and high contrast, and the colour names that widgets and style sheets share.

    for theme in THEMES: app.register_theme(theme)     # or register(app)
    app.theme = "tui-dark" | "tui-light" | "tui-contrast"

Variables in every theme (usable as $train in .tcss): train, validation, run-1 … run-8, good, bad, muted, frame, heat, heat-error.
``colour(widget, "train")`` gives the colour of the theme in use.
"""
