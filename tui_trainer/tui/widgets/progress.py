"""RunProgress: the header line of a run: name, state, epoch, step, bar, percent, time gone and left, as wide as there is room.

API (being filled in):

    Progress(name="", preset="", state="waiting", epoch=0, epochs=None, step=0, steps=None, gone=None, left=None)
        state: starting, training, paused, finished, stopped, failed, crashed, waiting; times in seconds; None: not known
    RunProgress(*, name=None, id=None, classes=None)
        show(progress)
    progress_text(progress, width, ascii) -> list[tuple[str, str]]      (text, colour name)
    clock(seconds) -> str                    0:31, 12:05, 1:02:03
"""
