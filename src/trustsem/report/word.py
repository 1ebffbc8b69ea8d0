"""The report as a Word document: real tables, figures as PNG with their SVG attached.

Every paragraph has a named style, so that a journal's template can change how it looks.
"""

from __future__ import annotations

import io
from functools import singledispatchmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from trustsem.tables import Sheet, Table, word
from trustsem.typesetting import Rich, plain, rich, typeset

if TYPE_CHECKING:
    from docx.document import Document

_TEXT_WIDTH_CM, _TEXT_HEIGHT_CM = 16.5, 21.5
FIGURE_NUMBER, FIGURE_TITLE, FIGURE_NOTE = "Figure Number", "Figure Title", "Figure Note"
CALLOUT, FINDING, LISTING, REFERENCE, HINT = (
    "Callout", "Finding", "Listing", "Reference Entry", "Hint",
)  # fmt: skip


def word_report(front: Front, composed: Composed, failures: list[str], figures: Path) -> bytes:
    """Return the report as a Word document.

    Parameters
    ----------
    front : Front
        What stands first.
    composed : Composed
        The sections.
    failures : list of str
        What is missing so far; gets a line for each block that cannot be written.
    figures : Path
        Directory that holds each figure as PNG and SVG.
    """
    document = word.new_document(front.title)
    _define_styles(document)
    writer = _Writer(document, figures)
    writer.front(front)
    end_of_front = document.add_paragraph()
    for chapter in composed.chapters:
        writer.turn(landscape=False)
        document.add_heading(word.clean(chapter.title), level=1)
        for _ in written(chapter, writer.add, failures):
            pass
    if failures:
        heading = "Parts of this report could not be made:"
        for line in (heading, *failures):
            end_of_front.insert_paragraph_before(word.clean(line), style=CALLOUT)
    end_of_front._p.getparent().remove(end_of_front._p)  # noqa: SLF001  (no public way)
    return word.document_bytes(document)


class _Writer:
    """Adds blocks to a document, turning the page for tables that are too wide."""

    def __init__(self, document: Document, figures: Path) -> None:
        self.document = document
        self.figures = figures
        self.landscape = False

    def front(self, front: Front) -> None:
        """Add notice, title, verdicts, banners and facts; the notice stands on every page."""
        if front.notice:
            header = self.document.sections[0].header.paragraphs[0]
            header.text = word.clean(front.notice)
            header.style = CALLOUT
            self.paragraph(plain(front.notice), CALLOUT)
        title = f"{'[Synthetic data] ' * front.synthetic}{front.title}"
        self.document.add_heading(word.clean(title), level=0)
        self.paragraph(plain(front.method), HINT)
        if front.reference:
            self.paragraph(plain(front.reference), HINT)
        for judgement in front.judgements:
            lead = plain(f"{judgement.step}: {judgement.outcome}. ", bold=True)
            self.paragraph((*lead, *judgement.text))
        for banner in front.banners:
            self.add(banner)
        for name, value in front.facts:
            self.paragraph((*plain(f"{name}: ", bold=True), *value))

    def paragraph(self, text: str | Rich, style: str = "Normal") -> None:
        """Add a paragraph."""
        word.add_rich(self.document.add_paragraph(style=style), rich(text))

    def turn(self, *, landscape: bool) -> None:
        """Begin a page of the other orientation, if the present one is not right."""
        from docx.enum.section import WD_ORIENT, WD_SECTION  # noqa: PLC0415  (slow to import)

        if landscape == self.landscape:
            return
        section = self.document.add_section(WD_SECTION.NEW_PAGE)
        section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = section.page_height, section.page_width
        self.landscape = landscape

    def add(self, block: Block) -> None:
        """Add a block."""
        wide = isinstance(block, Table) and _is_wide(block.sheet())
        self.turn(landscape=wide)
        self._add(block)

    @singledispatchmethod
    def _add(self, block: Block) -> None:
        raise TypeError(f"A report has no block of type {type(block).__name__}.")

    @_add.register
    def _(self, block: Table) -> None:
        available = word.LANDSCAPE if self.landscape else word.PAGE
        word.add_sheet(self.document, block.sheet(), available=available)

    @_add.register
    def _(self, block: Figure) -> None:
        picture = (self.figures / f"{block.name}.png").read_bytes()
        drawing = (self.figures / f"{block.name}.svg").read_bytes()
        self.paragraph(f"Figure {block.number}", FIGURE_NUMBER)
        self.paragraph(block.title, FIGURE_TITLE)
        _add_picture(self.document, picture, drawing, block.drawing.description)
        if block.note:
            self.paragraph((*plain("Note. ", italic=True), *typeset(block.note)), FIGURE_NOTE)

    @_add.register
    def _(self, block: Heading) -> None:
        self.document.add_heading(word.clean(block.text), level=2)

    @_add.register
    def _(self, block: Paragraph) -> None:
        self.paragraph(block.text, HINT if block.style == "hint" else "Normal")

    @_add.register
    def _(self, block: Callout) -> None:
        self.paragraph(plain(block.heading, bold=True), CALLOUT)
        for line in block.lines:
            self.paragraph(line, CALLOUT)

    @_add.register
    def _(self, block: Findings) -> None:
        for finding in block.shown:
            self.paragraph(_finding(finding), FINDING)
        if block.left_out:
            self.paragraph(block.left_out, HINT)

    @_add.register
    def _(self, block: Listing) -> None:
        self.paragraph(plain(block.title, bold=True))
        for line in block.text.splitlines():
            self.paragraph(line, LISTING)

    @_add.register
    def _(self, block: Definitions) -> None:
        for item in block.items:
            meaning = plain(f" {item.meaning}: ")
            source = plain(f" ({item.source})")
            term = plain(f"{item.term}.", bold=True)
            self.paragraph((*term, *meaning, *item.formula, *source), REFERENCE)

    @_add.register
    def _(self, block: Facts) -> None:
        for name, value in block.rows:
            self.paragraph((*plain(f"{name}: ", bold=True), *plain(value)), LISTING)

    @_add.register
    def _(self, block: References) -> None:
        for text in block.texts:
            self.paragraph(text, REFERENCE)


def _is_wide(sheet: Sheet) -> bool:
    """Return whether a table needs a page on its side."""
    widths = sheet.widths(word.PAGE)
    return sum(widths) + 2 * (len(widths) - 1) > word.PAGE


def _finding(finding: Finding) -> Rich:
    """Return a finding as one paragraph."""
    return (
        *plain(f"{finding.severity.upper()}  "),
        *plain(f"{finding.name}. ", bold=True),
        *typeset(finding.claim),
        *plain(f" {finding.remedy}" if finding.remedy else "", italic=True),
        *plain(f" ({short_citation(finding.source)})" if finding.source else ""),
    )


def _add_picture(document: Document, picture: bytes, drawing: bytes, description: str) -> None:
    """Add a figure as PNG with its SVG attached, which newer programs show instead."""
    from docx.opc.packuri import PackURI  # noqa: PLC0415  (slow to import)
    from docx.opc.part import Part  # noqa: PLC0415  (the same)
    from docx.oxml import parse_xml  # noqa: PLC0415  (the same)
    from docx.oxml.ns import qn  # noqa: PLC0415  (the same)
    from docx.shared import Cm  # noqa: PLC0415  (the same)

    shape = document.add_picture(io.BytesIO(picture), width=Cm(_TEXT_WIDTH_CM))
    if shape.height > Cm(_TEXT_HEIGHT_CM):
        shape.width = int(shape.width * Cm(_TEXT_HEIGHT_CM) / shape.height)
        shape.height = Cm(_TEXT_HEIGHT_CM)
    document.paragraphs[-1].style = FIGURE_NOTE
    properties = shape._inline.docPr  # noqa: SLF001  (no public way to the text for the blind)
    properties.set("descr", word.clean(description))
    package = document.part.package
    number = sum(part.partname.endswith(".svg") for part in package.iter_parts()) + 1
    part = Part(PackURI(f"/word/media/drawing{number}.svg"), "image/svg+xml", drawing, package)
    link = document.part.relate_to(part, _IMAGE)
    blip = next(shape._inline.iter(qn("a:blip")))  # noqa: SLF001  (the same)
    blip.append(parse_xml(_EXTENSION.format(link=link)))


_IMAGE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
_EXTENSION = (
    '<a:extLst xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
    '<a:ext uri="{{96DAC541-7B7A-43D3-8B79-37D633B846F1}}"><asvg:svgBlip '
    'xmlns:asvg="http://schemas.microsoft.com/office/drawing/2016/SVG/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'r:embed="{link}"/></a:ext></a:extLst>'
)
"""What names the SVG of a picture (Office Open XML extension of 2016)."""


def _define_styles(document: Document) -> None:
    """Add the styles of everything that is no table."""
    from docx.enum.style import WD_STYLE_TYPE  # noqa: PLC0415  (slow to import)
    from docx.shared import Cm, Pt, RGBColor  # noqa: PLC0415  (the same)

    normal = document.styles["Normal"]
    sizes = {
        FIGURE_NUMBER: 11, FIGURE_TITLE: 11, FIGURE_NOTE: 9, CALLOUT: 10, FINDING: 10, LISTING: 8,
        REFERENCE: 10, HINT: 10,
    }  # fmt: skip
    styles: dict[str, Any] = {}
    for name, size in sizes.items():
        style = styles[name] = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = normal
        style.font.size = Pt(size)
    for name in (FIGURE_NUMBER, FIGURE_TITLE):
        styles[name].paragraph_format.keep_with_next = True
    styles[FIGURE_NUMBER].font.bold = True
    styles[FIGURE_NUMBER].paragraph_format.space_after = Pt(0)
    styles[FIGURE_TITLE].font.italic = True
    styles[CALLOUT].font.color.rgb = RGBColor(0xA3, 0x26, 0x1F)
    styles[LISTING].font.name = "Courier New"
    styles[LISTING].paragraph_format.space_after = Pt(0)
    for name in (REFERENCE, FINDING):
        styles[name].paragraph_format.left_indent = Cm(0.8)
        styles[name].paragraph_format.first_line_indent = Cm(-0.8)
    for name in ("Title", "Heading 1", "Heading 2"):
        style = document.styles[name]
        style.font.color.rgb = RGBColor(0, 0, 0)
        style.font.name = "Times New Roman"
