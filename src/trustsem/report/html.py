"""The HTML page: one file without scripts that needs nothing from anywhere."""

from __future__ import annotations

from functools import cache, singledispatch
from importlib import resources

import jinja2
from markupsafe import Markup

from trustsem import display
from trustsem.findings import Finding
from trustsem.report.blocks import (
    Block,
    Callout,
    Composed,
    Definitions,
    Facts,
    Figure,
    Findings,
    Heading,
    Listing,
    Paragraph,
    References,
    written,
)
from trustsem.report.definitions import short_citation
from trustsem.report.front import Front
from trustsem.tables import Table
from trustsem.tables.page import inline_svg
from trustsem.typesetting import to_html, typeset


def html_report(front: Front, composed: Composed, failures: list[str]) -> str:
    """Return the report as one HTML document.

    Parameters
    ----------
    front : Front
        What stands first.
    composed : Composed
        The sections.
    failures : list of str
        What is missing so far; gets a line for each block that cannot be written.
    """
    chapters = [
        (chapter, Markup("\n").join(written(chapter, block_html, failures)))
        for chapter in composed.chapters
    ]
    page = _template().render(
        front=front,
        chapters=chapters,
        failures=failures,
        style=Markup(_resource("report.css")),  # noqa: S704  (our own file)
        html=to_html,
        block=block_html,
    )
    return display.printable(page, keep_lines=True)


@singledispatch
def block_html(block: Block) -> Markup:
    """Return a block as HTML, all text escaped."""
    raise TypeError(f"A report has no block of type {type(block).__name__}.")


@block_html.register
def _(block: Table) -> Markup:
    return block.to_html()


@block_html.register
def _(block: Figure) -> Markup:
    note = Markup('<div class="notes"><p><i>Note.</i> {}</p></div>\n').format(
        to_html(typeset(block.note))
    )
    return Markup(
        '<figure class="diagram" id="figure-{}">\n<figcaption><span class="number">Figure {}'
        '</span> <span class="title">{}</span></figcaption>\n'
        '<div class="scroll">{}</div>\n{}</figure>'
    ).format(
        block.name,
        block.number,
        block.title,
        inline_svg(block.drawing),
        note if block.note else "",
    )


@block_html.register
def _(block: Heading) -> Markup:
    return Markup("<h3>{}</h3>").format(block.text)


@block_html.register
def _(block: Paragraph) -> Markup:
    attribute = Markup(' class="{}"').format(block.style) if block.style else ""
    return Markup("<p{}>{}</p>").format(attribute, to_html(block.text))


@block_html.register
def _(block: Callout) -> Markup:
    items = Markup("").join(Markup("<p>{}</p>").format(line) for line in block.lines)
    return Markup('<div class="callout {}" role="note"><p><b>{}</b></p>{}</div>').format(
        block.kind, block.heading, items
    )


@block_html.register
def _(block: Findings) -> Markup:
    folded = Markup("").join(
        Markup("<details><summary>{} {}</summary>{}</details>").format(
            len(findings), what, _findings(findings)
        )
        for what, findings in block.folded
    )
    return _findings(block.shown) + folded


def _findings(findings: tuple[Finding, ...]) -> Markup:
    entries = Markup("\n").join(_finding(finding) for finding in findings)
    return Markup('<ul class="findings">\n{}\n</ul>').format(entries) if entries else Markup("")


def _finding(finding: Finding) -> Markup:
    remedy = Markup(' <span class="remedy">{}</span>').format(finding.remedy)
    source = Markup(' <span class="source">({})</span>').format(short_citation(finding.source))
    return Markup(
        '<li class="{}"><span class="tag">{}</span> <span><b>{}</b> {}{}{}</span></li>'
    ).format(
        finding.severity,
        finding.severity,
        finding.name,
        to_html(typeset(finding.claim)),
        remedy if finding.remedy else "",
        source if finding.source else "",
    )


@block_html.register
def _(block: Listing) -> Markup:
    return Markup('<p class="label">{}</p>\n<pre>{}</pre>').format(block.title, block.text)


@block_html.register
def _(block: Definitions) -> Markup:
    row = Markup(
        '<div><dt>{}</dt><dd>{}<br><span class="formula">{}</span> '
        '<span class="source">({})</span></dd></div>'
    )
    rows = Markup("\n").join(
        row.format(item.term, item.meaning, to_html(item.formula), item.source)
        for item in block.items
    )
    return Markup('<dl class="definitions">\n{}\n</dl>').format(rows)


@block_html.register
def _(block: Facts) -> Markup:
    row = Markup("<div><dt>{}</dt><dd>{}</dd></div>")
    rows = Markup("\n").join(row.format(name, value) for name, value in block.rows)
    return Markup('<dl class="provenance">\n{}\n</dl>').format(rows)


@block_html.register
def _(block: References) -> Markup:
    entries = Markup("\n").join(Markup("<li>{}</li>").format(text) for text in block.texts)
    return Markup('<ul class="references">\n{}\n</ul>').format(entries)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_resource("report.html.j2"))


def _resource(name: str) -> str:
    place = resources.files("trustsem.report") / "templates" / name
    return place.read_text(encoding="utf-8")
