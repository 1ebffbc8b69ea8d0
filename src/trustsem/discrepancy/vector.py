"""Least squares of a vector of moments of any kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats
from trustsem.discrepancy.base import members
from trustsem.discrepancy.wls import Weights


@dataclass(frozen=True, slots=True)
class VectorDiscrepancy:
    """Value and slope of least squares at a stack of fitted moments.

    Parameters
    ----------
    value : ndarray, shape (...)
        F >= 0; NaN where a moment does not exist.
    slope : ndarray, shape (..., k)
        Slope in the fitted moments. The curvature is twice the weights everywhere.
    """

    value: Floats
    slope: Floats


@dataclass(frozen=True, slots=True)
class VectorLeastSquares:
    r"""Weighted least squares of moments that come as vectors.

    Parameters
    ----------
    moments : ndarray, shape (..., k)
        Sample moments s.
    weights : Weights
        W, one weight for each moment or for each pair.

    Notes
    -----
    :math:`F = (s - \sigma)' W (s - \sigma)` [muthen1984]_.
    """

    moments: Floats
    weights: Weights

    def at(self, fitted: Floats) -> VectorDiscrepancy:
        """Evaluate at fitted moments of shape (..., k)."""
        with np.errstate(over="ignore", invalid="ignore"):  # a search may try absurd values
            residual = self.moments - fitted
            pulled = self.weights.times(residual[..., None])[..., 0]
            value = (residual * pulled).sum(axis=-1)
        return VectorDiscrepancy(np.where(np.isfinite(value), value, np.nan), -2 * pulled)

    def take(self, index: NDArray[np.intp]) -> VectorLeastSquares:
        """Return the discrepancy from some members of a stack of samples."""
        return VectorLeastSquares(members(self.moments, index, 1), self.weights.take(index))
