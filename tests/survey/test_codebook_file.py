"""A codebook in a second file gives a CSV what an SPSS file has by itself."""

from __future__ import annotations

import pandas as pd
import pytest

from trustsem.errors import SurveyError
from trustsem.survey import data_path, read_survey


@pytest.fixture
def files(tmp_path):
    (tmp_path / "s.csv").write_text("q1,q2,id\n1,2,a\n98,3,b\n2,91,c\n")

    def written(text):
        (tmp_path / "book.csv").write_text(text)
        return read_survey(tmp_path / "s.csv", codebook=tmp_path / "book.csv")

    return written


def test_csv_and_codebook_are_worth_the_spss_file():
    csv = read_survey(
        data_path("brockman2017.csv"), codebook=data_path("brockman2017_codebook.csv")
    )
    sav = read_survey(data_path("brockman2017.sav"))
    pd.testing.assert_frame_equal(csv.missing_reasons, sav.missing_reasons)
    pd.testing.assert_frame_equal(csv.codebook.to_frame(), sav.codebook.to_frame())
    pd.testing.assert_frame_equal(csv.frame, sav.frame)


def test_labels_codes_and_ranges_are_read(files):
    survey = files(
        "name,label,value_labels,missing_codes,note\n"
        "q1,Wording,1 = no; 2 = yes; 98 = don't know,98; 99,x\nq2,,,90 to 95,\nq9,Gone,,,\n"
    )
    assert survey.codebook["q1"].value_labels[98.0] == "don't know"
    assert survey.codebook["q2"].missing_codes == ((90.0, 95.0),)
    assert survey.missing_reasons[["row", "variable", "label"]].to_numpy().tolist() == [
        [2, "q1", "don't know"], [3, "q2", ""],
    ]  # fmt: skip
    assert survey.log[-1].what == "labels and missing codes of 2 variables from book.csv"
    (finding,) = survey.findings
    assert (finding.code, "q9" in finding.claim) == ("codebook_unused", True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nme,label\nq1,x\n", "Did you mean 'name'"),
        ("name\nq1\n", "A codebook has the columns"),
        ("name,label\nq1,x\nq1,y\n", "described twice: q1"),
        ("name,value_labels\nq1,no; yes\n", "Row 1 \\(q1\\), value_labels: 'no; yes'"),
        ("name,label\nz,x\n", "describes no variable of s.csv"),
    ],
)
def test_what_is_no_codebook_of_the_survey_is_refused(files, text, message):
    with pytest.raises(SurveyError, match=message):
        files(text)
