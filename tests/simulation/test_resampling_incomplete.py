"""Resamples of incomplete cases, estimated together, give what each gives alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import assert_near, holzinger
from trustsem.completion import WeightedCases
from trustsem.moments import saturated_moments, stacked_moments
from trustsem.patterns import Patterns
from trustsem.simulation import estimate_again, jackknife, plan_resamples

TWO = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"


def with_gaps(share=0.15, seed=3):
    """Return the mental ability tests with answers missing at random."""
    rng = np.random.default_rng(seed)
    data = holzinger()
    items = [f"x{number}" for number in range(1, 10)]
    data[items] = data[items].mask(rng.random((len(data), 9)) < share)
    return data[data[items].notna().any(axis=1)]


def resampled(data, n, rng):
    """Return how often each of n resamples holds each case."""
    return np.stack(
        [np.bincount(rng.integers(0, len(data), len(data)), minlength=len(data)) for _ in range(n)]
    )


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.6])
def test_the_likelihood_of_weighted_cases_is_that_of_the_cases(share, rng):
    frame = holzinger()[[f"x{number}" for number in range(1, 7)]]
    data = frame.mask(rng.random(frame.shape) < share).dropna(how="all").to_numpy(float)
    counts = resampled(data, 3, rng)
    Sigma = np.cov(frame.to_numpy(float), rowvar=False) * np.array([0.8, 1.0, 1.3])[:, None, None]
    mu = frame.mean().to_numpy() + 0.2 * rng.normal(size=(3, 6))
    found = WeightedCases.of(data, counts).at(Sigma, mu)
    for member in range(3):
        cases = Patterns.of(np.repeat(data, counts[member], axis=0))
        alone = cases.at(Sigma[member], mu[member])
        assert_near(found.value[member], alone.value, 1e-12)
        assert_near(found.dF_dSigma[member], alone.dF_dSigma, 1e-12)
        assert_near(found.dF_dmu[member], alone.dF_dmu, 1e-12)


def test_where_sigma_has_no_inverse_there_is_no_likelihood(rng):
    data = with_gaps()[["x1", "x2", "x3"]].dropna(how="all").to_numpy(float)
    cases = WeightedCases.of(data, resampled(data, 2, rng))
    Sigma = np.stack([np.eye(3), -np.eye(3)])
    found = cases.at(Sigma, np.zeros((2, 3)))
    assert np.isnan(found.value).tolist() == [False, True]


def test_saturated_moments_of_resamples_are_those_of_each(rng):
    data = with_gaps()[[f"x{number}" for number in range(1, 7)]].dropna(how="all").to_numpy(float)
    counts = resampled(data, 4, rng)
    whole = saturated_moments(Patterns.of(data))
    _, found = stacked_moments(data, counts, (whole.cov, whole.mean))
    assert found.exists.all()
    for member in range(4):
        patterns = Patterns.of(np.repeat(data, counts[member], axis=0))
        alone = saturated_moments(patterns)
        assert_near(found.cov[member], alone.cov, 1e-8)
        assert_near(found.mean[member], alone.mean, 1e-8)
        assert found.value[member] == pytest.approx(
            float(patterns.at(alone.cov, alone.mean).value), abs=1e-12
        )


def test_samples_without_moments_are_told_from_others(rng):
    data = rng.normal(size=(40, 3))
    data[:10, 0] = data[30:, 1] = np.nan
    counts = np.ones((4, 40), dtype=np.intp)
    counts[1, 10:30] = 0  # x1 and x2 are never observed together
    counts[2, 10:] = 0
    counts[2, 12] = 9  # x1 is constant
    counts[3, 4:] = 0  # x2 and x3 of four cases, x1 of none
    whole = saturated_moments(Patterns.of(data))
    _, found = stacked_moments(data, counts, (whole.cov, whole.mean))
    assert found.exists.tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (TWO, {}),
        (TWO, {"group": "school", "group_equal": ["loadings", "intercepts"]}),
        (TWO + "\nvisual ~ ageyr\ntextual ~ visual + ageyr\nx1 ~~ x4", {"fixed_x": True}),
        ("visual =~ x1 + b*x2 + c*x3\nb == c", {}),
        (TWO, {"bounds": "standard"}),
        ("visual =~ x1 + a*x2 + x3\na > 0.5", {}),
    ],
    ids=["plain", "groups", "fixed_x", "equal", "bounds", "inequality"],
)
def test_resamples_give_what_they_give_alone(model, options):
    data = with_gaps()
    fitted = ts.sem(model, data, missing="fiml", **options)
    problem, params = fitted.estimate.problem, fitted.estimate.params
    draws = plan_resamples(problem, params, "nonparametric", 5, seed=7)
    refits, _ = estimate_again(problem, params, draws)
    labels = fitted.table.group_labels or ("",)
    group = options.get("group")
    for number in (0, 4):
        frames = [
            pd.DataFrame(cases, columns=fitted.table.observed).assign(
                **({group: label} if group else {})
            )
            for cases, label in zip(draws.cases(number), labels, strict=True)
        ]
        alone = ts.sem(model, pd.concat(frames, ignore_index=True), missing="fiml", **options)
        assert refits.converged[number] == alone.converged
        assert_near(refits.params[number], alone.estimate.params, 1e-7)
        assert refits.value[number] == pytest.approx(alone.estimate.value, abs=1e-10)


def test_samples_without_one_case_give_what_they_give_alone():
    data = with_gaps().iloc[:80]
    fitted = ts.cfa(TWO, data, missing="fiml")
    problem, params = fitted.estimate.problem, fitted.estimate.params
    refits, _ = estimate_again(problem, params, jackknife(problem))
    kept = data[list(fitted.table.observed)].dropna(how="all")
    alone = ts.cfa(TWO, kept.drop(index=kept.index[17]), missing="fiml")
    assert_near(refits.params[17], alone.estimate.params, 1e-8)


def test_parts_and_workers_change_nothing():
    fitted = ts.cfa(TWO, with_gaps(), missing="fiml")
    problem, params = fitted.estimate.problem, fitted.estimate.params
    draws = plan_resamples(problem, params, "nonparametric", 30, seed=1)
    whole, _ = estimate_again(problem, params, draws)
    parts, _ = estimate_again(problem, params, draws, at_once=10)
    many, _ = estimate_again(problem, params, draws, at_once=10, workers=2)
    assert_near(parts.params, whole.params, 1e-9)
    assert np.array_equal(many.params, parts.params)


def test_statistics_of_resamples_see_their_saturated_moments():
    fitted = ts.cfa(TWO, with_gaps(), missing="fiml")
    bootstrap = fitted.bootstrap(6, seed=2)
    drawn = bootstrap.statistic(lambda stack: stack.S[0])
    cases = bootstrap.draws.cases(3)[0]
    assert_near(drawn.values[3], saturated_moments(Patterns.of(cases)).cov, 1e-8)
