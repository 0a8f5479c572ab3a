"""Names from outside, as they may be shown."""


def shown(name: str) -> str:
    """``name`` without what a terminal would obey: control characters, the escape of colour codes among them, become ``?``."""
    return "".join(character if character.isprintable() else "?" for character in name)
