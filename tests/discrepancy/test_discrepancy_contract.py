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
from trustsem.arrays import invert_positive, outer
from trustsem.discrepancy import (
    Criterion,
    Discrepancy,
    GeneralizedLeastSquares,
    MaximumLikelihood,
    WeightedLeastSquares,
)
from trustsem.implied import moment_tangents


def elliptical(S: Any, mean: Any = None) -> WeightedLeastSquares:
    """Weight moments by the inverse of a spread with heavy tails and skew, in the units of S.

    Means covary with covariances, so that the weights have no zero blocks.
    """
    rows, cols = np.tril_indices(S.shape[-1])
    low, sd = S[..., rows, cols], np.sqrt(np.diagonal(S, axis1=-2, axis2=-1))
    pairs = [(rows, rows, cols, cols), (rows, cols, cols, rows)]
    normal = sum(S[..., i[:, None], j] * S[..., k[:, None], m] for i, j, k, m in pairs)
    G = 1.5 * normal + 0.5 * outer(low, low)
    if mean is not None:
        apart = np.zeros((*S.shape[:-1], low.shape[-1]))
        lower = np.concatenate([np.swapaxes(apart, -1, -2), G], axis=-1)
        G = np.concatenate([np.concatenate([S, apart], axis=-1), lower], axis=-2)
        joint = np.concatenate([0.3 * sd, 0.5 * sd[..., rows] * sd[..., cols]], axis=-1)
        G = G + outer(joint, joint)
    return WeightedLeastSquares.weighted(S, mean, invert_positive(G).matrix)


@dataclass(frozen=True)
class Contract:
    """A discrepancy and what may be asked of it."""

    name: str
    build: Callable[..., Criterion]
    scale_free: bool = True
    barrier: bool = False
    """Whether it is undefined where the implied covariance is not positive definite."""

    def at(self, S: Any, Sigma: Any, mean: Any = None, mu: Any = None) -> Discrepancy:
        return self.build(S, mean).at(Sigma, mu)


DISCREPANCIES = (
    Contract("ml", MaximumLikelihood.of, barrier=True),
    Contract("gls", GeneralizedLeastSquares.of),
    Contract("uls", WeightedLeastSquares.unweighted, scale_free=False),
    Contract("wls", elliptical),
)

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
    # How far apart two random matrices of one variable are knows no lower limit.
    apart = np.abs(S - Sigma).max() / np.abs(S).max() + (np.abs(mean - mu).max() if means else 0.0)
    assert F.at(S, Sigma, mean, mu).value > min(1e-6, 1e-3 * apart**2)
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


def each_moment(p: int, *, means: bool) -> Any:
    """Return the directions that change one moment each: covariances, then means."""
    return moment_tangents(p, *np.tril_indices(p), np.arange(p if means else 0))


def slope_in_each_moment(at: Discrepancy) -> Any:
    """Return the slope of F in every covariance, then in every mean."""
    p = at.dF_dSigma.shape[-1]
    slope = [np.trace(at.dF_dSigma @ unit(p, i, j)) for i in range(p) for j in range(i + 1)]
    return np.array([*slope, *(() if at.dF_dmu is None else at.dF_dmu)])


@every_discrepancy
@with_and_without_means
def test_the_exact_curvature_is_the_derivative_of_the_slope(F, means):
    p, step = 3, 1e-5
    S, Sigma, mean, mu = moments(p, 3, means=means)
    tangents = each_moment(p, means=means)
    curvature = F.at(S, Sigma, mean, mu).exact.products(tangents, tangents)
    moves = [step * unit(p, i, j) for i in range(p) for j in range(i + 1)]
    shifts = step * np.eye(p) if means else []
    ahead = [F.at(S, Sigma + E, mean, mu) for E in moves]
    ahead += [F.at(S, Sigma, mean, mu + shift) for shift in shifts]
    behind = [F.at(S, Sigma - E, mean, mu) for E in moves]
    behind += [F.at(S, Sigma, mean, mu - shift) for shift in shifts]
    change = [
        (slope_in_each_moment(after) - slope_in_each_moment(before)) / (2 * step)
        for after, before in zip(ahead, behind, strict=True)
    ]
    assert np.allclose(curvature, np.array(change), rtol=1e-6, atol=1e-6)


@every_discrepancy
def test_the_slope_in_the_means_is_that_of_the_value(F):
    S, Sigma, mean, mu = moments(4, 4, means=True)
    at, step = F.at(S, Sigma, mean, mu), 1e-5
    for i in range(4):
        shift = step * np.eye(4)[i]
        ahead, behind = F.at(S, Sigma, mean, mu + shift), F.at(S, Sigma, mean, mu - shift)
        slope = (ahead.value - behind.value) / (2 * step)
        assert at.dF_dmu[i] == pytest.approx(slope, rel=1e-7, abs=1e-7)


@every_discrepancy
@with_and_without_means
def test_where_the_moments_are_equal_the_curvature_is_the_expected_one(F, means):
    S, _, mean, _ = moments(4, 5, means=means)
    at, tangents = F.at(S, S, mean, mean), each_moment(4, means=means)
    assert np.allclose(slope_in_each_moment(at), 0, atol=1e-12)
    exact, expected = (form.products(tangents, tangents) for form in (at.exact, at.expected))
    assert np.allclose(exact, expected, rtol=1e-12, atol=1e-14)


@every_discrepancy
@with_and_without_means
@pytest.mark.parametrize("form", ["exact", "expected"])
def test_a_curvature_says_the_same_in_all_its_ways(F, means, form):
    p = 4
    S, Sigma, mean, mu = moments(p, 6, means=means)
    curvature = getattr(F.at(S, Sigma, mean, mu), form)
    tangents = each_moment(p, means=means)
    products = curvature.products(tangents, tangents)
    assert np.allclose(products, products.T, rtol=1e-12)
    cov, shift = curvature.weighted(tangents)
    assert np.allclose(cov, cov.transpose(1, 0, 2), rtol=1e-12)
    moves, shifts = tangents.moves(), tangents.shifts()
    through = np.einsum("ijk,ijl->kl", cov, moves) + shift.T @ shifts
    assert np.allclose(through, products, rtol=1e-10, atol=1e-12)
    change = np.random.default_rng(6).normal(size=products.shape[0])
    gap = shifts @ change if means else None
    assert curvature.square(moves @ change, gap) == pytest.approx(change @ products @ change)


@every_discrepancy
@with_and_without_means
def test_some_members_of_a_stack_of_samples_can_be_taken(F, means, rng):
    S, Sigma = random_covariance(3, rng, lead=(4,)), random_covariance(3, rng, lead=(4,))
    mean, mu = rng.normal(size=(2, 4, 3)) if means else (None, None)
    index = np.array([2, 0])
    taken = F.build(S, mean).take(index).at(Sigma[index], None if mu is None else mu[index])
    assert np.allclose(taken.value, F.at(S, Sigma, mean, mu).value[index], rtol=1e-13)
    shared = F.build(S[0], None if mean is None else mean[0])
    assert np.allclose(
        shared.take(index).at(Sigma, mu).value, shared.at(Sigma, mu).value, rtol=1e-13
    )


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
    ("bad", "finite"),
    [
        pytest.param(np.diag([1.0, -1.0, 1.0]), True, id="negative_variance"),
        pytest.param(np.ones((3, 3)), True, id="singular"),
        pytest.param(np.eye(3) + 2 * (np.ones((3, 3)) - np.eye(3)), True, id="indefinite"),
        pytest.param(np.zeros((3, 3)), True, id="zero"),
        pytest.param(np.full((3, 3), np.nan), False, id="not_a_number"),
        pytest.param(np.diag([np.inf, 1.0, 1.0]), False, id="infinite"),
        pytest.param(np.full((3, 3), 1e300), False, id="too_large"),
    ],
)
def test_an_impossible_member_of_a_stack_is_nan_and_leaves_the_others_right(F, bad, finite, rng):
    S, good = random_covariance(3, rng), random_covariance(3, rng, lead=(2,))
    stack = F.at(S, np.stack([good[0], bad, good[1]]))
    defined = finite and not F.barrier
    assert stack.defined.tolist() == [True, defined, True]
    assert np.isnan(stack.value[1]) != defined
    for position, member in ((0, good[0]), (2, good[1])):
        single = F.at(S, member)
        assert stack.value[position] == pytest.approx(float(single.value), rel=1e-13)
        assert np.allclose(stack.dF_dSigma[position], single.dF_dSigma, rtol=1e-12)


def test_maximum_likelihood_on_a_hand_worked_case():
    S, Sigma = np.array([[2.0, 0.0], [0.0, 1.0]]), np.eye(2)
    # ln 1 + tr(S) - ln 2 - 2 = 1 - ln 2; a mean off by (1, 2) adds 1 + 4.
    plain = MaximumLikelihood.of(S).at(Sigma)
    shifted = MaximumLikelihood.of(S, np.array([1.0, 2.0])).at(Sigma, np.zeros(2))
    assert plain.value == pytest.approx(1 - np.log(2))
    assert shifted.value == pytest.approx(6 - np.log(2))
    assert plain.dF_dmu is None


def test_least_squares_on_a_hand_worked_case():
    S, Sigma = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([[1.0, 0.0], [0.0, 3.0]])
    mean, mu = np.array([1.0, 2.0]), np.array([0.0, 4.0])
    # Residuals: 1 and -2 of the variances, .5 of the covariance, which counts once; 1 and -2.
    assert WeightedLeastSquares.unweighted(S).at(Sigma).value == pytest.approx(5.25)
    assert WeightedLeastSquares.unweighted(S, mean).at(Sigma, mu).value == pytest.approx(10.25)
    # tr[(I - Sigma)^2] / 2 with S = I: (0 + 4) / 2; the means add 1 + 4.
    assert GeneralizedLeastSquares.of(np.eye(2)).at(Sigma).value == pytest.approx(2.0)
    shifted = GeneralizedLeastSquares.of(np.eye(2), mean).at(Sigma, mu)
    assert shifted.value == pytest.approx(7.0)


def test_generalized_least_squares_weights_by_the_normal_theory_spread(rng):
    S, Sigma = random_covariance(4, rng), random_covariance(4, rng)
    rows, cols = np.tril_indices(4)
    G = S[rows][:, rows] * S[cols][:, cols] + S[rows][:, cols] * S[cols][:, rows]
    weighted = WeightedLeastSquares.weighted(S, None, np.linalg.inv(G)).at(Sigma)
    assert GeneralizedLeastSquares.of(S).at(Sigma).value == pytest.approx(float(weighted.value))
