"""The app in a browser: a page on the loopback that only the holder of a one-time address gets, for ``ssh -L`` (optional extra ``serve``)."""
