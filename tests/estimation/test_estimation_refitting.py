"""One model from many samples at once: each sample gives what it gives alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import DEMOCRACY, assert_near, democracy, each_shape, holzinger, shape
from trustsem.estimation import admissible_members, check_admissibility, refit, stacked_objective
from trustsem.nearby import minimise_near
from trustsem.simulation import (
    NormalPopulation,
    Resampling,
    estimate_again,
    plan_resamples,
)


def frame_of(draws, number, table, group=None):
    """Return a resample as the data frame that a user would have."""
    labels = table.group_labels or ("",)
    frames = [
        pd.DataFrame(cases, columns=table.observed).assign(**({group: label} if group else {}))
        for cases, label in zip(draws.cases(number), labels, strict=True)
    ]
    return pd.concat(frames, ignore_index=True)


# Half of the resamples of the one have no minimum, some of the other have two.
@pytest.mark.parametrize("model", each_shape("cfa_cross_loading", "constrained_means"))
def test_resamples_give_what_they_give_alone(model):
    fitted = model.fit()
    problem, params = fitted.estimate.problem, fitted.estimate.params
    draws = plan_resamples(problem, params, "nonparametric", 12, seed=11)
    refits, _ = estimate_again(problem, params, draws)
    for number in (0, 5, 11):
        alone = model.fit(frame_of(draws, number, fitted.table, model.options.get("group")))
        assert refits.converged[number] == alone.converged
        assert refits.value[number] == pytest.approx(alone.estimate.value, abs=1e-10)
        assert_near(refits.params[number], alone.estimate.params, 1e-7)
        proper = not check_admissibility(alone.estimate)
        assert refits.admissible[number] == proper


def test_fifty_resamples_equal_fifty_calls():
    fitted = shape("cfa_marker").fit()
    bootstrap = fitted.bootstrap(50, seed=2)
    for number in range(50):
        alone = shape("cfa_marker").fit(frame_of(bootstrap.draws, number, fitted.table))
        assert_near(bootstrap.params[number], alone.estimate.params, 1e-8)
        assert bootstrap.chisq[number] == pytest.approx(alone.fit_measures["chisq"], abs=1e-8)


@pytest.mark.parametrize("estimator", ["GLS", "ULS", "WLS"])
def test_least_squares_resamples_give_what_they_give_alone(estimator):
    model = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
    fitted = ts.cfa(model, holzinger(), estimator=estimator)
    bootstrap = fitted.bootstrap(6, seed=4)
    for number in (0, 5):
        frame = frame_of(bootstrap.draws, number, fitted.table)
        alone = ts.cfa(model, frame, estimator=estimator)
        assert_near(bootstrap.params[number], alone.estimate.params, 1e-7)
        assert bootstrap.chisq[number] == pytest.approx(alone.fit_measures["chisq"], rel=1e-7)


@pytest.mark.parametrize("constraint", ["a*b == 0.6", "a > 0.6"])
def test_nonlinear_constraints_hold_in_every_resample(constraint):
    model = f"visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + x5 + x6\n{constraint}"
    fitted = ts.cfa(model, holzinger())
    bootstrap = fitted.bootstrap(5, seed=5)
    assert bootstrap.converged.all()
    frame = frame_of(bootstrap.draws, 3, fitted.table)
    assert_near(bootstrap.params[3], ts.cfa(model, frame).estimate.params, 1e-6)


def test_slopes_of_a_saturated_regression_are_those_of_least_squares():
    data = democracy()
    fitted = ts.sem("y1 ~ x1 + x2 + x3", data)
    bootstrap = fitted.bootstrap(200, seed=6)
    names = fitted.table.observed
    for number in range(200):
        cases = pd.DataFrame(bootstrap.draws.cases(number)[0], columns=names)
        X = np.column_stack([np.ones(len(cases)), cases[["x1", "x2", "x3"]]])
        slopes = np.linalg.lstsq(X, cases["y1"], rcond=None)[0][1:]
        assert bootstrap.params[number, :3] == pytest.approx(slopes, rel=1e-10, abs=1e-10)


def test_the_order_of_items_makes_no_difference():
    model = "f =~ x1 + x2 + x3 + x4\nf ~~ x9"
    turned = "x9 ~~ f\nf =~ x1 + x4 + x3 + x2"
    one = ts.cfa(model, holzinger()).bootstrap(40, seed=7)
    other = ts.cfa(turned, holzinger()).bootstrap(40, seed=7)

    def named(bootstrap):
        rows = bootstrap.parameters
        keys = [frozenset((row.lhs, row.rhs)) for row in rows.itertuples()]
        return dict(zip(keys, bootstrap.values().T, strict=True))

    mine, theirs = named(one), named(other)
    assert mine.keys() == theirs.keys()
    for key, values in mine.items():
        assert_near(values, theirs[key], 1e-7)


def test_parts_of_any_size_give_the_same():
    fitted = ts.sem(DEMOCRACY, democracy())
    problem, params = fitted.estimate.problem, fitted.estimate.params
    draws = plan_resamples(problem, params, "nonparametric", 60, seed=8)
    whole, _ = estimate_again(problem, params, draws, at_once=60)
    parts, _ = estimate_again(problem, params, draws, at_once=7)
    assert (whole.converged == parts.converged).all()
    assert_near(parts.params, whole.params, 1e-9)


def test_a_sample_without_solution_does_not_hold_up_the_others():
    fitted = shape("cfa_marker").fit()
    problem = fitted.estimate.problem
    S = np.stack([problem.samples[0].cov] * 3)
    S[1] = np.ones_like(S[1])
    objective = stacked_objective(problem, [(S, np.zeros((3, 9)))])
    ends = refit(problem, objective, fitted.estimate.params)
    assert ends.converged.tolist() == [True, False, True]
    assert_near(ends.reduced[2], fitted.estimate.params, 1e-8)


def test_no_last_step_leads_away_from_a_solution():
    cov = pd.DataFrame([[1, 0.35], [0.35, 1]], index=["y", "x"], columns=["y", "x"])
    estimate = ts.sem("y ~ x", sample_cov=cov, sample_nobs=20).estimate
    problem = estimate.problem
    population = NormalPopulation(problem.samples[0].cov, np.zeros(2), 20, "n")
    for seed, first in ((0, 1800), (1, 1400), (5, 1600)):
        draws = Resampling((population,), 3000, seed, key=(20,))
        moments = draws.moments(range(first, first + 200))
        ends = refit(problem, stacked_objective(problem, moments), estimate.params)
        ((S, _),) = moments
        slope = S[:, 0, 1] / S[:, 1, 1]
        residual = S[:, 0, 0] - slope * S[:, 0, 1]
        assert ends.converged.all()
        assert ends.reduced == pytest.approx(np.column_stack([slope, residual, S[:, 1, 1]]))


def test_steps_that_overshoot_are_halved():
    fitted = shape("cfa_marker").fit()
    problem, params = fitted.estimate.problem, fitted.estimate.params
    H = problem.objective.at(params[None]).expected_hessian()[0]
    starts = params * np.array([[0.97], [1.02]])
    moments = (np.stack([problem.samples[0].cov] * 2), np.zeros((2, 9)))
    objective = stacked_objective(problem, [moments])
    flat = minimise_near(objective, starts, H / 2, 1e-9)
    assert flat.converged.all()
    assert (flat.steps > minimise_near(objective, starts, H, 1e-9).steps).all()
    assert_near(flat.at, np.tile(params, (2, 1)), 1e-7)


def test_members_are_proper_by_the_rules_of_single_solutions(rng):
    fitted = ts.sem(DEMOCRACY, democracy())
    estimate = fitted.estimate
    stack = estimate.params * (1 + 0.6 * rng.normal(size=(200, len(estimate.params))))
    found = admissible_members(estimate.problem, stack)
    expected = [not check_admissibility(replace(estimate, params=params)) for params in stack]
    assert 10 < sum(expected) < 190
    assert found.tolist() == expected
