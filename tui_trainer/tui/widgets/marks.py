"""The glyphs of the whole app as one table, in Unicode and in ASCII; chosen once per process, before the app starts.

    marks.choose(ascii=True)        # at start-up: --ascii, or a locale that is not UTF-8
    glyphs().train                  # "*" now, "●" otherwise
"""
