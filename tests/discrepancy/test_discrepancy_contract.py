"""What every discrepancy must do: any sample, any implied moments, value, slope and curvature.

A new discrepancy enters the suite by one line in ``DISCREPANCIES``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_models import random_covariance
from trustsem.arrays import invert_positive
from trustsem.discrepancy import Discrepancy, ml_discrepancy


@dataclass(frozen=True)
class Contract:
    """A discrepancy and what may be asked of it."""

    name: str
    function: Callable[..., Discrepancy]
    scale_free: bool = True

    def at(self, S: Any, Sigma: Any, mean: Any = None, mu: Any = None) -> Discrepancy:
        return self.function(S, Sigma, invert_positive(S).log_det, mean, mu)


DISCREPANCIES = (Contract("ml", ml_discrepancy),)

every_discrepancy = pytest.mark.parametrize(
    "F", [pytest.param(item, id=item.name) for item in DISCREPANCIES]
)
with_and_without_means = pytest.mark.parametrize("means", [False, True], ids=["cov", "cov_mean"])


def moments(p: int, seed: int, *, means: bool) -> tuple[Any, Any, Any, Any]:
    """Return sample and implied covariance, sample and implied means."""
    rng = np.random.default_rng(seed)
    S, Sigma = random_covariance(p, rng), random_covariance(p, rng)
    mean, mu = (rng.normal(size=(2, p)) * 0.5) if means else (None, None)
    return S, Sigma, mean, mu


def unit(p: int, i: int, j: int) -> Any:
    """Return the symmetric direction of one covariance."""
    E = np.zeros((p, p))
    E[i, j] = E[j, i] = 1.0
    return E


@every_discrepancy
@with_and_without_means
@given(p=st.integers(1, 7), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_it_is_positive_unless_the_moments_are_equal(F, means, p, seed):
    S, Sigma, mean, mu = moments(p, seed, means=means)
    assert F.at(S, Sigma, mean, mu).value > 1e-6
    assert F.at(S, S, mean, mean).value == pytest.approx(0.0, abs=1e-11)


@every_discrepancy
def test_equal_covariances_do_not_hide_different_means(F):
    S, _, mean, mu = moments(4, 1, means=True)
    assert F.at(S, S, mean, mu).value > 1e-3


@every_discrepancy
@with_and_without_means
def test_the_slope_in_sigma_is_that_of_the_value(F, means):
    p, step = 4, 1e-5
    S, Sigma, mean, mu = moments(p, 2, means=means)
    at = F.at(S, Sigma, mean, mu)
    assert np.allclose(at.dF_dSigma, at.dF_dSigma.T, atol=1e-14)
    for i in range(p):
        for j in range(i + 1):
            E = unit(p, i, j)
            ahead = F.at(S, Sigma + step * E, mean, mu).value
            behind = F.at(S, Sigma - step * E, mean, mu).value
            slope = (ahead - behind) / (2 * step)
            assert np.trace(at.dF_dSigma @ E) == pytest.approx(slope, rel=1e-7, abs=1e-7)


@every_discrepancy
@with_and_without_means
def test_the_exact_curvature_is_the_derivative_of_the_slope(F, means):
    p, step = 3, 1e-5
    S, Sigma, mean, mu = moments(p, 3, means=means)
    at = F.at(S, Sigma, mean, mu)
    directions = [unit(p, i, j) for i in range(p) for j in range(i + 1)]
    for E in directions:
        ahead = F.at(S, Sigma + step * E, mean, mu).dF_dSigma
        behind = F.at(S, Sigma - step * E, mean, mu).dF_dSigma
        change = (ahead - behind) / (2 * step)
        for D in directions:
            terms = [f * np.trace(E @ W @ D @ V) for f, W, V in at.exact.terms]
            swapped = [f * np.trace(D @ W @ E @ V) for f, W, V in at.exact.terms]
            curvature = (sum(terms) + sum(swapped)) / 2
            assert curvature == pytest.approx(np.trace(change @ D), rel=1e-6, abs=1e-6)


@every_discrepancy
def test_the_slope_and_curvature_in_the_means(F):
    S, Sigma, mean, mu = moments(4, 4, means=True)
    at, step = F.at(S, Sigma, mean, mu), 1e-5
    for i in range(4):
        shift = step * np.eye(4)[i]
        ahead, behind = F.at(S, Sigma, mean, mu + shift), F.at(S, Sigma, mean, mu - shift)
        slope = (ahead.value - behind.value) / (2 * step)
        assert -2 * at.mean_gap[i] == pytest.approx(slope, rel=1e-7, abs=1e-7)
        bend = -(ahead.mean_gap - behind.mean_gap) / (2 * step)
        assert np.allclose(bend, at.mean_weight[i], rtol=1e-7)


@every_discrepancy
def test_where_the_moments_are_equal_the_curvature_is_the_expected_one(F):
    S, _, mean, _ = moments(4, 5, means=True)
    at = F.at(S, S, mean, mean)
    assert np.allclose(at.dF_dSigma, 0, atol=1e-12)
    E, D = unit(4, 0, 1), unit(4, 2, 1)
    exact, expected = (
        sum(f * np.trace(E @ W @ D @ V) for f, W, V in curvature.terms)
        for curvature in (at.exact, at.expected)
    )
    assert exact == pytest.approx(expected, rel=1e-12)


@every_discrepancy
@with_and_without_means
@given(seed=st.integers(0, 2**32 - 1), order=st.permutations(range(5)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_variables_is_irrelevant(F, means, seed, order):
    S, Sigma, mean, mu = moments(5, seed, means=means)
    index = np.ix_(order, order)
    shuffled = (None, None) if mean is None else (mean[list(order)], mu[list(order)])
    plain = F.at(S, Sigma, mean, mu)
    moved = F.at(S[index], Sigma[index], *shuffled)
    assert moved.value == pytest.approx(plain.value, rel=1e-10)
    assert np.allclose(moved.dF_dSigma, plain.dF_dSigma[index], rtol=1e-8, atol=1e-10)


@every_discrepancy
@with_and_without_means
@given(
    seed=st.integers(0, 2**32 - 1),
    scale=st.lists(st.floats(1e-4, 1e4), min_size=4, max_size=4).map(np.array),
)
@settings(max_examples=30, deadline=None)
def test_the_units_of_variables_are_irrelevant(F, means, seed, scale):
    if not F.scale_free:
        pytest.skip("this discrepancy depends on the units by definition")
    S, Sigma, mean, mu = moments(4, seed, means=means)
    D = np.outer(scale, scale)
    rescaled = (None, None) if mean is None else (mean * scale, mu * scale)
    plain, other = F.at(S, Sigma, mean, mu), F.at(S * D, Sigma * D, *rescaled)
    assert other.value == pytest.approx(plain.value, rel=1e-9, abs=1e-9)


@every_discrepancy
@with_and_without_means
def test_a_stack_gives_what_its_members_give(F, means, rng):
    S, Sigma = random_covariance(4, rng, lead=(2, 3)), random_covariance(4, rng, lead=(2, 3))
    mean, mu = rng.normal(size=(2, 2, 3, 4)) if means else (None, None)
    stack = F.at(S, Sigma, mean, mu)
    assert stack.value.shape == (2, 3)
    for i in np.ndindex(2, 3):
        own = (None, None) if mean is None else (mean[i], mu[i])
        single = F.at(S[i], Sigma[i], *own)
        assert stack.value[i] == pytest.approx(float(single.value), rel=1e-13)
        assert np.allclose(stack.dF_dSigma[i], single.dF_dSigma, rtol=1e-12, atol=1e-13)


@every_discrepancy
def test_one_sample_serves_a_whole_stack(F, rng):
    S, Sigma = random_covariance(3, rng), random_covariance(3, rng, lead=(5,))
    stack = F.at(S, Sigma)
    assert np.allclose(stack.value, [F.at(S, member).value for member in Sigma], rtol=1e-13)


@every_discrepancy
@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(np.diag([1.0, -1.0, 1.0]), id="negative_variance"),
        pytest.param(np.ones((3, 3)), id="singular"),
        pytest.param(np.eye(3) + 2 * (np.ones((3, 3)) - np.eye(3)), id="indefinite"),
        pytest.param(np.full((3, 3), np.nan), id="not_a_number"),
        pytest.param(np.diag([np.inf, 1.0, 1.0]), id="infinite"),
        pytest.param(np.zeros((3, 3)), id="zero"),
    ],
)
def test_an_impossible_member_of_a_stack_is_nan_and_leaves_the_others_right(F, bad, rng):
    S, good = random_covariance(3, rng), random_covariance(3, rng, lead=(2,))
    stack = F.at(S, np.stack([good[0], bad, good[1]]))
    assert stack.defined.tolist() == [True, False, True]
    assert np.isnan(stack.value[1])
    for position, member in ((0, good[0]), (2, good[1])):
        single = F.at(S, member)
        assert stack.value[position] == pytest.approx(float(single.value), rel=1e-13)
        assert np.allclose(stack.dF_dSigma[position], single.dF_dSigma, rtol=1e-12)


def test_maximum_likelihood_on_a_hand_worked_case():
    S, Sigma = np.array([[2.0, 0.0], [0.0, 1.0]]), np.eye(2)
    # ln 1 + tr(S) - ln 2 - 2 = 1 - ln 2; a mean off by (1, 2) adds 1 + 4.
    plain = ml_discrepancy(S, Sigma, np.log(2.0))
    shifted = ml_discrepancy(S, Sigma, np.log(2.0), np.array([1.0, 2.0]), np.zeros(2))
    assert plain.value == pytest.approx(1 - np.log(2))
    assert shifted.value == pytest.approx(6 - np.log(2))
    assert plain.mean_gap is None
