"""The maximum-likelihood discrepancy of complete, normally distributed data."""

from __future__ import annotations

import numpy as np

from trustsem.arrays import Floats, invert_positive, outer
from trustsem.discrepancy.base import Curvature, Discrepancy


def ml_discrepancy(
    S: Floats,
    Sigma: Floats,
    log_det_S: Floats,
    mean: Floats | None = None,
    mu: Floats | None = None,
) -> Discrepancy:
    r"""Evaluate the maximum-likelihood discrepancy [joreskog1969]_.

    Parameters
    ----------
    S, Sigma : ndarray, shape (..., p, p)
        Sample and implied covariance matrices.
    log_det_S : ndarray, shape (...)
        ln \|S\|, constant over an estimation.
    mean, mu : ndarray, shape (..., p), optional
        Sample and implied means; both or none.

    Returns
    -------
    Discrepancy

    Notes
    -----
    .. math:: F = \ln|\Sigma| + \mathrm{tr}(\tilde S \Sigma^{-1}) - \ln|S| - p,
              \qquad \tilde S = S + (m - \mu)(m - \mu)' .

    With W the inverse of Sigma and V = W S~ W the slope is W - V, and the second derivative in
    Sigma is 2 tr(dSigma W dSigma V) - tr(dSigma W dSigma W), whose expectation is
    tr(dSigma W dSigma W).
    """
    inverse = invert_positive(Sigma)
    W = inverse.matrix
    gap = None if mean is None or mu is None else mean - mu
    total = S if gap is None else S + outer(gap, gap)
    W_total = W @ total
    V = W_total @ W
    V = (V + np.swapaxes(V, -1, -2)) / 2
    trace = np.trace(W_total, axis1=-2, axis2=-1)
    return Discrepancy(
        value=np.asarray(inverse.log_det + trace - log_det_S - S.shape[-1]),
        dF_dSigma=W - V,
        exact=Curvature(((2.0, W, V), (-1.0, W, W))),
        expected=Curvature(((1.0, W, W),)),
        mean_gap=None if gap is None else (W @ gap[..., None])[..., 0],
        mean_weight=None if gap is None else W,
    )
