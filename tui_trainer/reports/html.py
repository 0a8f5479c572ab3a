"""A report as one HTML page that needs nothing else: styles and pictures are in it, and it may load and run nothing."""

import base64
import re
from pathlib import Path

from tui_trainer.reports.document import Block, Code, Document, Figure, Gallery, Note, Paragraph, Table
from tui_trainer.reports.style import inline_svg, palette

TEMPLATES = Path(__file__).parent / "templates"


def html_page(document: Document, mark: str) -> str:
    """The page. All texts are escaped; only our own figures, whose letters are drawn as paths, stand in it as they are."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {
        "kind": _kind, "base64": lambda png: base64.b64encode(png).decode(), "svg": lambda figure: Markup(inline_svg(figure.svg, figure.name)),
        "whole": lambda text: re.sub(r"(?<=\d) (?=\d{3}\b)", "\u00a0", text), "code": lambda text: Markup("<code>{}</code>").format(text),
    }  # fmt: skip
    anchors = [f"s{number}" for number, _ in enumerate(document.sections, 1)]
    style = Markup((TEMPLATES / "report.css").read_text("utf-8").replace("/* light */", palette(dark=False)).replace("/* dark */", palette(dark=True)))
    page = environment.get_template("report.html.j2").render(document=document, sections=list(zip(anchors, document.sections, strict=True)), numbers=document.numbers(), style=style, mark=mark, id=id)
    return page


def _kind(block: Block) -> str:
    names: dict[type[Block], str] = {Paragraph: "paragraph", Note: "note", Table: "table", Figure: "figure", Gallery: "gallery", Code: "code"}
    return names[type(block)]
