"""Bad input from a person, as one clear sentence; without the schema, so that whoever only catches it does not load it."""

from collections.abc import Iterable


class ConfigError(Exception):
    """Bad input from a person. ``str()`` is one sentence; ``problems`` maps dotted keys to sentences."""

    def __init__(self, message: str, problems: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.problems = problems or {}


def nearest(word: str, known: Iterable[str]) -> str:
    """`` (did you mean X?)``, or an empty string when nothing is near."""
    import difflib

    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" (did you mean {found[0]!r}?)" if found else ""
