"""CSV, TSV, Excel and Parquet: read strictly, nothing guessed away."""

from __future__ import annotations

import zipfile

import numpy as np
import pandas as pd
import pytest

from trustsem.errors import (
    NotNumericError,
    ScaleMismatchError,
    SurveyError,
    UnknownItemError,
    UnreadableFileError,
)
from trustsem.survey import Survey, read_survey, require_numeric


def written(folder, content, name="survey.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def codes(survey):
    return [finding.code for finding in survey.findings]


def test_numbers_are_float_and_text_stays(tmp_path):
    survey = read_survey(written(tmp_path, "q1,q2,city\n1,2.5,Bonn\n3,,\n"))
    assert survey.frame["q1"].dtype == float
    assert survey.frame["q2"].tolist()[0] == 2.5
    assert np.isnan(survey.frame["q2"][1])
    assert survey.frame["city"].isna().tolist() == [False, True]
    assert survey.findings == ()


def test_semicolon_files_may_have_a_decimal_comma(tmp_path):
    survey = read_survey(written(tmp_path, "q1;q2\n1,5;2\n-0,25;3\n"))
    assert survey.frame["q1"].tolist() == [1.5, -0.25]
    assert codes(survey) == ["decimal_comma"]


def test_a_decimal_comma_beside_decimal_points_is_a_warning(tmp_path):
    survey = read_survey(written(tmp_path, "q1;q2\n1,5;1.234\n2,5;2.345\n"))
    assert codes(survey) == ["decimal_comma", "mixed_decimal_signs"]


def test_a_comma_number_in_a_comma_file_is_text_and_is_named(tmp_path):
    survey = read_survey(written(tmp_path, 'q1,q2\n"4,5",1\n4,2\n'))
    with pytest.raises(NotNumericError) as caught:
        require_numeric(survey, ["q1", "q2"])
    assert caught.value.cells == (("q1", 1, "4,5"),)


def test_tabs_are_recognised(tmp_path):
    assert read_survey(written(tmp_path, "a\tb\n1\t2\n")).frame.shape == (1, 2)
    assert read_survey(written(tmp_path, "a\tb\n1\t2\n", "s.tsv")).frame.shape == (1, 2)


def test_utf8_with_mark_and_utf16_are_read(tmp_path):
    for encoding in ("utf-8-sig", "utf-16"):
        survey = read_survey(written(tmp_path, "größe,q\nä,1\n", encoding=encoding))
        assert list(survey.frame) == ["größe", "q"]
        assert codes(survey) == []


def test_windows_text_is_read_with_a_finding(tmp_path):
    survey = read_survey(written(tmp_path, "stadt,q\nKöln,1\n", encoding="cp1252"))
    assert survey.frame["stadt"][0] == "Köln"
    assert codes(survey) == ["encoding"]
    assert codes(read_survey(written(tmp_path, "ö,q\nö,1\n", encoding="cp1252"),
                             encoding="cp1252")) == []  # fmt: skip


@pytest.mark.parametrize("content", [b"q1,q2\n\x00\x00,1\n", b"q1,q2\n\x81,1\n"])
def test_bytes_that_are_no_text_are_refused(tmp_path, content):
    with pytest.raises(UnreadableFileError, match="not text"):
        read_survey(written(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("q1,q2\n1,2\n1,2,3\n", "Line 3 has 3"),
        ("q1,q2\n1,2,\n1,2,\n", "Line 2 has 3"),
        ("q1,q2\n1\n", "Line 2 has 1"),
        ('q1,q2\n"1,2\n', "cannot be split"),
        ("q1,q2\n", "no cases"),
        ("\n", "first line is empty"),
    ],
)
def test_ragged_files_are_refused_with_the_line(tmp_path, content, message):
    with pytest.raises(UnreadableFileError, match=message):
        read_survey(written(tmp_path, content))


def test_repeated_names_are_refused(tmp_path):
    with pytest.raises(SurveyError, match="more than once: q1"):
        read_survey(written(tmp_path, "q1,q1\n1,2\n"))


def test_markers_of_other_programs_are_missing_in_numeric_columns_only(tmp_path):
    survey = read_survey(written(tmp_path, "q1,land\n1,NA\n#NULL!,DE\n.,FR\n"))
    assert survey.frame["q1"].isna().sum() == 2
    assert survey.frame["land"].tolist() == ["NA", "DE", "FR"]
    assert codes(survey) == ["missing_markers"]


def test_codes_with_leading_zeros_stay_text(tmp_path):
    survey = read_survey(written(tmp_path, "id,q\n007,0\n010,0.5\n"))
    assert survey.frame["id"].tolist() == ["007", "010"]
    assert survey.frame["q"].tolist() == [0.0, 0.5]


def test_numbers_keep_double_precision(tmp_path):
    values = [0.1 + 0.2, 1 / 3, 2.2250738585072014e-308]
    survey = read_survey(written(tmp_path, "q,r\n" + "".join(f"{v!r},1\n" for v in values)))
    assert survey.frame["q"].tolist() == pytest.approx(values, rel=1e-15)


def test_control_characters_leave_the_text(tmp_path):
    survey = read_survey(written(tmp_path, "na\x1b[2Jme,q\nBo\x07lt,1\n"))
    assert list(survey.frame) == ["name", "q"]
    assert survey.frame["name"][0] == "Bolt"
    assert codes(survey) == ["control_characters"]


def test_columns_missing_codes_and_scale(tmp_path):
    path = written(tmp_path, "id,q1,q2\n900,1,refused\n901,9,7\n")
    survey = read_survey(path, columns=["q2", "q1"], missing=[9, "refused"], scale=(1, 7))
    assert list(survey.frame) == ["q2", "q1"]
    assert survey.frame["q2"].dtype == float
    assert survey.missing_reasons["code"].tolist() == ["refused", 9.0]
    with pytest.raises(ScaleMismatchError) as caught:
        read_survey(path, scale={"q1": (1, 7)})
    assert caught.value.cells == (("q1", 2, "9"),)
    with pytest.raises(UnknownItemError):
        read_survey(path, columns=["q3"])


SHEET = """<?xml version="1.0"?><worksheet
xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData>
</worksheet>"""


def workbook(path, rows, sheets=("Data",)):
    """Write the smallest workbook that is one: text inline, numbers as they are."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"

    def cell(value):
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return "<c/>" if value is None else f"<c><v>{value}</v></c>"

    body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    numbers = range(1, len(sheets) + 1)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>'
            for n in numbers
        )
        + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        + "".join(
            f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>'
            for n, name in zip(numbers, sheets, strict=True)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        + "".join(
            f'<Relationship Id="rId{n}" Type="{office}/worksheet" '
            f'Target="worksheets/sheet{n}.xml"/>'
            for n in numbers
        )
        + "</Relationships>",
    } | {f"xl/worksheets/sheet{n}.xml": SHEET.format(rows=body) for n in numbers}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_excel_numbers_text_and_gaps(tmp_path):
    rows = [
        ["q1", "q2", "q3", "city"],
        [1, "4", "x", "Bonn"],
        [2.5, 5, 3, None],
        [None, "", 1, "Ulm"],
    ]
    survey = read_survey(workbook(tmp_path / "s.xlsx", rows))
    assert survey.frame["q1"].tolist()[:2] == [1.0, 2.5]
    assert survey.frame["q2"].tolist()[:2] == [4.0, 5.0]
    assert survey.frame["q2"].isna().tolist() == [False, False, True]
    with pytest.raises(NotNumericError) as caught:
        require_numeric(survey, ["q1", "q2", "q3"])
    assert caught.value.cells == (("q3", 1, "x"),)
    assert survey.frame["city"].isna().tolist() == [False, True, False]


def test_excel_says_which_sheet_was_read(tmp_path):
    path = workbook(tmp_path / "s.xlsx", [["q"], [1], [2]], sheets=("One", "Two"))
    survey = read_survey(path, columns=["q"])
    assert codes(survey) == ["first_sheet"]
    with pytest.raises(UnknownItemError):
        read_survey(path, columns=["r"])


@pytest.mark.parametrize(("name", "known"), [("s.xlsx", "workbook"), ("s.parquet", "Parquet")])
def test_damaged_tables_are_refused(tmp_path, name, known):
    with pytest.raises(UnreadableFileError, match=known):
        read_survey(written(tmp_path, b"PK\x03\x04 no table", name))


def test_an_empty_sheet_is_refused(tmp_path):
    with pytest.raises(UnreadableFileError, match="empty"):
        read_survey(workbook(tmp_path / "s.xlsx", []))


def test_parquet_columns_become_numbers_or_stay_text(tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow reads Parquet")
    table = pd.DataFrame({"q": pd.array([1, None], dtype="Int64"), "t": ["a", "b"]})
    path = tmp_path / "s.parquet"
    table.set_index(pd.Index(["x", "y"], name="person")).to_parquet(path)
    survey = read_survey(path)
    assert survey.frame["q"].isna().tolist() == [False, True]
    assert survey.frame["t"].tolist() == ["a", "b"]
    assert list(survey.frame) == ["q", "t"]  # the index of the table is no variable
    assert list(read_survey(path, columns=["t"]).frame) == ["t"]


def test_damaged_parquet_is_refused(tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow reads Parquet")
    with pytest.raises(UnreadableFileError, match="cannot be read as Parquet"):
        read_survey(written(tmp_path, b"PAR1", "s.parquet"))


def test_a_frame_becomes_a_survey():
    frame = pd.DataFrame(
        {
            "q1": pd.array([1, None, 3], dtype="Int64"),
            "q2": [True, False, True],
            "q3": pd.Categorical([1, 2, 1]),
            "q4": pd.Categorical(["b", "a", "b"]),
            "q5": pd.Series([1, 2.5, None], dtype=object),
            "q6": [None, None, None],
        },
        index=[5, 6, 7],
    )
    survey = Survey.from_frame(frame)
    kinds = survey.frame.dtypes
    assert all(kinds[name].kind == "f" for name in ("q1", "q2", "q3", "q5", "q6"))
    assert survey.frame["q4"].tolist() == ["b", "a", "b"]
    assert survey.frame.index.tolist() == [0, 1, 2]
    assert survey.source.format == "DataFrame"


def test_codes_that_would_lose_digits_stay_text_wherever_they_stand(tmp_path):
    rows = "".join(f"{number},1\n" for number in range(1, 400))
    (tmp_path / "late.csv").write_text(f"id,q\n{rows}007,1\n")
    assert read_survey(tmp_path / "late.csv").frame["id"].iloc[-1] == "007"
    (tmp_path / "second.csv").write_text("q,id\n1,007\n2,8\n")
    assert read_survey(tmp_path / "second.csv").frame["id"].tolist() == ["007", "8"]
    (tmp_path / "long.csv").write_text("id,q\n12345678901234567,0.05\n12345678901234568,1\n,2\n")
    survey = read_survey(tmp_path / "long.csv")
    assert survey.frame["id"].nunique() == 2
    assert survey.frame["q"].tolist() == [0.05, 1, 2]


def test_excel_codes_with_leading_zeros_stay_text(tmp_path):
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl writes the test file")
    book = openpyxl.Workbook()
    for row in (["id", "q"], ["007", "4"], ["008", 5]):
        book.active.append(row)
    book.save(tmp_path / "ids.xlsx")
    survey = read_survey(tmp_path / "ids.xlsx")
    assert survey.frame["id"].tolist() == ["007", "008"]
    assert survey.frame["q"].tolist() == [4.0, 5.0]


def test_a_real_parquet_file_is_read(tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    frame = pd.DataFrame(
        {"q": pd.array([1, None, 3], dtype="Int64"), "c": pd.Categorical(["a", "b", "a"])}
    )
    frame.to_parquet(tmp_path / "s.parquet")
    survey = read_survey(tmp_path / "s.parquet")
    assert survey.frame["q"].isna().tolist() == [False, True, False]
    assert survey.frame["c"].tolist() == ["a", "b", "a"]
