"""The likelihood of incomplete cases as a discrepancy: derivatives, stacks, special cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_models import random_covariance
from trustsem import patterns as module
from trustsem.discrepancy import IncompleteLikelihood, MaximumLikelihood
from trustsem.implied import moment_tangents
from trustsem.moments import saturated_moments
from trustsem.patterns import Patterns


def cases(p, seed, share=0.3, n=80):
    """Return incomplete cases, each with something observed."""
    rng = np.random.default_rng(seed)
    data = rng.multivariate_normal(rng.normal(size=p), random_covariance(p, rng), size=n)
    data[rng.random(data.shape) < share] = np.nan
    return data[~np.isnan(data).all(axis=1)]


def criterion(data):
    """Return the discrepancy from cases, and their saturated moments."""
    patterns = Patterns.of(data)
    found = saturated_moments(patterns)
    return IncompleteLikelihood.of(patterns, found.cov, found.mean), found


def implied(p, seed):
    """Return implied moments."""
    rng = np.random.default_rng(seed + 1)
    return random_covariance(p, rng), rng.normal(size=p) * 0.5


def all_moments(p):
    """Return the directions that change one moment each: covariances, then means."""
    rows, cols = np.tril_indices(p)
    return rows, cols, moment_tangents(p, rows, cols, np.arange(p))


def moved(Sigma, mu, position, step):
    """Return moments of which one is changed."""
    rows, cols = np.tril_indices(len(mu))
    Sigma, mu = Sigma.copy(), mu.copy()
    if position < len(rows):
        i, j = rows[position], cols[position]
        Sigma[i, j] = Sigma[j, i] = Sigma[i, j] + step
    else:
        mu[position - len(rows)] += step
    return Sigma, mu


def slopes(F, Sigma, mu):
    """Return the slope in every covariance, then every mean."""
    rows, cols = np.tril_indices(len(mu))
    at = F.at(Sigma, mu)
    return np.concatenate([np.where(rows == cols, 1, 2) * at.dF_dSigma[rows, cols], at.dF_dmu])


@given(p=st.integers(1, 5), seed=st.integers(0, 2**32 - 2))
@settings(max_examples=15, deadline=None)
def test_it_is_zero_at_the_saturated_moments_and_positive_elsewhere(p, seed):
    F, found = criterion(cases(p, seed))
    assert F.at(found.cov, found.mean).value == pytest.approx(0.0, abs=1e-12)
    assert F.at(*implied(p, seed)).value > 1e-4


@given(p=st.integers(1, 6), seed=st.integers(0, 2**32 - 2))
@settings(max_examples=15, deadline=None)
def test_of_complete_cases_it_is_maximum_likelihood(p, seed):
    data = cases(p, seed, share=0.0)
    F, found = criterion(data)
    plain = MaximumLikelihood.of(found.cov, found.mean)
    Sigma, mu = implied(p, seed)
    mine, theirs = F.at(Sigma, mu), plain.at(Sigma, mu)
    _, _, directions = all_moments(p)
    assert mine.value == pytest.approx(float(theirs.value), rel=1e-9)
    assert np.allclose(mine.dF_dSigma, theirs.dF_dSigma, rtol=1e-8, atol=1e-9)
    assert np.allclose(mine.dF_dmu, theirs.dF_dmu, rtol=1e-8, atol=1e-9)
    for name in ("exact", "expected"):
        a, b = getattr(mine, name), getattr(theirs, name)
        assert np.allclose(
            a.products(directions, directions), b.products(directions, directions),
            rtol=1e-7, atol=1e-8,
        )  # fmt: skip
        change = np.eye(p) * 0.3 + 0.1
        assert a.square(change, mu) == pytest.approx(float(b.square(change, mu)), rel=1e-8)
        for left, right in zip(a.weighted(directions), b.weighted(directions), strict=True):
            assert np.allclose(left, right, rtol=1e-7, atol=1e-8)


@given(p=st.integers(1, 4), seed=st.integers(0, 2**32 - 2))
@settings(max_examples=15, deadline=None)
def test_slope_and_curvature_are_derivatives(p, seed):
    F, _ = criterion(cases(p, seed))
    Sigma, mu = implied(p, seed)
    _, _, directions = all_moments(p)
    step = 1e-5
    size = p * (p + 1) // 2 + p
    values, gradients = [], []
    for position in range(size):
        up, down = moved(Sigma, mu, position, step), moved(Sigma, mu, position, -step)
        values.append((F.at(*up).value - F.at(*down).value) / (2 * step))
        gradients.append((slopes(F, *up) - slopes(F, *down)) / (2 * step))
    scale = np.abs(gradients).max()
    assert np.allclose(values, slopes(F, Sigma, mu), rtol=1e-5, atol=1e-6 * scale)
    H = F.at(Sigma, mu).exact.products(directions, directions)
    assert np.allclose(H, gradients, rtol=1e-5, atol=1e-6 * scale)


def test_expected_curvature_is_the_exact_one_of_cases_with_the_implied_moments():
    Sigma, mu = implied(4, 3)
    patterns = Patterns.of(cases(4, 3))
    both = patterns.observed[:, :, None] & patterns.observed[:, None, :]
    fitting = Patterns(
        patterns.observed,
        patterns.counts,
        np.where(patterns.observed, mu, 0.0),
        np.where(both, Sigma, 0.0),
        patterns.of_case,
    )
    exact = fitting.at(Sigma, mu).information(exact=True)
    assert np.allclose(exact, patterns.at(Sigma, mu).information(exact=False), atol=1e-12)


@pytest.mark.parametrize("limit", [2**22, 200, 20])
def test_a_stack_is_evaluated_member_by_member_in_any_number_of_parts(monkeypatch, limit):
    monkeypatch.setattr(module, "_AT_ONCE", limit)
    monkeypatch.setattr(module, "_INDICES_KEPT", max(limit // 20, 1))
    F, _ = criterion(cases(4, 7))
    pairs = [implied(4, seed) for seed in range(5)]
    Sigma, mu = (np.array(part) for part in zip(*pairs, strict=True))
    Sigma[2] = -Sigma[2]
    _, _, directions = all_moments(4)
    monkeypatch.setattr(module, "_AT_ONCE", 2**22)
    alone = [F.at(*pair) for pair in pairs]
    monkeypatch.setattr(module, "_AT_ONCE", limit)
    stack = F.at(Sigma, mu)
    kept = [0, 1, 3, 4]
    assert np.isnan(stack.value[2])
    assert np.allclose(stack.value[kept], [alone[k].value for k in kept], rtol=1e-12)
    for k in kept:
        assert np.allclose(stack.dF_dSigma[k], alone[k].dF_dSigma, rtol=1e-10)
        assert np.allclose(stack.dF_dmu[k], alone[k].dF_dmu, rtol=1e-10)
    whole = F.at(Sigma[kept], mu[kept]).exact.products(directions, directions)
    for k, part in zip(kept, whole, strict=True):
        assert np.allclose(part, alone[k].exact.products(directions, directions), rtol=1e-9)


def test_it_needs_means_and_shares_its_sample_with_a_stack():
    F, found = criterion(cases(3, 1))
    with pytest.raises(ValueError, match="implied means"):
        F.at(found.cov)
    assert F.take(np.array([0, 1])) is F


def test_outer_products_of_slopes_add_up_to_the_slope():
    data = cases(3, 5)
    patterns = Patterns.of(data)
    Sigma, mu = implied(3, 5)
    B = patterns.outer_products(data, Sigma, mu)
    one = [Patterns.of(case[None]).outer_products(case[None], Sigma, mu) for case in data]
    assert np.allclose(B, np.mean(one, axis=0), rtol=1e-10)
    pulled = patterns.pulls(data, Sigma, mu)
    assert np.allclose(-2 * pulled.mean(axis=0), patterns.at(Sigma, mu).dF_dmu, rtol=1e-10)
    assert (pulled[np.isnan(data)] == 0).all()
