"""Least squares with a weight for each pair of moments, or for each moment.

With the inverse of the moments' own covariance this is the asymptotically distribution-free
discrepancy; with equal weights it is unweighted least squares.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats, lower_triangle
from trustsem.discrepancy.base import Discrepancy, finite, members

if TYPE_CHECKING:
    from trustsem.implied import Tangents


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of moments: the means (if there are any), then the lower triangle by rows.

    Parameters
    ----------
    values : ndarray, shape (..., k) or (..., k, k)
        One for each of the k moments, or one for each pair.
    diagonal : bool
        Which of the two.
    n_means : int
        How many of the moments are means: p, or 0.
    """

    values: Floats
    diagonal: bool
    n_means: int

    def times(self, moments: Floats) -> Floats:
        """Return W M for moments in columns, shape (..., k, n)."""
        if self.diagonal:
            return np.asarray(self.values[..., :, None] * moments)
        return np.asarray(self.values @ moments)

    def take(self, index: NDArray[np.intp]) -> Weights:
        """Return the weights of some members of a stack of samples."""
        return replace(self, values=members(self.values, index, 1 if self.diagonal else 2))


@dataclass(frozen=True, slots=True)
class MomentCurvature:
    """The form ``2 da' W db`` in changes a, b of the moments."""

    weights: Weights

    def products(self, a: Tangents, b: Tangents) -> Floats:
        """Return the form for all pairs, shape (..., len(a), len(b))."""
        means = self.weights.n_means > 0
        right = b.moments(means=means)
        left = right if a is b else a.moments(means=means)
        return np.asarray(2 * np.swapaxes(left, -1, -2) @ self.weights.times(right))

    def weighted(self, at: Tangents) -> tuple[Floats, Floats]:
        """Return what the form makes of each direction, shapes (p, p, k) and (p, k)."""
        pulled = 2 * self.weights.times(at.moments(means=self.weights.n_means > 0))
        cov = np.moveaxis(_as_slope(pulled.T, self.weights.n_means), 0, -1)
        mean = np.zeros((cov.shape[0], pulled.shape[-1]))
        mean[: self.weights.n_means] = pulled[: self.weights.n_means]
        return cov, mean

    def square(self, cov: Floats, mean: Floats | None = None) -> Floats:
        """Return the form of a change with itself."""
        change = _stacked(cov, mean, self.weights.n_means)
        return np.asarray(2 * (change * self.weights.times(change[..., None])[..., 0]).sum(axis=-1))


@dataclass(frozen=True, slots=True)
class WeightedLeastSquares:
    r"""The weighted least-squares discrepancy from given samples.

    Parameters
    ----------
    S : ndarray, shape (..., p, p)
        Sample covariance matrices.
    mean : ndarray, shape (..., p), or None
        Sample means.
    weights : Weights
        W.

    Notes
    -----
    .. math:: F = (s - \sigma)' W (s - \sigma)

    with s the means (if the model has any) and the p(p+1)/2 different covariances [browne1984]_. A
    covariance counts once: with equal weights the off-diagonal elements do not count double.
    """

    S: Floats
    mean: Floats | None
    weights: Weights

    @classmethod
    def unweighted(cls, S: Floats, mean: Floats | None = None) -> WeightedLeastSquares:
        """Prepare unweighted least squares: every moment counts 1."""
        p = S.shape[-1]
        n_means = 0 if mean is None else p
        return cls(S, mean, Weights(np.ones(n_means + p * (p + 1) // 2), True, n_means))

    @classmethod
    def weighted(cls, S: Floats, mean: Floats | None, W: Floats) -> WeightedLeastSquares:
        """Prepare weights for all pairs of moments, shape (..., k, k)."""
        return cls(S, mean, Weights(W, False, 0 if mean is None else S.shape[-1]))

    def at(self, Sigma: Floats, mu: Floats | None = None) -> Discrepancy:
        """Evaluate at implied moments of shape (..., p, p) and (..., p)."""
        exists = finite(Sigma)
        n_means = self.weights.n_means
        gap = None if self.mean is None or mu is None else self.mean - mu
        curvature = MomentCurvature(self.weights)
        with np.errstate(over="ignore", invalid="ignore"):  # a search may try absurd values
            residual = self.S - np.where(exists[..., None, None], Sigma, 0.0)
            change = _stacked(residual, gap, n_means)
            pulled = self.weights.times(change[..., None])[..., 0]
            value = (change * pulled).sum(axis=-1)
        return Discrepancy(
            value=np.where(exists & np.isfinite(value), value, np.nan),
            dF_dSigma=_as_slope(-2 * pulled, n_means),
            exact=curvature,
            expected=curvature,
            dF_dmu=-2 * pulled[..., :n_means] if n_means else None,
        )

    def residual(self, Sigma: Floats, mu: Floats | None = None) -> Floats:
        """Return s - sigma as vectors, shape (..., k)."""
        gap = None if self.mean is None or mu is None else self.mean - mu
        return _stacked(self.S - Sigma, gap, self.weights.n_means)

    def take(self, index: NDArray[np.intp]) -> WeightedLeastSquares:
        """Return the criterion for some members of a stack of samples."""
        mean = None if self.mean is None else members(self.mean, index, 1)
        return WeightedLeastSquares(members(self.S, index, 2), mean, self.weights.take(index))


def _stacked(cov: Floats, mean: Floats | None, n_means: int) -> Floats:
    """Return moments as vectors, shape (..., k): the means if they count, then covariances."""
    low = lower_triangle(cov)
    if not n_means:
        return np.asarray(low)
    if mean is None:
        mean = np.zeros((*low.shape[:-1], n_means))
    return np.concatenate([mean, low], axis=-1)


def _as_slope(moments: Floats, n_means: int) -> Floats:
    """Return slopes in the different covariances as a symmetric slope in Sigma, (..., p, p)."""
    low = moments[..., n_means:]
    p = int((np.sqrt(8 * low.shape[-1] + 1) - 1) / 2)
    rows, cols = np.tril_indices(p)
    slope = np.zeros((*low.shape[:-1], p, p))
    half = np.where(rows == cols, 1.0, 0.5) * low
    slope[..., rows, cols] = half
    slope[..., cols, rows] = half
    return slope
