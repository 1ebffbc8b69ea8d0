"""How the implied moments change along some parameters, or moment by moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats
from trustsem.implied.lisrel import Projection
from trustsem.implied.structure import Directions


@dataclass(frozen=True, slots=True)
class Tangents:
    """The changes dSigma and dmu along a set of directions: what a curvature is applied to.

    Parameters
    ----------
    projection : Projection
        The columns X at a stack of points.
    directions : Directions
        Which of them carry the changes.
    """

    projection: Projection
    directions: Directions

    def sandwich(self, other: Tangents, W: Floats, V: Floats) -> Floats:
        """Return tr(dSigma_a W dSigma_b V) for all pairs, shape (..., len(a), len(b))."""
        Q = self.projection.within(W)
        P = Q if V is W else self.projection.within(V)
        return self.projection.sandwich(self.directions, other.directions, Q, P)

    def squares(self, W: Floats, V: Floats) -> Floats:
        """Return tr(dSigma W dSigma V) of each direction, shape (..., k)."""
        Q = self.projection.within(W)
        P = Q if V is W else self.projection.within(V)
        return self.projection.squares(self.directions, Q, P)

    def mean_products(self, other: Tangents, W: Floats) -> Floats:
        """Return dmu_a' W dmu_b for all pairs."""
        Q = self.projection.within(W)
        return self.projection.mean_products(self.directions, other.directions, Q)

    def mean_cross(self, other: Tangents, W: Floats, w: Floats) -> Floats:
        """Return dmu_a' W dSigma_b w for all pairs."""
        Q, t = self.projection.within(W), self.projection.onto(w)
        return self.projection.mean_cross(self.directions, other.directions, Q, t)

    def moves(self) -> Floats:
        """Return dSigma along each direction, for one model: shape (p, p, k)."""
        return self.projection.moves(self.directions)

    def shifts(self) -> Floats:
        """Return dmu along each direction, shape (..., p, k)."""
        scale = self.projection.mean_scale(self.directions)
        return np.asarray(self.projection.X[..., self.directions.u] * scale[..., None, :])

    def moments(self, *, means: bool) -> Floats:
        """Return the changes as columns: of the means if wanted, then of the lower triangle.

        Returns
        -------
        ndarray, shape (..., p(p+1)/2 [+ p], k)
        """
        X, at = self.projection.X, self.directions
        rows, cols = np.tril_indices(X.shape[-2])
        u, v = X[..., at.u], X[..., at.v]
        changes = u[..., rows, :] * v[..., cols, :] + v[..., rows, :] * u[..., cols, :]
        low = at.weight * changes
        return np.concatenate([self.shifts(), low], axis=-2) if means else np.asarray(low)


def moment_tangents(
    p: int, rows: NDArray[np.intp], cols: NDArray[np.intp], means: NDArray[np.intp]
) -> Tangents:
    """Return directions that change one moment each: covariances, then means.

    Parameters
    ----------
    p : int
        Number of observed variables.
    rows, cols : ndarray of int, shape (k,)
        The covariances.
    means : ndarray of int, shape (l,)
        The means.
    """
    zero = np.full(len(means), p)
    directions = Directions(
        u=np.concatenate([rows, means]),
        v=np.concatenate([cols, zero]),
        source=np.zeros(len(rows) + len(means), dtype=np.intp),
        directed=np.concatenate([np.zeros(len(rows), dtype=bool), np.ones(len(means), dtype=bool)]),
        weight=np.concatenate([np.where(rows == cols, 0.5, 1.0), np.ones(len(means))]),
    )
    projection = Projection(
        X=np.column_stack([np.eye(p), np.zeros(p)]),
        reach=np.zeros((1, p + 1)),
        spread=np.zeros((1, 1)),
        level=np.ones(1),
    )
    return Tangents(projection, directions)
