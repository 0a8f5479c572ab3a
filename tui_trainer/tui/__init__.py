"""The Textual app over the run folders. It never imports torch.

    start.py      checks of the terminal, options, frugality over SSH; then the app
    app.py        wiring: screens, feed, themes, palette
    actions.py    the one table of everything a person can do: keys, footer, palette and help come from it
    feed.py       a run folder, followed
    screens/      Design, Train, Inspect, Runs and the dialogs
    forms/        forms made from the config's schema
    controls/     what one operates: table, key bar, header
    widgets/      what one looks at: charts, sparklines, matrices, bars
"""
