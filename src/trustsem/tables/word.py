"""Sheets as Word tables that can be edited, in styles that a template can change.

python-docx is loaded where a document is made. Documents hold no time of writing: equal content
gives equal bytes.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trustsem import display
from trustsem.errors import OutputError, UnknownOptionError
from trustsem.tables.sheet import Group, Heading, Sheet
from trustsem.typesetting import Rich, emphasised, plain

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import _Cell
    from docx.text.paragraph import Paragraph

PAGE, LANDSCAPE = 100, 142
"""Characters of 9 pt on a line of 16.5 cm, and of 23.4 cm."""
NUMBER_STYLE, TITLE_STYLE = "Table Number", "Table Title"
CELL_STYLE, NOTE_STYLE, TABLE_STYLE = "Table Text", "Table Note", "APA Table"
_CM_PER_CHARACTER = 0.165
_EMPTY_DATE = (1980, 1, 1, 0, 0, 0)


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
    document = new_document(sheet.title)
    add_sheet(document, sheet)
    try:
        target.write_bytes(document_bytes(document))
    except OSError as error:
        raise OutputError(
            "The table cannot be written.", where=str(target), remedy=str(error)
        ) from error
    return target


def new_document(title: str) -> Document:
    """Return an empty document on A4 with the styles of tables and notes.

    Parameters
    ----------
    title : str
        Title in the document's properties.
    """
    import docx  # noqa: PLC0415  (slow to import; needed for Word only)
    from docx.shared import Cm  # noqa: PLC0415  (the same)

    document: Document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21.0), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.25)
    section.top_margin = section.bottom_margin = Cm(2.25)
    properties = document.core_properties
    properties.title, properties.author, properties.comments = clean(title)[:255], "", ""
    properties.last_modified_by = ""
    _define_styles(document)
    return document


def add_sheet(document: Document, sheet: Sheet, *, available: int = PAGE) -> None:
    """Add number, title, table and notes; a table that is too wide is added in parts.

    Parameters
    ----------
    document : Document
        Where to.
    sheet : Sheet
        The table in words.
    available : int
        Characters of a line of the page.
    """
    for part in sheet.parts(available):
        if part.number:
            document.add_paragraph(clean(f"Table {part.number}"), style=NUMBER_STYLE)
        document.add_paragraph(clean(part.title), style=TITLE_STYLE)
        _add_table(document, part, available)
        for note in part.notes:
            paragraph = document.add_paragraph(style=NOTE_STYLE)
            if note.mark.endswith("."):
                add_rich(paragraph, plain(f"{note.mark} ", italic=True))
            elif note.mark:
                paragraph.add_run(note.mark).font.superscript = True
                paragraph.add_run(" ")
            add_rich(paragraph, note.text)
        if not part.notes:
            document.add_paragraph(style=NOTE_STYLE)


def add_rich(paragraph: Paragraph, text: Rich) -> None:
    """Add runs to a paragraph, each in its style."""
    for run in text:
        added = paragraph.add_run(clean(run.text))
        added.italic, added.bold = run.italic or None, run.bold or None
        added.font.superscript = True if run.script == "sup" else None
        added.font.subscript = True if run.script == "sub" else None


def clean(text: str) -> str:
    """Return text without the characters that XML does not allow."""
    return display.printable(text)


def document_bytes(document: Document) -> bytes:
    """Return the file, the same for the same content: no entry holds the time of writing."""
    from datetime import UTC, datetime  # noqa: PLC0415  (next to its only use)

    properties = document.core_properties
    properties.created = properties.modified = datetime(*_EMPTY_DATE, tzinfo=UTC)
    written, fixed = io.BytesIO(), io.BytesIO()
    document.save(written)
    with (
        zipfile.ZipFile(written) as source,
        zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, date_time=_EMPTY_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(name))
    return fixed.getvalue()


def _add_table(document: Document, sheet: Sheet, available: int) -> None:
    """Add the table itself: its head repeats on each page, and no row is torn."""
    from docx.shared import Cm  # noqa: PLC0415  (slow to import; needed for Word only)

    table = document.add_table(rows=1, cols=len(sheet.headings), style=TABLE_STYLE)
    table.autofit = False
    widths = [Cm(_CM_PER_CHARACTER * (width + 2)) for width in sheet.widths(available)]
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    _fill(table.rows[0], [heading.text for heading in sheet.headings], sheet.headings, widths)
    _flag(table.rows[0], "tblHeader")
    for line in sheet.lines:
        row = table.add_row()
        _flag(row, "cantSplit")
        if isinstance(line, Group):
            cell = row.cells[0].merge(row.cells[-1])
            _write(cell, emphasised(plain(line.title)), numeric=False)
            cell.paragraphs[0].paragraph_format.keep_with_next = True
        else:
            _fill(row, line.cells, sheet.headings, widths)


def _fill(row: Any, cells: Sequence[Rich], headings: Sequence[Heading], widths: list[Any]) -> None:
    for cell, text, heading, width in zip(row.cells, cells, headings, widths, strict=True):
        cell.width = width
        _write(cell, text, numeric=heading.numeric)


def _write(cell: _Cell, text: Rich, *, numeric: bool) -> None:
    """Put text into a cell, numbers flush right."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH  # noqa: PLC0415  (slow to import)

    paragraph = cell.paragraphs[0]
    paragraph.style = CELL_STYLE
    if numeric:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    add_rich(paragraph, text)


def _flag(row: Any, name: str) -> None:
    """Set a property of a row, such as that it repeats on each page."""
    from docx.oxml import OxmlElement  # noqa: PLC0415  (slow to import)

    row._tr.get_or_add_trPr().append(OxmlElement(f"w:{name}"))  # noqa: SLF001  (no public way)


def _define_styles(document: Document) -> None:
    """Add the styles of number, title, cells and notes, and that of the table."""
    from docx.enum.style import WD_STYLE_TYPE  # noqa: PLC0415  (slow to import)
    from docx.oxml import parse_xml  # noqa: PLC0415  (the same)
    from docx.shared import Pt  # noqa: PLC0415  (the same)

    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Times New Roman", Pt(11)
    normal.paragraph_format.space_after = Pt(6)
    for name, size, before, after in (
        (NUMBER_STYLE, 11, 12, 0),
        (TITLE_STYLE, 11, 2, 4),
        (CELL_STYLE, 9, 1, 1),
        (NOTE_STYLE, 9, 2, 2),
    ):
        style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = normal
        style.font.size = Pt(size)
        style.paragraph_format.space_before = Pt(before)
        style.paragraph_format.space_after = Pt(after)
        style.paragraph_format.keep_with_next = name in (NUMBER_STYLE, TITLE_STYLE)
    document.styles[NUMBER_STYLE].font.bold = True
    document.styles[TITLE_STYLE].font.italic = True
    document.styles.element.append(parse_xml(_table_style()))


@cache
def _table_style() -> str:
    """Return the definition of the table style: rules above, below the head, and below."""
    place = resources.files("trustsem.tables") / "apa_table.xml"
    return place.read_text(encoding="utf-8")
