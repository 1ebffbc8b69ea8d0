"""Answers, gaps, distances, normality and profile, each counted from the answers that are there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from trustsem.survey import (
    ScreeningPlan,
    Survey,
    Variable,
    data_path,
    declare_missing,
    read_survey,
    screen,
)
from trustsem.survey.distributions import kurtosis_z, mardia, skewness_z

HS = {"visual": ["x1", "x2", "x3"], "textual": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]}


def made(**columns):
    return Survey.from_frame(pd.DataFrame(columns))


@pytest.fixture
def survey():
    found = made(
        a1=[1.0, 2, 2, 5, 99, np.nan], a2=[3.0, 3, np.nan, 4, 98, np.nan], size=[1.0, 1, 2, 2, 2, 3]
    )
    labels = {1.0: "never", 5.0: "always", 98.0: "don't know", 99.0: "refused"}
    book = found.codebook.with_variables(
        [
            Variable("a1", "", labels),
            Variable("a2", "", labels),
            Variable("size", "Firm size", {1.0: "small", 2.0: "large"}),
        ]
    )
    labelled = found.changed(entry=found.log[0], codebook=book)
    return declare_missing(labelled, [98, 99], ["a1", "a2"])


def test_answers_are_counted_over_the_whole_scale(survey):
    answers = screen(survey, {"a": ["a1", "a2"]}, scale=(1, 5)).answers
    assert list(answers.columns) == ["item", "construct", "answer", "label", "n", "percent"]
    first = answers[answers["item"] == "a1"]
    assert first["answer"].tolist() == [1, 2, 3, 4, 5]
    assert first["n"].tolist() == [1, 2, 0, 0, 1]
    assert first["percent"].tolist() == [25, 50, 0, 0, 25]
    assert first["label"].tolist() == ["never", "", "", "", "always"]
    unscaled = screen(survey, {"a": ["a1", "a2"]}).answers
    assert unscaled.query("item == 'a2'")["answer"].tolist() == [1, 3, 4, 5]


def test_measured_items_have_no_table_of_answers(rng):
    survey = made(m=rng.normal(size=50), r=rng.integers(1, 6, 50))
    assert set(screen(survey, {"f": ["m", "r"]}).answers["item"]) == {"r"}


def test_patterns_come_most_frequent_first_true_where_missing(survey):
    patterns = screen(survey, {"a": ["a1", "a2"]}).patterns
    assert list(patterns.columns) == ["n", "percent", "a1", "a2"]
    assert patterns["n"].tolist() == [3, 2, 1]
    assert patterns["percent"].sum() == pytest.approx(100)
    assert patterns[["a1", "a2"]].to_numpy().tolist() == [
        [False, False],
        [True, True],
        [False, True],
    ]
    assert patterns["a1"].dtype == bool


def test_missing_answers_keep_their_reasons(survey):
    reasons = screen(survey, {"a": ["a1", "a2"]}).reasons
    rows = reasons[["item", "reason", "code", "n"]].to_numpy().tolist()
    assert rows == [
        ["a1", "refused", "99", 1],
        ["a1", "no answer", "", 1],
        ["a2", "don't know", "98", 1],
        ["a2", "no answer", "", 2],
    ]
    assert reasons["percent"].tolist() == pytest.approx([100 / 6] * 3 + [200 / 6])


def test_distances_belong_to_rows_of_the_file(rng):
    answers = rng.normal(size=(40, 3))
    answers[5, 0] = np.nan
    answers[7] = 25.0, -25.0, 25.0
    survey = made(**dict(zip("xyz", answers.T, strict=True)))
    found = screen(survey, {"f": list("xyz")})
    assert list(found.distances.columns) == ["case", "d2", "df", "pvalue"]
    assert 6 not in set(found.distances["case"])
    far = found.distances.query("pvalue < .001")
    assert (far["case"].tolist(), set(far["df"])) == ([8], {3})
    assert found.cases["flags"].tolist() == ["missing", "outlier"]


def test_mardias_tests_on_the_classical_data():
    """Values of semTools for lavaan's HolzingerSwineford1939, x1 to x9."""
    normality = screen(read_survey(data_path("holzinger1939.csv")), HS).normality
    skew, kurtosis = normality.iloc[0], normality.iloc[1]
    assert skew["value"] == pytest.approx(6.80689, abs=5e-6)
    assert (skew["statistic"], skew["df"]) == (pytest.approx(341.479, abs=5e-4), 165)
    assert kurtosis["value"] == pytest.approx(102.9037, abs=5e-5)
    assert kurtosis["statistic"] == pytest.approx(2.40659, abs=5e-6)
    assert kurtosis["pvalue"] == pytest.approx(2 * stats.norm.sf(2.40659), rel=1e-4)


def test_mardias_skewness_is_the_same_by_pairs_and_by_third_moments(rng):
    answers = rng.gamma(2.0, size=(70, 8))  # 70 cases are more than 8 squared
    by_moments, by_pairs = mardia(answers)[0][1], mardia(answers[:60])[0][1]
    for n, found in ((70, by_moments), (60, by_pairs)):
        centred = answers[:n] - answers[:n].mean(axis=0)
        g = centred @ np.linalg.inv(np.cov(answers[:n].T)) @ centred.T
        assert found == pytest.approx((g**3).mean())


def test_mardias_measures_do_not_depend_on_units_or_directions(rng):
    answers = rng.gamma(2.0, size=(50, 3))
    turned = answers @ rng.normal(size=(3, 3)) + 100
    np.testing.assert_allclose(
        [row[1:3] for row in mardia(turned)], [row[1:3] for row in mardia(answers)], rtol=1e-8
    )


@pytest.mark.parametrize("n", [8, 20, 21, 300])
def test_item_tests_are_those_of_scipy(n, rng):
    values = rng.gamma(3.0, size=n)
    assert skewness_z(stats.skew(values), n) == pytest.approx(stats.skewtest(values).statistic)
    if n >= 20:
        found = kurtosis_z(stats.kurtosis(values) + 3, n)
        assert found == pytest.approx(stats.kurtosistest(values).statistic)
    else:
        assert np.isnan(kurtosis_z(3.0, n))


def test_few_or_constant_answers_have_no_tests():
    normality = screen(made(x=[1.0, 2, 3], y=[4.0, 4, 4]), {"f": ["x", "y"]}).normality
    assert normality["statistic"].isna().all()


def test_the_profile_counts_levels_quarters_and_texts(rng):
    survey = made(
        q=rng.integers(1, 6, 100), employees=np.arange(100.0), city=["Bonn"] * 60 + [""] * 40
    )
    texts = survey.frame["city"].where(survey.frame["city"] != "")
    survey = survey.changed(entry=survey.log[0], frame=survey.frame.assign(city=texts))

    profile = screen(
        survey, {"f": ["q"]}, plan=ScreeningPlan(profile=("employees", "city"))
    ).profile
    rows = profile.query("variable == 'employees'")
    assert rows["level"].tolist() == ["0 to 24", "25 to 49", "50 to 74", "75 to 99"]
    assert rows["n"].tolist() == [25] * 4
    city = profile.query("variable == 'city'")
    assert city[["level", "label", "n"]].to_numpy().tolist() == [
        ["Bonn", "", 60], ["", "no answer", 40],
    ]  # fmt: skip
    assert city["percent"].iloc[0] == 100


def test_profile_levels_carry_their_labels(survey):

    profile = screen(survey, {"a": ["a1"]}, plan=ScreeningPlan(profile=("size",))).profile
    assert profile["variable"].unique().tolist() == ["Firm size"]
    assert profile[["level", "label", "n"]].to_numpy().tolist() == [
        ["1", "small", 2], ["2", "large", 3], ["3", "", 1],
    ]  # fmt: skip
