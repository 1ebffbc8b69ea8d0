"""Curvature from traces of p x p matrices: of maximum likelihood and generalised least squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trustsem.arrays import Floats

if TYPE_CHECKING:
    from trustsem.implied import Tangents


@dataclass(frozen=True, slots=True)
class TraceCurvature:
    """A sum of terms ``factor * tr(dSigma W dSigma V)``, and as much for the means.

    Parameters
    ----------
    terms : tuple of (float, ndarray, ndarray)
        Factor, W and V, the matrices of shape (..., p, p).
    mean_weight : ndarray, shape (..., p, p), or None
        W in 2 dmu' W dmu; None without means.
    mean_pull : ndarray, shape (..., p), or None
        w in 2 dmu' W dSigma w, the joint curvature of means and covariances; None if there is
        none.
    """

    terms: tuple[tuple[float, Floats, Floats], ...]
    mean_weight: Floats | None = None
    mean_pull: Floats | None = None

    def products(self, a: Tangents, b: Tangents) -> Floats:
        """Return the form for all pairs, shape (..., len(a), len(b))."""
        total: Floats | float = 0.0
        for factor, W, V in self.terms:
            part = a.sandwich(b, W, V)
            total = total + (part if factor == 1 else factor * part)
        if self.mean_weight is None:
            return np.asarray(total)
        total = total + 2 * a.mean_products(b, self.mean_weight)
        if self.mean_pull is not None:
            there = a.mean_cross(b, self.mean_weight, self.mean_pull)
            back = np.swapaxes(b.mean_cross(a, self.mean_weight, self.mean_pull), -1, -2)
            total = total + 2 * (there + back)
        return np.asarray(total)

    def squares(self, at: Tangents) -> Floats:
        """Return the form of each direction with itself, for covariances alone; (..., k)."""
        total: Floats | float = 0.0
        for factor, W, V in self.terms:
            total = total + factor * at.squares(W, V)
        return np.asarray(total)

    def weighted(self, at: Tangents) -> tuple[Floats, Floats]:
        """Return what the form makes of each direction, shapes (p, p, k) and (p, k)."""
        moves, shifts = at.moves(), at.shifts()
        cov = np.zeros_like(moves)
        for factor, W, V in self.terms:
            product = np.einsum("ij,jkl,km->iml", W, moves, V, optimize=True)
            cov += factor / 2 * (product + product.transpose(1, 0, 2))
        if self.mean_weight is None:
            return cov, np.zeros_like(shifts)
        mean = 2 * self.mean_weight @ shifts
        if self.mean_pull is not None:
            mean = mean + 2 * self.mean_weight @ np.einsum("ijk,j->ik", moves, self.mean_pull)
            across = np.einsum("ik,j->ijk", self.mean_weight @ shifts, self.mean_pull)
            cov = cov + across + across.transpose(1, 0, 2)
        return cov, np.asarray(mean)

    def square(self, cov: Floats, mean: Floats | None = None) -> Floats:
        """Return the form of a change with itself."""
        total: Floats = np.zeros(cov.shape[:-2])
        for factor, W, V in self.terms:
            WC, VC = W @ cov, V @ cov
            total = total + factor * np.einsum("...ij,...ji->...", WC, VC)
        if mean is None or self.mean_weight is None:
            return np.asarray(total)
        pulled = (self.mean_weight @ mean[..., None])[..., 0]
        total = total + 2 * (mean * pulled).sum(axis=-1)
        if self.mean_pull is not None:
            turned = (cov @ self.mean_pull[..., None])[..., 0]
            total = total + 4 * (pulled * turned).sum(axis=-1)
        return np.asarray(total)
