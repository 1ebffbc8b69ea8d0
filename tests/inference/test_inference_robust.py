"""Standard errors and tests that hold without normality."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import DEMOCRACY, THREE_CONSTRUCTS, democracy, holzinger
from trustsem.errors import InferenceError, SpecificationError
from trustsem.inference import SCALED_TESTS, casewise, estimate_covariance, scaled_test
from trustsem.inference.casewise import (
    group_cases,
    meat_matrix,
    residual_trace,
    residual_traces,
)
from trustsem.inference.scaled_difference import moment_derivatives

MIMIC = THREE_CONSTRUCTS + "\nvisual ~ ageyr + grade\ntextual ~ ageyr"
ESTIMATORS = ("MLM", "MLMV", "MLMVS", "MLR", "MLF")


def hs(model=THREE_CONSTRUCTS, **options):
    return ts.cfa(model, holzinger(), **options)


MODELS = {
    "covariances": hs,
    "means": lambda: hs(meanstructure=True),
    "equal_loadings": lambda: hs(
        "visual =~ x1 + a*x2 + a*x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
    ),
    "more_moments_than_cases": lambda: ts.sem(DEMOCRACY, democracy().head(50)),
    "wishart": lambda: hs(likelihood="wishart"),
    "groups": lambda: hs(group="school", group_equal=["loadings", "intercepts"]),
}


def explicit(result):
    """Return Delta, W and Gamma of all groups, written out in full."""
    problem, params = result.estimate.problem, result.estimate.params
    W, Gamma = [], []
    for cases in group_cases(problem, params):
        p = cases.W.shape[0]
        rows, cols = np.tril_indices(p)
        duplicated = np.zeros((p * p, len(rows)))
        duplicated[rows * p + cols, np.arange(len(rows))] = 1
        duplicated[cols * p + rows, np.arange(len(rows))] = 1
        weights = duplicated.T @ np.kron(cases.W, cases.W) @ duplicated / 2
        d = cases.deviations
        z = d[:, rows] * d[:, cols]
        if cases.structure.has_means:
            weights = np.block(
                [
                    [weights, np.zeros((len(rows), p))],
                    [np.zeros((p, len(rows))), cases.W],
                ]
            )
            z = np.hstack([z, d])
        W.append(cases.share * weights)
        Gamma.append(np.cov(z.T, bias=True) / cases.share)
    return moment_derivatives(result.estimate), block_diagonal(W), block_diagonal(Gamma)


def block_diagonal(blocks):
    size = sum(len(block) for block in blocks)
    total, at = np.zeros((size, size)), 0
    for block in blocks:
        total[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    return total


@pytest.mark.parametrize("name", MODELS)
def test_casewise_sums_are_what_the_full_matrices_give(name):
    result = MODELS[name]()
    problem, params = result.estimate.problem, result.estimate.params
    Delta, W, Gamma = explicit(result)
    bread = estimate_covariance(result.estimate).matrix * problem.weight
    meat = Delta.T @ W @ Gamma @ W @ Delta
    assert np.allclose(meat_matrix(problem, params, centred=True), meat, rtol=1e-8, atol=1e-9)
    U = W - W @ Delta @ bread @ Delta.T @ W
    traces = residual_traces(problem, params, bread)
    assert traces.first == pytest.approx(np.trace(U @ Gamma), rel=1e-9)
    assert residual_trace(problem, params, bread) == traces.first
    assert traces.second == pytest.approx(np.trace(U @ Gamma @ U @ Gamma), rel=1e-8)


def test_many_cases_are_worked_through_in_parts(monkeypatch):
    result = hs(MIMIC, fixed_x=True, meanstructure=True)
    problem, params = result.estimate.problem, result.estimate.params
    bread = estimate_covariance(result.estimate).matrix * problem.weight
    whole = residual_traces(problem, params, bread), meat_matrix(problem, params, centred=False)
    monkeypatch.setattr(casewise, "_CHUNK", 64)
    parts = residual_traces(problem, params, bread), meat_matrix(problem, params, centred=False)
    assert parts[0].first == pytest.approx(whole[0].first, rel=1e-12)
    assert parts[0].second == pytest.approx(whole[0].second, rel=1e-12)
    assert np.allclose(parts[1], whole[1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["covariances", "means", "equal_loadings"])
def test_scores_of_the_cases_vanish_at_the_maximum(name):
    result = MODELS[name]()
    problem, params = result.estimate.problem, result.estimate.params
    (cases,) = group_cases(problem, params)
    total = np.zeros(len(params))
    total[cases.structure.free] = cases.scores().sum(axis=0)
    assert np.allclose(total @ problem.reduction.K, 0, atol=1e-5)


def test_scores_are_slopes_of_the_likelihood_of_a_case():
    result = hs(meanstructure=True)
    problem, params = result.estimate.problem, result.estimate.params
    data = problem.samples[0].data

    def likelihood(point, case):
        (implied,) = problem.implied(point)
        gap = data[case] - implied.mu
        return -(np.linalg.slogdet(implied.Sigma)[1] + gap @ np.linalg.inv(implied.Sigma) @ gap) / 2

    (cases,) = group_cases(problem, params)
    scores, step = cases.scores(), 1e-5
    for case in (0, 100, 300):
        for position, free in enumerate(cases.structure.free):
            move = step * np.eye(len(params))[free]
            slope = (likelihood(params + move, case) - likelihood(params - move, case)) / (2 * step)
            assert scores[case, position] == pytest.approx(slope, rel=1e-5, abs=1e-6)


def test_normal_data_need_no_correction():
    generator = np.random.default_rng(7)
    construct = generator.normal(size=(20_000, 2)) @ np.array([[1, 0.5], [0, 0.8]])
    items = np.repeat(construct, 3, axis=1) + generator.normal(size=(20_000, 6))
    frame = pd.DataFrame(items, columns=list("abcdef"))
    model = "first =~ a + b + c\nsecond =~ d + e + f"
    plain = ts.cfa(model, frame)
    for estimator in ("MLM", "MLR"):
        robust = ts.cfa(model, frame, estimator=estimator)
        assert robust.fit_measures["chisq_scaling_factor"] == pytest.approx(1, abs=0.03)
        ratio = robust.parameters["se"] / plain.parameters["se"]
        assert np.allclose(ratio.dropna(), 1, atol=0.04)


def test_estimates_do_not_depend_on_the_kind_of_inference():
    plain = hs()
    for estimator in ESTIMATORS:
        robust = hs(estimator=estimator)
        assert np.array_equal(robust.parameters["est"], plain.parameters["est"])
        assert robust.fit_measures["chisq"] == plain.fit_measures["chisq"]


def test_units_change_no_scaling_factor():
    frame = holzinger()
    moved = frame.assign(x1=frame["x1"] * 1000, x5=frame["x5"] / 500 + 3)
    for estimator in ("MLM", "MLMV", "MLR"):
        one = ts.cfa(THREE_CONSTRUCTS, frame, estimator=estimator)
        other = ts.cfa(THREE_CONSTRUCTS, moved, estimator=estimator)
        for name in ("chisq_scaled", "chisq_scaling_factor", "cfi_robust", "rmsea_robust"):
            assert other.fit_measures[name] == pytest.approx(one.fit_measures[name], rel=1e-7)
        assert np.allclose(
            other.parameters["std_all_se"], one.parameters["std_all_se"], rtol=1e-6, atol=1e-9
        )


WITH_COVARIATES = {  # lavaan 0.6-14; its estimates are known to about 1e-4 standard errors
    ("MLM", True, False): (1.03598980072, 1.07420145158, (0.12452820, 0.14484775)),
    ("MLM", True, True): (1.03599091848, 1.07420145158, (0.12452803, 0.14484745)),
    ("MLM", False, False): (1.04236890541, 1.11810986803, (0.12479843, 0.14543899)),
    ("MLMV", True, False): (1.21269332554, 2.16786516575, (0.12452820, 0.14484775)),
    ("MLR", True, False): (1.03685167521, 1.05445143760, (0.16085021, 0.15898332)),
    ("MLR", False, False): (1.03685187115, 1.05445143759, (0.16084987, 0.15898308)),
}


@pytest.mark.parametrize("key", WITH_COVARIATES, ids=str)
def test_covariates_may_be_fixed(key):
    estimator, fixed_x, means = key
    factor, baseline, errors = WITH_COVARIATES[key]
    result = hs(MIMIC, estimator=estimator, fixed_x=fixed_x, meanstructure=means)
    fit = result.fit_measures
    assert fit["chisq_scaling_factor"] == pytest.approx(factor, rel=1e-5)
    assert fit["baseline_chisq_scaling_factor"] == pytest.approx(baseline, rel=1e-7)
    se = result.parameters.loc[result.parameters["free"] > 0, "se"]
    assert np.allclose(se.iloc[:2], errors, rtol=1e-5)


WITH_GROUPS = {  # lavaan 0.6-14
    ("MLMV", ("loadings",)): (106.95120943, 54, 1.27256620536, 2.70480517577),
    ("MLMVS", ("loadings",)): (80.36988135, 36.71071582748, 1.54340832774, 6.19654808114),
    ("MLM", ()): (111.72793415, 48, 1.03690580833, 1.18065267033),
}


@pytest.mark.parametrize("key", WITH_GROUPS, ids=str)
def test_several_groups_are_corrected_together(key):
    estimator, equal = key
    fit = hs(estimator=estimator, group="school", group_equal=equal).fit_measures
    names = ["chisq_scaled", "df_scaled", "chisq_scaling_factor", "baseline_chisq_scaling_factor"]
    assert np.allclose(fit[names], WITH_GROUPS[key], rtol=2e-6)


def test_equal_loadings_and_intercepts_with_robust_errors():
    result = hs(estimator="MLR", group="school", group_equal=["loadings", "intercepts"])
    expected = {  # lavaan 0.7-2, case p129_hs_mg_mlr
        "chisq_scaled": 166.748201529, "chisq_scaling_factor": 0.984135537395,
        "scaling_factor_h1": 1.0334259588, "scaling_factor_h0": 0.834315417574,
        "cfi_robust": 0.881154619804, "rmsea_robust": 0.107860856737,
        "rmsea_ci_lower_robust": 0.0886106176561, "rmsea_ci_upper_scaled": 0.128661024668,
        "rmsea_pvalue_robust": 2.04365060152e-06,
    }  # fmt: skip
    for name, value in expected.items():
        assert result.fit_measures[name] == pytest.approx(value, rel=1e-7)


def test_yuan_bentler_with_expected_information_is_satorra_bentler():
    one = hs(MIMIC, fixed_x=True, test="yuan.bentler").fit_measures
    other = hs(MIMIC, fixed_x=True, test="satorra_bentler").fit_measures
    assert one["chisq_scaling_factor"] == pytest.approx(other["chisq_scaling_factor"], rel=1e-9)


def test_a_saturated_model_has_no_factor():
    result = ts.cfa("f =~ x1 + x2 + x3", holzinger(), estimator="MLM")
    fit = result.fit_measures
    assert fit["df_scaled"] == 0
    assert np.isnan(fit["chisq_scaling_factor"])
    assert np.isnan(fit["pvalue_scaled"])
    assert fit["cfi_robust"] == 1
    assert fit["rmsea_robust"] == 0


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_matrix_is_not_enough(estimator):
    cov = holzinger()[[f"x{i}" for i in range(1, 10)]].cov()
    with pytest.raises(SpecificationError, match="needs raw data"):
        ts.cfa(THREE_CONSTRUCTS, sample_cov=cov, sample_nobs=301, estimator=estimator)
    plain = ts.cfa(THREE_CONSTRUCTS, sample_cov=cov, sample_nobs=301)
    with pytest.raises(InferenceError, match="raw data"):
        scaled_test(plain.estimate, plain.df, "satorra.bentler")


def test_every_scaled_test_is_an_option():
    for name in SCALED_TESTS:
        result = hs(test=name)
        assert result.scaled_test.name == name
        assert result.options.se == "standard"
        assert result.fit_measures["chisq_scaled"] > 0


def test_options_of_the_estimators():
    robust = hs(estimator="MLR").options
    assert (robust.se, robust.information) == ("robust.huber.white", "observed")
    assert robust.test == "yuan.bentler.mplus"
    assert hs(estimator="MLM", se="standard").options.se == "standard"
    assert hs(se="robust.huber.white").options.information == "observed"
    first = hs(se="first.order")
    assert first.options.information == "first.order"
    assert np.allclose(first.parameters["se"], hs(estimator="MLF").parameters["se"])
    assert hs(estimator="MLM", test="none").scaled_test is None


def test_errors_of_defined_parameters_are_robust_too():
    model = DEMOCRACY + "\nproduct := c*c"
    plain = ts.sem(model, democracy()).parameters
    robust = ts.sem(model, democracy(), estimator="MLM").parameters
    defined = plain["op"].eq(":=")
    assert defined.any()
    assert (plain.loc[defined, "se"] != robust.loc[defined, "se"]).all()


def test_residuals_rest_on_the_sample_s_own_fourth_moments():
    plain, robust = hs(), hs(estimator="MLM")
    raw = plain.residuals("raw").to_numpy()
    standardized = robust.residuals("standardized").to_numpy()
    assert np.array_equal(robust.residuals("raw"), raw)
    left = np.abs(raw) > 1e-9
    assert np.array_equal(np.sign(standardized[left]), np.sign(raw[left]))
    assert not np.allclose(standardized, plain.residuals("standardized"))
    assert standardized[1, 0] == pytest.approx(-2.02855434524, rel=1e-7)  # lavaan 0.7-2, p071
