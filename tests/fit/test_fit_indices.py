"""Every fit index on hand-worked numbers; those that do not exist say why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import trustsem as ts
from kernel_models import THREE_CONSTRUCTS, holzinger, shape
from trustsem.fit import FIT_INDICES, FitInputs, fit_measures
from trustsem.references import citation

RMS = {
    f"{name}{suffix}": value
    for value, name in enumerate(("rmr", "srmr", "crmr", "srmr_mplus"), start=1)
    for suffix in ("", "_nomean")
} | {"srmr_bentler": 2}
WORKED = FitInputs(
    chisq=30.0,
    df=10,
    chisq_baseline=210.0,
    df_baseline=15,
    n_obs=200,
    n_rmsea=200,
    n_groups=1,
    n_free=11,
    n_moments=21,
    fmin=0.075,
    logl=-1000.0,
    logl_unrestricted=-985.0,
    gfi=0.95,
    rms=RMS,
)
SATURATED = replace(WORKED, chisq=0.0, df=0)


def poisson_mixture(x, df, noncentrality):
    """Return the noncentral chi-square distribution function from its definition."""
    steps = np.arange(400)
    return float(stats.poisson.pmf(steps, noncentrality / 2) @ stats.chi2.cdf(x, df + 2 * steps))


BY_HAND = {
    "npar": 11,
    "fmin": 0.075,
    "chisq": 30,
    "df": 10,
    "pvalue": 0.000856641210775301,  # Q(5, 15) = e^-15 (1 + 15 + 15^2/2 + 15^3/6 + 15^4/24)
    "baseline_chisq": 210,
    "baseline_df": 15,
    "baseline_pvalue": stats.chi2.sf(210, 15),
    "cfi": 1 - 20 / 195,
    "tli": (210 / 15 - 30 / 10) / (210 / 15 - 1),
    "nnfi": 11 / 13,
    "rfi": 11 / 14,
    "nfi": 180 / 210,
    "pnfi": 10 / 15 * 180 / 210,
    "ifi": 180 / 200,
    "rni": (195 - 20) / 195,
    "logl": -1000,
    "unrestricted_logl": -985,
    "aic": 2000 + 2 * 11,
    "bic": 2000 + 11 * np.log(200),
    "ntotal": 200,
    "bic2": 2000 + 11 * np.log(202 / 24),
    "rmsea": 0.1,  # sqrt(20 / (10 * 200))
    "rmsea_ci_level": 0.90,
    "rmsea_pvalue": 1 - poisson_mixture(30, 10, 0.05**2 * 10 * 200),
    "rmsea_close_h0": 0.05,
    "rmsea_notclose_pvalue": poisson_mixture(30, 10, 0.08**2 * 10 * 200),
    "rmsea_notclose_h0": 0.08,
    "rmr": 1,
    "rmr_nomean": 1,
    "srmr": 2,
    "srmr_bentler": 2,
    "srmr_bentler_nomean": 2,
    "crmr": 3,
    "crmr_nomean": 3,
    "srmr_mplus": 4,
    "srmr_mplus_nomean": 4,
    "cn_05": 18.307038053275146 / 0.15 + 1,
    "cn_01": 23.209251158954356 / 0.15 + 1,
    "gfi": 0.95,
    "agfi": 1 - 21 / 10 * 0.05,
    "pgfi": 10 / 21 * 0.95,
    "mfi": np.exp(-0.05),
    "ecvi": (30 + 22) / 200,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_each_index_on_worked_numbers(name):
    assert fit_measures(WORKED)[0][name] == pytest.approx(BY_HAND[name], rel=1e-9)


def test_no_index_is_left_unchecked():
    names = [index.name for index in FIT_INDICES]
    assert len(names) == len(set(names))
    assert set(names) - set(BY_HAND) == {"rmsea_ci_lower", "rmsea_ci_upper"}


@pytest.mark.parametrize("index", FIT_INDICES, ids=lambda index: index.name)
def test_each_source_is_in_the_bibliography(index):
    assert index.source == "" or citation(index.source)


@pytest.mark.parametrize(("name", "probability"), [("lower", 0.95), ("upper", 0.05)])
def test_limits_of_the_rmsea_put_chi_square_at_the_edge(name, probability):
    limit = fit_measures(WORKED)[0][f"rmsea_ci_{name}"]
    noncentrality = limit**2 * WORKED.df * WORKED.n_rmsea
    assert poisson_mixture(30, 10, noncentrality) == pytest.approx(probability, abs=1e-10)


def test_the_rmsea_of_groups_is_multiplied_with_the_root_of_their_number():
    one, two = (fit_measures(replace(WORKED, n_groups=n))[0] for n in (1, 2))
    for name in ("rmsea", "rmsea_ci_lower", "rmsea_ci_upper"):
        assert two[name] == pytest.approx(one[name] * np.sqrt(2))


@given(
    chisq=st.floats(0, 2000),
    df=st.integers(0, 300),
    baseline=st.floats(1, 5000),
    n=st.integers(20, 3000),
)
@settings(max_examples=60, deadline=None)
def test_bounds_that_always_hold(chisq, df, baseline, n):
    chisq = chisq if df else 0.0
    x = replace(WORKED, chisq=chisq, df=df, chisq_baseline=baseline, n_obs=n, n_rmsea=n)
    values, reasons = fit_measures(x)
    assert 0 <= values["cfi"] <= 1
    assert 0 <= values["rmsea_ci_lower"] <= values["rmsea"] + 1e-9
    assert values["rmsea"] <= max(values["rmsea_ci_upper"], 1e-9) or df == 0 or chisq <= df
    assert values["rmsea_ci_lower"] <= values["rmsea_ci_upper"]
    for name, value in values.items():
        assert np.isnan(value) == (name in reasons), name


def test_a_model_that_fits_better_than_expected():
    values, _ = fit_measures(replace(WORKED, chisq=6.0))
    assert values["cfi"] == 1
    assert values["tli"] > 1
    assert values["rmsea"] == 0
    assert values["rmsea_ci_lower"] == 0
    assert values["mfi"] > 1


@pytest.mark.parametrize("chisq", [0.0, 1e-300, 1e-35, 1e-12], ids=str)
def test_a_perfect_fit_of_a_large_model(chisq):
    values, _ = fit_measures(replace(WORKED, chisq=chisq, df=2000, n_obs=5000, n_rmsea=5000))
    assert values["rmsea_pvalue"] == 1
    assert values["rmsea_notclose_pvalue"] == 0
    assert values["rmsea_ci_upper"] == 0


def test_a_saturated_model_has_no_test():
    values, reasons = fit_measures(SATURATED)
    undefined = {"pvalue", "rmsea_pvalue", "rmsea_notclose_pvalue", "cn_05", "cn_01"}
    assert set(reasons) == undefined
    assert all(np.isnan(values[name]) for name in undefined)
    assert "saturated" in reasons["pvalue"]
    assert (values["cfi"], values["tli"], values["rfi"], values["rmsea"]) == (1, 1, 1, 0)
    assert (values["rmsea_ci_lower"], values["rmsea_ci_upper"], values["agfi"]) == (0, 0, 1)
    assert values["pgfi"] == 0


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"df_baseline": 0, "chisq_baseline": 0.0}, {"tli", "nnfi", "rfi", "pnfi", "nfi", "rni"}),
        ({"chisq_baseline": 15.0}, {"tli", "nnfi", "rni"}),
        ({"chisq_baseline": 10.0}, {"ifi"}),
        ({"chisq": 0.0}, {"cn_05", "cn_01"}),
    ],
    ids=["no_baseline", "baseline_fits", "no_denominator", "perfect_fit"],
)
def test_indices_without_a_denominator_do_not_exist(change, names):
    values, reasons = fit_measures(replace(WORKED, **change))
    assert set(reasons) == names
    assert all(np.isnan(values[name]) and reasons[name] for name in names)


def test_a_saturated_result_says_why_there_is_no_p_value():
    result = ts.cfa("f =~ x1 + x2 + x3", holzinger())
    assert result.df == 0
    assert np.isnan(result.fit_measures["pvalue"])
    assert "saturated" in result.fit_notes["pvalue"]
    assert result.fit_measures["cfi"] == 1
    assert "χ²(0" in repr(result)


def test_the_baseline_is_the_model_of_unrelated_items():
    fit = ts.cfa(THREE_CONSTRUCTS, holzinger()).fit_measures
    R = holzinger()[[f"x{number}" for number in range(1, 10)]].corr().to_numpy()
    assert fit["baseline_chisq"] == pytest.approx(-301 * np.linalg.slogdet(R)[1], rel=1e-10)
    assert fit["baseline_df"] == 36


def test_the_baseline_leaves_covariates_related():
    fit = ts.sem("x2 ~ x1 + x3\nx4 ~ x1 + x3\nx2 ~~ 0*x4", holzinger()).fit_measures
    assert fit["baseline_df"] == 5


def test_the_log_likelihood_is_that_of_the_cases():
    result = ts.cfa(THREE_CONSTRUCTS, holzinger(), meanstructure=True)
    data = holzinger()[list(result.implied.index)].to_numpy()
    normal = stats.multivariate_normal(result.implied_mean, result.implied)
    assert result.fit_measures["logl"] == pytest.approx(normal.logpdf(data).sum(), rel=1e-10)
    without = ts.cfa(THREE_CONSTRUCTS, holzinger()).fit_measures
    assert without["logl"] == pytest.approx(result.fit_measures["logl"], rel=1e-10)
    gap = result.fit_measures["unrestricted_logl"] - result.fit_measures["logl"]
    assert 2 * gap == pytest.approx(result.fit_measures["chisq"], rel=1e-8)


@pytest.mark.parametrize("name", ["cfa_marker", "structural", "mean_structure"])
def test_means_that_are_free_change_no_index_of_fit(name):
    plain = shape(name).fit().fit_measures
    assert plain["gfi"] < 1
    assert 0 < plain["srmr_bentler_nomean"] < 0.2
    assert plain["ecvi"] == pytest.approx((plain["chisq"] + 2 * plain["npar"]) / plain["ntotal"])


def test_the_fit_of_groups_is_the_sum_of_their_fits():
    model = THREE_CONSTRUCTS
    both = ts.cfa(model, holzinger(), group="school")
    parts = [
        ts.cfa(model, holzinger()[holzinger()["school"] == label], meanstructure=True)
        for label in both.table.group_labels
    ]
    for name in ("chisq", "df", "baseline_chisq", "baseline_df", "logl", "npar"):
        total = sum(part.fit_measures[name] for part in parts)
        assert both.fit_measures[name] == pytest.approx(total, rel=1e-8), name
