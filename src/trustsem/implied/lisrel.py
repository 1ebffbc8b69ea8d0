"""Implied moments of the all-y LISREL form, and derivatives of anything built on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from trustsem.arrays import Floats, Numbers, diagonal, gathered, outer, transpose

if TYPE_CHECKING:
    from trustsem.implied.structure import Directions


@dataclass(frozen=True)
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
    def from_matrices(cls, matrices: dict[str, Numbers], longest: int | None = None) -> Implied:
        """Compute the moments from filled model matrices; see :func:`total_effects`."""
        Lambda, Beta, Psi = matrices["Lambda"], matrices["Beta"], matrices["Psi"]
        with np.errstate(over="ignore", invalid="ignore"):  # a search may try absurd values
            A = total_effects(Beta, longest)
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

    @property
    def Lambda(self) -> Numbers:
        """Loadings, shape (..., p, m)."""
        return self.matrices["Lambda"]

    def variances(self) -> Numbers:
        """Return implied variances of observed variables and eta, then those of their residuals.

        Returns
        -------
        ndarray, shape (..., 2(p + m))
        """
        parts = (self.Sigma, self.cov_eta, self.matrices["Theta"], self.matrices["Psi"])
        return np.concatenate([diagonal(part) for part in parts], axis=-1)

    def variance_slopes(self, at: Directions) -> Floats:
        """Return the derivatives of :meth:`variances` in k parameters of one model.

        Returns
        -------
        ndarray, shape (2(p + m), k)
        """
        p, m = self.LA.shape
        X = self.projection.X
        within_eta = np.zeros((m, X.shape[1]))  # the same columns, seen from eta
        within_eta[:, p : p + m], within_eta[:, p + m : p + 2 * m] = self.A, self.cov_eta
        E = np.concatenate([X, within_eta])
        total = 2 * at.weight * E[:, at.u] * E[:, at.v]
        residual = np.zeros((p + m, len(at.u)))
        own = np.flatnonzero(~at.directed & (at.u == at.v))
        residual[at.u[own], own] = 1.0
        return np.concatenate([total, residual])

    @cached_property
    def projection(self) -> Projection:
        """The columns X and their companions, from which derivatives are gathered."""
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
        of_Q = _Pairs.of(Q, a, b)
        if P is Q:
            total = 2 * (of_Q.uv * of_Q.vu + of_Q.uu * of_Q.vv)
        else:
            of_P = _Pairs.of(P, a, b)
            total = of_Q.vu * of_P.uv + of_Q.vv * of_P.uu + of_Q.uu * of_P.vv + of_Q.uv * of_P.vu
        total *= outer(a.weight, b.weight)
        return np.asarray(total)

    def squares(self, at: Directions, Q: Floats, P: Floats) -> Floats:
        """Return tr(dSigma W dSigma V) of each parameter, given Q = X'WX and P = X'VX, (..., k)."""
        u, v = at.u, at.v
        total = Q[..., u, u] * P[..., v, v] + Q[..., v, v] * P[..., u, u]
        return np.asarray(at.weight**2 * (total + 2 * Q[..., u, v] * P[..., u, v]))

    def mean_products(self, a: Directions, b: Directions, Q: Floats) -> Floats:
        """Return dmu_a' W dmu_b for all pairs, given Q = X'WX."""
        scale_a, scale_b = self.mean_scale(a), self.mean_scale(b)
        return np.asarray(outer(scale_a, scale_b) * gathered(Q, a.u, b.u))

    def mean_cross(self, a: Directions, b: Directions, Q: Floats, t: Floats) -> Floats:
        """Return dmu_a' W dSigma_b w for all pairs, given Q = X'WX and t = X'w."""
        product = gathered(Q, a.u, b.u) * t[..., None, b.v]
        product += gathered(Q, a.u, b.v) * t[..., None, b.u]
        return np.asarray(self.mean_scale(a)[..., :, None] * b.weight * product)

    def bend(self, at: Directions, G: Floats) -> Floats:
        """Return tr(G d2Sigma) for all pairs of parameters, G symmetric of shape (..., p, p).

        Returns
        -------
        ndarray, shape (..., q, q)
        """
        H = self.within(G)
        moving, still = np.flatnonzero(at.directed), np.flatnonzero(~at.directed)
        u, v, source = at.u[moving], at.v[moving], at.source[moving]
        x, y = at.u[still], at.v[still]
        # A directed parameter moves its source column Lambda C, through its reach (and, seen from
        # the other parameter, its own column of Lambda A) and through the spread of the sources.
        passed = gathered(self.reach, source, u) * gathered(H, u, v)
        spread = gathered(self.spread, source, source) * gathered(H, u, u)
        # An undirected parameter moves the source column only.
        shaken = gathered(H, u, x) * gathered(self.reach, source, y)
        shaken += gathered(H, u, y) * gathered(self.reach, source, x)
        mixed = 2 * at.weight[still] * shaken
        total = np.zeros((*H.shape[:-2], len(at.u), len(at.u)))
        total[..., moving[:, None], moving] = 2 * (passed + transpose(passed) + spread)
        total[..., moving[:, None], still] = mixed
        total[..., still[:, None], moving] = transpose(mixed)
        return total

    def mean_bend(self, at: Directions, t: Floats) -> Floats:
        """Return w' d2mu for all pairs of parameters, given t = X'w."""
        moving = np.flatnonzero(at.directed)
        u, source = at.u[moving], at.source[moving]
        passed = outer(t[..., u], self.level[..., source]) * gathered(self.reach, source, u)
        total = np.zeros((*t.shape[:-1], len(at.u), len(at.u)))
        total[..., moving[:, None], moving] = passed + transpose(passed)
        return total


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Elements of a symmetric X'MX at the columns u and v of two sets of parameters."""

    uu: Floats
    vv: Floats
    uv: Floats
    vu: Floats

    @classmethod
    def of(cls, M: Floats, a: Directions, b: Directions) -> _Pairs:
        uv = gathered(M, a.u, b.v)
        return cls(
            uu=gathered(M, a.u, b.u),
            vv=gathered(M, a.v, b.v),
            uv=uv,
            vu=transpose(uv) if a is b else gathered(M, a.v, b.u),
        )


def total_effects(Beta: Numbers, longest: int | None = None) -> Numbers:
    """Return (I - Beta)^-1 for a stack; the identity where there are no paths.

    Parameters
    ----------
    Beta : ndarray, shape (..., m, m)
        Paths.
    longest : int, optional
        Most paths that follow each other; None where they may run in circles, or if unknown. The
        total effects are then the sum of as many powers of Beta.
    """
    identity = np.eye(Beta.shape[-1])
    if longest == 0 or not Beta.any():
        return np.broadcast_to(identity.astype(Beta.dtype), Beta.shape)
    if longest is not None:
        total = identity + Beta
        for _ in range(longest - 1):
            total = identity + Beta @ total
        return np.asarray(total)
    try:
        return np.asarray(np.linalg.inv(identity - Beta))
    except np.linalg.LinAlgError:
        # One member of the stack lies exactly where no total effects exist: out of the domain.
        exists = np.linalg.det(identity - Beta) != 0
        safe = np.where(exists[..., None, None], identity - Beta, identity)
        return np.where(exists[..., None, None], np.linalg.inv(safe), np.nan)
