"""What a report is made of, before it becomes HTML or Markdown. Texts are plain: whoever writes them out escapes them."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """What a reader has to know to trust what follows: something is missing, or is of another moment."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts; a column whose head begins with ``>`` is aligned right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str
    strong: frozenset[int] = frozenset()
    """Rows that stand out, counted from 0."""
    matrix: bool = False
    """A confusion matrix: its diagonal stands out, zeros step back."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing."""

    name: str
    """Of its file, without an ending."""
    svg: str
    caption: str
    alt: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One small picture of a gallery."""

    png: bytes
    lines: tuple[str, ...]
    """Under it; the first one stands out."""


@dataclass(frozen=True, slots=True)
class Gallery:
    """Small pictures in rows."""

    name: str
    tiles: tuple[Tile, ...]
    caption: str
    alt: str
    side: int = 84
    """Of a picture on the page, CSS pixels."""


@dataclass(frozen=True, slots=True)
class Code:
    """Text as it is."""

    text: str
    language: str = ""


Block = Paragraph | Note | Table | Figure | Gallery | Code


@dataclass(slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: list[Block] = field(default_factory=list)
    level: int = 2
    chapter: bool = False
    """Begins a new page in print."""

    @property
    def empty(self) -> bool:
        """Whether nothing stands under the heading."""
        return not self.blocks


@dataclass(slots=True)
class Document:
    """A whole report."""

    title: str
    subtitle: str
    sections: list[Section]

    def numbers(self) -> dict[int, str]:
        """``Figure 1``, ``Table 1`` and so on, by the ``id()`` of their block."""
        found: dict[int, str] = {}
        counts = {"Figure": 0, "Table": 0}
        for block in (block for section in self.sections for block in section.blocks):
            if isinstance(block, Figure | Gallery | Table) and block.caption:
                kind = "Table" if isinstance(block, Table) else "Figure"
                counts[kind] += 1
                found[id(block)] = f"{kind} {counts[kind]}"
        return found
