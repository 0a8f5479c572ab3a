"""Numbers as people read them, on the command line and in reports."""

import time


def count(number: int) -> str:
    """``50890`` as ``50 890``."""
    return f"{number:,}".replace(",", " ")


def percent(share: float | None, digits: int = 2) -> str:
    """``0.975`` as ``97.50%``; nothing where there is no number."""
    return "" if share is None else f"{share * 100:.{digits}f}%"


def points(difference: float) -> str:
    """A difference of shares in percentage points, signed: ``+0.12``."""
    return f"{difference * 100:+.2f}"


def duration(seconds: float) -> str:
    """Such as ``0.84 s``, ``12.3 s``, ``3 min 05 s``, ``2 h 07 min``."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def clock(seconds: float) -> str:
    """Such as ``0:07``, ``12:31``, ``3:02:10``."""
    whole = max(0, round(seconds))
    hours = f"{whole // 3600}:{whole % 3600 // 60:02d}" if whole >= 3600 else str(whole // 60)
    return f"{hours}:{whole % 60:02d}"


def age(then: float) -> str:
    """How long ago a moment was, such as ``3 min ago``."""
    if not then:
        return ""
    seconds = max(0.0, time.time() - then)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def rate(images_per_second: float) -> str:
    """A number of images, such as ``364 k`` or ``870``."""
    if images_per_second >= 10_000:
        return f"{images_per_second / 1000:.0f} k"
    if images_per_second >= 1_000:
        return f"{images_per_second / 1000:.1f} k"
    return f"{images_per_second:.0f}"


def size(number: int) -> str:
    """Bytes, such as ``11.6 MB``."""
    value = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError
