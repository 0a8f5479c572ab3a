"""Putting a report together and writing it into a folder, without touching what is not a report of ours."""

from collections.abc import Sequence
from pathlib import Path

from tui_trainer import __version__
from tui_trainer.config import ConfigError
from tui_trainer.config.effective import effective_toml
from tui_trainer.reports.comparison import comparison
from tui_trainer.reports.document import Code, Document, Figure, Gallery, Paragraph, Section
from tui_trainer.reports.gather import Asked, Subject, Tell, gather, table_epochs
from tui_trainer.reports.html import html_page
from tui_trainer.reports.markdown import markdown_text
from tui_trainer.reports.pictures import gallery_png
from tui_trainer.reports.sections import again, machine, run_sections
from tui_trainer.runs.atomic import write_atomic
from tui_trainer.runs.folder import RunFolder

MARK = "tui-trainer report"
"""Stands at the beginning of every page we write: only such a page is written over."""


def write_report(runs: Sequence[RunFolder], out: Path, asked: Asked, tell: Tell = lambda _: None) -> Path:
    """Write the report of ``runs`` into the folder ``out``: ``index.html``, ``report.md``, ``figures/``, and each run's config.

    Returns the page's path. Raises ConfigError where the place holds something else or a run has no events, OSError.
    """
    check_out(out)
    subjects = [gather(run, asked, tell) for run in runs]
    tell("drawing")
    document = make_document(subjects, asked)
    figures = out / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    for subject in subjects:
        write_atomic(out / f"{subject.name}.toml", subject.run.config_file.read_bytes(), durable=False)
    for block in (block for section in document.sections for block in section.blocks):
        if isinstance(block, Figure):
            write_atomic(figures / f"{block.name}.svg", block.svg.encode(), durable=False)
        elif isinstance(block, Gallery):
            write_atomic(figures / f"{block.name}.png", gallery_png(block), durable=False)
    write_atomic(out / "report.md", f"<!-- {MARK} -->\n\n{markdown_text(document)}".encode(), durable=False)
    page = out / "index.html"
    write_atomic(page, html_page(document, MARK).encode(), durable=False)
    return page


def check_out(out: Path) -> None:
    """Whether a report may be written to ``out``. Raises ConfigError, one sentence."""
    if out.exists() and not out.is_dir():
        raise ConfigError(f"--out {out}: this is a file; allowed is a folder, new or of an earlier report")
    for name in ("index.html", "report.md"):
        path = out / name
        try:
            ours = not path.exists() or MARK in path.read_text("utf-8", errors="replace")[:400]
        except OSError as error:
            raise ConfigError(f"--out {out}: {name} cannot be read: {error.strerror}") from None
        if not ours:
            raise ConfigError(f"--out {out}: its {name} is no report of tui-trainer and is left alone; name another folder")


def make_document(subjects: Sequence[Subject], asked: Asked) -> Document:
    """The whole report: for several runs first the comparison, then each run in its own part."""
    import time

    furthest = max(subjects, key=lambda each: each.compared.history.epoch)
    alone = len(subjects) == 1
    status = subjects[0].compared.status
    title = (status.title if status and status.title else subjects[0].name) if alone else f"{len(subjects)} runs: {', '.join(each.name for each in subjects)}"
    subtitle = f"{f'run {subjects[0].name}, ' if alone else ''}written {time.strftime('%Y-%m-%d %H:%M')} with tui-trainer {__version__}"
    sections: list[Section] = [] if alone else [comparison(subjects, asked.epochs or table_epochs(furthest, asked)[:-1])]
    for subject in subjects:
        if not alone:
            heading = subject.compared.status.title if subject.compared.status else ""
            sections.append(Section(f"Run {subject.name}{f': {heading}' if heading else ''}", [Paragraph("")], chapter=True))
        sections += run_sections(subject, table_epochs(subject, asked), 2 if alone else 3)
        sections.append(Section("Running it again", [*machine(subject), *again(subject, f"{subject.name}.toml")], 2 if alone else 3))
    for subject in subjects:
        sections.append(Section("Appendix: all settings" + ("" if alone else f" of {subject.name}"), [Code(_config_text(subject), "toml")]))
    return Document(title, subtitle, sections)


def _config_text(subject: Subject) -> str:
    if subject.compared.config:
        return effective_toml(subject.compared.config).strip()
    return subject.run.config_file.read_text("utf-8", errors="replace").strip()
