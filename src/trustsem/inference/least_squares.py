"""What least squares with weights that are not efficient need: sandwich errors, residual test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trustsem.arrays import Floats, invert_positive, null_space
from trustsem.discrepancy import GeneralizedLeastSquares
from trustsem.errors import InferenceError
from trustsem.estimation import Estimate, Problem
from trustsem.estimation.objective import AnyBlock
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
    that. For ULS it is the residual-based statistic of normal theory, see :func:`residual_test`.
    """
    if estimate.problem.estimator.naive:
        return estimate.chisq
    return residual_test(estimate, "browne.residual.nt")


def stacked_chi_squares(problem: Problem, params: Floats) -> Floats:
    """Return the chi-square of each member of a stack of complete samples, shape (b,).

    Parameters
    ----------
    problem : Problem
        The model on the stack, its objective from :func:`trustsem.estimation.stacked_objective`.
    params : ndarray, shape (b, q)
        The estimates.

    Notes
    -----
    Defined as in :func:`chi_square`.
    """
    if problem.estimator.naive:
        value = problem.chi_square_objective.at_params(params).value
        return np.asarray(np.maximum(value, 0.0))
    point = problem.by("GLS").chi_square_objective.at(problem.reduction.reduce(params))
    slopes, H = point.gradient(), point.expected_hessian()
    if len(problem.reduction.conditions):
        gain = [_gain(problem, *member) for member in zip(params, slopes, H, strict=True)]
        return np.asarray(np.maximum(point.value - gain, 0.0))
    step = (np.linalg.pinv(H, hermitian=True) @ slopes[..., None])[..., 0]
    return np.asarray(np.maximum(point.value - (slopes * step).sum(axis=-1) / 2, 0.0))


def residual_test(estimate: Estimate, name: str) -> float:
    r"""Return a residual-based chi-square, whatever the discrepancy of the estimates.

    Parameters
    ----------
    estimate : Estimate
        The solution.
    name : {"browne.residual.nt", "browne.residual.nt.model", "browne.residual.adf"}
        The spread of the moments: of normal theory at the sample's or at the implied covariances,
        or free of a distribution.

    Raises
    ------
    MomentsError
        If the distribution-free weights cannot be formed from the sample.

    Notes
    -----
    .. math:: n\{r'Vr - r'VD(D'VD)^{-1}D'Vr\},

    with r the residuals, D the derivatives of the moments and V the inverse of the spread
    [browne1984]_: what least squares with these weights would reach by one more step from here.
    """
    problem = estimate.problem
    objective = _weighted(problem, estimate.params, name).chi_square_objective
    point = objective.at(problem.reduction.reduce(estimate.params)[None])
    slope, H = point.gradient()[0], point.expected_hessian()[0]
    return max(float(point.value[0]) - _gain(problem, estimate.params, slope, H), 0.0)


def _gain(problem: Problem, params: Floats, slope: Floats, H: Floats) -> float:
    """Return by how much one more step within the constraints would lower a quadratic function."""
    basis = null_space(problem.condition_jacobian(params), len(slope))
    slope, H = basis.T @ slope, basis.T @ H @ basis
    return float(slope @ np.linalg.pinv(H, hermitian=True) @ slope) / 2


def _weighted(problem: Problem, params: Floats, name: str) -> Problem:
    """Return the problem with the least-squares weights of a residual-based test."""
    if name == "browne.residual.adf":
        return problem.by("WLS")
    sampled = problem.by("GLS")
    if name == "browne.residual.nt":
        return sampled
    blocks: list[AnyBlock] = []
    for block, implied in zip(sampled.objective.blocks, problem.implied(params), strict=True):
        if isinstance(block, ResponseBlock):
            raise InferenceError("A residual-based test is one of covariances, not of answers.")
        W = invert_positive(implied.Sigma).matrix
        blocks.append(replace(block, criterion=GeneralizedLeastSquares(block.S, block.mean, W)))
    return replace(sampled, objective=replace(sampled.objective, blocks=tuple(blocks)))


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
