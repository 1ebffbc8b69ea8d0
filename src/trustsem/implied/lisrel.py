"""Implied moments of the all-y LISREL form, and derivatives of anything built on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trustsem.arrays import Floats, Numbers, transpose

if TYPE_CHECKING:
    from trustsem.implied.structure import Directions


@dataclass(frozen=True, slots=True)
class Implied:
    """Implied moments and the matrices that their derivatives need.

    Parameters
    ----------
    Sigma : ndarray, shape (..., p, p)
        Implied covariance of the observed variables.
    mu : ndarray, shape (..., p)
        Implied means.
    A : ndarray, shape (..., m, m)
        Total effects within eta, (I-B)^-1.
    cov_eta : ndarray, shape (..., m, m)
        Implied covariance of eta.
    mean_eta : ndarray, shape (..., m)
        Implied means of eta.
    LA, LC : ndarray, shape (..., p, m)
        Lambda A and Lambda Cov(eta).
    matrices : dict of str to ndarray
        The model matrices themselves.
    """

    Sigma: Numbers
    mu: Numbers
    A: Numbers
    cov_eta: Numbers
    mean_eta: Numbers
    LA: Numbers
    LC: Numbers
    matrices: dict[str, Numbers]

    @classmethod
    def from_matrices(cls, matrices: dict[str, Numbers]) -> Implied:
        """Compute the moments from filled model matrices."""
        Lambda, Beta, Psi = matrices["Lambda"], matrices["Beta"], matrices["Psi"]
        with np.errstate(over="ignore", invalid="ignore"):  # a search may try absurd values
            A = _total_effects(Beta)
            cov_eta = A @ Psi @ transpose(A)
            mean_eta = (A @ matrices["alpha"][..., None])[..., 0]
            LC = Lambda @ cov_eta
            Sigma = LC @ transpose(Lambda) + matrices["Theta"]
            LA = Lambda @ A
        return cls(
            Sigma=Sigma,
            mu=matrices["nu"] + (Lambda @ mean_eta[..., None])[..., 0],
            A=A,
            cov_eta=cov_eta,
            mean_eta=mean_eta,
            LA=LA,
            LC=LC,
            matrices=matrices,
        )

    def project(self) -> Projection:
        """Return the columns X and their companions, from which derivatives are gathered."""
        lead, (p, m) = self.LA.shape[:-2], self.LA.shape[-2:]
        identity = np.broadcast_to(np.eye(p), (*lead, p, p))
        constant = np.zeros((*lead, p, 1))
        X = np.concatenate([identity, self.LA, self.LC, constant], axis=-1)
        reach = np.zeros((*lead, m + 1, X.shape[-1]))
        reach[..., :m, p : p + m] = self.A
        spread = np.zeros((*lead, m + 1, m + 1))
        spread[..., :m, :m] = self.cov_eta
        level = np.ones((*lead, m + 1))
        level[..., :m] = self.mean_eta
        return Projection(X=X, reach=reach, spread=spread, level=level)


@dataclass(frozen=True, slots=True)
class Projection:
    """Columns X = [I | Lambda A | Lambda C | 0] and what second derivatives need beside them.

    Parameters
    ----------
    X : ndarray, shape (..., p, c)
        c = p + 2m + 1 columns.
    reach : ndarray, shape (..., m+1, c)
        How strongly each source reaches the variable behind each column: A for the columns of
        Lambda A, else 0.
    spread : ndarray, shape (..., m+1, m+1)
        Covariance of the sources (eta and the constant).
    level : ndarray, shape (..., m+1)
        Mean of the sources; 1 for the constant.
    """

    X: Floats
    reach: Floats
    spread: Floats
    level: Floats

    def within(self, M: Floats) -> Floats:
        """Return X' M X."""
        return np.asarray(transpose(self.X) @ M @ self.X)

    def onto(self, vector: Floats) -> Floats:
        """Return X' vector, shape (..., c)."""
        return np.asarray((transpose(self.X) @ vector[..., None])[..., 0])

    def mean_scale(self, at: Directions) -> Floats:
        """Return s in dmu = u s: the level of a directed parameter's source, else 0."""
        return np.where(at.directed, self.level[..., at.source], 0.0)

    def moves(self, at: Directions) -> Floats:
        """Return dSigma for each parameter of one model, shape (p, p, k)."""
        u, v = self.X[:, at.u], self.X[:, at.v]
        return at.weight * (u[:, None, :] * v[None, :, :] + v[:, None, :] * u[None, :, :])

    def slope(self, at: Directions, G: Floats) -> Floats:
        """Return tr(G dSigma) for each parameter, G symmetric of shape (..., p, p)."""
        return 2 * at.weight * self.within(G)[..., at.u, at.v]

    def mean_slope(self, at: Directions, g: Floats) -> Floats:
        """Return g' dmu for each parameter, g of shape (..., p)."""
        return self.onto(g)[..., at.u] * self.mean_scale(at)

    def sandwich(self, a: Directions, b: Directions, Q: Floats, P: Floats) -> Floats:
        """Return tr(dSigma_a W dSigma_b V) for all pairs, given Q = X'WX and P = X'VX.

        Returns
        -------
        ndarray, shape (..., len(a), len(b))
        """
        u, v, x, y = a.u[:, None], a.v[:, None], b.u, b.v
        total = (
            Q[..., v, x] * P[..., u, y]
            + Q[..., v, y] * P[..., u, x]
            + Q[..., u, x] * P[..., v, y]
            + Q[..., u, y] * P[..., v, x]
        )
        return np.asarray(a.weight[:, None] * b.weight * total)

    def mean_products(self, a: Directions, b: Directions, Q: Floats) -> Floats:
        """Return dmu_a' W dmu_b for all pairs, given Q = X'WX."""
        scale_a, scale_b = self.mean_scale(a), self.mean_scale(b)
        return scale_a[..., :, None] * scale_b[..., None, :] * Q[..., a.u[:, None], b.u]

    def mean_cross(self, a: Directions, b: Directions, Q: Floats, t: Floats) -> Floats:
        """Return dmu_a' W dSigma_b w for all pairs, given Q = X'WX and t = X'w."""
        u, x, y = a.u[:, None], b.u, b.v
        product = Q[..., u, x] * t[..., None, y] + Q[..., u, y] * t[..., None, x]
        return np.asarray(self.mean_scale(a)[..., :, None] * b.weight * product)

    def bend(self, at: Directions, G: Floats) -> Floats:
        """Return tr(G d2Sigma) for all pairs of parameters, G symmetric of shape (..., p, p).

        Returns
        -------
        ndarray, shape (..., q, q)
        """
        H = self.within(G)
        u, v, source = at.u[:, None], at.v[:, None], at.source[:, None]
        u2, v2, source2 = at.u, at.v, at.source
        # A directed parameter moves its own column of Lambda A, and through it the other's ...
        turned = self.reach[..., source2, u] * H[..., u2, v]
        # ... and it moves the source column Lambda C, through spread and through its reach.
        spread = self.spread[..., source2, source] * H[..., u, u2]
        passed = self.reach[..., source, u2] * H[..., u, v2]
        # An undirected parameter moves the source column only.
        shaken = (
            H[..., u, u2] * self.reach[..., source, v2]
            + H[..., u, v2] * self.reach[..., source, u2]
        )
        both = at.directed[:, None] & at.directed
        first = at.directed[:, None] & ~at.directed
        directed = np.where(both, turned + spread + passed, 0.0)
        mixed = np.where(first, at.weight * shaken, 0.0)
        return np.asarray(2 * (directed + mixed + transpose(mixed)))

    def mean_bend(self, at: Directions, t: Floats) -> Floats:
        """Return w' d2mu for all pairs of parameters, given t = X'w."""
        u, source = at.u[:, None], at.source[:, None]
        u2, source2 = at.u, at.source
        turned = self.reach[..., source2, u] * t[..., None, u2] * self.level[..., source]
        passed = t[..., u] * self.reach[..., source, u2] * self.level[..., None, source2]
        both = at.directed[:, None] & at.directed
        return np.asarray(np.where(both, turned + passed, 0.0))


def _total_effects(Beta: Numbers) -> Numbers:
    """Return (I - Beta)^-1 for a stack; the identity where there are no paths."""
    identity = np.eye(Beta.shape[-1])
    if not Beta.any():
        return np.broadcast_to(identity.astype(Beta.dtype), Beta.shape)
    try:
        return np.asarray(np.linalg.inv(identity - Beta))
    except np.linalg.LinAlgError:
        # One member of the stack lies exactly where no total effects exist: out of the domain.
        exists = np.linalg.det(identity - Beta) != 0
        safe = np.where(exists[..., None, None], identity - Beta, identity)
        return np.where(exists[..., None, None], np.linalg.inv(safe), np.nan)
