"""What a study asks of a survey, and what is done to make it fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trustsem.errors import NotNumericError, ScaleMismatchError, SurveyError, UnknownItemError
from trustsem.survey import (
    Codebook,
    Survey,
    Variable,
    check_scale,
    declare_missing,
    listwise,
    rename,
    require_columns,
    require_distinct,
    require_numeric,
    require_varying,
    reverse_keyed,
)


@pytest.fixture
def survey():
    return Survey.from_frame(
        pd.DataFrame(
            {
                "bt1": [1.0, 2.0, 7.0, 98.0],
                "bt2": [7.0, np.nan, 1.0, 4.0],
                "copy": [7.0, np.nan, 1.0, 4.0],
                "same": [3.0, 3.0, np.nan, 3.0],
                "employees": [98.0, 20.0, 300.0, 5.0],
                "city": ["Bonn", "4", None, "5.5"],
            }
        ),
        name="firms",
    )


def test_unknown_columns_are_named_with_the_nearest(survey):
    require_columns(survey, ["bt1", "bt2"])
    with pytest.raises(UnknownItemError, match="firms: 1 variable") as caught:
        require_columns(survey, ["bt1", "bt22"])
    assert caught.value.missing == ("bt22",)
    assert "Did you mean 'bt2'" in str(caught.value)


def test_text_in_an_item_is_listed_cell_by_cell(survey):
    with pytest.raises(NotNumericError) as caught:
        require_numeric(survey, ["bt1", "city"])
    assert caught.value.cells == (("city", 1, "Bonn"),)


def test_numbers_written_as_text_are_no_numbers():
    survey = Survey.from_frame(pd.DataFrame({"q": ["4", "5"]}))
    with pytest.raises(NotNumericError):
        require_numeric(survey, ["q"])


def test_infinite_answers_are_refused():
    survey = Survey.from_frame(pd.DataFrame({"q": [1.0, np.inf]}))
    with pytest.raises(NotNumericError, match="row 2"):
        require_numeric(survey, ["q"])


def test_answers_outside_the_scale_are_an_error_never_a_recode(survey):
    with pytest.raises(ScaleMismatchError) as caught:
        check_scale(survey, ["bt1", "bt2"], (1, 7))
    assert caught.value.cells == (("bt1", 4, "98"),)
    check_scale(declare_missing(survey, [98], ["bt1"]), ["bt1", "bt2"], (1, 7))


@pytest.mark.parametrize("scale", [(7, 1), (1,), (1, 1)])
def test_a_scale_has_two_ascending_ends(survey, scale):
    with pytest.raises(SurveyError, match="lowest and highest"):
        check_scale(survey, ["bt2"], scale)


def test_missing_codes_hold_only_where_they_are_declared(survey):
    declared = declare_missing(survey, [98], ["bt1"])
    assert np.isnan(declared.frame["bt1"][3])
    assert declared.frame["employees"][0] == 98.0
    assert declared.missing_reasons.to_dict("records") == [
        {"row": 4, "variable": "bt1", "code": 98.0, "label": ""}
    ]
    assert declared.log[-1].n == 1
    assert survey.frame["bt1"][3] == 98.0


def test_ranges_and_text_can_be_missing_codes(survey):
    declared = declare_missing(survey, [(90, 99), "Bonn"], ["bt1", "city"])
    assert declared.frame["city"].tolist()[1::2] == [4.0, 5.5]
    assert declared.missing_reasons["code"].tolist() == ["Bonn", 98.0]
    assert declared.codebook["bt1"].missing_codes == ((90, 99), "Bonn")


def test_reverse_keyed_items_are_turned_with_their_labels(survey):
    labelled = survey.changed(
        entry=survey.log[0],
        codebook=survey.codebook.with_variables(
            [Variable("bt2", "Wording", {1.0: "no", 7.0: "yes", 98.0: "don't know"})]
        ),
    )
    turned = reverse_keyed(labelled, ["bt2"], (1, 7))
    np.testing.assert_array_equal(turned.frame["bt2"], [1.0, np.nan, 7.0, 4.0])
    labels = turned.codebook["bt2"].value_labels
    assert (labels[7.0], labels[1.0], labels[98.0]) == ("no", "yes", "don't know")
    assert turned.log[-1].what == "recoded x to 8 - x: bt2"
    assert turned.log[-1].n == 3
    np.testing.assert_array_equal(labelled.frame["bt2"], survey.frame["bt2"])


def test_nothing_is_turned_twice_or_off_the_scale(survey):
    with pytest.raises(SurveyError, match="twice: bt2"):
        reverse_keyed(reverse_keyed(survey, ["bt2"], (1, 7)), ["bt2"], (1, 7))
    with pytest.raises(ScaleMismatchError):
        reverse_keyed(survey, ["bt1"], (1, 7))
    assert reverse_keyed(survey, [], (1, 7)) is survey


def test_listwise_says_how_many_cases_are_lost_and_left(survey):
    complete = listwise(survey, ["bt1", "bt2"])
    assert complete.n_cases == 3
    assert complete.frame.index.tolist() == [0, 2, 3]
    finding = complete.findings[-1]
    assert (finding.code, finding.value, finding.severity) == ("listwise_deletion", 1.0, "warning")
    assert "1 of 4 cases" in finding.claim
    assert "N = 3" in finding.claim
    assert complete.log[-1].removed == 1
    assert listwise(survey, ["bt1"]).findings == ()


def test_rows_keep_their_number_after_exclusions(survey):
    with pytest.raises(ScaleMismatchError) as caught:
        check_scale(listwise(survey, ["bt2"]), ["bt1"], (1, 7))
    assert caught.value.cells == (("bt1", 4, "98"),)


def test_no_complete_case_is_an_error(survey):
    with pytest.raises(SurveyError, match="No case"):
        listwise(survey.changed(entry=survey.log[0], frame=survey.frame.iloc[[1]]), ["bt2"])


def test_constant_and_copied_items_are_named(survey):
    require_varying(survey, ["bt1", "bt2"])
    with pytest.raises(SurveyError, match="without variation: same"):
        require_varying(survey, ["bt1", "same"])
    require_distinct(survey, ["bt1", "bt2"])
    with pytest.raises(SurveyError, match="bt2 and copy"):
        require_distinct(survey, ["bt1", "bt2", "copy"])


def test_renaming_reaches_codebook_and_reasons(survey):
    renamed = rename(declare_missing(survey, [98], ["bt1"]), {"bt1": "trust1"})
    assert "trust1" in renamed.frame
    assert renamed.codebook["trust1"].missing_codes == (98.0,)
    assert renamed.missing_reasons["variable"].tolist() == ["trust1"]
    assert rename(survey, {}) is survey
    with pytest.raises(SurveyError, match="same name: bt2"):
        rename(survey, {"bt1": "bt2"})
    with pytest.raises(UnknownItemError):
        rename(survey, {"nothing": "bt9"})


def test_a_codebook_is_a_mapping_with_helpful_errors():
    codebook = Codebook([Variable("bt1"), Variable("bt2")])
    assert list(codebook) == ["bt1", "bt2"]
    assert "bt3" not in codebook
    assert list(codebook.restricted_to(["bt2"])) == ["bt2"]
    with pytest.raises(UnknownItemError, match="Did you mean"):
        codebook["bt3"]
    with pytest.raises(TypeError):
        codebook["bt1"].value_labels[1.0] = "changed"


def test_one_screen_of_text_and_html(survey):
    text = repr(listwise(declare_missing(survey, [98], ["bt1"]), ["bt2"]))
    assert text.startswith("Survey firms (DataFrame): 3 cases, 6 variables")
    assert "98: 1" in text
    assert "listwise" in text
    hostile = Survey.from_frame(pd.DataFrame({"<script>": [1.0]}), name="<b>")
    assert "<script>" not in hostile._repr_html_()
    assert "&lt;b&gt;" in hostile._repr_html_()
