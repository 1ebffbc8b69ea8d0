"""The sampling covariance of sample moments: of normal data, or of any data.

Moments are the means and the covariances of one group. Their covariance matrix (times N) is never
formed where normal theory gives its products with other matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from trustsem.arrays import Floats, invert_positive, lower_triangle
from trustsem.errors import MomentsError, NotPositiveDefiniteError, TooFewObservationsError
from trustsem.moments.sample import SampleMoments

_AT_ONCE = 2**20
"""Numbers in one block of deviations and products."""


class Spread(Protocol):
    """G, N times the sampling covariance of the means and covariances of one group."""

    def times(self, cov: Floats, mean: Floats) -> tuple[Floats, Floats]:
        """Return how moments covary with linear functions of the moments.

        Parameters
        ----------
        cov : ndarray, shape (p, p, k)
            Symmetric coefficients of the k functions: tr(cov_k S) + mean_k' m.
        mean : ndarray, shape (p, k)
            Their coefficients of the means.

        Returns
        -------
        cov : ndarray, shape (p, p, k)
            Covariance of each sample covariance with each function.
        mean : ndarray, shape (p, k)
            Covariance of each mean with each function.
        """
        ...

    def variances(self) -> tuple[Floats, Floats]:
        """Return N times the sampling variance of covariances (p, p) and of means (p,)."""
        ...


@dataclass(frozen=True, slots=True)
class NormalSpread:
    """G of normal data, conditional on fixed covariates [browne1974]_.

    Parameters
    ----------
    S : ndarray, shape (p, p)
        Covariance matrix.
    H : ndarray, shape (p, p)
        The part of it that fixed covariates predict; zero without any.
    """

    S: Floats
    H: Floats

    @classmethod
    def of(cls, sample: SampleMoments, covariates: Sequence[str]) -> NormalSpread:
        """Estimate G from the sample covariance."""
        x = [sample.names.index(name) for name in covariates]
        across = sample.cov[:, x]
        H = across @ np.linalg.solve(sample.cov[np.ix_(x, x)], across.T)
        return cls(sample.cov, np.asarray(H))

    def times(self, cov: Floats, mean: Floats) -> tuple[Floats, Floats]:
        """Return 2 (S M S - H M H) and (S - H) m: see :meth:`Spread.times`."""
        spread = 2 * (_sandwiched(self.S, cov) - _sandwiched(self.H, cov))
        return spread, np.asarray((self.S - self.H) @ mean)

    def variances(self) -> tuple[Floats, Floats]:
        """Return N times the sampling variances."""
        cov = [np.outer(np.diag(M), np.diag(M)) + M**2 for M in (self.S, self.H)]
        return cov[0] - cov[1], np.diag(self.S - self.H).copy()


@dataclass(frozen=True, slots=True)
class FreeSpread:
    """G as a matrix: of any distribution, from the sample's own higher moments [browne1984]_.

    Parameters
    ----------
    matrix : ndarray, shape (k, k)
        G of the p means, then of the lower triangle of the covariances by rows.
    n_variables : int
        p.
    """

    matrix: Floats
    n_variables: int

    @classmethod
    def of(cls, sample: SampleMoments, covariates: Sequence[str]) -> FreeSpread:
        """Estimate G from raw data, less what fixed covariates predict in each case's answers.

        Raises
        ------
        MomentsError
            If there are no raw data.
        """
        x = [sample.names.index(name) for name in covariates]
        if sample.data is None:
            if sample.again is None:
                raise MomentsError(
                    "Weights from fourth moments need raw data; here is only a matrix.",
                    remedy="Give the data, or use an estimator that needs only the matrix: ML, "
                    "GLS.",
                )
            return cls(_given(sample.again.spread(), sample.cov, x), len(sample.names))
        centred = sample.data - sample.data.mean(axis=0)
        scores = _scores(centred) - _scores(predicted_cases(centred, x))
        scores -= scores.mean(axis=0)
        return cls(scores.T @ scores / len(scores), centred.shape[1])

    def times(self, cov: Floats, mean: Floats) -> tuple[Floats, Floats]:
        """Return G times the functions: see :meth:`Spread.times`."""
        p = self.n_variables
        rows, cols = np.tril_indices(p)
        twice = np.where(rows == cols, 1.0, 2.0)[:, None]
        product = self.matrix @ np.concatenate([mean, twice * cov[rows, cols]])
        spread = np.zeros_like(cov)
        spread[rows, cols] = product[p:]
        spread[cols, rows] = product[p:]
        return spread, product[:p]

    def variances(self) -> tuple[Floats, Floats]:
        """Return N times the sampling variances."""
        p, values = self.n_variables, np.diag(self.matrix)
        rows, cols = np.tril_indices(p)
        cov = np.zeros((p, p))
        cov[rows, cols] = cov[cols, rows] = values[p:]
        return cov, values[:p].copy()


def distribution_free_weights(
    sample: SampleMoments, *, means: bool, covariates: Sequence[str]
) -> Floats:
    """Return the inverse of the sampling covariance of the moments [browne1984]_.

    Parameters
    ----------
    sample : SampleMoments
        Raw data.
    means : bool
        Whether the means are among the moments.
    covariates : sequence of str
        Covariates whose moments are fixed: these get no weight.

    Returns
    -------
    ndarray, shape (k, k)
        For the p means (if they count), then the lower triangle of the covariances by rows.

    Raises
    ------
    TooFewObservationsError
        If there are not more cases than moments.
    NotPositiveDefiniteError
        If products of variables depend on each other.
    """
    G = FreeSpread.of(sample, covariates).matrix
    G = G if means else G[len(sample.names) :, len(sample.names) :]
    used = np.flatnonzero(np.diag(G) > 0)
    if sample.n_obs <= len(used):
        what = f"a weight matrix for {len(used)} moments"
        raise TooFewObservationsError(sample.n_obs, len(used) + 1, what)
    inverse = invert_positive(G[np.ix_(used, used)])
    if not inverse.positive:
        raise NotPositiveDefiniteError(
            "covariance matrix of the moments",
            reason="Products of the variables depend on each other (few or rare answers).",
        )
    W = np.zeros_like(G)
    W[np.ix_(used, used)] = inverse.matrix
    return W


def predicted_cases(centred: Floats, covariates: Sequence[int]) -> Floats:
    """Return the part of each case's deviations that some of the variables predict linearly.

    Parameters
    ----------
    centred : ndarray, shape (n, p)
        Deviations from the means.
    covariates : sequence of int
        Positions of the predicting variables; without any nothing is predicted.

    Returns
    -------
    ndarray, shape (n, p)
        The covariates' own deviations stay as they are.
    """
    x = list(covariates)
    predicted = centred[:, x] @ np.linalg.lstsq(centred[:, x], centred, rcond=None)[0]
    predicted[:, x] = centred[:, x]
    return np.asarray(predicted)


class SpreadSums:
    """Adds up the fourth moments of complete cases, part by part.

    Parameters
    ----------
    mean, cov : ndarray, shapes (p,) and (p, p)
        Means of all cases, and covariances with divisor N.
    """

    def __init__(self, mean: Floats, cov: Floats) -> None:
        self._mean = mean
        self._centre = np.concatenate([np.zeros(len(mean)), lower_triangle(cov)])
        self._total = np.zeros((len(self._centre),) * 2)
        self._n_obs = 0

    def add(self, cases: Floats) -> None:
        """Add complete cases of shape (m, p)."""
        p = len(self._mean)
        rows, cols = np.tril_indices(p)
        step = max(1, _AT_ONCE // len(self._centre))
        self._n_obs += len(cases)
        for first in range(0, len(cases), step):
            deviations = np.ascontiguousarray((cases[first : first + step] - self._mean).T)
            scores = np.empty((len(self._centre), deviations.shape[1]))
            scores[:p] = deviations
            np.multiply(deviations[rows], deviations[cols], out=scores[p:])
            scores -= self._centre[:, None]
            self._total += scores @ scores.T

    def matrix(self) -> Floats:
        """Return the covariance of deviations and products, see :meth:`Cases.spread`."""
        return np.asarray(self._total / self._n_obs)


def _given(G: Floats, cov: Floats, x: list[int]) -> Floats:
    """Return the covariance of what is left of deviations and products once covariates are given.

    With P the matrix that predicts a case's deviations from those of the covariates, what is left
    of d is (I - P) d, and of dd' it is dd' - P dd' P': both linear in what G is of.
    """
    if not x:
        return G
    p = len(cov)
    P = np.zeros((p, p))
    P[:, x] = np.linalg.solve(cov[np.ix_(x, x)], cov[x]).T
    P[x] = 0.0
    P[x, x] = 1.0
    T = np.eye(len(G))
    T[:p, :p] -= P
    T[p:, p:] -= product_map(P)
    return np.asarray(T @ G @ T.T)


def product_map(P: Floats) -> Floats:
    """Return the matrix K with vech(P M P') = K vech(M), lower triangles by rows.

    Parameters
    ----------
    P : ndarray, shape (m, p)

    Returns
    -------
    ndarray, shape (m(m+1)/2, p(p+1)/2)
    """
    a, b = np.tril_indices(len(P))
    c, d = np.tril_indices(P.shape[1])
    first, second = P[a], P[b]
    K = first[:, c] * second[:, d] + first[:, d] * second[:, c]
    return np.asarray(np.where(c == d, K / 2, K), dtype=np.float64)


def _scores(centred: Floats) -> Floats:
    """Return each case's contribution to the moments, shape (n, p + p(p+1)/2)."""
    rows, cols = np.tril_indices(centred.shape[1])
    return np.column_stack([centred, centred[:, rows] * centred[:, cols]])


def _sandwiched(A: Floats, stack: Floats) -> Floats:
    """Return A M A for every matrix M of a stack of shape (p, p, k)."""
    return np.asarray(np.einsum("ij,jkl,km->iml", A, stack, A, optimize=True))
