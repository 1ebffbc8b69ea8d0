r"""What corrects least squares by the spread of the moments: sandwich errors, traces of tests.

With D the derivatives of the fitted moments, W their weights and G the moments' sampling
covariance (times N), the middle of the sandwich is :math:`D'WGWD`, and a test statistic has the
distribution of a quadratic form with matrix :math:`UG,\; U = W - WD(D'WD)^{-1}D'W` [satorra1994]_,
[muthen1997]_.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trustsem.arrays import Floats
from trustsem.discrepancy import WeightedLeastSquares, Weights
from trustsem.errors import InferenceError
from trustsem.estimation import Problem
from trustsem.estimation.responses import ResponseBlock
from trustsem.implied import Tangents
from trustsem.moments import FreeSpread


@dataclass(frozen=True, slots=True)
class GroupMoments:
    """The moments of one group, seen from one point of the parameters.

    Parameters
    ----------
    D : ndarray, shape (k, q)
        Derivatives of the fitted moments in the group's parameters.
    weights : Weights
        W.
    spread : ndarray, shape (k, k)
        G.
    residual : ndarray, shape (k,)
        Sample moments minus fitted moments.
    free : ndarray of int, shape (q,)
        Positions of the group's parameters among all.
    share : float
        Weight of the group in F.
    """

    D: Floats
    weights: Weights
    spread: Floats
    residual: Floats
    free: np.ndarray
    share: float

    def weighted_spread(self) -> Floats:
        """Return W G, shape (k, k)."""
        return self.weights.times(self.spread)

    def pulled(self) -> Floats:
        """Return W D, shape (k, q)."""
        return self.weights.times(self.D)


def group_moments(problem: Problem, params: Floats) -> tuple[GroupMoments, ...]:
    """Return the moments of every group at one point, groups weighted by their cases.

    Parameters
    ----------
    problem : Problem
        A model whose discrepancy is least squares.
    params : ndarray, shape (q,)
        All free parameters.
    """
    found = []
    for block, sample in zip(problem.information_objective.blocks, problem.samples, strict=True):
        implied = block.implied(params)
        if isinstance(block, ResponseBlock):
            if sample.ordinal is None:
                raise InferenceError("Ordered items without their sample moments.")
            fitted = block.responses.fitted(implied)
            D, G = block.jacobian(implied), sample.ordinal.spread
            weights, residual = block.criterion.weights, block.criterion.moments - fitted
        else:
            criterion = block.criterion
            if not isinstance(criterion, WeightedLeastSquares):
                raise InferenceError("This discrepancy is not a weighted sum of squares.")
            weights, means = criterion.weights, criterion.weights.n_means > 0
            D = Tangents(implied.projection, block.structure.directions).moments(means=means)
            G = FreeSpread.of(sample, problem.table.exogenous).matrix
            G = G if means else G[len(block.S) :, len(block.S) :]
            residual = criterion.residual(implied.Sigma, implied.mu)
        found.append(GroupMoments(D, weights, G, residual, block.structure.free, block.share))
    return tuple(found)


def moment_meat(problem: Problem, params: Floats) -> Floats:
    """Return the middle of the sandwich, D'WGWD over all groups, shape (q, q)."""
    total = np.zeros((len(params), len(params)))
    for group in group_moments(problem, params):
        WD = group.pulled()
        total[group.free[:, None], group.free] += group.share * (WD.T @ group.spread @ WD)
    return total


def moment_traces(problem: Problem, params: Floats, bread: Floats) -> tuple[float, float]:
    """Return tr(UG) and tr((UG)^2).

    Parameters
    ----------
    problem : Problem
        The model and its samples.
    params : ndarray, shape (q,)
        Estimates.
    bread : ndarray, shape (q, q)
        Inverse of D'WD over all groups, within the constraints.
    """
    first, second = 0.0, 0.0
    meat, through = np.zeros_like(bread), np.zeros_like(bread)
    for group in group_moments(problem, params):
        WG, WD = group.weighted_spread(), group.pulled()
        at = group.free[:, None], group.free
        GWD = group.spread @ WD
        first += float(np.trace(WG))
        second += float((WG * WG.T).sum())
        meat[at] += group.share * (WD.T @ GWD)
        through[at] += group.share * (GWD.T @ group.weights.times(GWD))
    product = bread @ meat
    first -= float(np.trace(product))
    second -= 2 * float((bread * through).sum())
    second += float((product * product.T).sum())
    return first, second
