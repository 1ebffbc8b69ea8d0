"""Sheets as Word tables that can be edited, in styles that a template can change."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from markupsafe import escape

from trustsem import display
from trustsem.errors import OutputError, UnknownOptionError
from trustsem.tables import metrics
from trustsem.tables.layout import follow_numbers, header_lines
from trustsem.tables.paper import SMALL, WORD_PAPER, Setting, setting
from trustsem.tables.sheet import Group, Note, Row, Sheet, number_and_mark
from trustsem.tables.word_file import TEXT_WIDTH, WordFile
from trustsem.typesetting import Rich, Run, plain, raised, rich

NUMBER_STYLE, TITLE_STYLE = "Table Number", "Table Title"
CELL_STYLE, SMALL_STYLE, NOTE_STYLE = "Table Text", "Table Text Small", "Table Note"
GROUP_STYLE, SMALL_GROUP_STYLE = "Table Group", "Table Group Small"
END_STYLE, TABLE_STYLE = "Table End", "APA Table"

_TWIPS, _MARGINS, _SPARE_EMS = 20, 114, 0.1
"""Twips in a point, those left and right of a cell's text, and what a column has to spare."""
_ALMOST_FULL = 0.75
"""Part of a line from which on a table is as wide as the line."""
_MOST_SPACE = 160
"""Twips that are added to a column of a narrower table, where there is room."""
_SHORT, _KEPT = 12, 3
"""Lines of a table that stays on one page; lines that stay together at the ends of a longer one."""
_NO_XML = dict.fromkeys((0xFFFE, 0xFFFF))


def save_sheet(sheet: Sheet, path: str | Path) -> Path:
    """Write a sheet to a Word document of its own.

    Raises
    ------
    UnknownOptionError
        If the file is not to be a ``.docx``.
    OutputError
        If it cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() != ".docx":
        raise UnknownOptionError(target.suffix or target.name, (".docx",), kind="document format")
    chosen = setting(sheet, WORD_PAPER)
    file = WordFile(clean(sheet.title), landscape=chosen.landscape)
    file.add(*sheet_xml(chosen))
    try:
        target.write_bytes(file.to_bytes())
    except OSError as error:
        raise OutputError(
            "The table cannot be written.", where=str(target), remedy=str(error)
        ) from error
    return target


def clean(text: str) -> str:
    """Return text without the characters that XML does not allow."""
    return display.printable(text).translate(_NO_XML)


def style_id(name: str) -> str:
    """Return the identifier of a style."""
    return name.replace(" ", "")


def paragraph_xml(
    text: str | Rich, style: str, *, lead: str | Rich = (), keep: bool = False
) -> str:
    """Return a paragraph.

    Parameters
    ----------
    text : str or Rich
        Its text.
    style : str
        Name of its style.
    lead : str or Rich
        What stands before the text, a tab between them.
    keep : bool
        Whether it stays on the page of what follows.
    """
    before = f"{runs_xml(rich(lead))}<w:r><w:tab/></w:r>" if lead else ""
    return raw_paragraph_xml(f"{before}{runs_xml(rich(text))}", style, keep=keep)


def raw_paragraph_xml(content: str, style: str, *, keep: bool = False, further: str = "") -> str:
    """Return a paragraph of runs, pictures and properties that are XML already."""
    kept = "<w:keepNext/>" if keep else ""
    return (
        f'<w:p><w:pPr><w:pStyle w:val="{style_id(style)}"/>{kept}{further}</w:pPr>{content}</w:p>'
    )


def runs_xml(text: Rich) -> str:
    """Return runs, each in its style, all characters escaped."""
    return "".join(map(_run, text))


def _run(run: Run) -> str:
    script = {"": "", "sub": "subscript", "sup": "superscript"}[run.script]
    style = (
        ("<w:b/><w:bCs/>" if run.bold else "")
        + ("<w:i/><w:iCs/>" if run.italic else "")
        + (f'<w:vertAlign w:val="{script}"/>' if script else "")
    )
    properties = f"<w:rPr>{style}</w:rPr>" if style else ""
    text = escape(clean(run.text))
    return f'<w:r>{properties}<w:t xml:space="preserve">{text}</w:t></w:r>'


def sheet_xml(chosen: Setting) -> Iterator[str]:
    """Yield number, title, table and notes; a table that is too wide comes in parts.

    Parameters
    ----------
    chosen : Setting
        The table in words and how it is set.
    """
    for part in chosen.parts:
        if part.number:
            yield paragraph_xml(f"Table {part.number}", NUMBER_STYLE)
        yield paragraph_xml(part.title, TITLE_STYLE)
        yield _table(part, chosen, followed=bool(part.notes))
        for position, note in enumerate(part.notes):
            yield _note(note, keep=position < len(part.notes) - 1)
        yield paragraph_xml("", END_STYLE)


def _note(note: Note, *, keep: bool) -> str:
    general = note.mark.endswith(".")
    lead = plain(note.mark, italic=True) if general else raised(note.mark)
    return paragraph_xml((*lead, *plain(" " if lead else ""), *note.text), NOTE_STYLE, keep=keep)


def _table(sheet: Sheet, chosen: Setting, *, followed: bool) -> str:
    """Return the table itself: its head repeats on each page, and no row is torn."""
    widths = column_twips(sheet, chosen)
    row = _RowWriter(sheet, widths, chosen.points)
    last = len(sheet.lines) - 1
    rows = [row.head()]
    for position, line in enumerate(sheet.lines):
        keep = (
            last < _SHORT
            or position < _KEPT
            or last - _KEPT < position < last
            or isinstance(line, Group)
        )
        keep = keep and (position < last or followed)
        rows.append(row.group(line) if isinstance(line, Group) else row.row(line, keep=keep))
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return (
        f'<w:tbl><w:tblPr><w:tblStyle w:val="{style_id(TABLE_STYLE)}"/>'
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
        '<w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" '
        'w:noHBand="1" w:noVBand="1"/>'
        f'<w:tblCaption w:val="{escape(clean(sheet.title))}"/></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def column_twips(sheet: Sheet, chosen: Setting) -> list[int]:
    """Return the width of each column; a table that almost fills the line fills it."""
    ems = sheet.widths(chosen.line, WORD_PAPER.ruler)
    em = chosen.points * _TWIPS
    widths = [math.ceil((width + _SPARE_EMS) * em) + _MARGINS for width in ems]
    rest = TEXT_WIDTH[chosen.landscape] - sum(widths)
    share, remainder = divmod(rest, len(widths))
    if sum(widths) < _ALMOST_FULL * TEXT_WIDTH[chosen.landscape]:
        share, remainder = min(share, _MOST_SPACE), 0
    return [width + share + (i < remainder) for i, width in enumerate(widths)]


class _RowWriter:
    """Writes the rows of one table."""

    def __init__(self, sheet: Sheet, widths: Sequence[int], points: int) -> None:
        small = points == SMALL
        self._headings = sheet.headings
        self._widths = widths
        self._style = SMALL_STYLE if small else CELL_STYLE
        self._group_style = SMALL_GROUP_STYLE if small else GROUP_STYLE
        self._em = points * _TWIPS
        space = round(WORD_PAPER.ruler.after_number * self._em)
        self._indents = [
            f'<w:ind w:left="{space}"/>' if follows else ""
            for follows in follow_numbers(sheet.columns())
        ]

    def head(self) -> str:
        """Return the headers."""
        cells = "".join(map(self._heading, range(len(self._headings))))
        return f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{cells}</w:tr>"

    def _heading(self, position: int) -> str:
        """Return a header, its lines broken here: programs differ on where one may begin."""
        ems = (self._widths[position] - _MARGINS) / self._em
        lines = header_lines(self._headings[position].text, ems, WORD_PAPER.ruler)
        content = "<w:r><w:br/></w:r>".join(map(runs_xml, lines))
        return self._cell(content, position, keep=True, place='<w:vAlign w:val="bottom"/>')

    def row(self, line: Row, *, keep: bool) -> str:
        """Return a row."""
        cells = "".join(
            self._cell(runs_xml(cell), position, keep=keep, hanging=self._hanging(cell, position))
            for position, cell in enumerate(line.cells)
        )
        return f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{cells}</w:tr>"

    def group(self, line: Group) -> str:
        """Return a line across the table, which stays with the rows below."""
        title = paragraph_xml(line.title, self._group_style, keep=True)
        return (
            "<w:tr><w:trPr><w:cantSplit/></w:trPr>"
            f'<w:tc><w:tcPr><w:tcW w:w="{sum(self._widths)}" w:type="dxa"/>'
            f'<w:gridSpan w:val="{len(self._widths)}"/></w:tcPr>{title}</w:tc></w:tr>'
        )

    def _cell(
        self, content: str, position: int, *, keep: bool, hanging: str = "", place: str = ""
    ) -> str:
        numeric = self._headings[position].numeric
        further = f'{hanging}<w:jc w:val="right"/>' if numeric else self._indents[position]
        paragraph = raw_paragraph_xml(content, self._style, keep=keep, further=further)
        width = f'<w:tcW w:w="{self._widths[position]}" w:type="dxa"/>'
        return f"<w:tc><w:tcPr>{width}{place}</w:tcPr>{paragraph}</w:tc>"

    def _hanging(self, text: Rich, position: int) -> str:
        """Return the indent that lets the letter of a note hang beside its number."""
        if not self._headings[position].numeric:
            return ""
        mark = raised(number_and_mark(text)[1])
        size = round(metrics.TIMES.width(mark) * self._em)
        return f'<w:ind w:right="{-size}"/>' if size else ""
