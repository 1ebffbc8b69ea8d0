r"""What robust inference needs of complete cases, from their fourth moments.

A case's slopes are linear in its deviations d from the means and in their products dd'. With G the
covariance matrix of both, over all cases, the mean outer product of the slopes is :math:`L'GL`, and
so with every other sum of squares over cases: nothing of a single case is needed once G is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trustsem.arrays import Floats, lower_triangle
from trustsem.implied import Projection, Structure
from trustsem.moments import product_map


@dataclass(frozen=True, slots=True)
class MomentCases:
    """The cases of one group, known by their moments, seen from one point of the parameters.

    Parameters
    ----------
    structure : Structure
        The compiled model of the group.
    projection : Projection
        Columns of the derivatives at the point.
    W : ndarray, shape (p, p)
        Inverse of the implied covariance matrix.
    mean_gap : ndarray, shape (p,)
        Sample means minus implied means; zero without a mean structure.
    S : ndarray, shape (p, p)
        Mean squares and products of the deviations.
    G : ndarray, shape (k, k)
        Covariance matrix of the p deviations and of the lower triangle of their products by rows.
    given : ndarray, shape (k, k)
        The same of what fixed covariates do not predict; G itself without any.
    n_obs : int
        Number of cases.
    share : float
        Weight of the group in F.
    """

    structure: Structure
    projection: Projection
    W: Floats
    mean_gap: Floats
    S: Floats
    G: Floats
    given: Floats
    n_obs: int
    share: float

    def outer_products(self, *, centred: bool) -> Floats:
        """Return the mean outer product of the cases' slopes, shape (k, k).

        Parameters
        ----------
        centred : bool
            Whether of the centred parts of Delta'W(s - sigma) given fixed covariates, or of the
            slopes of the log-likelihood.
        """
        L = self._coefficients()
        if centred:
            return np.asarray(L.T @ self.given @ L)
        at, p = self.structure.directions, len(self.W)
        A = self.W @ self.projection.X
        shift = self.mean_gap @ A
        L[:p] += at.weight * (A[:, at.u] * shift[at.v] + A[:, at.v] * shift[at.u])
        level = at.weight * shift[at.u] * shift[at.v] + L[p:].T @ lower_triangle(self.S)
        if self.structure.has_means:
            level = level + self.projection.mean_scale(at) * shift[at.u]
        level = level - self.projection.slope(at, self.W) / 2
        return np.asarray(L.T @ self.G @ L + np.outer(level, level))

    def weighted_trace(self, W: Floats) -> float:
        """Return tr(W* Gamma), W* the normal-theory weights that belong to an inverse W."""
        M = self._metric(W)
        return float(((M @ self.given) * M).sum())

    def squared_spread(self) -> tuple[float, Floats]:
        """Return tr(C^2), C the weighted G, and how C's cases go with the slopes, (p*, k)."""
        M = self._metric(self.W)
        MG = M @ self.given
        return float(((MG @ M.T) ** 2).sum()), MG @ self._coefficients()

    def _coefficients(self) -> Floats:
        """Return the coefficients of slopes in deviations and products, shape (p + p*, k)."""
        at, p = self.structure.directions, len(self.W)
        A = self.W @ self.projection.X
        rows, cols = np.tril_indices(p)
        products = A[rows][:, at.u] * A[cols][:, at.v]
        products = products + A[cols][:, at.u] * A[rows][:, at.v]
        products[rows == cols] /= 2
        single = np.zeros((p, len(at.u)))
        if self.structure.has_means:
            single += self.projection.mean_scale(at) * A[:, at.u]
        return np.concatenate([single, at.weight * products])

    def _metric(self, W: Floats) -> Floats:
        """Return the matrix that takes deviations and products into the metric of the weights."""
        p = len(W)
        root = np.asarray(np.linalg.cholesky(W).T, dtype=np.float64)
        rows, cols = np.tril_indices(p)
        half = np.where(rows == cols, np.sqrt(0.5), 1.0)
        products = half[:, None] * product_map(root)
        squares = np.hstack([np.zeros((len(rows), p)), products])
        if not self.structure.has_means:
            return squares
        return np.vstack([squares, np.hstack([root, np.zeros((p, len(rows)))])])
