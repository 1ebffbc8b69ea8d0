"""Indices of how each case answered, and the rules that drop cases by them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.spatial.distance import mahalanobis

from trustsem.errors import NotNumericError, SurveyError, UnknownItemError
from trustsem.survey import (
    ScreeningPlan,
    Survey,
    case_indices,
    drop_cases,
    read_rule,
    reverse_keyed,
    screen,
)
from trustsem.survey.respondents import (
    even_odd_consistency,
    longest_strings,
    response_variability,
    squared_distances,
)

ITEMS = {c: [f"{c}{i}" for i in range(1, 5)] for c in "abc"}
NAMES = [name for group in ITEMS.values() for name in group]


@pytest.fixture
def frame(rng):
    levels = rng.normal(size=(60, 3)).repeat(4, axis=1)
    answers = np.clip(np.rint(4 + levels + rng.normal(size=(60, 12))), 1, 7)
    return pd.DataFrame(answers, columns=NAMES).assign(
        firm=[f"f{i}" for i in range(60)],
        industry=np.arange(60) % 3 + 1.0,
        seconds=np.arange(60) * 10.0 + 5,
        check=4.0,
    )


def dropped(frame, *rules, **plan):
    survey = Survey.from_frame(frame)
    rules = tuple(read_rule(rule) for rule in rules)
    left = drop_cases(survey, ITEMS, ScreeningPlan(drop=rules, **plan))
    return [entry.cases for entry in left.log if entry.step == "rule"]


@pytest.mark.parametrize(
    ("answers", "longest"),
    [
        ([1, 2, 3, 4], 1),
        ([3, 3, 3, 1], 3),
        ([1, 3, 3, 3], 3),
        ([2, 2, 2, 2], 4),
        ([2, 2, np.nan, 2], 2),
        ([np.nan, np.nan, 5, 5], 2),
        ([np.nan] * 4, 0),
    ],
)
def test_the_longest_string_ends_at_another_or_no_answer(answers, longest):
    assert longest_strings(np.array([answers], dtype=float))[0] == longest


def test_variability_is_the_standard_deviation_of_a_case():
    raw = np.array([[1.0, 2, 3, 4], [5, 5, np.nan, 5], [1, np.nan, np.nan, np.nan]])
    found = response_variability(raw)
    assert found[0] == pytest.approx(np.std([1, 2, 3, 4], ddof=1))
    assert found[1] == 0
    assert np.isnan(found[2])


def test_consistency_is_the_stepped_up_correlation_of_half_scales(rng):
    blocks = [rng.integers(1, 8, size=(5, k)).astype(float) for k in (3, 4, 2, 5)]
    blocks[1][0, 0] = np.nan
    found = even_odd_consistency(blocks)
    for case in range(5):
        odd = [np.nanmean(block[case, ::2]) for block in blocks]
        even = [np.nanmean(block[case, 1::2]) for block in blocks]
        r = np.corrcoef(odd, even)[0, 1]
        assert found[case] == pytest.approx(max(2 * r / (1 + r), -1))
    assert np.isnan(even_odd_consistency(blocks[:2])).all()


def test_distances_are_those_of_mahalanobis_with_their_probability(frame):
    answers = frame[NAMES].to_numpy(copy=True)
    answers[3, 2] = np.nan
    d2, pvalue = squared_distances(answers)
    complete = np.delete(answers, 3, axis=0)
    inverse = np.linalg.inv(np.cov(complete.T))
    expected = mahalanobis(answers[0], complete.mean(axis=0), inverse) ** 2
    assert d2[0] == pytest.approx(expected)
    assert pvalue[0] == pytest.approx(stats.chi2.sf(expected, 12))
    assert np.isnan(d2[3])
    assert np.nansum(d2) == pytest.approx(58 * 12)
    assert np.isnan(squared_distances(answers[:10])[0]).all()
    assert np.isnan(squared_distances(np.column_stack([answers, answers[:, 0]]))[0]).all()


def test_strings_are_taken_before_items_are_turned_and_consistency_after(frame):
    frame.loc[0, NAMES] = 6.0
    frame.loc[1, NAMES] = [6, 6, 2, 6] * 3
    survey = reverse_keyed(Survey.from_frame(frame), ["a3", "b3", "c3"], (1, 7))
    indices = case_indices(survey, ITEMS)
    assert indices.loc[0, ["longstring", "irv", "straightlined"]].tolist() == [12, 0, 3]
    assert indices.loc[0, "straight_share"] == 1
    assert indices.loc[1, "straightlined"] == 0
    plain = case_indices(Survey.from_frame(frame), ITEMS)
    assert not np.allclose(plain["even_odd"], indices["even_odd"], equal_nan=True)


def test_a_case_with_the_same_id_or_the_same_answers_is_a_duplicate(frame):
    frame.loc[7, NAMES] = frame.loc[2, NAMES]
    frame.loc[9, "firm"] = "f1"
    frame.loc[[11, 12], NAMES] = 4.0
    survey = Survey.from_frame(frame)
    first = case_indices(survey, ITEMS, ScreeningPlan(id="firm"))["duplicate_of"]
    assert first.dropna().to_dict() == {7: 3.0, 9: 2.0}
    by_profile = case_indices(survey, ITEMS, ScreeningPlan(profile=("industry",)))
    assert by_profile["duplicate_of"].isna().all(), "industries of rows 3 and 8 differ"
    few = {"a": ITEMS["a"]}
    assert case_indices(survey, few)["duplicate_of"].isna().all()


def test_checks_count_answers_other_than_asked(frame):
    frame.loc[5, "check"] = 2.0
    frame.loc[6, "check"] = np.nan
    found = case_indices(Survey.from_frame(frame), ITEMS, ScreeningPlan(attention={"check": 4}))
    assert found["attention_failed"].to_dict() == {**dict.fromkeys(range(60), 0), 5: 1}


def test_each_rule_applies_to_the_cases_left_by_those_before(frame):
    frame.loc[0, NAMES[:6]] = np.nan
    frame.loc[20, "check"] = 1.0
    frame.loc[30, NAMES] = frame.loc[31, NAMES]
    found = dropped(frame, "missing > .30", "attention", "duplicates", "duration < 20",
                    "where industry == 3 and seconds > 500",
                    attention={"check": 4.0}, duration="seconds")  # fmt: skip
    assert found == [(1,), (21,), (32,), (2,), (51, 54, 57, 60)]
    assert dropped(frame, "duplicates", "where industry == 2")[0] == (32,)


def test_conditions_compare_numbers_text_labels_and_gaps(frame):
    frame.loc[4, "industry"] = np.nan
    assert dropped(frame, "where industry is missing") == [(5,)]
    assert dropped(frame, "where firm in ['f3', 'f59']") == [(4, 60)]
    assert dropped(frame, "where industry != 1 and firm == 'f4'") == [()]
    survey = Survey.from_frame(frame)
    variable = survey.codebook["industry"]
    labelled = survey.changed(
        entry=survey.log[0],
        codebook=survey.codebook.with_variables(
            [type(variable)("industry", value_labels={1.0: "trade", 2.0: "banking"})]
        ),
    )
    plan = ScreeningPlan(drop=(read_rule("where industry == 'banking'"),))
    assert len(drop_cases(labelled, ITEMS, plan).log[-1].cases) == 19
    wrong = ScreeningPlan(drop=(read_rule("where industry == 'bankng'"),))
    with pytest.raises(SurveyError, match="Did you mean 'banking'"):
        drop_cases(labelled, ITEMS, wrong)


@pytest.mark.parametrize(
    ("rule", "error", "message"),
    [
        ("where nowhere == 1", UnknownItemError, "The rule 'where nowhere == 1' needs it"),
        ("where firm == 1", SurveyError, "quotation marks"),
        ("where industry >= 1", SurveyError, "No case is left"),
    ],
)
def test_rules_that_cannot_apply_say_why(frame, rule, error, message):
    with pytest.raises(error, match=message):
        dropped(frame, rule)


def test_plans_that_do_not_fit_the_data_say_why(frame):
    survey = Survey.from_frame(frame)
    with pytest.raises(NotNumericError, match="firm"):
        case_indices(survey, ITEMS, ScreeningPlan(duration="firm"))
    with pytest.raises(SurveyError, match="holds numbers; the answer asked for is 'four'"):
        case_indices(survey, ITEMS, ScreeningPlan(attention={"check": "four"}))
    with pytest.raises(UnknownItemError, match="nobody"):
        screen(survey, ITEMS, plan=ScreeningPlan(profile=("nobody",)))


def test_flagged_cases_are_listed_with_the_rule_that_dropped_them(frame):
    frame.loc[0, NAMES[:6]] = np.nan
    frame.loc[1, NAMES] = 7.0
    frame.loc[2, "check"] = 1.0
    plan = ScreeningPlan(
        id="firm", attention={"check": 4.0}, duration="seconds", minimum_duration=10,
        drop=(read_rule("missing > .30", "too little"),),
    )  # fmt: skip
    everyone = Survey.from_frame(frame)
    found = screen(drop_cases(everyone, ITEMS, plan), ITEMS, plan=plan, everyone=everyone)
    cases = found.cases.set_index("case")
    assert cases.loc[1, "flags"] == "missing, speed"
    assert cases.loc[1, "dropped"] == "missing > .30 (too little)"
    assert {"longstring", "straight-lining"} <= set(cases.loc[2, "flags"].split(", "))
    assert cases.loc[3, ["id", "flags", "dropped"]].tolist() == ["f2", "attention", ""]
    codes = {finding.code: finding for finding in found.findings}
    assert codes["cases_attention"].value == 1.0
    assert "cases_speed" not in codes, "the only fast case was dropped"
    assert "kept, since no rule drops them" in codes["cases_attention"].claim
    assert found.flow["rule"].tolist()[1] == "missing > .30 (too little)"
    assert found.flow["remaining"].tolist()[:2] == [60, 59]


def test_nothing_is_dropped_without_a_rule(frame):
    frame.loc[1, NAMES] = 7.0
    survey = Survey.from_frame(frame)
    assert drop_cases(survey, ITEMS, ScreeningPlan()) is survey
    flow = screen(survey, ITEMS).flow
    assert flow["removed"].tolist() == [0, 0]
