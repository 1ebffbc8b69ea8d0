"""Early against late respondents: Welch's test, effect size, Holm, and what is concluded."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from trustsem.validity.nonresponse import check_waves, wave_table

SLEEP_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_students_sleep_data_give_the_numbers_that_r_prints():
    """R's ?t.test: t = -1.8608, df = 17.776, p-value = 0.07939, means 0.75 and 2.33."""
    scores = pd.DataFrame({"extra": SLEEP_1 + SLEEP_2})
    row = wave_table(scores, [False] * 10 + [True] * 10).iloc[0]
    assert row["t"] == pytest.approx(1.8608, abs=5e-5)
    assert row["df"] == pytest.approx(17.776, abs=5e-4)
    assert row["pvalue"] == pytest.approx(0.07939, abs=5e-6)
    assert (row["mean_early"], row["mean_late"]) == (pytest.approx(0.75), pytest.approx(2.33))
    pooled = np.sqrt((np.var(SLEEP_1, ddof=1) + np.var(SLEEP_2, ddof=1)) / 2)
    assert row["d"] == pytest.approx(1.58 / pooled)


def test_every_score_is_tested_on_its_own_answers(rng):
    scores = pd.DataFrame(rng.normal(size=(50, 4)), columns=list("abcd"))
    scores.iloc[:7, 1] = np.nan
    late = np.arange(50) % 3 == 0
    table = wave_table(scores, late)
    expected = stats.ttest_ind(
        scores[late]["b"], scores[~late]["b"], equal_var=False, nan_policy="omit"
    )
    assert table.loc[1, "t"] == pytest.approx(expected.statistic)
    assert table.loc[1, "pvalue"] == pytest.approx(expected.pvalue)
    assert table.loc[1, ["n_early", "n_late"]].sum() == 43
    assert table["pvalue_holm"].min() == pytest.approx(min(1, 4 * table["pvalue"].min()))


def test_what_cannot_be_tested_stays_out_of_the_adjustment():
    scores = pd.DataFrame(
        {"same": [3.0] * 6, "few": [1.0] + [np.nan] * 5, "x": [1.0, 2, 3, 4, 5, 7]}
    )
    table = wave_table(scores, [False] * 3 + [True] * 3).set_index("subject")
    assert table.loc[["same", "few"], ["t", "pvalue_holm"]].isna().all(axis=None)
    assert table.loc["x", "pvalue_holm"] == table.loc["x", "pvalue"]


def test_a_difference_is_a_warning_and_no_difference_a_note():
    scores = pd.DataFrame({"a": [1.0, 2, 1, 2, 6, 7, 6, 7], "b": [1.0, 2, 3, 4, 1, 2, 3, 4]})
    late = [False] * 4 + [True] * 4
    (finding,) = check_waves(wave_table(scores, late))
    assert (finding.subject, finding.severity, finding.holds) == ("a", "warning", False)
    assert finding.value < finding.threshold == 0.05
    (finding,) = check_waves(wave_table(scores[["b"]], late))
    assert (finding.severity, finding.holds) == ("note", True)
    (finding,) = check_waves(wave_table(scores, late), significance=1e-9)
    assert finding.holds
    assert check_waves(wave_table(scores[[]], late)) == []
