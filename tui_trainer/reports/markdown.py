"""A report as Markdown, its figures in files beside it."""

import re

from tui_trainer.reports.document import Block, Code, Document, Figure, Gallery, Note, Paragraph, Section, Table

SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$])")


def markdown_text(document: Document) -> str:
    """The document as Markdown (tables as GitHub and Pandoc take them)."""
    numbers = document.numbers()
    parts = [f"# {escaped(document.title)}", escaped(document.subtitle)]
    for section in document.sections:
        parts += _section(section, numbers)
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(section: Section, numbers: dict[int, str]) -> list[str]:
    return [f"{'#' * section.level} {escaped(section.title)}", *(_block(block, numbers.get(id(block), "")) for block in section.blocks)]


def _block(block: Block, number: str) -> str:
    match block:
        case Paragraph():
            return escaped(block.text)
        case Note():
            return f"> **Note.** {escaped(block.text)}"
        case Code():
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", block.text)), default=0))
            return f"{fence}{block.language}\n{block.text}\n{fence}"
        case Table():
            return f"{_table(block)}\n\n**{number}.** {escaped(block.caption)}"
        case Figure():
            return f"![{escaped(block.alt)}](figures/{block.name}.svg)\n\n**{number}.** {escaped(block.caption)}"
        case Gallery():
            return f"![{escaped(block.alt)}](figures/{block.name}.png)\n\n**{number}.** {escaped(block.caption)}"


def _table(table: Table) -> str:
    heads = [escaped(name.removeprefix(">")) for name in table.head]
    rules = ["--:" if name.startswith(">") else ":--" for name in table.head]
    lines = [heads, rules]
    for number, row in enumerate(table.rows):
        cells = [escaped(cell) for cell in row]
        lines.append([f"**{cell}**" if cell.strip() and number in table.strong else cell for cell in cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escaped(text: str) -> str:
    """Text that Markdown, and the HTML in it, takes as it is: no links, no tags, no headings."""
    line = " ".join(SPECIAL.sub(r"\\\1", text.replace("&", "&amp;")).split())
    return re.sub(r"^(\d*)([-+.)])(?=\s)", r"\1\\\2", line)
