"""The baseline model: all observed variables unrelated [bentler1980]_."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trustsem.arrays import Flags, Floats, invert_positive
from trustsem.estimation import Problem
from trustsem.estimation.objective import Block
from trustsem.implied import moment_tangents


@dataclass(frozen=True, slots=True)
class Baseline:
    """Fit of the independence model.

    Parameters
    ----------
    chisq : float
        Its chi-square.
    df : int
        Its degrees of freedom.
    """

    chisq: float
    df: int


def baseline_fit(problem: Problem) -> Baseline:
    """Fit the independence model in closed form.

    Parameters
    ----------
    problem : Problem
        The model (which tells the fixed covariates) and its samples.

    Notes
    -----
    Variances are free and covariances zero. Observed covariates (predictors that are nothing else)
    keep their covariances, fixed or free: they enter as one block, so that the baseline says
    nothing about what the model does not explain either. Maximum likelihood gives
    F = sum ln s_ii - ln |S|; by least squares the model is linear in the moments, so that one step
    from anywhere ends at the minimum. ULS has no chi-square of its own; its residual-based one is
    that of GLS here.
    """
    minimum = _by_likelihood if problem.estimator.likelihood else _by_least_squares
    by = problem.by(problem.estimator.baseline)
    chisq, df = 0.0, 0
    for block, sample in zip(by.objective.blocks, problem.samples, strict=True):
        related = np.isin(sample.names, problem.table.covariates)
        fixed = np.isin(sample.names, problem.table.exogenous)
        chisq += sample.weight * minimum(block, related, fixed)
        n_related = int(related.sum())
        df += (len(related) * (len(related) - 1) - n_related * (n_related - 1)) // 2
    return Baseline(chisq=chisq, df=df)


def _by_likelihood(block: Block, related: Flags, fixed: Flags) -> float:
    """Return the minimum of the maximum-likelihood discrepancy."""
    del fixed  # their own moments fit either way
    S = block.S
    free = np.log(np.diag(S)[~related]).sum()
    return float(free + _log_det(S[np.ix_(related, related)]) - _log_det(S))


def _by_least_squares(block: Block, related: Flags, fixed: Flags) -> float:
    """Return the minimum of a least-squares discrepancy: one step from the sample variances."""
    S = block.S
    rows, cols = np.tril_indices(len(S))
    kept = (rows == cols) | (related[rows] & related[cols])
    free = kept & ~(fixed[rows] & fixed[cols])
    Sigma = np.zeros_like(S)
    Sigma[rows[kept], cols[kept]] = Sigma[cols[kept], rows[kept]] = S[rows[kept], cols[kept]]
    means = np.flatnonzero(~fixed) if block.mean is not None else np.empty(0, dtype=np.intp)
    tangents = moment_tangents(len(S), rows[free], cols[free], means)
    at = block.criterion.at(Sigma, block.mean)
    projection, directions = tangents.projection, tangents.directions
    slope = projection.slope(directions, at.dF_dSigma)
    if at.dF_dmu is not None:
        slope = slope + projection.mean_slope(directions, at.dF_dmu)
    H = at.expected.products(tangents, tangents)
    return float(at.value - slope @ np.linalg.solve(H, slope) / 2)


def _log_det(A: Floats) -> float:
    """Return the log-determinant; 0 for an empty matrix."""
    return float(invert_positive(A).log_det) if A.size else 0.0
