r"""Implied moments as few factors and uncorrelated residuals, without forming any p x p matrix.

Where no residuals of indicators covary, :math:`\Sigma = \Lambda T T' \Lambda' + \Theta` with
:math:`\Theta` diagonal and :math:`T = (I-B)^{-1} R`, R a root of :math:`\Psi = R R'`. A root exists
where :math:`\Psi` is positive definite, and :math:`\Theta` can be divided by where it is positive;
:attr:`Factors.possible` tells which members of a stack are so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trustsem.arrays import Flags, Floats, roots, transpose
from trustsem.implied.lisrel import total_effects

if TYPE_CHECKING:
    from trustsem.implied.structure import Structure

_SMALLEST_SHARE = 1e-3
"""Share of an item's variance below which dividing by its residual variance costs digits."""


@dataclass(frozen=True, slots=True)
class Factors:
    """Implied moments at a stack of parameters.

    Parameters
    ----------
    Lambda : ndarray, shape (..., p, m)
        Loadings.
    A, cov_eta : ndarray, shape (..., m, m)
        Total effects within eta, and its covariance matrix.
    mean_eta : ndarray, shape (..., m)
        Its means.
    root : ndarray, shape (..., m, m)
        T, with ``T T' = cov_eta``.
    residual : ndarray, shape (..., p)
        Residual variances of the indicators.
    mu : ndarray, shape (..., p)
        Implied means.
    possible : ndarray of bool, shape (...)
        Which members have such factors; those of the others stand for nothing.
    """

    Lambda: Floats
    A: Floats
    cov_eta: Floats
    mean_eta: Floats
    root: Floats
    residual: Floats
    mu: Floats
    possible: Flags

    @classmethod
    def of(cls, structure: Structure, params: Floats, S: Floats, mean: Floats | None) -> Factors:
        """Evaluate a structure whose residuals do not covary; shapes as in its ``matrices``."""
        filled = structure.matrices(params, S, mean, without=("Theta", "tau", "delta"))
        Lambda, Psi = filled["Lambda"], filled["Psi"]
        residual = _residual_variances(structure, params)
        R, possible = roots(Psi)
        A = total_effects(filled["Beta"], structure.longest_chain)
        root = A @ R
        common = np.einsum("...ik,...ik->...i", Lambda @ root, Lambda @ root)
        possible &= (residual > _SMALLEST_SHARE * common).all(axis=-1)
        possible &= np.isfinite(common).all(axis=-1) & np.isfinite(residual).all(axis=-1)
        if not possible.all():
            residual = np.where(possible[..., None], residual, 1.0)
            root = np.where(possible[..., None, None], root, np.eye(root.shape[-1]))
            Lambda = np.where(possible[..., None, None], Lambda, 0.0)
        mean_eta = (A @ filled["alpha"][..., None])[..., 0]
        return cls(
            Lambda=Lambda,
            A=A,
            cov_eta=root @ transpose(root),
            mean_eta=mean_eta,
            root=root,
            residual=residual,
            mu=filled["nu"] + (Lambda @ mean_eta[..., None])[..., 0],
            possible=possible,
        )


def has_factors(structure: Structure) -> bool:
    """Return whether no residuals covary, and none are those of the sample."""
    Theta = structure.constant["Theta"]
    fill = structure.fills.get("Theta")
    return (
        structure.responses is None
        and not (Theta - np.diag(np.diag(Theta))).any()
        and (fill is None or bool((fill.rows == fill.cols).all()))
        and all(cell.matrix != "Theta" for cell, _, _ in structure.sample_cells)
    )


def _residual_variances(structure: Structure, params: Floats) -> Floats:
    """Return the diagonal of Theta, shape (..., p)."""
    fixed = np.diag(structure.constant["Theta"])
    residual = np.empty((*params.shape[:-1], len(fixed)))
    residual[...] = fixed
    fill = structure.fills.get("Theta")
    if fill is not None:
        residual[..., fill.rows] = params[..., fill.source]
    return residual
