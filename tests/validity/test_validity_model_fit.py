"""Fit and residuals turned into findings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trustsem.references import REFERENCES
from trustsem.validity import Thresholds, check_fit, check_residuals

# Holzinger & Swineford, lavaan 0.7-2
HS_FIT = pd.Series(
    {
        "chisq": 85.305522,
        "df": 24,
        "pvalue": 8.5e-09,
        "cfi": 0.93055965,
        "tli": 0.89583948,
        "rmsea": 0.09212148,
        "rmsea_ci_lower": 0.0714185,
        "rmsea_ci_upper": 0.1136780,
        "srmr": 0.06520506,
    }
)


def judged(fit, **options) -> dict:
    return {finding.code: finding for finding in check_fit(fit, **options)}


def test_holzinger_swineford_misses_three_of_four_cutoffs() -> None:
    findings = judged(HS_FIT, n_indicators=9, n_obs=301, subject="measurement model")
    assert [findings[code].holds for code in ("cfi", "tli", "rmsea", "srmr")] == [
        False,
        False,
        False,
        True,
    ]
    assert findings["cfi"].claim == (
        "CFI of the measurement model, .931, misses the cutoff of at least .95."
    )
    assert findings["rmsea"].interval == pytest.approx((0.0714185, 0.1136780))
    assert findings["exact_fit"].holds is False
    assert findings["exact_fit"].severity == "note"
    assert "85.31 with 24 df, p < .001" in findings["exact_fit"].claim
    assert all(finding.source in REFERENCES for finding in findings.values())


@pytest.mark.parametrize(
    ("n_indicators", "cutoffs"),
    [
        (12, {"cfi_by_size": 0.97, "rmsea_by_size": 0.08}),
        (25, {"cfi_by_size": 0.95, "srmr_by_size": 0.08, "rmsea_by_size": 0.08}),
        (30, {"cfi_by_size": 0.92, "srmr_by_size": 0.09, "rmsea_by_size": 0.08}),
    ],
)
def test_the_rule_by_size_depends_on_the_number_of_indicators(n_indicators, cutoffs) -> None:
    findings = judged(HS_FIT, n_indicators=n_indicators, n_obs=221)
    by_size = {code: f.threshold for code, f in findings.items() if code.endswith("_by_size")}
    assert by_size == cutoffs
    assert "fewer than 250 cases" in findings["cfi_by_size"].claim


def test_the_rule_by_size_is_silent_for_larger_samples() -> None:
    assert not any(code.endswith("size") for code in judged(HS_FIT, n_indicators=9, n_obs=250))


def test_a_saturated_model_is_not_praised_for_its_fit() -> None:
    fit = pd.Series({"chisq": 0.0, "df": 0, "pvalue": np.nan, "cfi": 1.0})
    (finding,) = check_fit(fit, n_indicators=3, n_obs=200)
    assert finding.code == "saturated"
    assert finding.holds is None


def test_an_index_that_does_not_exist_is_not_judged() -> None:
    findings = judged(HS_FIT.drop("tli"), n_indicators=9, n_obs=301)
    assert findings["tli"].holds is None
    without_interval = HS_FIT.drop("rmsea_ci_lower")
    assert judged(without_interval, n_indicators=9, n_obs=301)["rmsea"].interval is None


def test_own_cutoffs_apply() -> None:
    findings = judged(HS_FIT, n_indicators=9, n_obs=301, thresholds=Thresholds(cfi=0.9))
    assert findings["cfi"].holds
    assert findings["cfi"].source == ""


def test_residuals_of_holzinger_swineford(solution) -> None:
    residuals = solution("p001_hs_cfa_ml").raw["residuals"]
    frames = {}
    for kind in ("cor_bentler", "standardized"):
        cov = residuals[kind]["all"]["cov"]
        frames[kind] = pd.DataFrame(
            cov["values"], index=cov["rows"], columns=cov["cols"], dtype=float
        )
    findings = check_residuals(frames["cor_bentler"], frames["standardized"])
    values = frames["cor_bentler"].to_numpy()[np.tril_indices(9, -1)]
    assert findings[0].claim.endswith(f": {(np.abs(values) > 0.1).sum()} pairs of 36.")
    assert findings[1].code == "residual_z"
    single = [finding for finding in findings if finding.code == "residual_correlation"]
    assert len(single) == 5
    assert abs(single[0].value) == pytest.approx(np.abs(values).max())
    assert "than the model implies" in single[0].claim
    assert "z = " in single[0].claim


def test_small_residuals_are_for_the_record_only() -> None:
    names = ["a", "b", "c"]
    residuals = pd.DataFrame(np.full((3, 3), -0.05), index=names, columns=names)
    (finding,) = check_residuals(residuals)
    assert finding.holds
    assert finding.severity == "note"
    assert finding.claim == "Correlation residuals beyond .10: 0 pairs of 3."
    (count, pair, *_) = check_residuals(residuals * 4)
    assert count.holds is False
    assert pair.claim == "a and b correlate less than the model implies (residual -.200)."
