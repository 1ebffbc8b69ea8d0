"""Sheets as HTML figures in the form of the APA."""

from __future__ import annotations

from markupsafe import Markup

from trustsem.tables.sheet import Group, Heading, Note, Row, Sheet
from trustsem.typesetting import Rich, plain, to_html


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
    number = Markup('<span class="number">Table {}</span> ').format(sheet.number)
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
    mark = cell[-1:] if cell and cell[-1].script == "sup" else ()
    content = to_html(cell[: len(cell) - len(mark)])
    if mark:
        content += Markup('<sup class="mark">{}</sup>').format(mark[0].text)
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
