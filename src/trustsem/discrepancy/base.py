"""What every discrepancy returns: enough for gradient, exact Hessian and Fisher information."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats


@dataclass(frozen=True, slots=True)
class Curvature:
    """Second derivative of F in Sigma: a sum of terms ``factor * tr(dSigma W dSigma V)``.

    Parameters
    ----------
    terms : tuple of (float, ndarray, ndarray)
        Factor, W and V, the matrices of shape (..., p, p).
    """

    terms: tuple[tuple[float, Floats, Floats], ...]


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Value and derivatives of a discrepancy at stacks of moments.

    Parameters
    ----------
    value : ndarray, shape (...)
        F >= 0; NaN where the implied covariance is not positive definite.
    dF_dSigma : ndarray, shape (..., p, p)
        Slope in Sigma, symmetric: dF = tr(dF_dSigma dSigma).
    exact, expected : Curvature
        Curvature as it is, and its expectation when the model holds (Fisher scoring).
    mean_gap : ndarray, shape (..., p), or None
        W (mean - mu): minus half the slope in mu; None without means.
    mean_weight : ndarray, shape (..., p, p), or None
        W, half the curvature in mu.
    """

    value: Floats
    dF_dSigma: Floats
    exact: Curvature
    expected: Curvature
    mean_gap: Floats | None = None
    mean_weight: Floats | None = None

    @property
    def defined(self) -> NDArray[np.bool_]:
        """Whether each value exists."""
        return np.isfinite(self.value)
