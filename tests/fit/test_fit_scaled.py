"""Scaled and robust indices on hand-worked numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import trustsem as ts
from kernel_models import THREE_CONSTRUCTS, holzinger
from trustsem.display import fit_line, reported
from trustsem.fit import SCALED_INDICES, FitInputs, ScaledInputs, scaled_fit_measures
from trustsem.inference import ScaledTest
from trustsem.references import citation

PLAIN = FitInputs(
    chisq=30.0,
    fmin=0.075,
    df=10,
    chisq_baseline=210.0,
    df_baseline=15,
    n_obs=200,
    n_rmsea=200,
    n_groups=1,
    n_free=11,
    n_moments=21,
    logl=-1000.0,
    logl_unrestricted=-985.0,
    gfi=0.95,
    rms={},
)
SCALED = ScaledInputs(
    PLAIN,
    ScaledTest("satorra.bentler", 24.0, 10.0, 1.25, 1.25),
    ScaledTest("satorra.bentler", 140.0, 15.0, 1.5, 1.5),
)
BY_HAND = {
    "chisq_scaled": 24.0,
    "df_scaled": 10,
    "pvalue_scaled": stats.chi2.sf(24, 10),
    "chisq_scaling_factor": 1.25,
    "chisq_shift_parameter": 0.0,
    "baseline_chisq_scaled": 140.0,
    "cfi_scaled": 1 - 14 / 125,
    "tli_scaled": (140 / 15 - 2.4) / (140 / 15 - 1),
    "nfi_scaled": 116 / 140,
    "cfi_robust": 1 - (30 - 12.5) / (210 - 22.5),
    "rni_robust": 1 - (30 - 12.5) / (210 - 22.5),
    "tli_robust": 1 - (17.5 / 187.5) * (15 / 10),
    "rmsea_scaled": np.sqrt((24 - 10) / (10 * 200)),
    "rmsea_robust": np.sqrt((30 - 12.5) / (10 * 200)),
    "rmsea_pvalue_scaled": stats.ncx2.sf(30, 12.5, 0.05**2 * 12.5 * 200),
    "rmsea_pvalue_robust": stats.ncx2.sf(24, 10, 0.05**2 * 10 * 200 / 1.25),
    "rmsea_notclose_pvalue_robust": stats.ncx2.cdf(24, 10, 0.08**2 * 10 * 200 / 1.25),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_each_index_by_hand(name):
    values, _ = scaled_fit_measures(SCALED)
    assert values[name] == pytest.approx(BY_HAND[name], rel=1e-10)


def test_limits_of_the_robust_rmsea_have_their_probabilities():
    values, _ = scaled_fit_measures(SCALED)
    for name, probability in (("lower", 0.95), ("upper", 0.05)):
        noncentrality = values[f"rmsea_ci_{name}_robust"] ** 2 * 10 * 200 / 1.25
        assert stats.ncx2.cdf(24, 10, noncentrality) == pytest.approx(probability)


def test_a_statistic_that_its_shift_makes_negative_rejects_nothing():
    shifted = ScaledTest("scaled.shifted", -0.4, 10.0, 1.25, 1.25, shift=-2.0)
    values, _ = scaled_fit_measures(replace(SCALED, model=shifted))
    assert values["pvalue_scaled"] == 1
    limits = [values[f"rmsea{name}_scaled"] for name in ("", "_ci_lower", "_ci_upper")]
    assert limits == [0, 0, 0]


def test_without_need_of_correction_all_indices_agree():
    same = ScaledTest("satorra.bentler", 30.0, 10.0, 1.0, 1.0)
    base = ScaledTest("satorra.bentler", 210.0, 15.0, 1.0, 1.0)
    values, _ = scaled_fit_measures(ScaledInputs(PLAIN, same, base))
    for name in ("cfi", "tli", "rmsea", "rmsea_ci_lower", "rmsea_ci_upper", "rmsea_pvalue"):
        assert values[f"{name}_scaled"] == pytest.approx(values[f"{name}_robust"], rel=1e-9)


def test_adjusted_degrees_of_freedom_have_no_robust_indices():
    adjusted = replace(SCALED.model, name="mean.var.adjusted", df=8.5)
    values, reasons = scaled_fit_measures(replace(SCALED, model=adjusted))
    for name in ("cfi_robust", "tli_robust", "rmsea_robust", "rmsea_ci_lower_robust"):
        assert np.isnan(values[name])
        assert "adjusted" in reasons[name]


def test_a_test_without_likelihood_factors_says_so():
    assert "log-likelihoods" in scaled_fit_measures(SCALED)[1]["scaling_factor_h0"]


def test_every_index_has_a_source():
    names = [index.name for index in SCALED_INDICES]
    assert len(set(names)) == len(names)
    assert all(citation(index.source) for index in SCALED_INDICES)


def test_only_scaled_tests_add_scaled_indices():
    plain = ts.cfa(THREE_CONSTRUCTS, holzinger(), estimator="MLF")
    assert "chisq_scaled" not in plain.fit_measures
    assert plain.reported_fit.equals(plain.fit_measures.rename("reported_fit"))


def test_what_is_reported_is_what_was_corrected():
    result = ts.cfa(THREE_CONSTRUCTS, holzinger(), estimator="MLM")
    fit, shown = result.fit_measures, result.reported_fit
    assert shown["chisq"] == fit["chisq_scaled"]
    assert shown["cfi"] == fit["cfi_robust"]
    assert shown["rmsea_ci_upper"] == fit["rmsea_ci_upper_robust"]
    assert shown["srmr"] == fit["srmr"]
    line = fit_line(fit, result.n_obs)
    assert line.startswith("χ²(24, N = 301) = 80.87, p < .001, CFI = .932, TLI = .897")
    assert line.endswith("(scaled χ²; robust CFI, TLI and RMSEA)")
    assert line in repr(result)


def test_fractional_degrees_of_freedom_are_printed_as_such():
    result = ts.cfa(THREE_CONSTRUCTS, holzinger(), estimator="MLMVS")
    assert reported(result.fit_measures)["cfi"] == result.fit_measures["cfi_scaled"]
    assert "χ²(19.95, N = 301) = 67.23" in fit_line(result.fit_measures, result.n_obs)
