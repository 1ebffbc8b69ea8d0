"""Sheets as HTML figures in the form of the APA."""

from __future__ import annotations

from markupsafe import Markup

from trustsem.tables.sheet import Group, Heading, Note, Row, Sheet, number_and_mark
from trustsem.typesetting import Rich, plain, to_html

_HANGING = "position:absolute"
"""A letter beside a number must not move its digits, whatever the style sheet."""

NOTEBOOK_STYLE = Markup(
    "<style>\n"
    "figure.table { margin: 1em 0; }\n"
    "figure.table .number { display: block; font-weight: bold; }\n"
    "figure.table .title { display: block; font-style: italic; }\n"
    "figure.table .scroll { overflow-x: auto; }\n"
    "figure.table table { border-collapse: collapse; border: solid; border-width: 1.5px 0; "
    "margin: .4em 0; font-variant-numeric: tabular-nums lining-nums; }\n"
    "figure.table th, figure.table td { text-align: left; font-weight: normal; border: 0; "
    "padding: .2em .7em; vertical-align: baseline; background: none; }\n"
    "figure.table thead th { border-bottom: 1px solid; vertical-align: bottom; }\n"
    "figure.table .n { text-align: right; white-space: nowrap; }\n"
    "figure.table .group th { font-weight: bold; padding-top: .5em; }\n"
    "figure.table .mark { font-size: .7em; line-height: 0; margin-left: .1em; }\n"
    "figure.table .notes p { margin: .1em 0; font-size: .9em; }\n"
    "</style>\n"
)
"""What gives a table the form of the APA where there is no style sheet of ours."""


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
