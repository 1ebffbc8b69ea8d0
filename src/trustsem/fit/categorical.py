"""Fit of models with ordered items: residuals of what is seen, and robust indices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trustsem.arrays import Floats, invert_positive
from trustsem.errors import UndefinedIndexError
from trustsem.estimation import Estimate
from trustsem.estimation.responses import ResponseBlock
from trustsem.inference import independent_directions
from trustsem.inference.sandwich import group_moments
from trustsem.moments import MomentLayout


@dataclass(frozen=True, slots=True)
class LatentMisfit:
    """Misfit of the correlations behind ordered items, measured by maximum likelihood.

    Parameters
    ----------
    chisq, chisq_baseline : float
        N times the maximum-likelihood discrepancy of the correlations, at the least-squares
        estimates and for uncorrelated variables.
    factor, factor_baseline : float
        Their means under the models over the degrees of freedom.
    n_obs : int
        N.
    """

    chisq: float
    chisq_baseline: float
    factor: float
    factor_baseline: float
    n_obs: int


def latent_misfit(estimate: Estimate, df: int) -> LatentMisfit:
    r"""Measure misfit on the scale that continuous answers would have given [savalei2021]_.

    Parameters
    ----------
    estimate : Estimate
        A solution for ordered items.
    df : int
        Its degrees of freedom.

    Raises
    ------
    UndefinedIndexError
        With several groups, some continuous variables, or indefinite correlations.

    Notes
    -----
    Least squares of polychoric correlations weights misfit by how well correlations are known, so
    that its RMSEA and CFI depend on thresholds and the number of categories. Here residuals are
    judged by the normal-theory weights V at the implied correlations; with
    :math:`Q = I - D(D'WD)^{-1}D'W` the statistic has the mean tr(Q'VQG).
    """
    problem = estimate.problem
    if len(problem.samples) > 1:
        raise UndefinedIndexError("robust indices of ordered items are defined for one group")
    block, sample = problem.objective.blocks[0], problem.samples[0]
    if not isinstance(block, ResponseBlock) or sample.ordinal is None:
        raise UndefinedIndexError("robust indices of this kind are for ordered items")
    if not block.responses.layout.is_ordered.all():
        raise UndefinedIndexError("robust indices are not defined for mixed items")
    R = invert_positive(sample.cov)
    if not R.positive:
        raise UndefinedIndexError("the polychoric correlations are not positive definite")
    _, _, Sigma = block.responses.seen(block.implied(estimate.params))
    inverse = invert_positive(np.asarray(Sigma, dtype=float))
    if not inverse.positive:
        raise UndefinedIndexError("the implied correlations are not positive definite")
    layout = sample.ordinal.layout
    pairs = layout.parts[-1]
    value = float(inverse.log_det - R.log_det + np.trace(sample.cov @ inverse.matrix)) - len(Sigma)
    group = group_moments(problem, estimate.params)[0]
    K = independent_directions(estimate)[group.free]
    D = group.D @ K
    WD = group.weights.times(D)
    G, V = group.spread, _normal_weights(inverse.matrix, layout)
    bread, GWD = np.linalg.inv(D.T @ WD), G @ WD
    X = D[pairs] @ bread
    VX = V @ X
    mean = float((V * G[pairs, pairs]).sum() - 2 * (VX * GWD[pairs]).sum())
    mean += float(((X.T @ VX) * (WD.T @ GWD)).sum())
    spread = np.diag(group.spread)[pairs]
    n, df_baseline = sample.n_obs, len(spread)
    return LatentMisfit(
        chisq=n * max(value, 0.0),
        chisq_baseline=-n * float(R.log_det),
        factor=mean / df if df else 1.0,
        factor_baseline=float(spread.sum()) / df_baseline if df_baseline else 1.0,
        n_obs=n,
    )


def _normal_weights(W: Floats, layout: MomentLayout) -> Floats:
    """Return the normal-theory weights of the correlations below the diagonal."""
    rows, cols = layout.pairs
    same, crossed = W[np.ix_(rows, rows)] * W[np.ix_(cols, cols)], W[np.ix_(rows, cols)]
    return np.asarray(same + crossed * crossed.T)


def residual_vector_variances(estimate: Estimate) -> tuple[Floats, ...]:
    """Return each group's sampling variances of the residuals of its moments, shapes (k,).

    Parameters
    ----------
    estimate : Estimate
        A solution for ordered items.
    """
    problem = estimate.problem
    groups = group_moments(problem, estimate.params)
    K = independent_directions(estimate)
    size = K.shape[0]
    A, B = np.zeros((size, size)), np.zeros((size, size))
    for group in groups:
        at, WD = (group.free[:, None], group.free), group.pulled()
        A[at] += group.share * (group.D.T @ WD)
        B[at] += group.share * (WD.T @ group.spread @ WD)
    inverse = K @ np.linalg.pinv(K.T @ A @ K, hermitian=True) @ K.T
    vcov = inverse @ B @ inverse / problem.n_obs
    found = []
    for group, sample in zip(groups, problem.samples, strict=True):
        at = (group.free[:, None], group.free)
        taken = (group.D @ inverse[at]) * (group.spread @ group.pulled())
        own = np.diag(group.spread) / sample.n_obs - 2 * taken.sum(axis=1) / problem.n_obs
        found.append(own + ((group.D @ vcov[at]) * group.D).sum(axis=1))
    return tuple(found)
