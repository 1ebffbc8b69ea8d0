"""The maximum-likelihood discrepancy of complete, normally distributed data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats, invert_positive, log_det, outer
from trustsem.discrepancy.base import Discrepancy, members
from trustsem.discrepancy.traces import TraceCurvature


@dataclass(frozen=True, slots=True)
class MaximumLikelihood:
    r"""The maximum-likelihood discrepancy [joreskog1969]_ from given samples.

    Parameters
    ----------
    S : ndarray, shape (..., p, p)
        Sample covariance matrices.
    mean : ndarray, shape (..., p), or None
        Sample means.
    log_det_S : ndarray, shape (...)
        ln \|S\|, constant over an estimation.

    Notes
    -----
    .. math:: F = \ln|\Sigma| + \mathrm{tr}(\tilde S \Sigma^{-1}) - \ln|S| - p,
              \qquad \tilde S = S + (m - \mu)(m - \mu)' .

    With W the inverse of Sigma and V = W S~ W the slope is W - V, and the second derivative in
    Sigma is 2 tr(dSigma W dSigma V) - tr(dSigma W dSigma W), whose expectation is
    tr(dSigma W dSigma W). F is not defined where Sigma is not positive definite.
    """

    S: Floats
    mean: Floats | None
    log_det_S: Floats

    @classmethod
    def of(cls, S: Floats, mean: Floats | None = None) -> MaximumLikelihood:
        """Prepare samples; S positive definite."""
        return cls(S, mean, log_det(S))

    def at(self, Sigma: Floats, mu: Floats | None = None) -> Discrepancy:
        """Evaluate at implied moments of shape (..., p, p) and (..., p)."""
        S = self.S
        inverse = invert_positive(Sigma)
        W = inverse.matrix
        gap = None if self.mean is None or mu is None else self.mean - mu
        total = S if gap is None else S + outer(gap, gap)
        W_total = W @ total
        V = W_total @ W
        V = (V + np.swapaxes(V, -1, -2)) / 2
        trace = np.trace(W_total, axis1=-2, axis2=-1)
        pull = None if gap is None else (W @ gap[..., None])[..., 0]
        mean_weight = None if gap is None else W
        return Discrepancy(
            value=np.asarray(inverse.log_det + trace - self.log_det_S - S.shape[-1]),
            dF_dSigma=W - V,
            exact=TraceCurvature(((1.0, W, 2 * V - W),), mean_weight, pull),
            expected=TraceCurvature(((1.0, W, W),), mean_weight),
            dF_dmu=None if pull is None else -2 * pull,
        )

    def take(self, index: NDArray[np.intp]) -> MaximumLikelihood:
        """Return the criterion for some members of a stack of samples."""
        mean = None if self.mean is None else members(self.mean, index, 1)
        return MaximumLikelihood(members(self.S, index, 2), mean, members(self.log_det_S, index, 0))
