"""What least squares with weights that are not efficient need: sandwich errors, residual test."""

from __future__ import annotations

import numpy as np

from trustsem.arrays import Floats, null_space
from trustsem.errors import InferenceError
from trustsem.estimation import Estimate
from trustsem.estimation.responses import ResponseBlock
from trustsem.implied import Tangents


def chi_square(estimate: Estimate) -> float:
    r"""Return the chi-square of a solution.

    Parameters
    ----------
    estimate : Estimate
        The solution.

    Notes
    -----
    n F where F weights the moments by the inverse of their spread, or where tests correct it for
    that. For ULS it is
    the residual-based statistic of normal theory [browne1984]_,

    .. math:: n\{r'Vr - r'VD(D'VD)^{-1}D'Vr\},

    with r the residuals, D the derivatives of the moments and V the inverse of the normal-theory
    spread: what generalised least squares would reach by one more step from here.
    """
    problem = estimate.problem
    if problem.estimator.naive:
        return estimate.chisq
    reduced = problem.reduction.reduce(estimate.params)
    point = problem.by("GLS").chi_square_objective.at(reduced[None])
    slope, H = point.gradient()[0], point.expected_hessian()[0]
    basis = null_space(problem.condition_jacobian(estimate.params), len(reduced))
    slope, H = basis.T @ slope, basis.T @ H @ basis
    gain = float(slope @ np.linalg.pinv(H, hermitian=True) @ slope) / 2
    return max(float(point.value[0]) - gain, 0.0)


def moment_noise(estimate: Estimate) -> Floats:
    r"""Return the covariance of the slope of F/2 over parameters, times n.

    Returns
    -------
    ndarray, shape (q, q)
        D'W G W D with G the spread of the moments: the middle of the sandwich [browne1984]_.
    """
    problem = estimate.problem
    size = problem.table.n_free
    total = np.zeros((size, size))
    for block, sample, implied in zip(
        problem.information_objective.blocks,
        problem.samples,
        problem.implied(estimate.params),
        strict=True,
    ):
        if isinstance(block, ResponseBlock):
            raise InferenceError("Ordered items have their own spread of moments.")
        tangents = Tangents(implied.projection, block.structure.directions)
        cov, mean = block.discrepancy(implied).expected.weighted(tangents)
        spread = problem.estimator.spread(sample, problem.table.exogenous)
        cov_spread, mean_spread = spread.times(cov / 2, mean / 2)
        part = np.einsum("ijk,ijl->kl", cov / 2, cov_spread) + mean.T / 2 @ mean_spread
        free = block.structure.free
        total[free[:, None], free] += block.share * part
    return total
