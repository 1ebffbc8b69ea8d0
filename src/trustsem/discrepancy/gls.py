"""Generalised least squares: deviations weighted by the inverse of the sample covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats, invert_positive, symmetric
from trustsem.discrepancy.base import Discrepancy, finite, members
from trustsem.discrepancy.traces import TraceCurvature


@dataclass(frozen=True, slots=True)
class GeneralizedLeastSquares:
    r"""The normal-theory generalised least-squares discrepancy from given samples.

    Parameters
    ----------
    S : ndarray, shape (..., p, p)
        Sample covariance matrices.
    mean : ndarray, shape (..., p), or None
        Sample means.
    W : ndarray, shape (..., p, p)
        Inverse of S.

    Notes
    -----
    .. math:: F = \tfrac12 \mathrm{tr}[\{W (S - \Sigma)\}^2] + (m - \mu)' W (m - \mu)

    [joreskog1972]_, [browne1974]_. F is quadratic in the moments, so that its curvature is the
    expected one everywhere, and defined for every finite Sigma.
    """

    S: Floats
    mean: Floats | None
    W: Floats

    @classmethod
    def of(cls, S: Floats, mean: Floats | None = None) -> GeneralizedLeastSquares:
        """Prepare samples; S positive definite."""
        return cls(S, mean, invert_positive(S).matrix)

    def at(self, Sigma: Floats, mu: Floats | None = None) -> Discrepancy:
        """Evaluate at implied moments of shape (..., p, p) and (..., p)."""
        exists = finite(Sigma)
        W = self.W
        gap = None if self.mean is None or mu is None else self.mean - mu
        curvature = TraceCurvature(((1.0, W, W),), None if gap is None else W)
        with np.errstate(over="ignore", invalid="ignore"):  # a search may try absurd values
            residual = self.S - np.where(exists[..., None, None], Sigma, 0.0)
            slope = -symmetric(W @ residual @ W)
            value = curvature.square(residual, gap) / 2
            dF_dmu = None if gap is None else -2 * (W @ gap[..., None])[..., 0]
        return Discrepancy(
            value=np.where(exists & np.isfinite(value), value, np.nan),
            dF_dSigma=slope,
            exact=curvature,
            expected=curvature,
            dF_dmu=dF_dmu,
        )

    def take(self, index: NDArray[np.intp]) -> GeneralizedLeastSquares:
        """Return the criterion for some members of a stack of samples."""
        mean = None if self.mean is None else members(self.mean, index, 1)
        return GeneralizedLeastSquares(members(self.S, index, 2), mean, members(self.W, index, 2))
