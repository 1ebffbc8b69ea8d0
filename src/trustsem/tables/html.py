"""Sheets as HTML figures in the form of the APA."""

from __future__ import annotations

from markupsafe import Markup

from trustsem.tables.sheet import Group, Heading, Note, Row, Sheet, number_and_mark
from trustsem.typesetting import Rich, plain, to_html

_HANGING = "position:absolute;top:auto;line-height:1"
"""A letter beside a number must not move its digits, whatever the style sheet says of ``sup``."""

NOTEBOOK_STYLE = Markup(
    "<style>"
    ".trustsem{line-height:1.45}"
    ".trustsem>p{max-width:66em;overflow-wrap:break-word}"
    ".trustsem figure.table{margin:1.2em 0;overflow-x:auto}"
    ".trustsem figcaption{text-align:left}"
    ".trustsem figcaption .number{display:block;font-weight:bold}"
    ".trustsem figcaption .title{display:block;font-style:italic}"
    ".trustsem .table .mark{font-size:.7em;line-height:0;margin-left:.1em}"
    ".trustsem .table table{border-collapse:collapse;border:0 solid;border-width:1px 0;"
    "margin:.3em 0;color:inherit;font-size:.95em;font-variant-numeric:tabular-nums}"
    ".trustsem .table thead tr{border-bottom:1px solid}"
    ".trustsem .table :is(th,td){border:0;padding:.2em .6em;text-align:left;vertical-align:top;"
    "font-weight:normal;max-width:32em;overflow-wrap:break-word}"
    ".trustsem .table thead th{vertical-align:bottom}"
    ".trustsem .table :is(th,td).n{text-align:right;white-space:nowrap}"
    ".trustsem .table table :is(thead,tbody) tr:nth-child(n){background:none}"
    ".trustsem .table .group th{padding-top:.5em;font-style:italic}"
    ".trustsem .table .notes{max-width:66em;font-size:.9em}"
    ".trustsem .table .notes p{margin:.2em 0}"
    ".trustsem>svg{display:block;max-width:100%;height:auto}"
    "</style>"
)
"""Rules of the APA for the tables of a page in the colours of the notebook; nothing outside the
class is touched."""


def for_notebook(content: Markup) -> str:
    """Return HTML as one element that brings its own style."""
    return str(Markup('<div class="trustsem">\n{}\n{}\n</div>').format(content, NOTEBOOK_STYLE))


def sheet_html(sheet: Sheet) -> Markup:
    """Return a sheet as an HTML figure, all text escaped."""
    head = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(_aligned(heading), to_html(heading.text))
        for heading in sheet.headings
    )
    body = Markup("\n").join(_line(line, sheet.headings) for line in sheet.lines)
    return Markup(
        '<figure class="table" id="table-{name}">\n<figcaption>{caption}</figcaption>\n'
        '<div class="scroll">\n<table>\n<thead><tr>{head}</tr></thead>\n'
        "<tbody>\n{body}\n</tbody>\n</table>\n</div>\n{notes}</figure>"
    ).format(name=sheet.name, caption=_caption(sheet), head=head, body=body, notes=_notes(sheet))


def _caption(sheet: Sheet) -> Markup:
    number = Markup('<span class="number">Table {}</span> ').format(to_html(plain(sheet.number)))
    title = Markup('<span class="title">{}</span>').format(to_html(plain(sheet.title)))
    return (number if sheet.number else Markup("")) + title


def _line(line: Group | Row, headings: tuple[Heading, ...]) -> Markup:
    if isinstance(line, Group):
        return Markup('<tr class="group"><th scope="rowgroup" colspan="{}">{}</th></tr>').format(
            len(headings), to_html(plain(line.title))
        )
    cells = Markup("").join(
        _cell(cell, heading, first=position == 0)
        for position, (cell, heading) in enumerate(zip(line.cells, headings, strict=True))
    )
    return Markup("<tr>{}</tr>").format(cells)


def _cell(cell: Rich, heading: Heading, *, first: bool) -> Markup:
    """Return a cell; the first of a row is its header."""
    words, mark = number_and_mark(cell) if heading.numeric else (cell, "")
    content = to_html(words)
    if mark:
        content += Markup('<sup class="mark" style="{}">{}</sup>').format(_HANGING, mark)
    template = '<th scope="row"{}>{}</th>' if first else "<td{}>{}</td>"
    return Markup(template).format(_aligned(heading), content)  # noqa: S704  (two literals)


def _notes(sheet: Sheet) -> Markup:
    if not sheet.notes:
        return Markup("")
    paragraphs = Markup("").join(_note(note) for note in sheet.notes)
    return Markup('<div class="notes">{}</div>\n').format(paragraphs)


def _note(note: Note) -> Markup:
    template = "<i>{}</i> " if note.mark.endswith(".") else '<sup class="mark">{}</sup> '
    mark = Markup(template).format(note.mark) if note.mark else ""  # noqa: S704  (two literals)
    return Markup("<p>{}{}</p>\n").format(mark, to_html(note.text))


def _aligned(heading: Heading) -> Markup:
    return Markup(' class="n"') if heading.numeric else Markup("")
