"""Least squares: sandwich errors, residual-based chi-square, baseline, comparison."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import trustsem as ts
from kernel_models import estimate_of, holzinger, shape, simulated
from trustsem.errors import NotNestedError
from trustsem.estimation import ESTIMATORS
from trustsem.inference import chi_square, estimate_covariance
from trustsem.inference.least_squares import moment_noise

LEAST_SQUARES = [name for name, item in ESTIMATORS.items() if not item.likelihood]
MIMIC = "visual =~ x1 + x2 + x3\nvisual ~ ageyr + sex"


@pytest.mark.parametrize("estimator", ["GLS", "WLS"])
@pytest.mark.parametrize("name", ["cfa_marker", "mimic_fixed_x_means", "equal_labels"])
def test_with_efficient_weights_the_sandwich_is_its_bread(name, estimator):
    estimate = shape(name).fit(estimator=estimator).estimate
    bread = estimate_covariance(estimate).inverse_information
    sandwich = bread @ moment_noise(estimate) @ bread * estimate.problem.weight
    assert np.allclose(sandwich, bread, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("name", ["cfa_marker", "constrained_means", "linear_constraint"])
def test_one_more_step_from_the_gls_solution_changes_nothing(name):
    estimate = shape(name).fit(estimator="GLS").estimate
    as_if = ESTIMATORS["ULS"]
    problem = estimate.problem
    by_residuals = type(estimate)(
        problem=replace(problem, estimator=as_if),
        params=estimate.params,
        value=estimate.value,
        converged=True,
        iterations=0,
        gradient_norm=0.0,
    )
    assert chi_square(by_residuals) == pytest.approx(chi_square(estimate), rel=1e-9)


def test_the_residual_chi_square_is_the_projection_formula():
    result = ts.cfa("f =~ x1 + x2 + x3 + x4 + x5", holzinger(), estimator="ULS")
    block = result.estimate.problem.objective.blocks[0]
    implied = block.implied(result.estimate.params)
    rows, cols = np.tril_indices(5)
    D = implied.projection.moves(block.structure.directions)[rows, cols]
    S, r = block.S, (block.S - implied.Sigma)[rows, cols]
    G = S[rows][:, rows] * S[cols][:, cols] + S[rows][:, cols] * S[cols][:, rows]
    V = np.linalg.inv(G)
    explained = D.T @ V @ r
    expected = 300 * (r @ V @ r - explained @ np.linalg.solve(D.T @ V @ D, explained))
    assert result.fit_measures["chisq"] == pytest.approx(expected, rel=1e-9)


def test_unweighted_errors_are_about_right_in_repeated_samples():
    estimates, errors = [], []
    generator = np.random.default_rng(5)
    for _ in range(150):
        result = ts.cfa("f =~ a1 + a2 + a3 + a4", simulated(200, generator), estimator="ULS")
        row = estimate_of(result, "f", "=~", "a3")
        estimates.append(row["est"])
        errors.append(row["se"])
    assert np.mean(errors) == pytest.approx(np.std(estimates), rel=0.15)


# lavaan 0.6-14: cfa() or sem() of HolzingerSwineford1939; chisq, baseline chisq, gfi.
PRINTED = {
    "means": ("f =~ x1 + x2 + x3 + x4\nx2 ~ i*1\nx3 ~ i*1", {}, {
        "GLS": (2520.526522942, 81.628465315, 0.780704944),
        "WLS": (2518.557709641, 93.245058866, 0.788373166),
    }),
    "parallel": ("visual =~ x1 + a*x2 + a*x3\nx1 ~~ t*x1\nx2 ~~ t*x2\nx3 ~~ t*x3", {}, {
        "GLS": (6.964045394, 59.701689011, 0.984524344),
        "WLS": (8.161421233, 68.441046921, 0.983051107),
    }),
    "covariates": (MIMIC, {}, {
        "GLS": (3.909336505, 66.809477093, None),
        "WLS": (4.063441968, 81.699554987, None),
    }),
    "fixed covariates": (MIMIC, {"fixed_x": True}, {
        "GLS": (3.992479133, 67.372469389, 0.991132352),
        "WLS": (4.145175099, 81.939661136, 0.991547273),
    }),
    "fixed covariates and means": (MIMIC, {"fixed_x": True, "meanstructure": True}, {
        "GLS": (3.992479133, 67.372469389, 0.999645372),
        "WLS": (4.145175099, 81.939661136, 0.999656994),
    }),
    "groups": (
        "visual =~ x1 + x2 + x3 + x4",
        {"group": "school", "group_equal": ["loadings", "intercepts"]},
        {
            "GLS": (60.405479854, 86.932179481, 0.994742457),
            "WLS": (69.412013333, 98.320176415, 0.994793577),
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("estimator", ["GLS", "WLS"])
@pytest.mark.parametrize("name", PRINTED)
def test_chi_squares_are_those_that_lavaan_prints(name, estimator):
    model, options, printed = PRINTED[name]
    fit = ts.sem(model, holzinger(), estimator=estimator, **options).fit_measures
    chisq, baseline, gfi = printed[estimator]
    assert fit["chisq"] == pytest.approx(chisq, rel=2e-7)
    assert fit["baseline_chisq"] == pytest.approx(baseline, rel=1e-8)
    if gfi is not None:
        # lavaan 0.6-14 stops where parameters are known to a few digits.
        assert fit["gfi"] == pytest.approx(gfi, abs=2e-6)


# lavaan 0.6-14: standard errors of visual =~ x3, visual ~ sex and x3 ~~ x3.
ERRORS = {
    "GLS": {True: (0.217043250, 0.104496019, 0.128303794),
            False: (0.216552235, 0.105386421, 0.128056411)},
    "WLS": {True: (0.232847076, 0.106292640, 0.122208209),
            False: (0.232271479, 0.105895734, 0.122028773)},
}  # fmt: skip


@pytest.mark.parametrize("estimator", ERRORS)
@pytest.mark.parametrize("fixed_x", [True, False])
def test_errors_beside_covariates_are_those_that_lavaan_prints(estimator, fixed_x):
    result = ts.sem(MIMIC, holzinger(), estimator=estimator, fixed_x=fixed_x)
    names = (("visual", "=~", "x3"), ("visual", "~", "sex"), ("x3", "~~", "x3"))
    found = [estimate_of(result, *name)["se"] for name in names]
    assert found == pytest.approx(ERRORS[estimator][fixed_x], rel=1e-5)


def test_errors_of_groups_pool_information_by_cases():
    # lavaan 0.6-14: x2 ~~ x2 in both groups.
    result = ts.cfa(
        "visual =~ x1 + x2 + x3 + x4", holzinger(), estimator="GLS", group="school",
        group_equal=["loadings", "intercepts"],
    )  # fmt: skip
    frame = result.parameters
    rows = frame[(frame["lhs"] == "x2") & (frame["op"] == "~~")]
    assert rows["se"].tolist() == pytest.approx([0.152765877, 0.118236193], rel=2e-5)


@pytest.mark.parametrize("estimator", LEAST_SQUARES)
@pytest.mark.parametrize("meanstructure", [False, True])
def test_the_baseline_is_the_estimated_independence_model(estimator, meanstructure):
    frame, options = holzinger(), {"estimator": estimator, "meanstructure": meanstructure}
    fit = ts.cfa("f =~ x1 + x2 + x3 + x4", frame, **options).fit_measures
    variances = "\n".join(f"x{i} ~~ x{i}" for i in range(1, 5))
    nothing = ts.sem(variances, frame, **options)
    assert nothing.fit_measures["chisq"] == pytest.approx(fit["baseline_chisq"], rel=1e-8)
    assert nothing.df == fit["baseline_df"]


@pytest.mark.parametrize("estimator", LEAST_SQUARES)
def test_half_the_minimum_is_scaled_so_that_twice_n_gives_chi_square(estimator):
    result = shape("cfa_marker").fit(estimator=estimator)
    assert 2 * 301 * result.fit_measures["fmin"] == pytest.approx(300 * result.estimate.value)
    own = 2 * 301 * result.fit_measures["fmin"]
    assert np.isclose(own, result.fit_measures["chisq"]) == (estimator != "ULS")


@pytest.mark.parametrize("estimator", LEAST_SQUARES)
def test_least_squares_have_no_likelihood_and_say_so(estimator):
    result = shape("cfa_marker").fit(estimator=estimator)
    absent = {"logl", "unrestricted_logl", "aic", "bic", "bic2"}
    assert result.fit_measures[sorted(absent)].isna().all()
    undistributed = {"pvalue", "baseline_pvalue"}  # of a minimum that a test has to correct
    corrected = ESTIMATORS[estimator].corrected
    expected = absent | (undistributed if corrected else set())
    if result.options.scaled:
        expected |= {"scaling_factor_h0", "scaling_factor_h1"}  # of log-likelihoods
    assert set(result.fit_notes) == expected
    assert "likelihood" in result.fit_notes["aic"]
    assert "AIC" not in result.summary()


@pytest.mark.parametrize("estimator", LEAST_SQUARES)
def test_nested_models_are_compared(estimator):
    frame = holzinger()
    free = ts.cfa("f =~ x1 + x2 + x3 + x4 + x5", frame, estimator=estimator)
    more = ts.cfa("f =~ x1 + x2 + x3 + x4 + x5\nx4 ~~ x5", frame, estimator=estimator)
    if ESTIMATORS[estimator].corrected and not free.options.scaled:
        with pytest.raises(ts.TrustsemError, match="no known distribution"):
            ts.compare(free, more)
        return
    table = ts.compare(free, more, method="default")
    if free.options.scaled:
        assert table["method"].iloc[1] == "satorra.bentler.2001"
        return
    expected = free.fit_measures["chisq"] - more.fit_measures["chisq"]
    assert table["chisq_diff"].iloc[1] == pytest.approx(expected, rel=1e-9)
    assert table["df_diff"].iloc[1] == 1


def test_models_estimated_differently_are_not_compared():
    frame = holzinger()
    with pytest.raises(NotNestedError, match=r"GLS and ULS|ULS and GLS"):
        ts.compare(
            ts.cfa("f =~ x1 + x2 + x3 + x4", frame, estimator="GLS"),
            ts.cfa("f =~ x1 + x2 + x3 + x4\nx1 ~~ x2", frame, estimator="ULS"),
        )


@pytest.mark.parametrize("estimator", ["GLS", "WLS"])
def test_a_modification_index_foretells_the_fall_of_chi_square(estimator):
    frame, model = holzinger(), "f =~ x1 + x2 + x3 + x4\ng =~ x5 + x6 + x7"
    result = ts.cfa(model, frame, estimator=estimator)
    best = result.modification_indices().query("op == '~~' and mi < 8").iloc[0]
    freed = ts.cfa(f"{model}\n{best['lhs']} ~~ {best['rhs']}", frame, estimator=estimator)
    fall = result.fit_measures["chisq"] - freed.fit_measures["chisq"]
    assert fall == pytest.approx(best["mi"], rel=0.35)
    found = estimate_of(freed, best["lhs"], "~~", best["rhs"])["est"]
    assert np.sign(found) == np.sign(best["epc"])


def test_normalized_residuals_use_the_spread_of_the_estimator():
    # lavaan 0.6-14: residuals(fit, "normalized"), cfa("visual =~ x1 + x2 + x3 + x4", WLS).
    result = ts.cfa("visual =~ x1 + x2 + x3 + x4", holzinger(), estimator="WLS")
    found = result.residuals("normalized").to_numpy()[np.tril_indices(4)]
    printed = [0.042, -0.723, 0.314, -0.733, 1.236, 0.129, 0.900, -0.278, -1.435, 0.530]
    assert np.allclose(found, printed, atol=6e-4)
