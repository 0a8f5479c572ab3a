"""Styles that are read once.

Textual 8.2 parses all styles of an app, and those of every kind of widget that was ever shown, anew whenever a screen comes up for
the first time, and twice before the first of them: 35 ms a time. They only change with the theme.
"""

from textual.cache import LRUCache
from textual.css.stylesheet import Stylesheet

SOURCES = 512
"""Rules are kept for so many pieces of style: more than all files and kinds of widgets together."""


class KeptStylesheet(Stylesheet):
    """Parses what is new, and everything when a theme brings other colours."""

    def __init__(self, variables: dict[str, str]) -> None:
        super().__init__(variables=variables)
        self._given = variables
        self._parse_cache = LRUCache(SOURCES)

    def set_variables(self, variables: dict[str, str]) -> None:
        """See :meth:`Stylesheet.set_variables`."""
        if variables != self._given:
            self._given = variables
            super().set_variables(variables)

    def reparse(self) -> None:
        """See :meth:`Stylesheet.reparse`: what it parsed before it knows."""
        self.parse()
