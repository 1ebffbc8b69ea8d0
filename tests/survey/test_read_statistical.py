"""Files of SPSS, Stata and SAS: answers, labels, and why an answer is missing."""

from __future__ import annotations

import struct

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from trustsem.errors import NotNumericError, UnknownItemError, UnreadableFileError
from trustsem.survey import read_survey, require_numeric

ANSWERS = pd.DataFrame(
    {
        "bt1": [1.0, 7.0, 98.0, np.nan, 99.0],
        "bt2": [2.0, 3.0, 4.0, 105.0, 5.0],
        "firm": ["Acme", "", "Bolt", "-", "Cog"],
    }
)


@pytest.fixture
def sav(tmp_path):
    path = tmp_path / "survey.sav"
    pyreadstat.write_sav(
        ANSWERS,
        str(path),
        file_label="A survey",
        column_labels={"bt1": "They keep\x1b[31m promises\n", "bt2": "", "firm": "Name"},
        variable_value_labels={"bt1": {1: "no\x07", 7: "yes", 98: "don't know", 99: "refused"}},
        missing_ranges={"bt1": [98, 99], "bt2": [{"lo": 100, "hi": 110}], "firm": ["-"]},
        variable_measure={"bt1": "ordinal"},
    )
    return path


def test_declared_codes_become_missing_and_keep_their_reason(sav):
    survey = read_survey(sav)
    assert survey.frame["bt1"].isna().tolist() == [False, False, True, True, True]
    assert survey.frame["bt2"].isna().tolist() == [False, False, False, True, False]
    reasons = survey.missing_reasons
    assert reasons.to_dict("records") == [
        {"row": 3, "variable": "bt1", "code": 98.0, "label": "don't know"},
        {"row": 4, "variable": "bt2", "code": 105.0, "label": ""},
        {"row": 4, "variable": "firm", "code": "-", "label": ""},
        {"row": 5, "variable": "bt1", "code": 99.0, "label": "refused"},
    ]


def test_codebook_holds_labels_codes_and_measure(sav):
    codebook = read_survey(sav).codebook
    bt1 = codebook["bt1"]
    assert bt1.label_of(98.0) == "don't know"
    assert bt1.missing_codes == (98.0, 99.0)
    assert bt1.measure == "ordinal"
    assert codebook["bt2"].missing_codes == ((100.0, 110.0),)
    assert codebook["bt2"].wording == "bt2"
    frame = codebook.to_frame()
    assert frame["name"].tolist() == ["bt1", "bt2", "firm"]
    assert frame.loc[1, "missing_codes"] == "100 to 110"


def test_labels_cannot_steer_a_terminal(sav):
    survey = read_survey(sav)
    assert survey.codebook["bt1"].label == "They keep promises"
    assert survey.codebook["bt1"].value_labels[1.0] == "no"
    assert "\x1b" not in repr(survey) + repr(survey.codebook)


def test_empty_text_is_missing_and_text_stays_text(sav):
    firm = read_survey(sav).frame["firm"]
    assert firm.isna().tolist() == [False, True, False, True, False]
    assert firm[0] == "Acme"


def test_source_and_log_say_where_the_answers_come_from(sav):
    survey = read_survey(sav)
    assert survey.source.name == "survey.sav"
    assert survey.source.format == "SPSS"
    assert len(survey.source.sha256) == 64
    assert (survey.source.n_rows, survey.source.n_columns) == (5, 3)
    assert survey.source.label == "A survey"
    assert [entry.step for entry in survey.log] == ["read", "missing"]
    assert survey.log_frame["n"].tolist() == [5, 4]
    assert not survey.synthetic


def test_columns_asked_for_are_the_only_ones_read(sav):
    assert list(read_survey(sav, columns=["bt2"]).frame) == ["bt2"]
    with pytest.raises(UnknownItemError, match="'bt3': Did you mean 'bt"):
        read_survey(sav, columns=["bt1", "bt3"])


def test_further_missing_codes_can_be_declared(sav):
    survey = read_survey(sav, missing={"bt2": [5]})
    assert survey.frame["bt2"].isna().sum() == 2
    assert survey.codebook["bt2"].missing_codes == ((100.0, 110.0), 5.0)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("cut.sav", lambda content: content[:-40]),
        ("head.sav", lambda content: content[:100]),
        ("garbage.sav", lambda _: b"no survey at all" * 20),
        ("garbage.dta", lambda _: b"no survey at all" * 20),
        ("garbage.xpt", lambda _: b"no survey at all" * 20),
        ("garbage.por", lambda _: b"no survey at all" * 20),
        ("garbage.sas7bdat", lambda _: b"no survey at all" * 20),
        ("empty.sav", lambda _: b""),
    ],
)
def test_damaged_files_are_refused_with_path_and_remedy(sav, tmp_path, name, damage):
    path = tmp_path / name
    path.write_bytes(damage(sav.read_bytes()))
    with pytest.raises(UnreadableFileError) as caught:
        read_survey(path)
    assert name in str(caught.value)
    assert caught.value.remedy
    assert caught.value.exit_code == 3


def test_missing_file_suggests_its_neighbour(sav):
    with pytest.raises(UnreadableFileError, match=r"no such file. Did you mean 'survey.sav'"):
        read_survey(sav.with_name("surwey.sav"))


def test_unknown_type_lists_the_known_ones(tmp_path):
    path = tmp_path / "survey.doc"
    path.write_text("x")
    with pytest.raises(UnreadableFileError, match=r"\.sav, \.zsav"):
        read_survey(path)


def test_stata_keeps_extended_missing_values_apart(tmp_path):
    path = tmp_path / "survey.dta"
    answers = pd.DataFrame({"q1": [1.0, 2.0, 1234.5, 5432.5], "s": ["a", "", "b", "c"]})
    pyreadstat.write_dta(answers, str(path), column_labels=["Wording", "Text"])
    extended_a, plain = 0x7FE0010000000000, 0x7FE0000000000000
    path.write_bytes(
        path.read_bytes()
        .replace(struct.pack("<d", 1234.5), struct.pack("<Q", extended_a))
        .replace(struct.pack("<d", 5432.5), struct.pack("<Q", plain))
    )
    survey = read_survey(path)
    assert survey.frame["q1"].dtype == float
    assert survey.frame["q1"].isna().tolist() == [False, False, True, True]
    assert survey.missing_reasons["code"].tolist() == ["a"]
    assert survey.codebook["q1"].label == "Wording"


@pytest.mark.parametrize(
    ("name", "write", "names"),
    [
        ("survey.xpt", pyreadstat.write_xport, ["bt1", "bt2"]),
        ("survey.por", pyreadstat.write_por, ["BT1", "BT2"]),
        ("survey.zsav", lambda f, p: pyreadstat.write_sav(f, p, compress=True), ["bt1", "bt2"]),
    ],
)
def test_other_formats_give_the_same_answers(tmp_path, name, write, names):
    path = tmp_path / name
    write(ANSWERS[["bt1", "bt2"]], str(path))
    survey = read_survey(path, columns=names)
    np.testing.assert_array_equal(
        survey.frame[names].to_numpy(), ANSWERS[["bt1", "bt2"]].to_numpy()
    )


def test_a_file_without_cases_is_refused(tmp_path):
    path = tmp_path / "none.sav"
    pyreadstat.write_sav(ANSWERS.iloc[:0], str(path))
    with pytest.raises(UnreadableFileError, match="no cases"):
        read_survey(path)


def test_old_text_is_read_with_a_finding(tmp_path):
    path = tmp_path / "old.sav"
    pyreadstat.write_sav(pd.DataFrame({"q": [1.0]}), str(path), column_labels=["Koln"])
    path.write_bytes(path.read_bytes().replace(b"Koln", "Köln".encode("cp1252")))
    survey = read_survey(path)
    assert survey.codebook["q"].label == "Köln"
    assert [finding.code for finding in survey.findings] == ["encoding"]
    assert read_survey(path, encoding="WINDOWS-1252").findings == ()


def test_dates_are_kept_and_are_no_items(tmp_path):
    path = tmp_path / "dates.sav"
    day = pd.to_datetime(["2017-03-01", "2017-03-02"])
    pyreadstat.write_sav(pd.DataFrame({"day": day, "q": [1.0, 2.0]}), str(path))
    survey = read_survey(path)
    assert survey.frame["day"].dt.year.tolist() == [2017, 2017]
    with pytest.raises(NotNumericError):
        require_numeric(survey, ["q", "day"])


def test_a_folder_is_not_a_survey(tmp_path):
    with pytest.raises(UnreadableFileError, match="folder"):
        read_survey(tmp_path)
    with pytest.raises(UnreadableFileError, match="does not exist either"):
        read_survey(tmp_path / "nowhere" / "survey.sav")


def test_the_codebook_is_a_table_in_a_notebook(sav):
    survey = read_survey(sav)
    for shown in (survey.codebook._repr_html_(), survey._repr_html_()):
        assert shown.startswith('<div class="trustsem">')
        assert "Missing codes" in shown
    assert "refused" in survey.codebook._repr_html_()
