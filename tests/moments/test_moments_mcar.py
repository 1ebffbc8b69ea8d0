"""Little's test: published numbers, R, its size under MCAR, and what cannot be tested."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trustsem.errors import NotNumericError
from trustsem.moments.mcar import little_test

AIR = Path(__file__).parent / "airquality.csv"
"""Daily air quality in New York, May to September 1973, printed in Chambers et al. (1983)."""

R_PROGRAM = """
suppressMessages(suppressWarnings(library(lavaan)))
data <- read.csv(commandArgs(TRUE)[1])
fit <- suppressWarnings(lavCor(data, missing = "ml", output = "fit"))
moments <- lavInspect(fit, "sampstat")
values <- as.matrix(data)
total <- 0; df <- -ncol(values)
key <- apply(is.na(values), 1, paste, collapse = "")
for (pattern in unique(key)) {
  cases <- values[key == pattern, , drop = FALSE]
  known <- !is.na(cases[1, ])
  gap <- colMeans(cases[, known, drop = FALSE]) - moments$mean[known]
  total <- total + nrow(cases) * t(gap) %*% solve(moments$cov[known, known]) %*% gap
  df <- df + sum(known)
}
cat(total, df)
"""


def test_the_published_example_is_reproduced():
    """naniar's documentation prints 35.1, 14, .00142 and 4 patterns for these data."""
    air = pd.read_csv(AIR)
    test = little_test(air, list(air.columns))
    assert round(test.chisq, 1) == 35.1
    assert round(test.pvalue, 5) == 0.00142
    assert (test.df, test.n_obs, test.n_patterns, test.reason) == (14, 153, 4, "")


def test_moments_of_lavaan_give_the_same_number(tmp_path, rng):
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("R is not installed")
    data = rng.normal(size=(200, 4)) @ rng.normal(size=(4, 4)) + 5
    data[rng.random(data.shape) < 0.15] = np.nan
    frame = pd.DataFrame(data, columns=list("abcd")).dropna(how="all")
    frame.to_csv(tmp_path / "data.csv", index=False)
    (tmp_path / "little.R").write_text(R_PROGRAM)
    done = subprocess.run(
        [program, "little.R", "data.csv"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("R has no lavaan")
    chisq, df = map(float, done.stdout.split())
    test = little_test(frame, list("abcd"))
    assert test.df == df
    assert test.chisq == pytest.approx(chisq, rel=1e-3)  # lavaan's EM stops earlier


def test_the_test_errs_as_often_as_it_says(rng):
    """200 samples with answers missing completely at random: 5 % +- 3 standard errors."""
    rejected = 0
    for _ in range(200):
        data = rng.normal(size=(150, 3)) @ np.array([[1, 0.5, 0.5], [0, 1, 0.5], [0, 0, 1]])
        data[rng.random(150) < 0.3, 0] = np.nan
        data[rng.random(150) < 0.2, 1] = np.nan
        rejected += little_test(pd.DataFrame(data, columns=list("abc")), list("abc")).pvalue < 0.05
    assert 0.004 < rejected / 200 < 0.096


def test_answers_missing_for_a_reason_are_noticed(rng):
    data = rng.normal(size=(300, 2)) @ np.array([[1, 0.6], [0, 0.8]])
    data[data[:, 0] > 0.7, 1] = np.nan
    assert little_test(pd.DataFrame(data, columns=list("ab")), list("ab")).pvalue < 1e-10


def test_units_do_not_matter():
    air = pd.read_csv(AIR)
    names = list(air.columns)
    changed = air.assign(Ozone=air["Ozone"] * 1000 - 7, Wind=-air["Wind"] / 100)
    assert little_test(changed, names).chisq == pytest.approx(little_test(air, names).chisq)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"a": [1.0, 2, 3], "b": [2.0, 1, 5]}, "No answer is missing."),
        ({"a": [1.0, 2, 4], "b": [np.nan] * 3}, "same pattern"),
        ({"a": [1.0, np.nan], "b": [2.0, 1]}, "not more cases than variables"),
        ({"a": [1.0, 2, 4, np.nan, np.nan], "b": [np.nan, np.nan, np.nan, 1, 2]}, "together"),
        ({"a": [1.0, 1, 1, 1, np.nan], "b": [1.0, 2, 3, 4, 5]}, "Without variance"),
    ],
)
def test_where_there_is_no_test_there_is_a_reason(columns, reason):
    test = little_test(pd.DataFrame(columns), list(columns))
    assert np.isnan([test.chisq, test.df, test.pvalue]).all()
    assert reason in test.reason


def test_thousands_of_patterns_are_not_tested(rng):
    data = rng.normal(size=(1000, 60))
    data[rng.random(data.shape) < 0.1] = np.nan
    frame = pd.DataFrame(data, columns=[f"x{i}" for i in range(60)])
    assert "too many patterns" in little_test(frame, list(frame.columns)).reason


def test_text_is_refused():
    with pytest.raises(NotNumericError):
        little_test(pd.DataFrame({"a": ["x", "y"]}), ["a"])
