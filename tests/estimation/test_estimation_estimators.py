"""Every estimator on models of many shapes: exact derivatives, perfect fit, units, stacks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import (
    TWO_STEP_MODEL,
    assert_near,
    estimate_of,
    holzinger,
    inside_point,
    numerical_jacobian,
    shape,
    simulated,
)
from trustsem.discrepancy import GeneralizedLeastSquares, WeightedLeastSquares
from trustsem.errors import EngineUnavailableError
from trustsem.estimation import ESTIMATORS
from trustsem.estimation.optimiser import minimise
from trustsem.moments import from_frame

LEAST_SQUARES = [name for name, item in ESTIMATORS.items() if not item.likelihood]
every_least_squares = pytest.mark.parametrize("estimator", LEAST_SQUARES)
some_shapes = pytest.mark.parametrize(
    "name",
    [
        "cfa_marker", "mimic_fixed_x_means", "constrained_means", "equal_labels",
        "linear_constraint", "feedback", "two_groups",
    ],
)  # fmt: skip


@every_least_squares
@some_shapes
def test_gradient_and_hessian_are_exact(name, estimator, rng):
    problem = shape(name).problem(estimator=estimator)
    objective, point = problem.objective, inside_point(problem, rng)
    gradient = numerical_jacobian(lambda at: objective.at(at).value, point)
    hessian = numerical_jacobian(lambda at: objective.at(at).gradient(), point)
    here = objective.at(point[None])
    assert_near(here.gradient()[0], gradient, 1e-7)
    assert_near(here.exact_hessian()[0], hessian, 1e-6)


@every_least_squares
@some_shapes
def test_the_gradient_vanishes_at_the_solution(name, estimator):
    result = shape(name).fit(estimator=estimator)
    problem = result.estimate.problem
    assert result.converged
    point = problem.objective.at(problem.reduction.reduce(result.estimate.params)[None])
    assert result.estimate.gradient_norm < 1e-8
    assert_near(point.gradient()[0], 0.0, 1e-7)


@pytest.mark.parametrize("estimator", [name for name in ESTIMATORS if name != "FIML"])
def test_a_matrix_that_the_model_implies_gives_its_parameters_back(estimator, rng):
    if estimator in {"WLS", "DWLS", "ULSM"}:
        frame = simulated(400, rng)
        target = ts.sem(TWO_STEP_MODEL, frame).implied
        # Rotate the data so that their covariance is exactly the implied one.
        root = np.linalg.cholesky(frame.cov())
        turned = (frame - frame.mean()).to_numpy() @ np.linalg.inv(root).T
        exact = pd.DataFrame(turned @ np.linalg.cholesky(target).T, columns=frame.columns)
        result = ts.sem(TWO_STEP_MODEL, exact, estimator=estimator)
    else:
        target = ts.sem(TWO_STEP_MODEL, simulated(400, rng)).implied
        result = ts.sem(TWO_STEP_MODEL, sample_cov=target, sample_nobs=400, estimator=estimator)
    assert result.fit_measures["chisq"] == pytest.approx(0.0, abs=1e-9)
    size = 399 / 400 if estimator == "ML" else 1.0
    assert np.allclose(result.implied, target * size, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("estimator", ["GLS", "WLS"])
def test_the_units_of_items_change_nothing_but_the_units(estimator):
    frame, model = holzinger(), shape("cfa_marker")
    scale = 10.0 ** np.arange(-4, 5)
    rescaled = frame.assign(**{f"x{i + 1}": frame[f"x{i + 1}"] * scale[i] for i in range(9)})
    plain, other = (model.fit(data, estimator=estimator) for data in (frame, rescaled))
    assert other.fit_measures["chisq"] == pytest.approx(plain.fit_measures["chisq"], rel=1e-8)
    assert np.allclose(other.parameters["std_all"], plain.parameters["std_all"], rtol=1e-6)
    assert np.allclose(other.parameters["z"], plain.parameters["z"], rtol=1e-5, equal_nan=True)


def test_unweighted_least_squares_depends_on_the_units():
    frame, model = holzinger(), shape("cfa_marker")
    plain = model.fit(frame, estimator="ULS")
    other = model.fit(frame.assign(x1=frame["x1"] * 3), estimator="ULS")
    free = plain.parameters["free"] > 0
    change = plain.parameters["std_all"][free] - other.parameters["std_all"][free]
    assert np.abs(change).max() > 0.01


@pytest.mark.parametrize("unit", [1e-4, 1e5])
def test_unweighted_least_squares_converges_in_any_common_unit(unit):
    frame, model = holzinger(), shape("cfa_marker")
    items = {f"x{i}": frame[f"x{i}"] * unit for i in range(1, 10)}
    plain, other = (model.fit(data, estimator="ULS") for data in (frame, frame.assign(**items)))
    assert other.converged
    assert other.estimate.value == pytest.approx(plain.estimate.value * unit**4, rel=1e-9)
    assert np.allclose(other.parameters["std_all"], plain.parameters["std_all"], rtol=1e-8)


def test_items_of_very_different_units_do_not_look_unidentified():
    frame = holzinger()
    items = {f"x{i}": frame[f"x{i}"] * 10.0 ** (i - 5) for i in range(1, 10)}
    result = shape("cfa_marker").fit(frame.assign(**items), estimator="ULS")
    assert any(finding.code == "scales_differ" for finding in result.findings)


def test_unweighted_least_squares_explains_covariances_where_residual_variances_are_free():
    # Free residual variances fit the diagonal exactly: only covariances are left to explain.
    result = shape("cfa_marker").fit(estimator="ULS")
    assert np.allclose(np.diag(result.residuals("raw")), 0, atol=1e-9)
    rows, cols = np.tril_indices(9, -1)
    squares = (result.residuals("raw").to_numpy()[rows, cols] ** 2).sum()
    assert result.estimate.value == pytest.approx(squares, rel=1e-9)


@every_least_squares
def test_least_squares_analyse_the_divisor_n_minus_1_whatever_the_likelihood(estimator):
    model = shape("cfa_marker")
    results = [
        model.fit(estimator=estimator, likelihood=likelihood)
        for likelihood in ("normal", "wishart")
    ]
    expected = holzinger()[[f"x{i}" for i in range(1, 10)]].cov()
    for result in results:
        assert np.allclose(result.sample, expected, rtol=1e-12)
        assert result.method == estimator
    assert results[0].parameters.equals(results[1].parameters)


@pytest.mark.parametrize(
    "criterion", [GeneralizedLeastSquares.of, WeightedLeastSquares.unweighted], ids=["gls", "uls"]
)
def test_twenty_samples_at_once_equal_twenty_single_fits(criterion, rng):
    frame, problem = holzinger(), shape("cfa_marker").problem(estimator="GLS")
    block = problem.objective.blocks[0]
    drawn = [
        from_frame(
            frame.iloc[rng.integers(0, len(frame), len(frame))],
            problem.table.observed,
            divisor="n-1",
        )
        for _ in range(20)
    ]
    S, start = np.stack([sample.cov for sample in drawn]), problem.start()

    def fitted(matrices, starts):
        at = replace(block, S=matrices, criterion=criterion(matrices))
        return minimise(replace(problem.objective, blocks=(at,)), starts)

    stack = fitted(S, np.tile(start, (20, 1)))
    assert stack.converged.all()
    for position in range(20):
        single = fitted(S[position], start[None])
        assert np.allclose(stack.reduced[position], single.reduced[0], rtol=1e-6, atol=1e-8)


def test_an_inadmissible_solution_is_found_by_least_squares_too():
    # The covariances of three items ask for a loading above 1: .9 * .9 / .5 > 1.
    names = ["a", "b", "c"]
    R = pd.DataFrame([[1, 0.9, 0.9], [0.9, 1, 0.7], [0.9, 0.7, 1]], index=names, columns=names)
    result = ts.cfa("f =~ a + b + c", sample_cov=R, sample_nobs=100, estimator="ULS")
    assert not result.admissible
    assert estimate_of(result, "a", "~~", "a")["est"] < 0


@every_least_squares
def test_the_second_engine_estimates_by_maximum_likelihood_only(estimator):
    with pytest.raises(EngineUnavailableError, match=estimator):
        shape("cfa_marker").fit(estimator=estimator, engine="semopy")
