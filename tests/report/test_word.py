"""The report as a Word document: valid, restylable, within its margins, the same twice."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from collections import Counter

import docx
import hostile_report
import pandas as pd
import pytest
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

from trustsem import display
from trustsem.errors import UnknownOptionError
from trustsem.report import write_report
from trustsem.report.word import word_report
from trustsem.tables import Table
from trustsem.tables.layout import WORD
from trustsem.tables.paper import WORD_PAPER, setting
from trustsem.tables.word import clean, column_twips, sheet_xml
from trustsem.tables.word_file import TEXT_WIDTH
from trustsem.typesetting import plain

ORDER = {
    "pPr": "pStyle keepNext keepLines pBdr tabs spacing ind contextualSpacing jc outlineLvl sectPr",
    "rPr": "rFonts b bCs i iCs noProof color sz szCs vertAlign lang",
    "tcPr": "tcW gridSpan tcBorders vAlign",
    "trPr": "cantSplit tblHeader",
    "tblPr": "tblStyle tblW tblInd tblBorders tblLayout tblCellMar tblLook tblCaption",
    "sectPr": "Reference type pgSz pgMar cols titlePg",
    "style": "name basedOn next uiPriority semiHidden unhideWhenUsed qFormat pPr rPr tblPr "
    "tblStylePr",
}  # fmt: skip
"""Order of elements that Word insists on (ISO/IEC 29500-1), as far as we use them."""


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    return word_report(
        hostile_report.front(), hostile_report.composed(), ["a part: missing"],
        tmp_path_factory.mktemp("figures"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def document(content):
    return docx.Document(io.BytesIO(content))


@pytest.fixture(scope="module")
def written(bollen, tmp_path_factory):
    return write_report(bollen, tmp_path_factory.mktemp("word") / "out", ("docx",))


@pytest.fixture(scope="module")
def real(written):
    return docx.Document(str(written / "report.docx"))


def saved(table, tmp_path):
    return docx.Document(str(table.to_docx(tmp_path / "table.docx")))


def styled(document, name):
    return [paragraph for paragraph in document.paragraphs if paragraph.style.name == name]


def words(path):
    """Return the text of a document as LibreOffice prints it."""
    subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation={(path.parent / 'profile').as_uri()}",
         "--convert-to", "pdf", "--outdir", str(path.parent), str(path)],
        capture_output=True, timeout=100, check=True,
    )  # fmt: skip
    pdf = path.with_suffix(".pdf")
    done = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, check=True)
    return done.stdout.decode()


needs_libreoffice = pytest.mark.skipif(
    not (shutil.which("soffice") and shutil.which("pdftotext")),
    reason="LibreOffice or pdftotext is not installed",
)


@pytest.mark.parametrize("fixture", ["document", "real"])
def test_elements_are_in_the_order_that_word_insists_on(fixture, request):
    opened = request.getfixturevalue(fixture)
    for root in (opened.element, opened.styles.element):
        for name, order in ORDER.items():
            for element in root.iter(qn(f"w:{name}")):
                tags = [re.sub(".*}|(header|footer)(?=Ref)", "", child.tag) for child in element]
                places = [order.split().index(tag) for tag in tags]
                assert places == sorted(places), (name, tags)


@pytest.mark.parametrize("fixture", ["document", "real"])
def test_styles_are_defined_once_and_all_that_are_used_exist(fixture, request):
    opened = request.getfixturevalue(fixture)
    defined = [style.get(qn("w:styleId")) for style in opened.styles.element.iter(qn("w:style"))]
    names = [name.get(qn("w:val")) for name in opened.styles.element.iter(qn("w:name"))]
    assert len(defined) == len(set(defined))
    assert len(names) == len(set(names))
    used = {
        element.get(qn("w:val"))
        for tag in ("w:pStyle", "w:tblStyle", "w:basedOn", "w:next")
        for root in (opened.element, opened.styles.element)
        for element in root.iter(qn(tag))
    }
    assert used <= set(defined)


def test_headings_title_and_captions_are_those_of_word(real):
    assert len(styled(real, "Title")) == 1
    assert [p.text for p in styled(real, "Heading 1")][:2] == ["Findings", "Hypotheses"]
    assert {"Method", "Results"} <= {p.text for p in styled(real, "Heading 2")}
    assert real.styles["Table Number"].base_style.name == "Caption"
    assert real.styles["Figure Title"].base_style.name == "Caption"
    assert real.styles["Caption"].paragraph_format.keep_with_next is not False


def test_a_caption_stays_with_its_table_and_a_short_table_in_one_piece(real):
    captions = real.styles["Table Number"], real.styles["Table Title"]
    short = min(real.tables, key=lambda table: len(table.rows))
    assert all("w:keepNext" in style.base_style.element.xml for style in captions)
    assert all("w:keepNext" in row._tr.xml for row in short.rows[:-1])


def test_the_head_repeats_and_no_row_is_torn(document):
    for table in document.tables:
        rows = list(table._tbl.iter(qn("w:tr")))
        assert rows[0].find(qn("w:trPr")).find(qn("w:tblHeader")) is not None
        assert all(row.find(qn("w:trPr")).find(qn("w:cantSplit")) is not None for row in rows)


def sections_of(opened):
    """Yield each table of a document with the width of the text around it."""
    waiting = []
    for element in opened.element.body.iter(qn("w:tbl"), qn("w:sectPr")):
        if element.tag == qn("w:tbl"):
            waiting.append(element)
            continue
        page = element.find(qn("w:pgSz"))
        margins = element.find(qn("w:pgMar"))
        sides = sum(int(margins.get(qn(f"w:{side}"))) for side in ("left", "right"))
        width = int(page.get(qn("w:w"))) - sides
        yield from ((table, width) for table in waiting)
        waiting = []


@pytest.mark.parametrize("fixture", ["document", "real"])
def test_no_table_is_wider_than_the_text(fixture, request):
    measured = list(sections_of(request.getfixturevalue(fixture)))
    assert len(measured) == len(request.getfixturevalue(fixture).tables)
    for table, width in measured:
        columns = [int(column.get(qn("w:w"))) for column in table.iter(qn("w:gridCol"))]
        assert sum(columns) <= width
        assert min(columns) > 200


@settings(max_examples=40)
@given(
    st.lists(st.text(max_size=40), min_size=1, max_size=3),
    st.integers(0, 30),
    st.floats(-1e6, 1e6),
)
def test_columns_never_exceed_the_line_nor_are_narrower_than_their_numbers(labels, n, value):
    frame = pd.DataFrame(
        {"construct": labels, **{f"c{i}": [value] * len(labels) for i in range(n)}}
    )
    chosen = setting(Table("t", "t", frame).sheet(), WORD_PAPER)
    for part in chosen.parts:
        widths = column_twips(part, chosen)
        assert sum(widths) <= TEXT_WIDTH[chosen.landscape]
        for width, column in zip(widths[1:], part.columns()[1:], strict=True):
            assert width - 114 >= 20 * chosen.points * max(map(WORD.width, column.cells))


def test_every_label_is_text(document):
    shown = {paragraph.text for paragraph in document.paragraphs}
    cells = {cell.text for table in document.tables[:1] for cell in table._cells}
    for label in hostile_report.LABELS:
        assert clean(label) in shown | cells
    assert not list(document.element.iter(qn("w:hyperlink"), qn("w:instrText")))


@given(st.text(max_size=30))
def test_a_cell_says_what_can_be_printed_of_its_text(text):
    frame = pd.DataFrame({"construct": [text]})
    chosen = setting(Table("t", "t", frame).sheet(), WORD_PAPER)
    xml = "".join(sheet_xml(chosen))
    names = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    body = docx.oxml.parse_xml(f"<w:body {names}>{xml}</w:body>")
    row = list(body.iter(qn("w:tr")))[1]
    expected = display.printable(text).replace("\ufffe", "").replace("\uffff", "")
    assert "".join(run.text or "" for run in row.iter(qn("w:t"))) == expected


def test_numbers_are_flush_right_and_the_letter_of_a_note_hangs(tmp_path):
    table = saved(hostile_report.table(), tmp_path).tables[0]
    cell = table.cell(3, 1)
    assert cell.text == "1.000a"
    paragraph = cell.paragraphs[0]
    assert paragraph.alignment is docx.enum.text.WD_ALIGN_PARAGRAPH.RIGHT
    assert paragraph.runs[-1].font.superscript
    assert paragraph.paragraph_format.right_indent < 0
    assert table.cell(4, 1).paragraphs[0].paragraph_format.right_indent is None
    assert table.cell(2, 1).paragraphs[0].runs[0].font.bold


def test_the_rules_are_those_of_a_style(tmp_path):
    opened = saved(hostile_report.table(), tmp_path)
    assert opened.tables[0].style.name == "APA Table"
    assert "w:tcBorders" not in opened.element.xml
    assert opened.styles["APA Table"].element.xml.count("w:bottom") >= 2


def test_a_group_is_a_line_across_the_table(tmp_path):
    row = saved(hostile_report.table(), tmp_path).tables[0].rows[1]
    assert row.cells[0]._tc is row.cells[-1]._tc
    assert row.cells[0].paragraphs[0].style.name.startswith("Table Group")


def test_figures_have_a_description_a_drawing_and_a_number_of_their_own(written, real):
    pictures = list(real.element.iter(qn("wp:docPr")))
    assert len({picture.get("id") for picture in pictures}) == len(pictures) >= 4
    assert all(len(picture.get("descr")) > 20 for picture in pictures)
    with zipfile.ZipFile(written / "report.docx") as package:
        types = package.read("[Content_Types].xml").decode()
        names = package.namelist()
    drawings = [name for name in names if name.endswith(".svg")]
    assert len(drawings) == len(pictures)
    assert all(f'PartName="/{name}" ContentType="image/svg+xml"' in types for name in drawings)
    links = {
        element.get(qn("r:embed")) for element in real.element.iter() if "svgBlip" in element.tag
    }
    assert links <= set(real.part.rels)
    width = max(int(extent.get("cx")) for extent in real.element.iter(qn("wp:extent")))
    assert width <= TEXT_WIDTH[False] * 635


def test_a_notice_stands_on_every_page_and_pages_are_numbered(document, real):
    first = document.sections[0]
    assert first.different_first_page_header_footer
    assert document.paragraphs[0].text == hostile_report.NOTICE
    assert first.header.paragraphs[0].text == hostile_report.NOTICE
    assert all(section.header.is_linked_to_previous for section in list(document.sections)[1:])
    for footer in (first.footer, first.first_page_footer, real.sections[0].footer):
        assert "PAGE" in footer._element.xml
    assert real.sections[0].header.is_linked_to_previous


def test_properties_hold_title_and_language_and_no_other_program(document, content):
    properties = document.core_properties
    assert properties.title.startswith("[Synthetic data] T & 50%")
    assert properties.language == "en-US"
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert b"Microsoft" not in package.read("docProps/app.xml")
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not Counter(package.namelist()) - Counter(set(package.namelist()))
    languages = [lang.get(qn("w:val")) for lang in document.styles.element.iter(qn("w:lang"))]
    assert languages == ["en-US"]


def test_equal_content_gives_equal_bytes(content, tmp_path):
    again = word_report(
        hostile_report.front(), hostile_report.composed(), ["a part: missing"], tmp_path
    )
    assert again == content


def test_a_block_that_cannot_be_written_is_a_line_and_the_rest_is_there(tmp_path):
    broken = Table("broken", "t", pd.DataFrame({"a": [1]}), show=("b",))
    failures = []
    content = word_report(
        hostile_report.front(), hostile_report.composed(broken), failures, tmp_path
    )
    texts = [paragraph.text for paragraph in docx.Document(io.BytesIO(content)).paragraphs]
    assert len(failures) == 1
    assert texts.count(clean(failures[0])) == 2
    assert "Parts of this report could not be made:" in texts


def test_only_a_docx_is_written(tmp_path):
    with pytest.raises(UnknownOptionError, match=r"\.docx"):
        hostile_report.table().to_docx(tmp_path / "table.doc")


def test_characters_that_xml_forbids_are_left_out():
    assert clean("a\x00\x1b[31m\ufffe\uffffb\nc") == "ab c"
    assert WORD.width(plain("a\u0301")) == WORD.width(plain("a"))


@needs_libreoffice
def test_libreoffice_prints_title_cells_and_notes_in_order(content, tmp_path):
    path = tmp_path / "report.docx"
    path.write_bytes(content)
    shown = re.sub(r"\s+", " ", words(path))
    place = 0
    for part in (
        "[Synthetic data] T & 50% of $100 #1 a_b {c}", "Step one: holds.", "a part: missing",
        "Table 1", "Item", "−0.123", "1.000", "[−0.500, 0.250]", "Note. N = 75.", "Fixed & sure.",
        "Table 2", "Too Wide for a Page", "1235", "Too Wide for a Page (continued)",
        "Below all parts.", "Table 3", "parameter 0", "Parameter", "parameter 89", "At the end.",
    ):  # fmt: skip
        place = shown.find(part, place)
        assert place >= 0, part
    for label in (
        "<script>alert(1)</script>",
        "Доверие покупателя, 客户满意度",
        '=HYPERLINK("http',
    ):
        assert label in shown
    assert shown.count(hostile_report.NOTICE) > 5
