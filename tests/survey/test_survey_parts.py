"""A survey file read in parts says the same as the file read at once, and refuses the same."""

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from trustsem.errors import (
    NotNumericError,
    ScaleMismatchError,
    SurveyError,
    UnknownItemError,
    UnreadableFileError,
)
from trustsem.survey import read_survey
from trustsem.survey.lines import even_lines
from trustsem.survey.parts import Ledger, read_parts

FRAME = pd.DataFrame(
    {
        "q1": [1.0, 2, 98, 4, 5, 3, 2],
        "q2": [2.0, 3, 4, 99, 1, np.nan, 7],
        "q3": [0.5, 1.5, 2.5, 1, 2, 3, 4],
        "land": ["DE", "FR", "DE", "", "US", "FR", "DE"],
    }
)


def as_csv(path):
    FRAME.to_csv(path, index=False)


def as_tsv(path):
    FRAME.to_csv(path, index=False, sep="\t")


def as_parquet(path):
    FRAME.to_parquet(path, row_group_size=3)


def as_sav(path):
    pyreadstat.write_sav(
        FRAME,
        path,
        file_label="Wave 2",
        column_labels={"q1": "First question"},
        variable_value_labels={"q1": {98.0: "refused"}},
        missing_ranges={"q1": [98.0], "q2": [{"lo": 90, "hi": 99}]},
    )


def as_dta(path):
    pyreadstat.write_dta(FRAME, path)


def as_por(path):
    pyreadstat.write_por(FRAME.drop(columns="land"), path)


WRITERS = {
    "s.csv": as_csv,
    "s.tsv": as_tsv,
    "s.parquet": as_parquet,
    "s.sav": as_sav,
    "s.zsav": as_sav,
    "s.dta": as_dta,
    "s.por": as_por,
}


def together(parts):
    """Read all parts: the answers below each other, the ledger, the reasons."""
    ledger, frames, reasons = Ledger(), [], []
    for part in parts:
        ledger.add(part)
        frames.append(part.frame)
        reasons.append(part.missing_reasons)
    return (
        pd.concat(frames),
        ledger,
        pd.concat([table for table in reasons if len(table)] or reasons),
    )


@pytest.mark.parametrize("at_once", [1, 3, 7, 100])
@pytest.mark.parametrize("name", WRITERS)
def test_parts_below_each_other_are_the_file(tmp_path, name, at_once):
    WRITERS[name](tmp_path / name)
    whole = read_survey(tmp_path / name, missing=[7])
    frame, ledger, reasons = together(read_parts(tmp_path / name, missing=[7], at_once=at_once))
    pd.testing.assert_frame_equal(frame, whole.frame, check_dtype=False, check_index_type=False)
    assert ledger.n_rows == len(FRAME)
    steps = [(entry.step, entry.what, entry.n) for entry in ledger.log.values()]
    assert steps == [(entry.step, entry.what, entry.n) for entry in whole.log[1:]]
    assert sorted(reasons["row"].tolist()) == sorted(whole.missing_reasons["row"].tolist())
    assert sum(ledger.reasons.values()) == len(whole.missing_reasons)


def test_only_the_columns_asked_for_are_read_in_their_order(tmp_path):
    as_csv(tmp_path / "s.csv")
    parts = read_parts(tmp_path / "s.csv", columns=["q3", "q1"], at_once=2)
    assert [part.frame.columns.tolist() for part in parts] == [["q3", "q1"]] * 4
    with pytest.raises(UnknownItemError, match="Did you mean 'q3'"):
        read_parts(tmp_path / "s.csv", columns=["q33"])


def test_labels_of_the_file_reach_every_part(tmp_path):
    as_sav(tmp_path / "s.sav")
    parts = read_parts(tmp_path / "s.sav", at_once=4)
    assert parts.source.label == "Wave 2"
    assert parts.source.sha256 == read_survey(tmp_path / "s.sav").source.sha256
    assert [part.codebook["q1"].label for part in parts] == ["First question"] * 2
    _, ledger, _ = together(parts)
    assert ledger.reasons == {("q1", 98.0, "refused"): 1, ("q2", 99.0, ""): 1}


def test_a_codebook_describes_every_part(tmp_path):
    as_csv(tmp_path / "s.csv")
    (tmp_path / "codes.csv").write_text("name,label,missing_codes\nq1,One,98\nq2,Two,99\n")
    parts = read_parts(tmp_path / "s.csv", codebook=tmp_path / "codes.csv", at_once=2)
    frame, ledger, _ = together(parts)
    assert frame["q1"].isna().sum() == 1
    assert ledger.log["codebook", "labels and missing codes of 2 variables from codes.csv"].n == 2


def test_an_answer_outside_its_scale_is_named_by_its_row_in_the_file(tmp_path):
    as_csv(tmp_path / "s.csv")
    with pytest.raises(ScaleMismatchError, match="q2, row 7: 7"):
        together(read_parts(tmp_path / "s.csv", missing=[98, 99], scale={"q2": (1, 5)}, at_once=2))


def test_a_decimal_comma_is_read_in_every_part_and_noted_once(tmp_path):
    (tmp_path / "s.csv").write_text("a;b\n1;2\n1,5;3\n2,5;4\nNA;5\n")
    frame, ledger, _ = together(read_parts(tmp_path / "s.csv", at_once=1))
    assert frame["a"].dropna().tolist() == [1, 1.5, 2.5]
    found = {code: finding.claim for (code, _), finding in ledger.findings.items()}
    assert found == {
        "decimal_comma": "The comma was read as decimal sign in a.",
        "missing_markers": "NA was read as a missing answer in a.",
    }


def test_two_decimal_signs_in_one_column_are_refused_wherever_the_parts_end(tmp_path):
    (tmp_path / "s.csv").write_text("a;b\n1.5;2\n2;3\n3;1\n2,5;4\n")
    with pytest.raises(NotNumericError, match="a, row 4: '2,5'"):
        together(read_parts(tmp_path / "s.csv", at_once=1))


def test_codes_with_leading_zeros_stay_text_in_parts_without_any(tmp_path):
    (tmp_path / "s.csv").write_text("id,q\n12,1\n13,2\n007,3\n")
    frames = [part.frame["id"].tolist() for part in read_parts(tmp_path / "s.csv", at_once=1)]
    assert frames == [["12"], ["13"], ["007"]]


def test_a_file_that_changes_between_two_passes_is_refused(tmp_path):
    as_csv(tmp_path / "s.csv")
    parts = read_parts(tmp_path / "s.csv", at_once=3)
    together(parts)
    with (tmp_path / "s.csv").open("a") as file:
        file.write("1,2,3,DE\n")
    with pytest.raises(UnreadableFileError, match="has changed"):
        together(parts)
    (tmp_path / "s.csv").unlink()
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        together(parts)


def test_a_file_that_changes_during_a_pass_is_refused(tmp_path):
    as_parquet(tmp_path / "s.parquet")
    parts = iter(read_parts(tmp_path / "s.parquet", at_once=2))
    next(parts)
    FRAME.head(3).to_parquet(tmp_path / "other.parquet")
    (tmp_path / "other.parquet").replace(tmp_path / "s.parquet")
    with pytest.raises(UnreadableFileError, match="has changed"):
        list(parts)


def test_a_file_without_cases_is_refused(tmp_path):
    (tmp_path / "s.csv").write_text("a,b\n")
    with pytest.raises(UnreadableFileError, match="no cases"):
        together(read_parts(tmp_path / "s.csv"))
    FRAME.head(0).to_parquet(tmp_path / "s.parquet")
    with pytest.raises(UnreadableFileError, match="no cases"):
        together(read_parts(tmp_path / "s.parquet"))
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(UnreadableFileError, match="empty"):
        read_parts(tmp_path / "empty.csv")


def test_synthetic_data_say_so_though_their_mark_was_not_asked_for(tmp_path):
    FRAME.assign(made="SYNTHETIC").to_csv(tmp_path / "s.csv", index=False)
    _, ledger, _ = together(read_parts(tmp_path / "s.csv", columns=["q1"], at_once=2))
    assert ledger.synthetic
    as_csv(tmp_path / "real.csv")
    _, ledger, _ = together(read_parts(tmp_path / "real.csv", columns=["q1"], at_once=2))
    assert not ledger.synthetic


@pytest.mark.parametrize("at_once", [0, -1, 2.5, True])
def test_rows_are_read_one_at_least(tmp_path, at_once):
    as_csv(tmp_path / "s.csv")
    with pytest.raises(SurveyError, match="at least one"):
        read_parts(tmp_path / "s.csv", at_once=at_once)


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    as_parquet(tmp_path / "s.parquet")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(UnreadableFileError, match=r"pip install 'trustsem\[parquet\]'"):
        read_parts(tmp_path / "s.parquet")


@pytest.mark.parametrize(
    ("text", "n_lines"),
    [
        ("a,b\n1,2\n3,4\n", 3),
        ("a,b\r\n1,2\r\n\r\n3,4", 3),
        ('a,b\n"1,5",2\n3,4\n', 3),
        ('a,b\n"two\nlines",2\n', 2),
        ("a,b\r1,2\r3,4\r", 3),
        ("a\n1\n\n2\n", 3),
        ("a,b\n,\n", 2),
    ],
)
def test_lines_are_counted_without_and_with_quotation_marks(tmp_path, text, n_lines):
    path = tmp_path / "s.csv"
    path.write_bytes(text.encode())
    assert even_lines(path, lambda: path.open(newline=""), ",").n_lines == n_lines


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3\n", r"Line 3 has 1 cell\(s\), the header has 2"),
        ("a,b\r\n1,2\r\n\r\n3,4,5\r\n", r"Line 4 has 3 cell\(s\)"),
        ('a,b\n"1,5",2\n3,4,5\n', r"Line 3 has 3 cell\(s\)"),
        ('a,b\n"1,2\n3,4\n', "cannot be split"),
    ],
)
def test_the_first_uneven_line_is_named(tmp_path, text, message):
    path = tmp_path / "s.csv"
    path.write_bytes(text.encode())
    with pytest.raises(UnreadableFileError, match=message):
        even_lines(path, lambda: path.open(newline=""), ",")


def test_what_is_said_of_lines_does_not_depend_on_where_blocks_end(tmp_path, monkeypatch):
    path = tmp_path / "s.csv"
    path.write_text("a,b\n" + "12,0.5\n" * 9 + "1,007\n" + "12,0.5\n" * 9)
    for size in (1, 2, 5, 17, 1000):
        monkeypatch.setattr("trustsem.survey.lines._BLOCK", size)
        lines = even_lines(path, lambda: path.open(newline=""), ",")
        assert (lines.n_lines, lines.may_hold_codes) == (20, True)


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("a\n0.05\n100\n10.007\n0\n", False),
        ("a\n007\n", True),
        ("a\n1234567890123456\n", True),
        ("a\n123456789012345\n", False),
        ("a;b\n1,05;-0,5\n", True),
    ],
)
def test_numbers_that_may_be_codes_are_noticed(tmp_path, text, may):
    path = tmp_path / "s.csv"
    path.write_text(text)
    assert even_lines(path, lambda: path.open(newline=""), ";").may_hold_codes is may
