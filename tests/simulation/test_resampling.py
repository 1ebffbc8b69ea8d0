"""Resamples: what they hold, and that nothing but seed and number decides it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kernel_models import holzinger, shape
from trustsem.errors import TooFewObservationsError
from trustsem.simulation import (
    Cases,
    LeaveOneOut,
    NormalPopulation,
    Resampling,
    transformed_cases,
    weighted_moments,
)

ITEMS = [f"x{number}" for number in range(1, 10)]


def data(n=301):
    return holzinger()[ITEMS].to_numpy()[:n]


@pytest.mark.parametrize(("divisor", "ddof"), [("n", 0), ("n-1", 1)])
def test_weights_count_cases(divisor, ddof, rng, monkeypatch):
    monkeypatch.setattr("trustsem.simulation.resampling._CASES_AT_ONCE", 40)
    cases = data() * 10.0 ** np.arange(-4, 5)
    weights = rng.integers(0, 4, size=(5, len(cases))).astype(float)
    S, mean = weighted_moments(cases, weights, divisor)
    for position, counts in enumerate(weights.astype(int)):
        repeated = np.repeat(cases, counts, axis=0)
        expected = np.cov(repeated, rowvar=False, ddof=ddof)
        scale = np.sqrt(np.diag(expected))
        assert np.abs((S[position] - expected) / np.outer(scale, scale)).max() < 1e-13
        assert mean[position] == pytest.approx(repeated.mean(axis=0), rel=1e-13)


@pytest.mark.parametrize("name", ["structural", "mean_structure", "two_groups"])
def test_transformed_cases_have_exactly_the_implied_moments(name):
    model = shape(name).fit()
    problem = model.estimate.problem
    for sample, implied in zip(
        problem.samples, problem.implied(model.estimate.params), strict=True
    ):
        mu = implied.mu if problem.table.meanstructure else None
        moved = transformed_cases(sample.data, sample.cov, implied.Sigma, mu)
        assert np.cov(moved, rowvar=False, ddof=0) == pytest.approx(implied.Sigma, abs=1e-11)
        level = sample.mean if mu is None else mu
        assert moved.mean(axis=0) == pytest.approx(level, abs=1e-11)


def test_a_resample_depends_on_seed_and_number_only():
    some = Resampling((Cases(data(), "n"),), n=50, seed=7)
    more = Resampling((Cases(data(), "n"),), n=5000, seed=7)
    other = Resampling((Cases(data(), "n"),), n=50, seed=8)
    S = some.moments([3, 17, 42])[0][0]
    assert more.moments([42])[0][0][0] == pytest.approx(S[2], rel=1e-13)
    assert not np.isclose(other.moments([42])[0][0][0], S[2]).all()
    drawn = some.cases(17)[0]
    assert np.cov(drawn, rowvar=False, ddof=0) == pytest.approx(S[1], abs=1e-12)


def test_groups_are_resampled_within_themselves():
    problem = shape("two_groups").problem()
    sources = tuple(Cases(sample.data, "n") for sample in problem.samples)
    drawn = Resampling(sources, n=3, seed=1).cases(0)
    for sample, cases in zip(problem.samples, drawn, strict=True):
        assert cases.shape == sample.data.shape
        known = {tuple(row) for row in sample.data.tolist()}
        assert {tuple(row) for row in cases.tolist()} <= known


@pytest.mark.parametrize("by_cases", [False, True])
def test_normal_samples_vary_as_theory_says(by_cases):
    Sigma = np.cov(data()[:, :3], rowvar=False)
    population = NormalPopulation(Sigma, np.array([1.0, 2.0, 3.0]), 40, "n-1", by_cases)
    S, mean = Resampling((population,), n=4000, seed=3).moments(range(4000))[0]
    error = np.sqrt((np.outer(np.diag(Sigma), np.diag(Sigma)) + Sigma**2) / 39)
    assert np.abs((S.mean(axis=0) - Sigma) / error * np.sqrt(4000)).max() < 4
    assert S.std(axis=0) / error == pytest.approx(np.ones((3, 3)), abs=0.06)
    assert np.cov(mean, rowvar=False) * 40 == pytest.approx(Sigma, abs=0.12)
    assert mean.mean(axis=0) == pytest.approx([1.0, 2.0, 3.0], abs=0.02)


def test_no_wishart_matrix_without_enough_cases():
    population = NormalPopulation(np.eye(4), np.zeros(4), 4, "n")
    with pytest.raises(TooFewObservationsError):
        Resampling((population,), n=1, seed=1).moments([0])


def test_each_case_is_left_out_once():
    left = LeaveOneOut((Cases(data(20), "n-1"), Cases(data(30), "n-1")))
    assert left.n == 50
    first, second = left.moments([25])
    without = pd.DataFrame(data(30)).drop(index=5)
    assert first[0][0] == pytest.approx(np.cov(data(20), rowvar=False), abs=1e-12)
    assert second[0][0] == pytest.approx(without.cov().to_numpy(), abs=1e-12)
    assert [len(cases) for cases in left.cases(25)] == [20, 29]
    assert left.strata[[19, 20]].tolist() == [0, 1]
