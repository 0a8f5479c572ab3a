"""Reports of runs to hand in: one self-contained HTML page, and Markdown with its figures beside it.

``gather`` reads and measures, ``sections`` and ``comparison`` say it in blocks (``document``), ``html`` and ``markdown`` write the blocks out.
"""
