"""Screening counts and judges; it changes nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from trustsem.errors import NotNumericError, ScaleMismatchError
from trustsem.survey import Survey, declare_missing, listwise, reverse_keyed, screen
from trustsem.survey.screening import excess_kurtosis, skewness, suspicious_codes


@pytest.fixture
def survey():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        rng.integers(1, 8, size=(50, 6)).astype(float), columns=["a1", "a2", "a3", "b1", "b2", "b3"]
    )
    frame.loc[:9, "b3"] = np.nan
    frame.loc[10, :] = 4.0
    frame.loc[11, :] = [6.0, 6.0, 6.0, 6.0, 6.0, 6.0]
    return Survey.from_frame(frame)


ITEMS = {"alpha": ["a1", "a2", "a3"], "beta": ["b1", "b2", "b3"]}


def finding(screening, code):
    return [each for each in screening.findings if each.code == code]


def test_every_item_is_described(survey):
    items = screen(survey, ITEMS, scale=(1, 7)).items.set_index("item")
    a1, b3 = survey.frame["a1"], survey.frame["b3"].dropna()
    assert items.loc["b3", ["n", "missing"]].tolist() == [40, 10]
    assert items.loc["a1", "construct"] == "alpha"
    assert items.loc["a1", "wording"] == "a1"
    assert items.loc["a1", "mean"] == pytest.approx(a1.mean())
    assert items.loc["a1", "sd"] == pytest.approx(a1.std())
    assert items.loc["b3", "skew"] == pytest.approx(stats.skew(b3))
    assert items.loc["b3", "kurtosis"] == pytest.approx(stats.kurtosis(b3))
    assert items.loc["a1", ["minimum", "maximum"]].tolist() == [a1.min(), a1.max()]


def test_moments_of_no_variation_do_not_exist():
    assert np.isnan(skewness(np.full(5, 0.1)))
    assert np.isnan(excess_kurtosis(np.array([])))
    assert skewness(np.array([1.0, 2.0, 3.0])) == 0.0


def test_the_flow_ends_with_the_cases_analysed(survey):
    flow = screen(survey, ITEMS).flow
    assert flow["step"].tolist() == ["read", "listwise"]
    assert flow["removed"].tolist() == [0, 10]
    assert flow["remaining"].tolist() == [50, 40]
    assert screen(survey, ITEMS, missing="fiml").flow["step"].tolist() == ["read"]


def test_the_flow_remembers_earlier_exclusions(survey):
    flow = screen(listwise(survey, ["b3"]), ITEMS, missing="fiml").flow
    assert flow["remaining"].tolist() == [50, 40]


def test_missing_answers_are_judged_overall_and_per_item(survey):
    screening = screen(survey, ITEMS)
    assert "10 of 300 answers (3.3%)" in finding(screening, "missing")[0].claim
    item = finding(screening, "item_missing")
    assert [(each.subject, each.value) for each in item] == [("b3", 0.2)]
    complete = screen(survey, {"alpha": ["a1", "a2", "a3"]})
    assert finding(complete, "missing")[0].holds


def test_straight_lines_are_a_note_in_the_direction_of_the_wording(survey):
    before = finding(screen(survey, ITEMS), "straight_lining")[0]
    after = finding(screen(reverse_keyed(survey, ["a1"], (1, 7)), ITEMS), "straight_lining")[0]
    assert before.value == after.value == 2.0
    assert before.severity == "note"


def test_codes_off_the_scale_are_suspicious_until_a_scale_is_declared(survey):
    odd = survey.changed(
        entry=survey.log[0], frame=survey.frame.assign(a1=survey.frame["a1"].replace(2.0, 99.0))
    )
    found = finding(screen(odd, ITEMS), "suspicious_code")
    assert [each.subject for each in found] == ["a1"]
    assert found[0].value == 99.0
    with pytest.raises(ScaleMismatchError):
        screen(odd, ITEMS, scale=(1, 7))
    assert not finding(screen(declare_missing(odd, [99]), ITEMS, scale=(1, 7)), "suspicious_code")


@pytest.mark.parametrize(
    ("answers", "codes"),
    [
        ([1, 2, 3, 4, 5, 9], [9.0]),
        ([1, 2, 3, 4, 5, 98, 99], [98.0, 99.0]),
        ([1, 2, 3, -99], [-99.0]),
        ([0, 1, 2, 3], []),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], []),
        ([1, 3, 5, 7, 8, 9], []),
        (list(range(0, 100, 3)), []),
        ([1.5, 2.5, 99], []),
        ([1, 0, 0, 1], []),
    ],
)
def test_which_codes_are_suspicious(answers, codes):
    assert suspicious_codes(np.array(answers, dtype=float)) == codes


def test_text_is_refused_before_anything_is_computed():
    survey = Survey.from_frame(pd.DataFrame({"a1": ["x", "2"]}))
    with pytest.raises(NotNumericError):
        screen(survey, {"alpha": ["a1"]})


def test_one_screen_of_text_and_html(survey):
    screening = screen(survey, ITEMS)
    assert "straight" not in repr(screening)
    assert "same answer" in repr(screening)
    assert "<table" in screening._repr_html_()
