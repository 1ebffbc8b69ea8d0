"""Recoding is explicit, all at once, logged, and strict."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trustsem.errors import SurveyError, UnknownItemError
from trustsem.survey import Survey, Variable, declare_missing, recode


@pytest.fixture
def survey():
    made = Survey.from_frame(
        pd.DataFrame({"x": [1.0, 2, 5, 9, np.nan], "sex": ["m", "f", "f", "", "m"]})
    )
    labels = {1.0: "no", 5.0: "yes", 9.0: "refused"}
    book = made.codebook.with_variables([Variable("x", "Wording", labels)])
    return made.changed(entry=made.log[0], codebook=book)


def test_codes_change_places_without_stepping_on_each_other(survey):
    swapped = recode(survey, "x", {1.0: 5.0, 5.0: 1.0})
    np.testing.assert_array_equal(swapped.frame["x"], [5, 2, 1, 9, np.nan])
    labels = swapped.codebook["x"].value_labels
    assert (labels[1.0], labels[5.0], labels[9.0]) == ("yes", "no", "refused")
    assert swapped.log[-1].what == "recoded x: 1 to 5 (1), 5 to 1 (1)"
    assert swapped.log[-1].n == 2
    np.testing.assert_array_equal(survey.frame["x"], [1, 2, 5, 9, np.nan])


def test_collapsed_categories_keep_both_labels(survey):
    assert recode(survey, "x", {5.0: 1.0}).codebook["x"].value_labels[1.0] == "no / yes"


def test_a_code_of_one_variable_can_mean_no_answer(survey):
    found = recode(survey, "x", {9.0: "missing", 2.0: 1.0})
    np.testing.assert_array_equal(found.frame["x"], [1, 1, 5, np.nan, np.nan])
    assert found.missing_reasons.to_dict("records") == [
        {"row": 4, "variable": "x", "code": 9.0, "label": "refused"}
    ]
    assert 9.0 in found.codebook["x"].missing_codes


def test_text_becomes_numbers_only_as_a_whole(survey):
    numbers = recode(survey, "sex", {"m": 1.0, "f": 2.0, "": "missing"})
    np.testing.assert_array_equal(numbers.frame["sex"], [1, 2, 2, np.nan, 1])
    with pytest.raises(SurveyError, match="numbers and text \\('f', ''\\) side by side"):
        recode(survey, "sex", {"m": 1.0})
    assert recode(survey, "sex", {"m": "male"}).frame["sex"][0] == "male"


def test_codes_that_do_not_occur_are_reported(survey):
    (finding,) = recode(survey, "x", {7.0: 1.0, 2.0: 3.0}).findings
    assert (finding.code, finding.subject, finding.severity) == ("recode_unused", "x", "warning")
    assert "code(s) 7 " in finding.claim
    blank = declare_missing(survey, [9.0], ["x"])
    (finding,) = recode(blank, "x", {9.0: 5.0}).findings
    assert "9 is declared missing already" in finding.claim


def test_what_cannot_be_recoded_is_refused(survey):
    with pytest.raises(SurveyError, match="x holds numbers; it cannot be recoded from text"):
        recode(survey, "x", {"no": 1.0})
    with pytest.raises(SurveyError, match="sex holds text"):
        recode(survey, "sex", {1.0: 2.0})
    with pytest.raises(SurveyError, match="side by side"):
        recode(survey, "x", {1.0: "one"})
    with pytest.raises(UnknownItemError, match="Did you mean 'sex'"):
        recode(survey, "sexx", {1.0: 2.0})
