"""A Word document as a file: pages, header and footer, styles, pictures.

What it shows comes as XML that others have written; this module knows the package around it.
python-docx is loaded where a file is made. Files hold no time of writing: equal content gives equal
bytes.
"""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from markupsafe import escape

if TYPE_CHECKING:
    from docx.document import Document

TEXT_WIDTH = {False: 9354, True: 14286}
"""Width of the text in twips, upright and on the side: A4 with margins of 2.25 cm."""
_SHORT_SIDE, _LONG_SIDE, _MARGIN = 11906, 16838, 1276
_EMU_PER_TWIP = 635
_HIGHEST_PICTURE = {False: 12200, True: 7000}
_NO_DATE = (1980, 1, 1, 0, 0, 0)

_OFFICE = "http://schemas.openxmlformats.org"
_NAMESPACES = " ".join(
    f'xmlns:{prefix}="{address}"'
    for prefix, address in {
        "w": f"{_OFFICE}/wordprocessingml/2006/main",
        "r": f"{_OFFICE}/officeDocument/2006/relationships",
        "a": f"{_OFFICE}/drawingml/2006/main",
        "pic": f"{_OFFICE}/drawingml/2006/picture",
        "wp": f"{_OFFICE}/drawingml/2006/wordprocessingDrawing",
        "asvg": "http://schemas.microsoft.com/office/drawing/2016/SVG/main",
    }.items()
)
_IMAGE = f"{_OFFICE}/officeDocument/2006/relationships/image"
_SVG_EXTENSION = "{96DAC541-7B7A-43D3-8B79-37D633B846F1}"
"""What names the drawing that stands for a picture (Office Open XML extension of 2016)."""
_PAGE_NUMBER = (
    f'<w:p {_NAMESPACES}><w:pPr><w:pStyle w:val="Footer"/></w:pPr>'
    '<w:fldSimple w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple></w:p>'
)
_UNUSED = ("customXml", "numbering", "stylesWithEffects", "thumbnail")


class WordFile:
    """A document in the making.

    Parameters
    ----------
    title : str
        Title in the document's properties.
    notice : str
        What every page but the first says at its top.
    landscape : bool
        Whether the first pages are turned.
    """

    def __init__(self, title: str, *, notice: str = "", landscape: bool = False) -> None:
        import docx  # noqa: PLC0415  (slow to import; needed for Word only)

        self._document: Document = docx.Document()
        self._body: list[str] = []
        self._landscape = landscape
        self._n_pictures = 0
        _reduce(self._document)
        _set_properties(self._document, title)
        self._furniture = _header_and_footer(self._document, notice)

    def add(self, *content: str) -> None:
        """Add paragraphs and tables as XML."""
        self._body += content

    def turn(self, *, landscape: bool) -> None:
        """Begin a page of the other way, if the present one is not right."""
        if landscape == self._landscape:
            return
        if self._body:
            self._body.append(self._section())
        self._landscape = landscape

    def picture(self, png: bytes, svg: bytes, description: str, *, landscape: bool = False) -> str:
        """Return a picture as wide as the text, its drawing attached, for newer programs to show.

        Parameters
        ----------
        png, svg : bytes
            The same picture twice.
        description : str
            What it shows, for those who cannot see it.
        landscape : bool
            Whether it stands on a turned page.
        """
        from docx.opc.packuri import PackURI  # noqa: PLC0415  (slow to import)
        from docx.opc.part import Part  # noqa: PLC0415  (the same)

        self._n_pictures += 1
        number = self._n_pictures
        main = self._document.part
        link, image = main.get_or_add_image(io.BytesIO(png))
        address = PackURI(f"/word/media/drawing{number}.svg")
        drawing = Part(address, "image/svg+xml", svg, main.package)
        width = TEXT_WIDTH[landscape] * _EMU_PER_TWIP
        height = width * image.px_height // image.px_width
        highest = _HIGHEST_PICTURE[landscape] * _EMU_PER_TWIP
        if height > highest:
            width, height = width * highest // height, highest
        return _PICTURE.format(
            number=number,
            width=width,
            height=height,
            description=escape(description),
            png=link,
            svg=main.relate_to(drawing, _IMAGE),
            extension=_SVG_EXTENSION,
        )

    def to_bytes(self) -> bytes:
        """Return the file, the same for the same content."""
        from docx.oxml import parse_xml  # noqa: PLC0415  (slow to import)

        content = "".join([*self._body, self._section()])
        body = parse_xml(f"<w:body {_NAMESPACES}>{content}</w:body>")
        _end_sections(body)
        document = self._document.element
        document.replace(document.body, body)
        return _without_dates(self._document)

    def _section(self) -> str:
        """Return the end of a section; the first one names header and footer for all of them."""
        size = (_LONG_SIDE, _SHORT_SIDE) if self._landscape else (_SHORT_SIDE, _LONG_SIDE)
        way = ' w:orient="landscape"' if self._landscape else ""
        furniture, first_page = self._furniture
        self._furniture = ("", "")
        margins = " ".join(f'w:{side}="{_MARGIN}"' for side in ("top", "right", "bottom", "left"))
        return (
            f'<w:sectPr>{furniture}<w:type w:val="nextPage"/>'
            f'<w:pgSz w:w="{size[0]}" w:h="{size[1]}"{way}/>'
            f'<w:pgMar {margins} w:header="624" w:footer="624" w:gutter="0"/>'
            f'<w:cols w:space="720"/>{first_page}</w:sectPr>'
        )


def _end_sections(body: Any) -> None:
    """Move what ends a section into the paragraph before it, where Word expects it."""
    from docx.oxml.ns import qn  # noqa: PLC0415  (slow to import)

    for section in list(body.iterchildren(qn("w:sectPr")))[:-1]:
        section.getprevious().get_or_add_pPr().append(section)


def _reduce(document: Document) -> None:
    """Give python-docx's template our styles, and take from it what nobody needs."""
    from docx.oxml import parse_xml  # noqa: PLC0415  (slow to import)
    from docx.oxml.ns import qn  # noqa: PLC0415  (the same)

    styles = document.styles.element
    for style in list(styles):
        if style.tag != qn("w:latentStyles"):
            styles.remove(style)
    defaults, *own = parse_xml(_styles())
    styles.insert(0, defaults)
    styles.extend(own)
    main = document.part
    for owner in (main, main.package):
        for name, relation in list(owner.rels.items()):
            if any(word in relation.reltype for word in _UNUSED):
                del owner.rels[name]
    settings = document.settings.element
    for tag in ("w:rsids", "w:savePreviewPicture", "w:proofState"):
        for element in settings.findall(qn(tag)):
            settings.remove(element)
    for compatibility in settings.iter(qn("w:compatSetting")):
        if compatibility.get(qn("w:name")) == "compatibilityMode":
            compatibility.set(qn("w:val"), "15")


@cache
def _styles() -> str:
    place = resources.files("trustsem.tables") / "word_styles.xml"
    return place.read_text(encoding="utf-8")


def _set_properties(document: Document, title: str) -> None:
    properties = document.core_properties
    properties.title, properties.language = title[:255], "en-US"
    properties.author = properties.comments = properties.last_modified_by = ""
    properties.keywords = properties.subject = ""
    properties.created = properties.modified = datetime(*_NO_DATE, tzinfo=UTC)
    for part in document.part.package.iter_parts():
        if part.partname == "/docProps/app.xml":
            part._blob = _APPLICATION  # noqa: SLF001  (the template names another program)


_APPLICATION = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Properties xmlns="http://schemas.'
    b'openxmlformats.org/officeDocument/2006/extended-properties"><Application>trustsem'
    b"</Application></Properties>"
)


def _header_and_footer(document: Document, notice: str) -> tuple[str, str]:
    """Make header and footer; return how a section names them, and that its first page differs."""
    from docx.oxml import parse_xml  # noqa: PLC0415  (slow to import)
    from docx.oxml.ns import qn  # noqa: PLC0415  (the same)

    section = document.sections[0]
    furniture: list[Any] = [section.footer]
    section.different_first_page_header_footer = bool(notice)
    if notice:
        furniture += [section.header, section.first_page_header, section.first_page_footer]
    for part in furniture:
        part.is_linked_to_previous = False
    numbered = [section.footer, *([section.first_page_footer] if notice else [])]
    for footer in numbered:
        _replace_content(footer, parse_xml(_PAGE_NUMBER))
    if notice:
        line = f'<w:r><w:t xml:space="preserve">{escape(notice)}</w:t></w:r>'
        style = '<w:pPr><w:pStyle w:val="Notice"/></w:pPr>'
        _replace_content(section.header, parse_xml(f"<w:p {_NAMESPACES}>{style}{line}</w:p>"))
    element = document.sections[0]._sectPr  # noqa: SLF001  (no public way to the references)
    link = qn("r:id")
    references = [
        f"<{'w:headerReference' if child.tag == qn('w:headerReference') else 'w:footerReference'} "
        f'w:type="{child.get(qn("w:type"))}" r:id="{child.get(link)}"/>'
        for child in element
        if child.get(link)
    ]
    return "".join(references), "<w:titlePg/>" if notice else ""


def _replace_content(part: Any, paragraph: Any) -> None:
    element = part._element  # noqa: SLF001  (no public way to replace a paragraph)
    for child in list(element):
        element.remove(child)
    element.append(paragraph)


def _without_dates(document: Document) -> bytes:
    """Return the saved document, no entry with the time of writing."""
    written, fixed = io.BytesIO(), io.BytesIO()
    document.save(written)
    with (
        zipfile.ZipFile(written) as source,
        zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, date_time=_NO_DATE)
            packed = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            entry.compress_type = packed
            target.writestr(entry, source.read(name))
    return fixed.getvalue()


_PICTURE = (
    '<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0">'
    '<wp:extent cx="{width}" cy="{height}"/>'
    '<wp:docPr id="{number}" name="Figure {number}" descr="{description}"/>'
    '<wp:cNvGraphicFramePr><a:graphicFrameLocks noChangeAspect="1"/></wp:cNvGraphicFramePr>'
    '<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">'
    '<pic:pic><pic:nvPicPr><pic:cNvPr id="{number}" name="figure{number}.png"/><pic:cNvPicPr/>'
    '</pic:nvPicPr><pic:blipFill><a:blip r:embed="{png}"><a:extLst><a:ext uri="{extension}">'
    '<asvg:svgBlip r:embed="{svg}"/></a:ext></a:extLst></a:blip><a:stretch><a:fillRect/>'
    '</a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/>'
    '<a:ext cx="{width}" cy="{height}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
    "</pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
)
