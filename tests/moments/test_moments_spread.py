"""The sampling covariance of moments: of normal data, of any data, given covariates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import holzinger, random_covariance
from trustsem.errors import MomentsError, NotPositiveDefiniteError, TooFewObservationsError
from trustsem.moments import (
    FreeSpread,
    NormalSpread,
    SampleMoments,
    distribution_free_weights,
    from_frame,
)

NAMES = ("x1", "x2", "x3", "x4")


def sample_of(frame: pd.DataFrame, names: tuple[str, ...] = NAMES) -> SampleMoments:
    return from_frame(frame, names, divisor="n-1")


def units(p: int) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients that pick each covariance, then each mean."""
    rows, cols = np.tril_indices(p)
    cov, mean = np.zeros((p, p, len(rows) + p)), np.zeros((p, len(rows) + p))
    for k, (i, j) in enumerate(zip(rows, cols, strict=True)):
        cov[i, j, k] += 0.5
        cov[j, i, k] += 0.5
    mean[:, len(rows) :] = np.eye(p)
    return cov, mean


def as_matrix(spread) -> np.ndarray:
    """Return G of the covariances, then of the means."""
    p = len(spread.variances()[1])
    cov, mean = spread.times(*units(p))
    return np.concatenate([cov[np.tril_indices(p)], mean])


def test_normal_moments_covary_as_wishart_theory_says(rng):
    S = random_covariance(4, rng)
    rows, cols = np.tril_indices(4)
    expected = S[rows][:, rows] * S[cols][:, cols] + S[rows][:, cols] * S[cols][:, rows]
    G = as_matrix(NormalSpread(S, np.zeros_like(S)))
    assert np.allclose(G[:10, :10], expected)
    assert np.allclose(G[10:, 10:], S)
    assert not G[:10, 10:].any()


def test_free_moments_covary_as_products_of_deviations_do():
    frame = holzinger()
    sample = sample_of(frame)
    centred = frame[list(NAMES)].to_numpy() - frame[list(NAMES)].to_numpy().mean(axis=0)
    rows, cols = np.tril_indices(4)
    scores = np.column_stack([centred[:, rows] * centred[:, cols], centred])
    assert np.allclose(as_matrix(FreeSpread.of(sample, ())), np.cov(scores.T, bias=True))


def test_in_large_normal_samples_both_are_the_same(rng):
    root = np.linalg.cholesky(random_covariance(3, rng))
    frame = pd.DataFrame(rng.normal(size=(200_000, 3)) @ root.T, columns=["a", "b", "c"])
    sample = sample_of(frame, ("a", "b", "c"))
    free, normal = (as_matrix(kind.of(sample, ())) for kind in (FreeSpread, NormalSpread))
    sd = np.sqrt(np.diag(normal))
    assert np.abs((free - normal) / np.outer(sd, sd)).max() < 0.05


@pytest.mark.parametrize("kind", [NormalSpread, FreeSpread])
def test_variances_are_the_diagonal(kind):
    spread = kind.of(sample_of(holzinger()), ("x4",))
    cov, mean = spread.variances()
    diagonal = np.diag(as_matrix(spread))
    assert np.allclose(np.concatenate([cov[np.tril_indices(4)], mean]), diagonal, atol=1e-12)


@pytest.mark.parametrize("kind", [NormalSpread, FreeSpread])
def test_moments_of_fixed_covariates_do_not_vary(kind):
    spread = kind.of(sample_of(holzinger()), ("x2", "x4"))
    cov, mean = spread.variances()
    assert np.allclose(cov[np.ix_([1, 3], [1, 3])], 0, atol=1e-12)
    assert np.allclose(mean[[1, 3]], 0, atol=1e-12)
    assert (cov[0] > 0.1).all()


def test_weights_are_the_inverse_of_the_spread_and_zero_where_nothing_varies():
    sample = sample_of(holzinger())
    G = FreeSpread.of(sample, ()).matrix
    assert np.allclose(distribution_free_weights(sample, means=True, covariates=()) @ G, np.eye(14))
    only = distribution_free_weights(sample, means=False, covariates=())
    assert np.allclose(only, np.linalg.inv(G[4:, 4:]))
    given = distribution_free_weights(sample, means=True, covariates=("x4",))
    idle = [3, 13]  # the mean and the variance of x4
    assert not given[idle].any()
    assert (np.diag(np.delete(np.delete(given, idle, 0), idle, 1)) > 0).all()


def test_a_matrix_has_no_fourth_moments():
    cov = pd.DataFrame(np.eye(3) + 0.3, index=["a", "b", "c"], columns=["a", "b", "c"])
    with pytest.raises(MomentsError, match="raw data"):
        ts.cfa("f =~ a + b + c", sample_cov=cov, sample_nobs=100, estimator="WLS")


def test_there_must_be_more_cases_than_moments():
    model = "f =~ x1 + x2 + x3 + x4 + x5 + x6"
    with pytest.raises(TooFewObservationsError, match="21 moments"):
        ts.cfa(model, holzinger().head(21), estimator="WLS")
    assert ts.cfa(model, holzinger().head(40), estimator="WLS").n_obs == 40


def test_products_that_depend_on_each_other_are_refused(rng):
    answers = rng.integers(0, 2, size=(200, 3))
    frame = pd.DataFrame(answers, columns=["a", "b", "c"]).astype(float)
    with pytest.raises(NotPositiveDefiniteError, match="Products"):
        # With two answers the square of a deviation is a linear function of the answer.
        ts.cfa("f =~ a + b + c", frame, estimator="WLS", meanstructure=True)
